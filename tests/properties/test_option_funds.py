"""Funds that hold options live through the real tick: causes add up, expiries settle, the book proves it all."""

import datetime as dt
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from insure.book import Book, Record
from insure.book.verify import verify
from insure.broker import PaperBroker
from insure.decision import Holdings, OptionHeld, decide, fund_calendar
from insure.decision.options import legs_at, marked, worth
from insure.decision.valuation import gap_budget
from insure.errors import InvalidInput
from insure.feeds.feed import Row
from insure.fund import Fund
from insure.slots import Slot, slots
from schedules.flows import ordered
from schedules.jobs import tick
from tests.contracts import ToldPrices, Toml, fund, snapshot

START = dt.date(2007, 1, 3)
SESSIONS = fund_calendar(fund()).sessions(START, dt.date(2008, 12, 31))

STRATEGIES: dict[str, Toml] = {
    "static_put": {"kind": "static_put"},
    "hybrid": {"kind": "hybrid", "bought_fraction": 0.6, "put_years": 0.25},
    "gap puts": {"kind": "hybrid", "bought_fraction": 1.0, "gap_fraction": 0.85, "strike_step": 5.0},
    "delta_neutral": {
        "kind": "delta_neutral",
        "options": [
            {"kind": "put", "strike_fraction": 1.0, "units_fraction": 1.0, "years": 0.25},
            {"kind": "call", "strike_fraction": 1.1, "units_fraction": 0.2, "years": 0.1},
            {"kind": "put", "strike_fraction": 0.9, "units_fraction": 0.5},
        ],
        "tolerance": 0.02,
    },
}

moves = st.lists(
    st.tuples(st.integers(1, 55), st.floats(-0.35, 0.25), st.floats(0.0, 0.06), st.sampled_from([0, 0, 150])),
    min_size=2,
    max_size=9,
)


def contract(strategy: Toml, **changes: Toml) -> Fund:
    return fund(strategy=strategy, **{"twin": {"vol_spread": 0.01}, **changes})


def lived(book: Book, of: Fund, path: Sequence[tuple[int, float, float, int]]) -> list[Record]:
    """Records of a fund that decides at the sessions of ``path``: (sessions on, return, rate, dividend in cents)."""
    at, price = 0, 100.0
    rows = [Row(SESSIONS[0], Decimal("100.00"), 0.03)]
    for sessions, gain, rate, dividend in path:
        at, price = at + sessions, max(price * (1.0 + gain), 1.0)
        rows.append(Row(SESSIONS[at], Decimal(f"{price:.4f}"), rate, Decimal(dividend).scaleb(-2)))
    due = {slot.session: slot for slot in slots(of.schedule.timing, fund_calendar(of), START, SESSIONS[-1])}
    return [record for row in rows if (record := decided(book, of, due[row.session], rows)) is not None]


def decided(book: Book, of: Fund, slot: Slot, rows: Sequence[Row]) -> Record | None:
    return tick(book, of, slot, ToldPrices(rows), PaperBroker(), slot.at).record


def nav(of: Fund, record: Record) -> float:
    """After the trade, options at their mark to the last digit."""
    exact = float(record.equity + record.after.cash)
    return exact + worth(of, record.after.options, record.decision.snapshot)


def assert_adds_up(of: Fund, records: Sequence[Record]) -> None:
    for record in records:
        value, track, ended = nav(of, record), record.track, record.decision.ended
        if track is not None:
            apart = value - track.twin_value - track.total
            assert abs(apart) <= 1e-9 * value, (
                f"{record.session}: fund minus twin is {value - track.twin_value:.9f}, the causes {dict(track.causes)} "
                f"make {track.total:.9f}"
            )
        if record.closed is not None and ended is not None:
            apart = ended.nav - record.closed.twin_value - record.closed.total
            assert abs(apart) <= 1e-9 * ended.nav, f"{record.session}: the period that ended is {apart:.9f} apart"


@pytest.mark.parametrize("name", STRATEGIES)
@given(path=moves, spread=st.sampled_from([0.0, 3.0]), payout=st.sampled_from(["reinvested", "paid_out"]))
@settings(max_examples=8)
def test_causes_add_up_through_the_tick(
    name: str, path: list[tuple[int, float, float, int]], spread: float, payout: str
) -> None:
    of = contract(
        STRATEGIES[name],
        protection={"start": START, "floor_fraction": 0.85, "dividends": payout},
        costs={"commission_bps": 1.0, "half_spread_bps": spread},
        lots={"lot_units": 1},
    )
    with tempfile.TemporaryDirectory() as folder, Book.open(Path(folder) / "book.db") as book:
        records = lived(book, of, path)
        assert_adds_up(of, records)
        assert records[0].after.options, "the fund began without its options"
        for record in records:
            assert all(option.expiry > record.session for option in record.after.options), "an expired option is held"
        found = verify(book).findings
        assert not found, found


def test_a_bought_put_is_its_own_twin_up_to_lots_and_cents() -> None:
    of = contract({"kind": "static_put"}, initial_money=100_000_000)
    path = [(20, -0.2, 0.03, 0), (100, 0.1, 0.03, 0), (120, -0.1, 0.03, 0), (12, 0.05, 0.03, 0)]
    with tempfile.TemporaryDirectory() as folder, Book.open(Path(folder) / "book.db") as book:
        records = lived(book, of, path)
    assert records[-1].closed is not None, "the period did not end"
    for record in records:
        for track in (record.track, record.closed):
            apart = 0.0 if track is None else track.total
            assert abs(apart) <= 1.0, f"{record.session}: {apart:.4f} apart on a fund of 100 million: {track}"


def test_costs_are_the_only_slippage_of_a_bought_put_at_its_purchase() -> None:
    of = contract({"kind": "static_put"}, costs={"commission_bps": 2.0, "half_spread_bps": 3.0})
    with tempfile.TemporaryDirectory() as folder, Book.open(Path(folder) / "book.db") as book:
        (record,) = lived(book, of, [])
    assert record.track is not None
    paid = float(sum((fill.commission + fill.spread for fill in record.fills), Decimal(0)))
    assert paid > 0.0
    assert record.track.causes["commission"] + record.track.causes["spread"] == pytest.approx(-paid, abs=1e-9)
    assert abs(record.track.total + paid) < 0.02, record.track.causes


def test_an_expired_put_is_settled_at_its_payoff_and_its_account_is_empty() -> None:
    of = contract({"kind": "hybrid", "bought_fraction": 1.0, "put_years": 0.25})
    with tempfile.TemporaryDirectory() as folder, Book.open(Path(folder) / "book.db") as book:
        records = lived(book, of, [(62, -0.3, 0.03, 0), (5, 0.0, 0.03, 0)])
        (put,) = records[0].after.options
        last = records[-1]
        assert put.expiry == SESSIONS[63]
        assert records[1].after.options == (put,), "it was gone before its expiry"
        # The slot of the expiry was not run: the put is settled at the first slot after it, on that slot's price.
        assert last.accrual.expired == (put,)
        assert last.accrual.settled == ((put.strike - Decimal(70)) * put.units).quantize(Decimal("0.01"))
        assert last.after.options == ()
        assert book.standing(of.id).holdings == last.after


def test_flows_of_a_fund_with_options_wait_until_they_are_settled() -> None:
    of = contract({"kind": "static_put"})
    calendar = fund_calendar(of)
    with tempfile.TemporaryDirectory() as folder, Book.open(Path(folder) / "book.db") as book:
        rows = [Row(day, Decimal(100), 0.03) for day in SESSIONS[:260]]
        due = slots(of.schedule.timing, calendar, START, SESSIONS[259])
        decided(book, of, due[0], rows)
        book.book_flow(ordered(book, of, "subscription", Decimal(50_000), SESSIONS[1], "late"), due[0].at)
        mid = decided(book, of, due[1], rows)
        assert mid is not None
        assert mid.flows == ()
        horizon = mid.decision.memory.period.end if mid.decision.memory else START
        rolled = decided(book, of, next(slot for slot in due if slot.session == horizon), rows)
        assert rolled is not None
        assert [flow.money for flow in rolled.flows] == [Decimal(50_000)]
        assert rolled.decision.rolled
        assert rolled.decision.memory is not None
        assert rolled.decision.memory.period.value == pytest.approx(
            rolled.decision.valuation.nav if rolled.decision.valuation else 0.0
        )
        assert verify(book).findings == ()


def test_a_structure_that_cannot_be_bought_whole_is_not_begun() -> None:
    of = contract({"kind": "static_put"}, limits={"largest_order_weight": 0.5})
    with tempfile.TemporaryDirectory() as folder, Book.open(Path(folder) / "book.db") as book:
        first, second = lived(book, of, [(1, 0.01, 0.03, 0)])
        assert verify(book).findings == ()
    for record in (first, second):
        assert record.decision.outcome == "HELD"
        assert "the most allowed in one is 50.00%" in record.decision.reason
        assert record.decision.memory is None, "a protection period began without its options"
        assert record.orders == ()
        assert record.after.options == ()


def test_options_left_of_another_contract_are_sold_when_a_period_begins() -> None:
    of = contract({"kind": "synthetic_put"})
    left = OptionHeld("call", Decimal(120), dt.date(2008, 6, 2), Decimal(500))
    seen = snapshot(SESSIONS[0], Decimal(100))
    decision = decide(of, Holdings(Decimal(10), Decimal(500_000), (left,)), None, seen)
    assert [each.option for each in decision.option_trades] == [left.changed(Decimal(-500))]
    assert decision.valuation is not None
    value = decision.option_trades[0].trade.value
    assert decision.valuation.nav == pytest.approx(501_000 + float(value), abs=0.01)
    assert "Sell 500 call 120 2008-06-02" in decision.reason


def test_a_decision_refuses_an_option_that_has_expired() -> None:
    of = contract({"kind": "static_put"})
    left = OptionHeld("put", Decimal(90), SESSIONS[0], Decimal(500))
    with pytest.raises(InvalidInput, match="still holds put 90 2007-01-03 on 2007-01-03"):
        decide(of, Holdings(Decimal(10), Decimal(1), (left,)), None, snapshot(SESSIONS[0], Decimal(100)))


@given(
    units=st.integers(0, 10**5),
    cash=st.integers(1, 10**9),
    puts=st.integers(1, 10**6),
    strike=st.integers(50, 150),
    floor=st.floats(0.3, 1.2),
)
@example(units=0, cash=1, puts=1, strike=50, floor=1.0)
def test_the_gap_budget_is_the_first_fall_that_reaches_the_floor(
    units: int, cash: int, puts: int, strike: int, floor: float
) -> None:
    of = contract({"kind": "static_put"})
    seen = snapshot(SESSIONS[0], Decimal(100))
    put = OptionHeld("put", Decimal(strike), SESSIONS[200], Decimal(puts))
    legs = legs_at(of, [put], seen.session)

    def value(fall: float) -> float:
        return cash + units * 100.0 * (1.0 - fall) + marked(legs, seen, 100.0 * (1.0 - fall)).value

    now = value(0.0)
    found = gap_budget(now, floor * now, units * 100.0, legs, seen)
    falls = [i / 500 for i in range(500)]
    if found is None:
        touched = (floor - 1e-8) * now  # a touch of the floor is none, as the docstring has it
        assert all(value(fall) > touched for fall in falls[::5]), "a fall reaches the floor and none was found"
        return
    assert value(found) <= floor * now * (1.0 + 1e-9), f"the fall of {found:.4%} leaves the fund above its floor"
    assert all(value(fall) > floor * now for fall in falls[::5] if fall < found - 0.0051), "an earlier fall reaches it"
