"""Strategies whose outcome is known in closed form along any path."""

import math

import numpy as np
import pytest

from insure.backtest import replay
from insure.strategies import BuyAndHold, ConstantMix, Cppi, StaticPut

RATE = 0.04
GROWTH = math.exp(RATE / 252)
SEEDS = [1, 2, 3]


def path(seed: int, closes: int = 253) -> list[float]:
    moves = np.random.default_rng(seed).normal(0.0002, 0.008, closes - 1)
    return list(50.0 * np.exp(np.concatenate([[0.0], np.cumsum(moves)])))


@pytest.mark.parametrize("seed", SEEDS)
def test_an_unconstrained_cushion_is_a_product(seed: int) -> None:
    """C_n = C_0 prod(m R_i + (1 - m) e^{r dt}): the floor grows like cash and the cushion holds m times itself.

    Source: Balder, Brandl & Mahayni (2009), "Effectiveness of CPPI strategies under discrete-time trading", J. Economic
    Dynamics and Control 33, eq. (3), where no step takes the cushion to zero.
    """
    closes = path(seed)
    replayed = replay(Cppi(90.0, 4.0), closes, rate=RATE, max_weight=1e6, put_vol=0.2)
    ratios = np.array(closes[1:]) / np.array(closes[:-1])
    cushion = (100.0 - 90.0 * math.exp(-RATE)) * np.prod(4.0 * ratios - 3.0 * GROWTH)
    assert replayed.values.iloc[-1] == pytest.approx(90.0 + cushion, rel=1e-12)


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_constant_mix_is_a_product(seed: int, weight: float) -> None:
    closes = path(seed)
    ratios = np.array(closes[1:]) / np.array(closes[:-1])
    replayed = replay(ConstantMix(weight), closes, rate=RATE, put_vol=0.2)
    assert replayed.values.iloc[-1] == pytest.approx(
        100.0 * np.prod(weight * ratios + (1.0 - weight) * GROWTH), rel=1e-12
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_buy_and_hold_is_a_sum(seed: int) -> None:
    closes = path(seed)
    replayed = replay(BuyAndHold(0.3), closes, rate=RATE, put_vol=0.2)
    assert replayed.values.iloc[-1] == pytest.approx(30.0 * closes[-1] / closes[0] + 70.0 * math.exp(RATE), rel=1e-12)


@pytest.mark.parametrize("end", [0.5, 0.9, 1.0, 1.1, 2.0])
def test_the_bought_put_pays_the_floor_or_its_share_of_the_rise(end: float) -> None:
    closes = list(np.linspace(100.0, 100.0 * end, 253))
    strategy = StaticPut(95.0)
    replayed = replay(strategy, closes, rate=RATE, put_vol=0.2)
    units = replayed.rungs["execution"].iloc[0]
    assert replayed.values.iloc[-1] == pytest.approx(max(95.0, units * closes[-1]), rel=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_dividends_are_reinvested_in_the_index(seed: int) -> None:
    closes = path(seed)
    replayed = replay(BuyAndHold(1.0), closes, rate=RATE, put_vol=0.2, dividend_yield=0.03)
    assert replayed.values.iloc[-1] == pytest.approx(100.0 * closes[-1] / closes[0] * math.exp(0.03), rel=1e-12)
    assert np.abs(replayed.slippage.to_numpy()).max() < 1e-10, "stock alone is its own twin"
