"""What the book holds to be a fund's at an instant, and how a fund conducted itself: on both databases."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from insure.book import Book
from insure.book.booked import Booked
from insure.book.duty import looking
from insure.broker import FailingBroker, Faults
from insure.flows import Flow
from insure.fund import Fund
from insure.orders import Fill
from schedules.jobs import tick
from schedules.orders.sending import deliver
from tests.book.conftest import OpenBook
from tests.book.market import a_fund, first_slots, listed, run

FOREVER = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


def _booked(book: Book, fund: Fund, since: dt.date | None = None, keys: tuple[str, ...] = ()) -> Booked:
    with looking(book) as duty:
        return duty.booked(fund, since, keys)


@pytest.mark.parametrize("kind", ["synthetic_put", "static_put", "hybrid"])
def test_at_every_slot_the_book_gives_back_what_was_held_then(open_book: OpenBook, kind: str) -> None:
    fund = a_fund(kind=kind)
    with open_book() as book:
        done = run(book, fund, 8)
        found = _booked(book, fund)
        for one in done:
            record = one.record
            assert record is not None
            at = one.slot.at
            held = {option.instrument: option.units for option in record.after.options}
            held |= {fund.instrument: record.after.units} if record.after.units else {}
            assert found.held("", at) == record.after.cash
            assert {name: found.held(name, at) for name in found.instruments(at)} == held
        assert found.held("", first_slots(1)[0].at - dt.timedelta(days=1)) == 0


def test_orders_are_told_as_decided_sent_and_executed(open_book: OpenBook) -> None:
    fund, silent = a_fund(broker="blotter"), FailingBroker(Faults(delays=1.0), lambda: 0.0)
    slot = first_slots(1)[0]
    with open_book() as book:
        done = tick(book, fund, slot, listed(), silent, slot.at)
        assert done.record is not None
        (order,) = done.record.orders
        (new,) = _booked(book, fund).orders
        assert (new.decided, new.sent, new.filled, new.state) == (order.units, Decimal(0), Decimal(0), "new")
        assert not new.open
        deliver(book, silent, slot.at)
        (sent,) = _booked(book, fund).orders
        assert (sent.sent, sent.open) == (order.units, True)
        at = slot.at + dt.timedelta(minutes=5)
        value = (Decimal(10) * order.price).quantize(Decimal("0.01"))
        book.book_fills([Fill(order.key, "r", Decimal(10), order.price, value, Decimal(1), Decimal(0), at)], at)
        found = _booked(book, fund)
        (partly,) = found.orders
        assert (partly.filled, partly.filled_at(slot.at), partly.filled_at(at)) == (
            Decimal(10),
            Decimal(0),
            Decimal(10),
        )
        assert found.held(fund.instrument, at) == 10
        assert found.held("", slot.at) - found.held("", at) == value + 1
        assert [one.key for one in _booked(book, fund, slot.session + dt.timedelta(days=1)).orders] == [order.key], (
            "open"
        )
        book.move_order(order.key, "cancelled", at, "the rest was not to be had")
        assert _booked(book, fund, slot.session + dt.timedelta(days=1)).orders == ()
        assert len(_booked(book, fund, slot.session + dt.timedelta(days=1), (order.key,)).orders) == 1


def test_flows_are_told_apart_from_trades(open_book: OpenBook) -> None:
    fund, session = a_fund(), first_slots(3)[1].session
    with open_book() as book:
        run(book, fund, 1)
        key = f"guarded:{session}:flow:1"
        book.book_flow(Flow(key, "guarded", session, "subscription", Decimal("500.00")), first_slots(1)[0].at)
        assert [flow.key for flow in _booked(book, fund).waiting] == [key]
        run(book, fund, 2, first=1)
        found = _booked(book, fund)
        assert found.waiting == ()
        assert [(one.key, one.amount, one.instrument) for one in found.moved if one.kind == "flow"] == [
            (key, Decimal("500.00"), "")
        ]
        assert found.held("", FOREVER) == book.standing("guarded").holdings.cash


def test_conduct_begins_when_the_replay_is_over(open_book: OpenBook) -> None:
    fund = a_fund()
    paper = replace(fund, stage="paper")
    with open_book() as book:
        run(book, fund, 3)
        with looking(book) as duty:
            assert duty.began("guarded") is None
        run(book, paper, 6, first=3)
        with looking(book) as duty:
            since = duty.began("guarded")
            assert since == first_slots(4)[3].at
            assert [key for key, _ in duty.ended_since("guarded", since)] == [slot.key for slot in first_slots(6)[3:]]
            assert [record.session for record in duty.records_since("guarded", since)] == [
                slot.session for slot in first_slots(6)[3:]
            ]
            assert duty.began("nobody") is None
