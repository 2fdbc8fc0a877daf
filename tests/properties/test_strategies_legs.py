"""The scalar option of the rules is the option of the pricing room, and the books made of it add up."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.option_book import earned, greeks_of
from insure.pricing import black_scholes
from insure.slippage import Mark
from insure.strategies.legs import Leg, book, daily_drift, option

spots = st.floats(1.0, 1000.0)
times = st.floats(0.001, 10.0)
rates = st.floats(-0.05, 0.2)
yields = st.floats(0.0, 0.1)
vols = st.floats(0.01, 1.5)


@given(spot=spots, strike=spots, years=times, rate=rates, dividend_yield=yields, vol=vols)
def test_an_option_is_priced_as_in_the_pricing_room(
    spot: float, strike: float, years: float, rate: float, dividend_yield: float, vol: float
) -> None:
    scale = max(spot, strike) * math.exp(abs(rate) * years)
    for leg in (Leg("call", 1.0, strike), Leg("put", 1.0, strike)):
        ours = option(leg.sign, spot, strike, years, rate, dividend_yield, vol)
        theirs = black_scholes.greeks(leg.kind, spot, strike, years, rate, vol, dividend_yield)
        assert ours.value == pytest.approx(theirs.price, abs=2e-14 * scale)
        assert ours.delta == pytest.approx(theirs.delta, abs=2e-13)
        assert ours.gamma == pytest.approx(theirs.gamma, rel=1e-9, abs=1e-13)
        assert ours.vega == pytest.approx(theirs.vega, rel=1e-9, abs=1e-11 * scale)
        assert ours.theta == pytest.approx(theirs.theta, rel=1e-9, abs=1e-11 * scale)


@pytest.mark.parametrize("years", [0.0, -0.5])
@pytest.mark.parametrize("spot", [80.0, 100.0, 120.0])
def test_an_expired_option_is_what_it_pays(years: float, spot: float) -> None:
    call, put = (option(sign, spot, 100.0, years, 0.05, 0.02, 0.2) for sign in (1.0, -1.0))
    assert (call.value, put.value) == (max(spot - 100.0, 0.0), max(100.0 - spot, 0.0))
    assert (call.gamma, call.vega, call.theta) == (0.0, 0.0, 0.0)


def test_without_volatility_an_option_is_its_discounted_forward() -> None:
    call = option(1.0, 100.0, 90.0, 1.0, 0.05, 0.0, 0.0)
    assert call.value == pytest.approx(100.0 - 90.0 * math.exp(-0.05), rel=1e-14)
    assert (call.delta, call.gamma) == (1.0, 0.0)


def test_a_put_of_strike_zero_is_worth_nothing() -> None:
    assert option(-1.0, 100.0, 0.0, 1.0, 0.05, 0.0, 0.2).value == 0.0


@given(spot=spots, rate=rates, vol=vols, units=st.floats(-5.0, 5.0))
def test_a_book_is_the_sum_of_its_legs(spot: float, rate: float, vol: float, units: float) -> None:
    legs = (Leg("put", units, 90.0), Leg("call", 2.0, 110.0, before_horizon=-0.5))
    whole = book(legs, spot, 1.0, rate, 0.01, vol)
    put = option(-1.0, spot, 90.0, 1.0, rate, 0.01, vol)
    call = option(1.0, spot, 110.0, 1.5, rate, 0.01, vol)
    for figure, one, other in zip(whole, put, call, strict=True):
        assert figure == pytest.approx(units * one + 2.0 * other, rel=1e-12, abs=1e-9)


@given(spot=spots, after=spots, vol=vols, vol_after=vols)
def test_what_options_earned_is_split_without_remainder(
    spot: float, after: float, vol: float, vol_after: float
) -> None:
    legs = (Leg("put", -1.0, 90.0), Leg("call", 2.0, 110.0, before_horizon=-0.5))
    start, end = Mark(spot, 1.0, 0.03, 0.0, vol), Mark(after, 1.0 - 1 / 252, 0.03, 0.0, vol_after)
    profit = earned(legs, start, end, 1 / 252)
    change = book(legs, *_market(end)).value - book(legs, *_market(start)).value
    assert profit.total == pytest.approx(change, rel=1e-12, abs=1e-12)
    assert sum(profit[:5]) == pytest.approx(profit.total, rel=1e-12, abs=1e-9)


def test_over_a_small_step_gamma_and_theta_are_nearly_all_that_a_hedged_option_earns() -> None:
    """Third order: halving the move divides the rest by about eight (the step's length goes with its square)."""
    rests = []
    for move in (0.02, 0.01, 0.005):
        years = (move / 0.2) ** 2
        start = Mark(100.0, 1.0, 0.03, 0.0, 0.2)
        profit = earned(
            (Leg("call", 1.0, 103.0),), start, Mark(100.0 * (1.0 + move), 1.0 - years, 0.03, 0.0, 0.2), years
        )
        rests.append(abs(profit.rest))
    assert rests[1] / rests[0] == pytest.approx(1 / 8, rel=0.15)
    assert rests[2] / rests[1] == pytest.approx(1 / 8, rel=0.15)


def test_an_expired_option_has_left_the_position() -> None:
    legs = (Leg("call", 5.0, 50.0, before_horizon=0.5), Leg("put", 1.0, 90.0))
    position = greeks_of(legs, 2.0, Mark(100.0, 0.5, 0.03, 0.0, 0.2))
    put = option(-1.0, 100.0, 90.0, 0.5, 0.03, 0.0, 0.2)
    assert position.delta == pytest.approx(2.0 + put.delta, rel=1e-14)
    assert position.value == pytest.approx(200.0 + put.value, rel=1e-14)


def test_the_daily_drift_is_gamma_times_a_days_move() -> None:
    assert daily_drift(-0.02, 100.0, 0.2) == pytest.approx(0.02 * 100.0 * 100.0 * 0.2 / math.sqrt(252.0), rel=1e-14)


def _market(mark: Mark) -> tuple[float, float, float, float, float]:
    return mark.spot, mark.years_left, mark.rate, mark.dividend_yield, mark.vol
