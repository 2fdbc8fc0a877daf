"""Laws of the cushion now: what a gap leaves, what standing still does to the multiple, what a trade costs."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.errors import InvalidInput
from insure.gap_risk import cushion_after_cost, effective_multiple, multiplier_bound, survivable_gap

values = st.floats(1.0, 1e9)
shares = st.floats(0.0, 1.0)
multiples = st.floats(0.1, 50.0)


@given(value=values, protected=shares, exposed=st.floats(0.001, 3.0))
def test_a_fall_of_the_survivable_gap_leads_to_the_floor(value: float, protected: float, exposed: float) -> None:
    floor, exposure = protected * value, exposed * value
    gap = survivable_gap(value, floor, exposure)
    assert value - gap * exposure == pytest.approx(floor, rel=1e-12, abs=1e-12 * value)


def test_below_the_floor_the_gap_is_the_rise_that_leads_back() -> None:
    assert survivable_gap(95.0, 100.0, 50.0) == pytest.approx(-0.1, rel=1e-15)


def test_without_exposure_every_gap_is_survived() -> None:
    assert survivable_gap(100.0, 90.0, 0.0) == math.inf
    with pytest.raises(InvalidInput, match="one of them must be above zero"):
        survivable_gap(90.0, 90.0, 0.0)


def test_a_multiple_of_five_halted_through_a_tenth_becomes_nine() -> None:
    after = effective_multiple(5.0, 0.1)
    assert after == pytest.approx(9.0, rel=1e-14)
    assert survivable_gap(100.0, 90.0, after * 10.0) == pytest.approx(1.0 / 9.0, rel=1e-14)


@given(m=multiples, first=st.floats(-0.5, 0.9), second=st.floats(-0.5, 0.9))
def test_falls_in_a_row_compose(m: float, first: float, second: float) -> None:
    """Two falls make one of 1 - (1 - x)(1 - y), whatever the multiple in between."""
    whole = 1.0 - (1.0 - first) * (1.0 - second)
    if max(first, whole) * m > 0.99:
        return
    once, stepwise = effective_multiple(m, whole), effective_multiple(effective_multiple(m, first), second)
    assert stepwise == pytest.approx(once, rel=1e-9)


@given(m=multiples, fall=st.floats(-0.5, 0.99), value=values, protected=st.floats(0.0, 0.99))
def test_the_multiple_is_that_of_the_accounts(m: float, fall: float, value: float, protected: float) -> None:
    """Exposure and cushion in money, marked down by the fall: their ratio is the formula's."""
    if m * fall > 0.99:
        return
    cushion = value * (1.0 - protected)
    exposure = m * cushion
    left, still = cushion - fall * exposure, exposure * (1.0 - fall)
    assert effective_multiple(m, fall) == pytest.approx(still / left, rel=1e-9)


@given(m=st.floats(1.1, 50.0))
def test_a_fall_that_takes_the_cushion_has_no_multiple(m: float) -> None:
    with pytest.raises(InvalidInput, match="no cushion is left"):
        effective_multiple(m, min(1.0 / m * 1.0000001, 1.0))


@given(fall=st.floats(0.001, 0.999))
def test_the_bounded_multiplier_survives_that_fall_and_no_larger(fall: float) -> None:
    m = multiplier_bound(fall)
    assert effective_multiple(m, fall * 0.999) > 0.0
    with pytest.raises(InvalidInput, match="no cushion is left"):
        effective_multiple(m, fall * 1.001)


@given(
    value=values,
    protected=st.floats(0.0, 1.2),
    exposed=st.floats(0.0, 3.0),
    m=multiples,
    cost_bps=st.floats(0.0, 150.0),
)
def test_the_cushion_after_cost_solves_its_equation(
    value: float, protected: float, exposed: float, m: float, cost_bps: float
) -> None:
    floor, exposure, k = protected * value, exposed * value, cost_bps / 1e4
    after = cushion_after_cost(value, floor, exposure, m, cost_bps)
    target = m * after if after > 0.0 else 0.0
    assert after == pytest.approx(value - floor - k * abs(target - exposure), rel=1e-12, abs=1e-12 * value), (
        "cushion after cost is not the cushion before less the cost of the trade that it implies"
    )


def test_what_needs_no_trade_costs_nothing() -> None:
    assert cushion_after_cost(100.0, 90.0, 40.0, 4.0, 50.0) == pytest.approx(10.0, rel=1e-15)


def test_a_cost_that_eats_what_selling_frees_is_refused() -> None:
    with pytest.raises(InvalidInput, match="costs more than it frees"):
        cushion_after_cost(100.0, 90.0, 40.0, 50.0, 200.0)
