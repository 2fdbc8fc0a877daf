"""The laws of a decision, asserted before it is kept: each is broken here once, and refused."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from insure import flows
from insure.book import Book, Record
from insure.book.invariants import violations
from insure.decision import Holdings
from insure.errors import BookError
from tests.book.conftest import OpenBook
from tests.book.market import a_fund, first_slots, listed, run

FUND = a_fund(band=0.0)


@pytest.fixture
def record(open_book: OpenBook) -> Record:
    """A sound decision with a trade."""
    with open_book() as book:
        (done,) = run(book, FUND, 1)
    assert done.record is not None
    assert list(violations(FUND, done.record)) == []
    return done.record


def _held(record: Record) -> Record:
    return replace(record, decision=replace(record.decision, outcome="HELD", trade=None))


def _sent_more(record: Record) -> Record:
    return replace(record, orders=(replace(record.orders[0], units=record.orders[0].units + 1),))


def _filled_more(record: Record) -> Record:
    return replace(record, fills=(replace(record.fills[0], units=record.fills[0].units + 1),))


def _filled_the_other_way(record: Record) -> Record:
    return replace(record, fills=(replace(record.fills[0], units=Decimal(-1)),))


def _stray_fill(record: Record) -> Record:
    return replace(record, fills=(*record.fills, replace(record.fills[0], order_key="guarded:x:y:7")))


def _sold_beside(record: Record) -> Record:
    beside = replace(record.orders[0], key=f"guarded:{record.session}:{record.slot}:2", units=Decimal(-1))
    return replace(record, orders=(*record.orders, beside))


def _held_and_bought_for_a_flow(record: Record) -> Record:
    held, dealt = _held(record), flows.Dealt("f", "redemption", Decimal(-5), Decimal(-1), 1e6)
    beside = replace(record.orders[0], key=f"guarded:{record.session}:{record.slot}:2")
    return replace(held, orders=(beside,), fills=(), flows=(dealt,))


def _too_heavy(record: Record) -> Record:
    return replace(record, after=Holdings(record.after.units * 2, Decimal(0)))


def _no_cushion(record: Record) -> Record:
    assert record.decision.valuation is not None
    valuation = replace(record.decision.valuation, cushion=-1.0)
    return replace(record, decision=replace(record.decision, valuation=valuation))


def _cushion_unknown(record: Record) -> Record:
    assert record.decision.valuation is not None
    valuation = replace(record.decision.valuation, cushion=float("nan"))
    return replace(record, decision=replace(record.decision, valuation=valuation))


@pytest.mark.parametrize(
    ("breaks", "said"),
    [
        (_held, "the slot ended HELD and has orders"),
        (_sold_beside, "1 sales are no part of the trade decided, and 0 flows that take money were dealt"),
        (_held_and_bought_for_a_flow, "is no part of the trade decided and sells for no flow"),
        (_sent_more, "not the trade decided"),
        (_filled_more, "were executed of an order"),
        (_filled_the_other_way, "were executed of an order"),
        (_stray_fill, "belongs to no order"),
        (_no_cushion, "no cushion is left"),
        (_cushion_unknown, "no cushion is left"),
    ],
)
def test_a_broken_law_is_named(record: Record, breaks: Callable[[Record], Record], said: str) -> None:
    found = list(violations(FUND, breaks(record)))
    assert any(said in sentence for sentence in found), found


def test_a_held_slot_may_have_sold_what_its_flows_took(record: Record) -> None:
    dealt = flows.Dealt("f", "redemption", Decimal(-5), Decimal(-1), 1e6)
    sale = replace(record.orders[0], key=f"guarded:{record.session}:{record.slot}:2", units=Decimal(-1))
    sold = replace(_held(record), orders=(sale,), fills=(), flows=(dealt,))
    assert list(violations(FUND, sold)) == []
    assert any("HELD and has orders" in one for one in violations(FUND, replace(sold, orders=(*record.orders, sale))))


def test_a_weight_above_the_limit_is_named(record: Record) -> None:
    limited = a_fund("guarded", band=0.0, limits="highest_weight = 0.2")
    assert any("above the highest weight" in sentence for sentence in violations(limited, record))


def test_a_slot_that_breaks_a_law_is_not_kept(open_book: OpenBook, record: Record) -> None:
    slot = first_slots(2)[1]
    with open_book() as book:
        before = book.head()
        with pytest.raises(BookError, match="would break a law of the book"), book.slot(FUND, slot, slot.at) as page:
            page.end("HELD", "held", _held(record))
        assert book.head() == before


def test_holdings_that_the_entries_do_not_lead_to_are_not_kept(open_book: OpenBook, record: Record) -> None:
    slot = first_slots(2)[1]
    with open_book() as book:
        before = book.head()
        moved = Holdings(record.after.units + 1, record.after.cash)
        untraded = replace(record.decision, trade=None)
        wrong = replace(record, orders=(), fills=(), after=moved, decision=untraded)
        with pytest.raises(BookError, match="nothing was written"), book.slot(FUND, slot, slot.at) as page:
            page.end("OK", "", wrong)
        assert book.head() == before


def test_at_the_floor_the_fund_goes_to_cash(open_book: OpenBook) -> None:
    fund = a_fund("crashed", kind="cppi", floor=0.95)
    with open_book() as book:
        done = run(book, fund, 25, feed=listed(crash=True))
        records = [each.record for each in done]
    locked = [
        record
        for record in records
        if record is not None and record.decision.valuation is not None and not record.decision.valuation.cushion > 0.0
    ]
    assert locked, "the crash of this test reaches no floor"
    assert all(record.after.units == 0 for record in locked)


def test_books_of_other_funds_are_left_alone(tmp_book: Book) -> None:
    run(tmp_book, a_fund("one"), 3)
    before = tmp_book.standing("one")
    run(tmp_book, a_fund("two", kind="cppi"), 3)
    assert tmp_book.standing("one") == before


@pytest.fixture
def tmp_book(open_book: OpenBook) -> Iterator[Book]:
    """An open book."""
    with open_book() as book:
        yield book
