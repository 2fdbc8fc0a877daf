"""Orders to a broker outside, and what became of them: after the book knows, never before.

An order is marked ``sending`` and committed before it is sent. Whatever happens then, a restart finds it and asks the
broker by our own reference; what cannot be found out is ``unknown`` and waits for a person.

The kill flag is read before every send, with nothing between: what is marked ``sending`` then is cancelled instead.
While it stands the orders of a fund are withdrawn, not delivered.
"""

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from insure.book import Book, OpenOrder, Statement
from insure.broker import BrokerReport, BrokerSilent, OutsideBroker
from insure.controls import breakers
from insure.controls.breakers import BreakerStanding
from insure.errors import BookError
from insure.orders import Order, OrderState
from schedules.orders.pausing import Market, ordinary, state_change

KillFlag = Callable[[str], str]
"""What the kill flag of a fund, or of the desk, says at this moment; empty where neither stands."""


def said(book: Book, fund_id: str) -> list[Statement]:
    """What moves the breakers of a fund and of the desk, in order."""
    found = book.statements(breakers.KINDS, fund_id) + (book.statements(breakers.KINDS, "") if fund_id else [])
    return sorted(found, key=lambda one: one.sequence)


def no_flag(fund_id: str) -> str:  # noqa: ARG001 - the shape of a flag
    """No flag can stand: there is no desk."""
    return ""


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """An order of which it is not known that nothing more will be executed of it."""

    key: str
    sentence: str


def deliver(
    book: Book,
    broker: OutsideBroker,
    now: dt.datetime,
    fund_id: str | None = None,
    killed: KillFlag = no_flag,
    market: Market = ordinary,
) -> list[Unconfirmed]:
    """Resolve what is under way, then send every new order whose time has come, of one fund or of all.

    In a market too wide or too thin to buy in, purchases wait for a later call, until their time limit; sales go on.
    Either is stated (``orders.pausing``). What was sent and outlives its time limit is cancelled at the broker.
    What a breaker keeps back (all where it is HALTED, purchases where it is REDUCE_ONLY) is withdrawn, as everything is
    where a kill flag or KILLED stands; those that could not be are returned.
    """
    left: list[Unconfirmed] = []
    for each in dict.fromkeys(waiting.order.fund_id for waiting in book.open_orders(fund_id)):
        breaker = breakers.standing(said(book, each), each)
        why = killed(each) or (breaker.reason if breaker.state in {"KILLED", "HALTED"} else "")
        if why:
            left += withdraw(book, broker, now, each, why)
            continue
        if breaker.state == "REDUCE_ONLY":
            left += withdraw(book, broker, now, each, breaker.reason, purchases=True)

        def stop(order: Order, stands: BreakerStanding = breaker) -> str:
            return _kept_back(stands, order) or killed(order.fund_id)  # the flag last: nothing between it and the send

        resolve(book, broker, now, each, stop)
        for waiting in book.open_orders(each):
            if waiting.state != "new":
                continue
            if now > waiting.order.good_until:
                book.move_order(waiting.order.key, "cancelled", now, "its time limit passed before it was sent", "new")
                continue
            if waiting.order.not_before is not None and now < waiting.order.not_before:
                continue
            doubt = market(waiting.order)
            state_change(book, waiting.order, doubt, now)
            if not doubt or waiting.order.units < 0:
                _send(book, broker, waiting, now, stop)
        _outlived(book, broker, now, each)
    return left


def _kept_back(breaker: BreakerStanding, order: Order) -> str:
    kept = breaker.state == "HALTED" or (breaker.state == "REDUCE_ONLY" and order.units > 0)
    return f"{breaker.state}: {breaker.reason}" if kept else ""


def _nothing_stops(order: Order) -> str:  # noqa: ARG001 - the shape of a stop
    return ""


def resolve(
    book: Book,
    broker: OutsideBroker,
    now: dt.datetime,
    fund_id: str | None = None,
    stop: Callable[[Order], str] = _nothing_stops,
) -> None:
    """Ask the broker for every order that is under way, by our own reference.

    An order that the broker does not know is sent again only where the broker refuses duplicates for ever; else, or
    where it cannot be asked whether a sent order arrived, the order is ``unknown``. ``stop`` is read before it is sent
    again, and says why it may not be; empty where it may.
    """
    for waiting in book.open_orders(fund_id):
        if waiting.state in {"new", "unknown"}:
            continue
        key = waiting.order.key
        try:
            report = broker.look_up(key)
        except BrokerSilent as silence:
            if waiting.state == "sending":
                book.move_order(key, "unknown", now, f"sent, and {silence}")
            continue
        if report is not None:
            _settle(book, waiting, report, now, broker.name)
        elif waiting.state == "sending" and broker.refuses_duplicates and now > waiting.order.good_until:
            book.move_order(key, "cancelled", now, f"its time limit passed, and {broker.name} does not know it")
        elif waiting.state == "sending" and broker.refuses_duplicates:
            _send(book, broker, waiting, now, stop)
        else:
            book.move_order(key, "unknown", now, f"{broker.name} does not know it")


def withdraw(
    book: Book, broker: OutsideBroker, now: dt.datetime, fund_id: str | None, why: str, *, purchases: bool = False
) -> list[Unconfirmed]:
    """End every open order of a fund, or of all: the new ones here, the others at the broker, which is asked after.

    Args:
        book: whose orders.
        broker: that has them, or may have.
        now: the clock.
        fund_id: whose; None for every fund.
        why: stands in the book with each.
        purchases: True to leave sales where they are.

    Returns:
        Orders of which the broker did not confirm the end. Asked again, it goes on from there.
    """
    left = []
    for waiting in book.open_orders(fund_id):
        key = waiting.order.key
        if purchases and not waiting.order.units > 0:
            continue
        if waiting.state == "new" and book.move_order(key, "cancelled", now, f"not sent: {why}", "new"):
            continue
        try:
            doubt = _withdrawn(book, broker, key, now, why)
        except (BrokerSilent, BookError) as refusal:
            doubt = str(refusal)
        if doubt:
            left.append(Unconfirmed(key, doubt))
    return left


def _withdrawn(book: Book, broker: OutsideBroker, key: str, now: dt.datetime, why: str) -> str:
    """Cancel one order at the broker, and ask what became of it; empty where it is at its end."""
    told = broker.cancel(key)
    report = broker.look_up(key) or told
    waiting = book.order(key)
    if report is None:
        if waiting.state == "sending":
            book.move_order(key, "unknown", now, f"{broker.name} does not know it; it may be on its way: {why}")
        return f"{broker.name} does not know it; it may have been on its way. Ask, then `insure fills close {key}`."
    _settle(book, waiting, report, now, broker.name)
    after = book.order(key)
    if after.state in {"filled", "cancelled"}:
        return ""
    return (
        f"{broker.name} was asked to cancel it and has not confirmed; {after.filled:f} of {after.order.units:f} units "
        f"are known to be executed. Ask, import its fills, then `insure fills close {key}`."
    )


def _outlived(book: Book, broker: OutsideBroker, now: dt.datetime, fund_id: str) -> None:
    """Ask the broker to cancel what was sent and is past its time limit; what it executed before is booked.

    A broker that confirms nothing is asked again at the next call, and the order stays open until a person knows.
    """
    for waiting in book.open_orders(fund_id):
        if waiting.state in {"acked", "partly"} and now > waiting.order.good_until:
            with suppress(BrokerSilent):
                _withdrawn(book, broker, waiting.order.key, now, "its time limit passed")


def close_order(book: Book, key: str, by: str, reason: str, now: dt.datetime) -> None:
    """A person says that nothing more will be executed of an order.

    Raises:
        BookError: there is no such order, or it is at its end.
    """
    book.move_order(key, "cancelled", now, f"closed by {by}: {reason}")


def _send(
    book: Book, broker: OutsideBroker, waiting: OpenOrder, now: dt.datetime, stop: Callable[[Order], str]
) -> None:
    key = waiting.order.key
    if not book.move_order(key, "sending", now, f"to {broker.name}", waiting.state):
        return  # somebody was faster: a kill, or another service
    why = stop(waiting.order)
    if why:
        # A new order never went out. One that was under way may have: the withdrawal asks the broker.
        state: OrderState = "cancelled" if waiting.state == "new" else "unknown"
        book.move_order(key, state, now, f"not sent: {why}")
        return
    try:
        report = broker.send(waiting.order)
    except BrokerSilent:
        return  # it stays `sending`: the next resolution asks
    _settle(book, book.order(key), report, now, broker.name)


def _settle(book: Book, waiting: OpenOrder, report: BrokerReport, now: dt.datetime, name: str) -> None:
    key = waiting.order.key
    if report.fills:
        book.book_fills(report.fills, now)
    if report.state == "acked" and waiting.state == "sending":
        book.move_order(key, "acked", now, f"{name} has it")
    if report.state == "cancelled" and book.order(key).state not in {"filled", "cancelled"}:
        book.move_order(key, "cancelled", now, f"{name} cancelled the rest")
