"""Laws of the rungs between a model weight and a trade: bounded, idempotent, defined at both ends."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.decision.rungs import (
    across_band,
    affordable_units,
    throttled,
    whole_lots,
    within_limits,
    worth_a_ticket,
)

weights = st.floats(-2.0, 3.0)
widths = st.floats(0.0, 0.5)
edges = st.sampled_from([0.0, 1.0])
amounts = st.floats(0.0, 1e9)
prices = st.floats(0.01, 1e5)


@given(weight=weights, low=st.floats(-1.0, 0.0), high=st.floats(0.0, 2.0))
def test_limits_hold_and_leave_what_is_inside(weight: float, low: float, high: float) -> None:
    limited = within_limits(weight, low, high)
    assert low <= limited <= high
    assert within_limits(limited, low, high) == limited, "limiting twice must change nothing"
    assert limited == weight or not low <= weight <= high, f"{weight} lies inside and was moved to {limited}"


@given(target=weights, held=weights, width=widths, to_edge=edges)
def test_after_a_trade_the_band_asks_for_nothing_more(target: float, held: float, width: float, to_edge: float) -> None:
    traded = across_band(target, held, width, to_edge, -math.inf, math.inf)
    assert across_band(target, traded, width, to_edge, -math.inf, math.inf) == traded


@given(target=weights, held=weights, width=widths, to_edge=edges)
def test_the_band_never_leaves_the_target_further_than_its_width(
    target: float, held: float, width: float, to_edge: float
) -> None:
    traded = across_band(target, held, width, to_edge, -math.inf, math.inf)
    assert abs(traded - target) <= width + 1e-11
    assert min(target, held) - 1e-11 <= traded <= max(target, held) + 1e-11, "a trade went past target or holding"
    if abs(target - held) <= width:
        assert traded == held, "inside the band nothing is traded"


@pytest.mark.parametrize("target", [0.0, 1.0])
@pytest.mark.parametrize("to_edge", [0.0, 1.0])
def test_the_band_is_defined_at_targets_zero_and_one(target: float, to_edge: float) -> None:
    assert across_band(target, target, 0.05, to_edge, 0.0, 1.0) == target
    assert across_band(target, 0.5, 0.05, to_edge, 0.0, 1.0) == pytest.approx(
        target if not to_edge else abs(target - 0.05), abs=1e-15
    )


@given(target=weights, held=weights, largest=st.floats(1e-6, 1.0))
def test_the_throttle_moves_towards_the_target_by_at_most_its_size(target: float, held: float, largest: float) -> None:
    moved = throttled(target, held, largest)
    assert abs(moved - held) <= largest + 1e-12
    assert abs(moved - target) <= abs(held - target) + 1e-12
    steps = math.ceil(abs(target - held) / largest) + 1
    if steps < 1000:
        for _ in range(steps):
            held = throttled(target, held, largest)
        assert held == pytest.approx(target, abs=1e-9), "the throttle must let the rest through later"


@given(units=amounts, held=amounts, price=prices, cash=st.floats(-1e9, 1e9), cost=st.floats(0.0, 0.1))
def test_a_purchase_never_spends_more_than_there_is(
    units: float, held: float, price: float, cash: float, cost: float
) -> None:
    reached = affordable_units(units, held, price, cash, cost)
    bought = max(reached - held, 0.0)
    spent = bought * price * (1.0 + cost)
    assert spent <= max(cash, 0.0) + 1e-9 * (held * price + abs(cash))
    assert reached <= units
    if units <= held:
        assert reached == units, "a sale needs no cash"


@given(units=st.floats(0.0, 1e6), lot=st.sampled_from([0.0, 0.1, 1.0, 100.0]))
def test_whole_lots_are_whole_and_not_above(units: float, lot: float) -> None:
    rounded = whole_lots(units, lot)
    assert whole_lots(rounded, lot) == pytest.approx(rounded, rel=1e-15)
    assert rounded <= units * (1.0 + 1e-12) + 1e-9 * lot
    if lot:
        assert units - rounded < lot
        assert rounded / lot == pytest.approx(round(rounded / lot), abs=1e-6)
    else:
        assert rounded == units


def test_lots_that_arithmetic_left_just_short_are_whole() -> None:
    assert whole_lots(0.1 * 3 * 10 - 1e-12, 1.0) == 3.0


@given(units=amounts, held=amounts, price=prices, smallest=st.floats(0.0, 1e6))
def test_a_ticket_is_traded_whole_or_not_at_all(units: float, held: float, price: float, smallest: float) -> None:
    after = worth_a_ticket(units, held, price, smallest)
    assert after in {units, held}
    if after != held:
        assert abs(after - held) * price >= smallest
