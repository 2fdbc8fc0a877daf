"""The replay against a second one, written from the words of its clock alone, in the plainest way.

It shares nothing with the product but those words: no rungs, no rule, no position. CPPI is one line; the replicated
put prices with scipy's normal distribution and solves its strike by bisection.
"""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import ndtr

from insure.backtest import replay
from insure.strategies import ConstantMix, Cppi, Strategy, SyntheticPut, Tipp

Weight = Callable[[float, float, float], float]
"""NAV, price and time to go, to a weight."""


def by_hand(
    weight: Weight,
    closes: list[float],
    *,
    steps: int,
    rate: float,
    lag: int,
    every: int,
    cost_bps: float,
    band: float,
    max_weight: float,
) -> tuple[list[float], list[float]]:
    """Values and weights after the trade of each close; a year has 252."""
    c = cost_bps / 1e4
    shares, cash = 0.0, 100.0
    due: dict[int, float] = {}
    values, weights = [], []
    last = min(len(closes), steps + 1) - 1
    for i in range(last + 1):
        price = closes[i]
        if i > 0:
            cash *= math.exp(rate / 252)
        nav = shares * price + cash
        if i % every == 0:
            target = min(max(weight(nav, price, (steps - i) / 252), 0.0), max_weight)
            due[0 if i == 0 else i + lag] = target
        if i in due and i < last:
            target = due[i]
            if i == 0 or abs(target - shares * price / nav) > band + 1e-12:
                trade = target * nav / price - shares
                if trade > 0:
                    trade = min(trade, cash / (price * (1 + c)))
                shares += trade
                cash -= trade * price + abs(trade) * price * c
        nav = shares * price + cash
        values.append(nav)
        weights.append(shares * price / nav)
    return values, weights


def cppi(guarantee: float, multiplier: float, rate: float) -> Weight:
    return lambda nav, _, left: multiplier * max(nav - guarantee * math.exp(-rate * left), 0.0) / nav


def insured(floor: float, first: float, years: float, rate: float, vol: float) -> Weight:
    """Stock with a put, self-financed on 100: the model weight held on the actual NAV."""

    def parts(price: float, strike: float, left: float) -> tuple[float, float]:
        if left == 0.0:
            return (price, 0.0) if price >= strike else (0.0, strike)
        d1 = (math.log(price / strike) + (rate + vol * vol / 2) * left) / (vol * math.sqrt(left))
        return price * float(ndtr(d1)), strike * math.exp(-rate * left) * float(ndtr(vol * math.sqrt(left) - d1))

    strike = root(lambda k: floor / k * sum(parts(first, k, years)) - 100.0, first)

    def weight(_: float, price: float, left: float) -> float:
        stock, bond = parts(price, strike, left)
        return stock / (stock + bond)

    return weight


def root(excess: Callable[[float], float], first: float) -> float:
    """The strike at which ``excess`` is nothing."""
    found = brentq(excess, 0.01 * first, 100.0 * first, xtol=1e-13, rtol=1e-15)
    assert isinstance(found, float)
    return found


def tipp(protect: float, multiplier: float) -> Weight:
    """It remembers the highest NAV that it was asked at."""
    peaks = [100.0]

    def weight(nav: float, *_: float) -> float:
        peaks.append(max(peaks[-1], nav))
        return multiplier * max(nav - protect * peaks[-1], 0.0) / nav

    return weight


def path(seed: int, closes: int = 120) -> list[float]:
    rng = np.random.default_rng(seed)
    moves = 0.012 * rng.standard_t(4, closes - 1) - 0.1 * (rng.uniform(size=closes - 1) < 0.01)
    return list(80.0 * np.exp(np.concatenate([[0.0], np.cumsum(moves)])))


clocks = st.fixed_dictionaries(
    {
        "steps": st.sampled_from([60, 119, 252]),
        "rate": st.sampled_from([0.0, 0.02, 0.07]),
        "lag": st.integers(0, 4),
        "every": st.integers(1, 6),
        "cost_bps": st.sampled_from([0.0, 10.0, 100.0]),
        "band": st.sampled_from([0.0, 0.02, 0.1]),
        "max_weight": st.sampled_from([1.0, 0.6]),
    }
)


@settings(max_examples=150)
@given(
    seed=st.integers(0, 2**32 - 1),
    clock=clocks,
    kind=st.sampled_from(["cppi", "put", "tipp", "mix"]),
    strength=st.sampled_from([3.0, 6.0]),
)
def test_the_replay_is_what_its_words_say(seed: int, clock: dict[str, float], kind: str, strength: float) -> None:
    closes = path(seed)
    steps, rate, lag, every = int(clock["steps"]), clock["rate"], int(clock["lag"]), int(clock["every"])
    years = steps / 252
    kinds: dict[str, tuple[Strategy, Weight]] = {
        "cppi": (Cppi(90.0, strength), cppi(90.0, strength, rate)),
        "put": (SyntheticPut(92.0, vol=0.2), insured(92.0, closes[0], years, rate, 0.2)),
        "tipp": (Tipp(0.85, strength), tipp(0.85, strength)),
        "mix": (ConstantMix(0.1 * strength), lambda *_: 0.1 * strength),
    }
    strategy, weight = kinds[kind]
    cost_bps, band, max_weight = clock["cost_bps"], clock["band"], clock["max_weight"]
    values, weights = by_hand(
        weight,
        closes,
        steps=steps,
        rate=rate,
        lag=lag,
        every=every,
        cost_bps=cost_bps,
        band=band,
        max_weight=max_weight,
    )
    replayed = replay(
        strategy,
        closes,
        steps=steps,
        rate=rate,
        lag=lag,
        every=every,
        cost_bps=cost_bps,
        band=band,
        max_weight=max_weight,
    )
    assert replayed.values.to_list() == pytest.approx(values, rel=1e-10)
    assert replayed.weights.to_list() == pytest.approx(weights, abs=1e-9)


def test_the_twin_beside_it_by_hand() -> None:
    """n S + n P at every close, P by scipy's normal distribution; slippage is the difference."""
    closes = path(11)
    replayed = replay(SyntheticPut(92.0, vol=0.2), closes, steps=150, rate=0.03, put_vol=0.25)

    def one(price: float, strike: float, left: float) -> float:
        d1 = (math.log(price / strike) + (0.03 + 0.25**2 / 2) * left) / (0.25 * math.sqrt(left))
        put = strike * math.exp(-0.03 * left) * ndtr(0.25 * math.sqrt(left) - d1) - price * ndtr(-d1)
        return price + float(put)

    strike = root(lambda k: 92.0 / k * one(closes[0], k, 150 / 252) - 100.0, closes[0])
    twin = [92.0 / strike * one(price, strike, (150 - i) / 252) for i, price in enumerate(closes)]
    assert replayed.twin.to_list() == pytest.approx(twin, rel=1e-12)
    assert replayed.slippage.to_list() == pytest.approx([v - t for v, t in zip(replayed.values, twin, strict=True)])
