"""Orders to a broker outside, and what became of them: after the book knows, never before.

An order is marked ``sending`` and committed before it is sent. Whatever happens then, a restart finds it and asks the
broker by our own reference; what cannot be found out is ``unknown`` and waits for a person.
"""

import datetime as dt

from insure.book import Book, OpenOrder
from insure.broker import BrokerReport, BrokerSilent, OutsideBroker


def deliver(book: Book, broker: OutsideBroker, now: dt.datetime, fund_id: str | None = None) -> None:
    """Resolve what is under way, then send every new order, of one fund or of all."""
    resolve(book, broker, now, fund_id)
    for waiting in book.open_orders(fund_id):
        if waiting.state != "new":
            continue
        if now > waiting.order.good_until:
            book.move_order(waiting.order.key, "cancelled", now, "its time limit passed before it was sent")
            continue
        _send(book, broker, waiting, now)


def resolve(book: Book, broker: OutsideBroker, now: dt.datetime, fund_id: str | None = None) -> None:
    """Ask the broker for every order that is under way, by our own reference.

    An order that the broker does not know is sent again only where the broker refuses duplicates for ever; else, or
    where it cannot be asked whether a sent order arrived, the order is ``unknown``.
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
        elif waiting.state == "sending" and broker.refuses_duplicates:
            _send(book, broker, waiting, now)
        else:
            book.move_order(key, "unknown", now, f"{broker.name} does not know it")


def close_order(book: Book, key: str, by: str, reason: str, now: dt.datetime) -> None:
    """A person says that nothing more will be executed of an order.

    Raises:
        BookError: there is no such order, or it is at its end.
    """
    book.move_order(key, "cancelled", now, f"closed by {by}: {reason}")


def _send(book: Book, broker: OutsideBroker, waiting: OpenOrder, now: dt.datetime) -> None:
    book.move_order(waiting.order.key, "sending", now, f"to {broker.name}")
    try:
        report = broker.send(waiting.order)
    except BrokerSilent:
        return  # it stays `sending`: the next resolution asks
    _settle(book, book.order(waiting.order.key), report, now, broker.name)


def _settle(book: Book, waiting: OpenOrder, report: BrokerReport, now: dt.datetime, name: str) -> None:
    key = waiting.order.key
    if report.fills:
        book.book_fills(report.fills, now)
    if report.state == "acked" and waiting.state == "sending":
        book.move_order(key, "acked", now, f"{name} has it")
    if report.state == "cancelled" and book.order(key).state not in {"filled", "cancelled"}:
        book.move_order(key, "cancelled", now, f"{name} cancelled the rest")
