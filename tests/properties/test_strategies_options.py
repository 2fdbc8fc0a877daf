"""Strategies that hold options: the hybrid between its two ends, and the hedged book as its desk reads it."""
# ruff: noqa: PD011 - `values` is a field of Replay

import math
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from insure.backtest import replay
from insure.errors import FloorUnaffordable
from insure.pricing import black_scholes
from insure.strategies import DeltaNeutral, Hybrid, Opening, Option, Sight, StaticPut, SyntheticPut
from insure.strategies.delta_neutral import stock_to_trade, tolerance_now
from insure.strategies.legs import book

TRACKINGS: tuple[Literal["weight", "units"], ...] = ("weight", "units")
seeds = st.integers(0, 2**32 - 1)


def history(seed: int, closes: int = 64, vol: float = 0.3) -> "pd.Series[float]":
    rng = np.random.default_rng(seed)
    moves = np.concatenate([[0.0], np.cumsum(rng.normal(0.0, vol / math.sqrt(252.0), closes - 1))])
    return pd.Series(100.0 * np.exp(moves), pd.date_range("2020-01-01", periods=closes))


@settings(max_examples=40)
@given(seed=seeds, put_vol=st.floats(0.1, 0.5), dividend_yield=st.sampled_from([0.0, 0.03]))
def test_with_every_put_bought_the_hybrid_is_the_static_put(seed: int, put_vol: float, dividend_yield: float) -> None:
    closes = history(seed)
    bought = Hybrid(95.0, vol=0.2, bought=1.0)
    hybrid = replay(bought, closes, steps=63, put_vol=put_vol, dividend_yield=dividend_yield)
    static = replay(StaticPut(95.0), closes, steps=63, put_vol=put_vol, dividend_yield=dividend_yield)
    assert hybrid.values.to_numpy() == pytest.approx(static.values.to_numpy(), rel=1e-10)
    assert hybrid.slippage.abs().max() < 1e-9


@settings(max_examples=40)
@given(seed=seeds, tracking=st.sampled_from(TRACKINGS))
def test_with_no_put_bought_the_hybrid_is_the_synthetic_put(seed: int, tracking: Literal["weight", "units"]) -> None:
    closes = history(seed)
    hybrid = replay(Hybrid(95.0, vol=0.2, bought=0.0, tracking=tracking), closes)
    synthetic = replay(SyntheticPut(95.0, vol=0.2, tracking=tracking), closes)
    assert hybrid.values.to_numpy() == pytest.approx(synthetic.values.to_numpy(), rel=1e-12)


@given(
    bought=st.floats(0.0, 1.0),
    gap=st.floats(0.5, 1.0),
    put_vol=st.floats(0.05, 0.6),
    step=st.sampled_from([0.0, 5.0]),
    contract=st.sampled_from([0.0, 0.1]),
    years=st.sampled_from([None, 0.25]),
)
def test_the_hybrids_structure_is_paid_for(
    bought: float, gap: float, put_vol: float, step: float, contract: float, years: float | None
) -> None:
    """What the structure is worth at the hedge volatility plus what the puts cost beyond that is the fund."""
    hybrid = Hybrid(
        90.0,
        vol=0.2,
        bought=bought,
        gap=gap,
        put_years=years,
        strike_step=step,
        contract=contract,
        dividends="paid_out",
    )
    opening = Opening(100.0, 100.0, 1.0, 0.03, 0.01, 0.2, put_vol)
    start = hybrid.begin(opening)
    market = (100.0, 1.0, 0.03, 0.01)
    structure = start.state.units * (100.0 + _put(start.state.strike))
    dearer = book(start.legs, *market, put_vol).value - book(start.legs, *market, 0.2).value
    assert structure + dearer == pytest.approx(100.0, rel=1e-11)
    assert start.state.units * start.state.strike == pytest.approx(90.0, rel=1e-11)
    for leg in start.legs:
        assert not step or leg.strike / step == pytest.approx(round(leg.strike / step), abs=1e-9)
        assert not contract or leg.units / contract == pytest.approx(round(leg.units / contract), abs=1e-9)
        if not step and not contract:
            assert leg.strike == pytest.approx(gap * start.state.strike, rel=1e-11)
            assert leg.units == pytest.approx(bought * start.state.units, rel=1e-11)
        assert leg.years(1.0) == pytest.approx(years or 1.0)


def _put(strike: float) -> float:
    return black_scholes.put(100.0, strike, 1.0, 0.03, 0.2, 0.01)


@settings(max_examples=20)
@given(seed=seeds, gap=st.sampled_from([1.0, 0.9]))
def test_puts_that_expire_leave_their_part_to_replication(seed: int, gap: float) -> None:
    """Units tracking: the stock is the structure's delta less that of the puts, and all of it once they are gone."""
    closes = history(seed, closes=40)
    strategy = Hybrid(95.0, vol=0.2, bought=0.6, gap=gap, put_years=20 / 252, tracking="units")
    replayed = replay(strategy, closes, rate=0.03, max_weight=9.0, min_weight=-9.0)
    start = strategy.begin(Opening(100.0, 100.0, 1.0, 0.03, 0.0, 0.2))
    (put,) = start.legs
    for i, spot in enumerate(closes.iloc[:-1]):
        structure = black_scholes.greeks("put", spot, start.state.strike, 1.0 - i / 252.0, 0.03, 0.2).delta
        expected = start.state.units * (1.0 + structure)
        if i < 20:
            expected -= put.units * black_scholes.greeks("put", spot, put.strike, (20 - i) / 252.0, 0.03, 0.2).delta
        assert replayed.rungs["model"].iloc[i] == pytest.approx(expected, abs=1e-11), f"close {i}"


def test_gap_puts_pay_in_a_crash_and_cost_in_a_calm_year() -> None:
    """A fall of a fifth overnight: with gap puts 10 % below the floor the fund loses visibly less than without."""
    calm = np.full(20, 100.0) * np.exp(np.linspace(0.0, 0.02, 20))
    crash = np.concatenate([calm, calm[-1] * 0.75 * np.ones(5)])
    bare = replay(SyntheticPut(95.0, vol=0.2), list(crash), put_vol=0.2)
    covered = replay(Hybrid(95.0, vol=0.2, bought=1.0, gap=0.9), list(crash), put_vol=0.2)
    assert covered.values.iloc[-1] > bare.values.iloc[-1] + 2.0
    assert covered.slippage.iloc[-1] > bare.slippage.iloc[-1] + 2.0


def test_puts_that_cost_the_fund_are_refused() -> None:
    opening = Opening(100.0, 100.0, 1.0, 0.0, 0.0, 0.1, 9.0)
    with pytest.raises(FloorUnaffordable):
        Hybrid(99.0, vol=0.1, bought=1.0, gap=1.0).begin(opening)


def test_a_drift_to_a_tenth_sells_a_hundred_thousand_of_a_million() -> None:
    assert stock_to_trade(0.10, 1e6, 0.0, 0.05) == pytest.approx(-100_000.0, rel=1e-15)
    assert stock_to_trade(-0.10, 1e6, 0.0, 0.05) == pytest.approx(100_000.0, rel=1e-15)
    assert stock_to_trade(0.05, 1e6, 0.0, 0.05) == 0.0
    assert stock_to_trade(0.10, 1e6, 0.08, 0.05) == 0.0


def test_the_tolerance_widens_with_gamma_and_volatility() -> None:
    """Gamma 2 units a point on a notional of 1 m at 100 and 20 %: a day moves the delta by 252 of money, 0.0252 %."""
    base = tolerance_now(0.05, 1.0, 0.0, 100.0, 0.2, 1e6)
    day = 2.0 * 100.0 * 100.0 * 0.2 / math.sqrt(252.0) / 1e6
    assert base == 0.05
    assert tolerance_now(0.05, 1.0, 2.0, 100.0, 0.2, 1e6) == pytest.approx(0.05 + day, rel=1e-14)
    assert tolerance_now(0.05, 2.0, -2.0, 100.0, 0.4, 1e6) == pytest.approx(0.05 + 4.0 * day, rel=1e-14)


BOOK = (Option("put", -0.5, 95.0, 0.4), Option("call", 1.0, 105.0, 0.1), Option("call", -0.7, 100.0, 2.0))


@settings(max_examples=40)
@given(seed=seeds, target=st.sampled_from([0.0, 0.03]), tolerance=st.floats(0.0, 0.1), widening=st.floats(0.0, 1.0))
def test_after_each_close_the_net_delta_is_inside_the_tolerance(
    seed: int, target: float, tolerance: float, widening: float
) -> None:
    closes = history(seed)
    strategy = DeltaNeutral(BOOK, vol=0.25, target=target, tolerance=tolerance, widening=widening)
    replayed = replay(strategy, closes, value=500.0, min_weight=-5.0, max_weight=5.0)
    notional = 2.2 * 100.0
    greeks = replayed.greeks
    for i, (spot, delta, gamma) in enumerate(zip(closes, greeks["delta"], greeks["gamma"], strict=True)):
        if i == len(closes) - 1:
            break
        width = tolerance_now(tolerance, widening, gamma, spot, 0.25, notional)
        net = delta * spot / notional
        assert abs(net - target) <= (width if i else 0.0) + 1e-9, f"net delta {net} at close {i}"


@settings(max_examples=40)
@given(seed=seeds)
def test_outside_the_tolerance_the_stock_goes_to_the_target(seed: int) -> None:
    closes = history(seed)
    replayed = replay(DeltaNeutral(BOOK, vol=0.25), closes, value=500.0, min_weight=-5.0, max_weight=5.0)
    units = replayed.rungs["execution"].to_numpy()
    traded = np.flatnonzero(np.abs(np.diff(units)) > 1e-12) + 1
    net = replayed.greeks["delta"].to_numpy() * closes.to_numpy() / 220.0
    assert net[traded] == pytest.approx(0.0, abs=1e-9)
    assert len(traded) < len(closes) - 2, "the tolerance saved no trade at all"


@settings(max_examples=40)
@given(seed=seeds, rate=st.sampled_from([0.0, 0.04]))
def test_the_books_slippage_is_gamma_against_theta_and_its_net_delta(seed: int, rate: float) -> None:
    """Against cash, gamma and gap are what the options earned beyond delta and carry, model is the net delta."""
    closes = history(seed, closes=26)
    strategy = DeltaNeutral(BOOK, vol=0.25)
    replayed = replay(strategy, closes, value=500.0, rate=rate, min_weight=-5.0, max_weight=5.0)
    legs = strategy.begin(Opening(500.0, 100.0, 1.0, rate, 0.0, 0.25)).legs
    growth, spots = math.exp(rate / 252.0), closes.to_numpy()
    worth = np.array([book(legs, spot, 1.0 - i / 252.0, rate, 0.0, 0.25).value for i, spot in enumerate(closes)])
    carried = growth ** np.arange(len(closes) - 2, -1, -1)
    excess = spots[1:] - growth * spots[:-1]
    net_delta = replayed.greeks["delta"].to_numpy()[:-1]
    option_delta = net_delta - replayed.rungs["execution"].to_numpy()
    beyond = (worth[1:] - growth * worth[:-1] - option_delta * excess) * carried
    booked = replayed.attribution().iloc[1:]
    assert booked[["gap", "gamma"]].sum(axis=1).to_numpy() == pytest.approx(beyond, abs=1e-9)
    assert booked["model"].to_numpy() == pytest.approx(net_delta * excess * carried, abs=1e-9)
    assert replayed.option_profit["total"].to_numpy() == pytest.approx(np.diff(worth), abs=1e-11)
    assert replayed.twin.iloc[-1] == pytest.approx(500.0 * growth ** (len(closes) - 1), rel=1e-12)


@settings(max_examples=30)
@given(seed=seeds)
def test_premium_is_paid_at_the_start_and_expiries_are_settled(seed: int) -> None:
    """A bought call, never hedged: the fund is cash less the premium plus what the call is worth, then paid."""
    closes = history(seed, closes=40)
    strategy = DeltaNeutral((Option("call", 0.1, 100.0, 20 / 252),), vol=0.2, tolerance=1e9)
    replayed = replay(strategy, closes, value=100.0, rate=0.0, min_weight=0.0)
    premium = strategy.begin(Opening(100.0, 100.0, 1.0, 0.0, 0.0, 0.2)).legs[0].greeks(100.0, 1.0, 0.0, 0.0, 0.2).value
    paid = 0.1 * max(float(closes.iloc[20]) - 100.0, 0.0)
    assert replayed.values.iloc[0] == pytest.approx(100.0, rel=1e-14)
    assert replayed.values.iloc[20:].to_numpy() == pytest.approx(100.0 - premium + paid, rel=1e-12)


def test_the_first_hedge_is_made_in_full() -> None:
    strategy = DeltaNeutral((Option("put", 1.0, 100.0, 1.0),), vol=0.2, tolerance=10.0)
    opening = Opening(1000.0, 100.0, 1.0, 0.0, 0.0, 0.2)
    start = strategy.begin(opening)
    seen = Sight(1000.0, 100.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.2)
    weight, _, state = strategy.rule(start.terms, start.state, seen)
    delta = book(start.legs, 100.0, 1.0, 0.0, 0.0, 0.2).delta
    assert weight == pytest.approx(-delta * 100.0 / 1000.0, rel=1e-12)
    drifted = seen._replace(spot=90.0, log_ratio=math.log(0.9), weight=0.01)
    assert strategy.rule(start.terms, state, drifted)[0] == 0.01


@given(vol=st.floats(0.1, 0.5), seed=seeds)
@settings(max_examples=20)
def test_a_long_book_earns_gamma_when_the_index_moves_more_than_it_paid_for(vol: float, seed: int) -> None:
    """Hedged every close in a market of 30 %: a straddle at ``vol`` earns gamma less theta of about the difference."""
    assume(abs(vol - 0.3) > 0.12)
    closes = history(seed, closes=253)
    straddle = (Option("call", 1.0, 100.0, 1.0), Option("put", 1.0, 100.0, 1.0))
    replayed = replay(
        DeltaNeutral(straddle, vol=vol, tolerance=0.0, widening=0.0), closes, value=500.0, rate=0.0, min_weight=-5.0
    )
    realised = math.sqrt(252.0 * float(np.mean(np.diff(np.log(closes.to_numpy())) ** 2)))
    assume(abs(realised - 0.3) < 0.04)
    earned = float(replayed.option_profit[["gamma", "theta"]].to_numpy().sum())
    assert math.copysign(1.0, earned) == math.copysign(1.0, realised - vol)
