"""A session of many slots: a phase lets a part of it through, and equal steps of two slots are no duplicate."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.book import Book
from insure.book.verify import verify
from insure.decision import Circumstances, Decision, Holdings, Ordered, Rollout, decide
from insure.decision.circumstances import EDITION, Override
from insure.fund import Fund
from schedules.serving.service import Service
from tests.contracts import fund, snapshot
from tests.schedules.world import Clock, flat_year, outcomes, told_desk, write_fund

DAY = dt.date(2007, 1, 3)
PRICE = Decimal(100)
SEEN = Circumstances(
    now=dt.datetime(2007, 1, 3, 21, tzinfo=dt.UTC),
    opens=dt.datetime(2007, 1, 3, 14, 30, tzinfo=dt.UTC),
    closes=dt.datetime(2007, 1, 3, 21, tzinfo=dt.UTC),
    price_sessions=0,
    edition=EDITION,
)


def _pilot(part: float, cap: Decimal | None, **limits: float) -> tuple[Fund, Circumstances]:
    of = fund(strategy={"kind": "constant_mix", "weight": 0.5}, limits=limits, controls={"ask_change_weight": 5.0,
              "largest_turnover_weight": 20.0, "largest_deposit_weight": 1.0})  # fmt: skip
    return of, replace(SEEN, rollout=Rollout("pilot", part, cap))


def _slot(of: Fund, seen: Circumstances, held: Holdings, wanted: float) -> tuple[Decision, Circumstances, Holdings]:
    """One slot of the session that wants a weight, its trade executed in full."""
    override = Override(1, "Ada", "a target for this test", wanted)
    decision = decide(of, held, None, snapshot(DAY, PRICE), replace(seen, override=override))
    assert decision.outcome == "OK", decision.reason
    trade = decision.trade
    if trade is None:
        return decision, seen, held
    number = len(seen.earlier)
    done = Ordered(f"tested:{DAY}:slot-{number}:1", of.instrument, trade.units, trade.value, trade.units, False)
    return (
        decision,
        replace(seen, earlier=(*seen.earlier, done)),
        Holdings(held.units + trade.units, trade.cash_after(held.cash)),
    )


weights = st.floats(0.0, 1.0)


@given(st.lists(weights, min_size=1, max_size=8), st.sampled_from([0.1, 0.5, 1.0]), st.sampled_from([1_000, 50_000]))
def test_a_session_moves_no_more_than_the_cap_however_many_slots_it_has(
    wanted: list[float], part: float, cap: int
) -> None:
    of, seen = _pilot(part, Decimal(cap))
    held = first = Holdings(Decimal(4_000), Decimal(600_000))
    farthest = max(abs(one - 0.4) for one in wanted)
    for one in wanted:
        before = held
        _, seen, held = _slot(of, seen, held, one)
        moved = float(abs(held.units - first.units) * PRICE)
        assert moved <= min(float(cap), part * farthest * 1_000_000) + 0.01, f"{moved:,.2f} were moved in the session"
        now, then = float(held.units) / 10_000, float(before.units) / 10_000
        low, high = min(then, one), max(then, one)
        assert low - 1e-9 <= now <= high + 1e-9, f"from {then:.4f} to {now:.4f}, wanted was {one:.4f}"


@given(weights, st.sampled_from([0.1, 0.25, 1.0]))
def test_the_slots_of_a_session_that_want_the_same_come_to_the_part_of_it_once(wanted: float, part: float) -> None:
    of, seen = _pilot(part, None)
    held = Holdings(Decimal(4_000), Decimal(600_000))
    for _ in range(4):
        _, seen, held = _slot(of, seen, held, wanted)
    assert float(held.units) / 10_000 == pytest.approx(0.4 + part * (wanted - 0.4), abs=1e-6)


def test_what_is_sold_for_a_redemption_is_no_part_of_the_session() -> None:
    of, seen = _pilot(0.1, None)
    sold = Ordered(f"tested:{DAY}:slot-0:2", of.instrument, Decimal(-1_000), Decimal(100_000), Decimal(-1_000), False)
    decision, _, held = _slot(of, replace(seen, earlier=(sold,)), Holdings(Decimal(4_000), Decimal(600_000)), 0.5)
    assert held.units == Decimal(4_100), decision.ladder


def test_a_decision_of_before_counts_each_slot_by_itself() -> None:
    of, seen = _pilot(0.1, None)
    done = Ordered(f"tested:{DAY}:slot-0:1", of.instrument, Decimal(100), Decimal(10_000), Decimal(100), False)
    held = Holdings(Decimal(4_100), Decimal(590_000))
    found = []
    for edition in (1, EDITION):
        override = Override(1, "Ada", "a target for this test", 0.5)
        now = replace(seen, earlier=(done,), edition=edition, override=override)
        decision = decide(of, held, None, snapshot(DAY, PRICE), now)
        found.append(Decimal(0) if decision.trade is None else decision.trade.units)
    assert found == [Decimal(90), Decimal(0)]


@pytest.mark.parametrize(("edition", "own", "passes"), [(1, False, False), (2, False, True), (2, True, False)])
def test_the_same_order_is_a_duplicate_within_its_own_slot(edition: int, own: bool, passes: bool) -> None:
    of, _ = _pilot(1.0, None)
    same = Ordered(f"tested:{DAY}:slot-0:1", of.instrument, Decimal(1_000), Decimal(100_000), Decimal(1_000), own)
    decision = decide(
        of, Holdings(Decimal(4_000), Decimal(600_000)), None, snapshot(DAY, PRICE),
        replace(SEEN, earlier=(same,), edition=edition),
    )  # fmt: skip
    [check] = [one for one in decision.checks if one.name == "duplicate content"]
    assert check.passed is passes, check.sentence


def test_equal_steps_of_an_eased_change_go_through_slot_after_slot(tmp_path: Path) -> None:
    """Hourly slots of a throttled fund: the second equal step was held, its limit breached, the phase fell."""
    more = "[limits]\nlargest_change_weight = 0.05\n[lots]\nlot_units = 1\n[controls]\nlargest_deposit_weight = 1.0"
    write_fund(tmp_path, start="2026-11-23", slot="every 60min", deadline=30, more=more)
    clock = Clock(dt.datetime(2026, 11, 23, 15, 30, tzinfo=dt.UTC))
    with Book.open(tmp_path / "insure.db") as book:
        service = Service(told_desk(tmp_path, flat_year("2026-11-16", "2026-12-04"), clock), book)
        for _ in range(6):
            service.once()
            clock.move(3600)
        assert set(outcomes(book).values()) == {"OK"}, [run.reason for run in book.runs("tested")]
        bought = [order.units for record in book.records("tested") for order in record.orders]
        assert len(bought) > len(set(bought)) > 0, f"no two steps of this test are equal: {bought}"
        assert verify(book).findings == ()
