"""Flows and fees: fund, promise and twin move together, so that slippage stays comparable and adds up."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure import flows
from insure.book import Book
from insure.book.verify import verify
from insure.decision import Holdings
from insure.errors import BookError, InvalidInput
from insure.flows import Flow, FlowKind
from insure.slippage import Mark, Track, Twin
from tests.book.conftest import OpenBook
from tests.book.market import a_fund, first_slots, run

amounts = st.decimals(Decimal("0.01"), Decimal(10**9), places=2)


def _flow(kind: FlowKind, money: Decimal, number: int = 5, reference: str = "1", reverses: str | None = None) -> Flow:
    session = first_slots(number + 1)[number].session
    return Flow(f"guarded:{session}:flow:{reference}", "guarded", session, kind, money, reverses)


@given(amounts, amounts, st.sampled_from(["subscription", "redemption", "management fee", "protection cost"]))
def test_a_dealt_flow_changes_no_holder_that_stays(nav: Decimal, money: Decimal, kind: FlowKind) -> None:
    signed = money if kind == "subscription" else -money
    holdings, shares = Holdings(Decimal(0), nav), Decimal(1000)
    if nav + signed <= 0:
        with pytest.raises(InvalidInput, match="takes all of a fund"):
            flows.deal(_flow(kind, signed), holdings, shares, Decimal(100))
        return
    left = (nav + signed) * shares / nav
    if kind in flows.OF_HOLDERS and not left.quantize(Decimal("0.000001")) > 0:
        with pytest.raises(InvalidInput, match="redeems all"):
            flows.deal(_flow(kind, signed), holdings, shares, Decimal(100))
        return
    dealt = flows.deal(_flow(kind, signed), holdings, shares, Decimal(100))
    after = flows.after(holdings, dealt)
    assert after.cash == nav + signed
    if kind in flows.OF_HOLDERS:
        # Units of the share class are millionths: a unit's value is kept up to that rounding.
        before, now = nav / shares, after.cash / (shares + dealt.shares)
        assert abs(now - before) * (shares + dealt.shares) <= before * Decimal("0.000001")
    else:
        assert dealt.shares == 0


@given(st.floats(-0.5, 2.0), st.floats(-1e5, 1e5))
def test_slippage_of_a_unit_stays_and_causes_add_up(relative: float, slipped: float) -> None:
    mark = Mark(100.0, 0.5, 0.03, 0.0, 0.2)
    twin = Twin.bought(1e6, 9e5, mark)
    track = Track(twin, mark, {"gamma": slipped})
    nav = twin.value_and_delta(mark)[0] + slipped
    dealt = flows.Dealt("k", "subscription", Decimal(repr(round(relative * nav, 2))), Decimal(1), nav)
    moved = flows.followed(track, [dealt])
    assert moved.total == pytest.approx(nav + float(dealt.money) - moved.twin_value, abs=1e-9 * nav)
    assert moved.total == pytest.approx(slipped * dealt.factor, abs=1e-9 * nav)
    assert moved.causes["gamma"] == slipped, "what was lost before a flow is not rewritten by it"


@pytest.mark.parametrize("kind", ["synthetic_put", "cppi", "tipp", "stop_loss"])
def test_the_promise_of_a_unit_stays(tmp_book: Book, kind: str) -> None:
    fund = a_fund("guarded", kind=kind)
    tmp_book.book_flow(_flow("subscription", Decimal(500_000)), first_slots(1)[0].at)
    done = run(tmp_book, fund, 8)
    before, after = (done[number].record for number in (4, 5))
    assert before is not None
    assert after is not None
    assert before.decision.memory is not None
    assert after.decision.memory is not None
    (dealt,) = after.flows
    guarantee = after.decision.memory.start.guarantee
    assert guarantee == pytest.approx(before.decision.memory.start.guarantee * dealt.factor, rel=1e-12)
    shares = tmp_book.standing("guarded").shares
    assert float(shares) == pytest.approx(10_000 * dealt.factor, rel=1e-9)


@pytest.fixture
def tmp_book(open_book: OpenBook) -> Iterator[Book]:
    """An open book."""
    with open_book() as book:
        yield book


FLOWS: list[tuple[FlowKind, Decimal]] = [
    ("subscription", Decimal(700_000)),
    ("redemption", Decimal(-400_000)),
    ("management fee", Decimal(-1_234)),
    ("protection cost", Decimal(-20_000)),
]


@pytest.mark.parametrize(("kind", "money"), FLOWS)
def test_fund_minus_twin_adds_up_through_a_flow(open_book: OpenBook, kind: FlowKind, money: Decimal) -> None:
    with open_book() as book:
        book.book_flow(_flow(kind, money), first_slots(1)[0].at)
        for done in run(book, a_fund(), 9):
            record = done.record
            assert record is not None
            assert record.track is not None
            nav = float(record.after.units * record.decision.snapshot.price + record.after.cash)
            assert record.track.total == pytest.approx(nav - record.track.twin_value, abs=1e-9 * nav), done.slot.key
        assert book.waiting_flows("guarded") == []
        assert verify(book).findings == ()


def test_a_redemption_beyond_cash_sells_what_it_needs(open_book: OpenBook) -> None:
    with open_book() as book:
        book.book_flow(_flow("redemption", Decimal(-400_000)), first_slots(1)[0].at)
        record = run(book, a_fund(), 6)[5].record
        assert record is not None
        assert [order.key.rsplit(":", 1)[1] for order in record.orders if order.units < 0][-1] == "2"
        assert record.decision.holdings.cash >= 0
        assert record.flows[0].money == Decimal(-400_000)


def test_the_same_flow_is_the_same_order_and_another_under_its_key_an_error(open_book: OpenBook) -> None:
    at = first_slots(1)[0].at
    with open_book() as book:
        assert book.book_flow(_flow("subscription", Decimal(100)), at)
        assert not book.book_flow(_flow("subscription", Decimal(100)), at)
        with pytest.raises(BookError, match="ordered already with other content: subscription of 100"):
            book.book_flow(_flow("subscription", Decimal(101)), at)


def test_a_reversal_takes_back_the_units_that_were_issued(open_book: OpenBook) -> None:
    at = first_slots(1)[0].at
    wrong = _flow("subscription", Decimal(100_000))
    with open_book() as book:
        book.book_flow(wrong, at)
        run(book, a_fund(), 7)
        back = _flow("subscription", Decimal(-100_000), 8, "back", wrong.key)
        book.book_flow(back, at)
        with pytest.raises(BookError, match="reversed already"):
            book.book_flow(_flow("subscription", Decimal(-100_000), 9, "again", wrong.key), at)
        run(book, a_fund(), 10, first=7)
        assert book.standing("guarded").shares == Decimal(10_000)
        assert verify(book).findings == ()


@pytest.mark.parametrize(
    ("money", "reverses", "said"),
    [(-1, "guarded:x", "has no flow"), (-7, "guarded:2007-01-10:flow:1", "takes back"), (5, "k", "has no flow")],
)
def test_a_reversal_of_something_else_is_refused(open_book: OpenBook, money: int, reverses: str, said: str) -> None:
    at = first_slots(1)[0].at
    with open_book() as book:
        book.book_flow(_flow("subscription", Decimal(100)), at)
        with pytest.raises(BookError, match=said):
            book.book_flow(_flow("subscription", Decimal(money), 8, "back", reverses), at)


def test_a_flow_that_takes_all_waits(open_book: OpenBook) -> None:
    with open_book() as book:
        book.book_flow(_flow("redemption", Decimal(-2_000_000)), first_slots(1)[0].at)
        done = run(book, a_fund(), 8)
        assert all(each.outcome == "OK" for each in done)
        assert [flow.money for flow in book.waiting_flows("guarded")] == [Decimal(-2_000_000)]


@given(st.decimals(Decimal("0.01"), Decimal(900_000), places=2))
def test_the_sale_for_a_flow_is_enough_and_not_a_lot_too_much(needed: Decimal) -> None:
    fund, price = a_fund(), Decimal("93.17")
    holdings = Holdings(Decimal(10_000), Decimal(0))
    sale = flows.sale_for(fund, holdings, needed, price)
    assert sale is not None
    brought = sale.cash_after(Decimal(0))
    assert needed <= brought < needed + 2 * price + 1
