"""The attribution is an identity: whatever happens to fund, market and put, the causes add up to fund minus twin."""

import itertools
import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.errors import FloorUnaffordable
from insure.slippage import Mark, Rung, Step, Track, Twin, hedging_cause, opened
from insure.strategies.legs import Leg, book

TOLERANCE = 1e-9


@dataclass(frozen=True)
class Market:
    """A random history of marks: spot, rate, yield and the put's volatility all move."""

    marks: list[Mark]
    dt: float


@st.composite
def markets(draw: st.DrawFn, steps: int = 12) -> Market:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dt = draw(st.sampled_from([1 / 252, 1 / 52, 1 / 12]))
    spot, marks = 100.0, []
    beyond = draw(st.sampled_from([0.0, 0.5]))
    for i in range(steps + 1):
        rate, vol = float(rng.normal(0.03, 0.02)), float(rng.uniform(0.0, 0.6))
        marks.append(Mark(spot, (steps - i) * dt + beyond, rate, float(rng.uniform(0.0, 0.05)), vol))
        spot *= math.exp(float(rng.standard_t(3)) * 0.3 * math.sqrt(dt))
    return Market(marks, dt)


def worth(legs: tuple[Leg, ...], mark: Mark) -> float:
    return book(legs, mark.spot, mark.years_left, mark.rate, mark.dividend_yield, mark.vol).value


@given(
    market=markets(),
    guarantee=st.floats(0.0, 95.0),
    reinvests=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
    held_put=st.floats(-0.5, 1.0),
)
def test_causes_add_up_to_fund_minus_twin(
    market: Market, guarantee: float, reinvests: bool, seed: int, held_put: float
) -> None:
    """A fund with arbitrary holdings, costs, funding, dividends and options of its own, walked beside its track."""
    rng = np.random.default_rng(seed)
    marks = market.marks
    track = opened(100.0, guarantee, marks[0]._replace(rate=0.02), "reinvested" if reinvests else "paid_out")
    track = Track(track.twin, marks[0], {"opening": 100.0 - track.twin.value_and_delta(marks[0])[0]})
    legs = (Leg("put", held_put, 90.0), Leg("call", 0.2, 105.0, before_horizon=4.0 * market.dt))
    value = 100.0
    for before, after in itertools.pairwise(marks):
        charges = {"commission": float(rng.uniform(0.0, 0.1)), "impact": float(rng.uniform(0.0, 0.1))}
        value -= sum(charges.values())
        track = track.charged(charges)
        rungs = [Rung(name, float(rng.uniform(-0.5, 1.5))) for name in ("model", "limits", "band", "lots")]
        growth = math.exp(before.rate * market.dt)
        paid = 0.0 if track.twin.reinvested else track.twin.units * after.spot * 0.001
        step = Step(market.dt, funding=0.02, dividends=-0.01, payout=paid, distributed=0.5 * paid)
        cash = value - rungs[-1].units * before.spot - worth(legs, before)
        stock = rungs[-1].units * after.spot * math.exp(before.dividend_yield * market.dt)
        value = cash * growth + stock + worth(legs, after) + step.funding + step.dividends - step.distributed
        track = track.carried(after, step, rungs, legs)
        difference = value - track.twin_value
        assert track.total == pytest.approx(difference, abs=TOLERANCE * 100.0), dict(track.causes)


@given(market=markets(steps=4), guarantee=st.floats(0.0, 95.0))
def test_stock_and_bought_puts_slip_by_nothing(market: Market, guarantee: float) -> None:
    """Stock with the very puts of the twin is the twin, cause by cause, however rate and volatility move."""
    marks = [mark._replace(dividend_yield=0.0) for mark in market.marks]
    track = opened(100.0, min(guarantee, 95.0), marks[0]._replace(rate=0.02))
    legs = (Leg("put", track.twin.units, track.twin.strike),)
    for after in marks[1:]:
        rungs = [Rung("model", track.twin.units), Rung("execution", track.twin.units)]
        track = track.carried(after, Step(market.dt), rungs, legs)
    for cause, money in track.causes.items():
        assert money == pytest.approx(0.0, abs=1e-9), f"{cause} is {money}"


@given(market=markets(steps=1), value=st.floats(1.0, 1e9), share=st.floats(0.0, 0.95))
def test_the_twin_costs_what_the_fund_is_worth(market: Market, value: float, share: float) -> None:
    mark = market.marks[0]._replace(rate=0.03)
    twin = Twin.bought(value, share * value, mark)
    assert twin.value_and_delta(mark)[0] == pytest.approx(value, rel=1e-11)


@given(market=markets(steps=1), guarantee=st.floats(1.0, 95.0), factor=st.floats(0.0, 3.0))
def test_a_flow_scales_the_twin(market: Market, guarantee: float, factor: float) -> None:
    mark = market.marks[1]
    for twin in (Twin.bought(100.0, guarantee, market.marks[0]), Twin.in_cash(100.0, market.marks[0])):
        value, delta = twin.value_and_delta(mark)
        assert twin.scaled(factor).value_and_delta(mark) == pytest.approx((factor * value, factor * delta))


@given(market=markets(steps=1), guarantee=st.floats(1.0, 120.0))
def test_at_the_horizon_the_twin_pays_the_guarantee_or_the_stock(market: Market, guarantee: float) -> None:
    mark = market.marks[0]._replace(rate=0.3, dividend_yield=0.0)
    twin = Twin.bought(100.0, min(guarantee, 95.0), mark)
    for spot in (1.0, 80.0, twin.strike, 150.0):
        end = mark._replace(spot=spot, years_left=0.0)
        assert twin.value_and_delta(end)[0] == pytest.approx(twin.units * max(spot, twin.strike), rel=1e-12)


def test_money_lent_to_the_horizon_earns_the_rate_and_nothing_else() -> None:
    mark = Mark(100.0, 1.0, 0.04, 0.0, 0.2)
    twin = Twin.in_cash(100.0, mark)
    value, delta = twin.value_and_delta(Mark(50.0, 0.25, 0.04, 0.0, 0.9))
    assert value == pytest.approx(100.0 * math.exp(0.03), rel=1e-14)
    assert delta == 0.0


def test_a_premium_from_outside_is_owed_from_the_start() -> None:
    mark = Mark(100.0, 1.0, 0.05, 0.0, 0.2)
    track = opened(100.0, 95.0, mark, financing="external")
    premium = book((Leg("put", 1.0, 95.0),), 100.0, 1.0, 0.05, 0.0, 0.2).value
    assert dict(track.causes) == {"financing": pytest.approx(-premium, rel=1e-12)}
    assert track.total == pytest.approx(100.0 - track.twin_value, rel=1e-12)


def test_a_twin_that_nobody_can_buy_is_refused() -> None:
    with pytest.raises(FloorUnaffordable, match="nothing is left to insure"):
        opened(100.0, 120.0, Mark(100.0, 1.0, 0.05, 0.0, 0.2))


def test_a_new_track_has_no_causes_and_shares_none() -> None:
    mark = Mark(100.0, 1.0, 0.05, 0.0, 0.2)
    first, second = Track(Twin.in_cash(1.0, mark), mark), Track(Twin.in_cash(1.0, mark), mark)
    charged = first.charged({"commission": 1.0})
    assert (dict(first.causes), dict(second.causes), dict(charged.causes)) == ({}, {}, {"commission": -1.0})


@pytest.mark.parametrize(("fall", "cause"), [(0.02, "gamma"), (0.037, "gamma"), (0.0379, "gap"), (0.2, "gap")])
def test_a_move_beyond_three_standard_deviations_is_a_gap(fall: float, cause: str) -> None:
    """20 % a year is 1.26 % a day: three of them are 3.78 %."""
    before = Mark(100.0, 1.0, 0.0, 0.0, 0.2)
    for sign in (-1.0, 1.0):
        after = before._replace(spot=100.0 * math.exp(sign * fall))
        assert hedging_cause(before, after, 1 / 252) == cause
