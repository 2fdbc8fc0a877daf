"""The error of hedging in steps: the rule of Derman and Kamal, its form for any strike, and a simulated hedge."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr

from insure.gap_risk import hedging_error

RATE, DIVIDEND_YIELD, VOL, YEARS = 0.03, 0.01, 0.2, 1.0


def test_at_the_money_it_is_the_rule_of_derman_and_kamal() -> None:
    assert hedging_error(38.0, 0.25, 21) == pytest.approx(
        math.sqrt(math.pi / 4.0) * 38.0 * 0.25 / math.sqrt(21), rel=1e-14
    )


@pytest.mark.parametrize("d2", [-5.0, -1.0, 0.0, 0.5, 2.0])
def test_its_integral_agrees_with_that_over_time(d2: float) -> None:
    """E[(Gamma S^2)^2] over its first value is exp(d2^2 t / (T + t)) T / sqrt(T^2 - t^2); scipy integrates it."""
    over_time = quad(lambda u: math.exp(d2**2 * u / (1 + u)) / math.sqrt(1 + u), 0, 1, weight="alg", wvar=(0, -0.5))[0]
    assert hedging_error(1.0, 1.0, 1, d2) == pytest.approx(math.sqrt(over_time / 2.0), rel=1e-8)


def _simulated(strike: float, steps: int, paths: int) -> tuple[float, float, float, float]:
    """Standard deviation and its error of a put's hedge run to expiry, discounted; the put's vega and d2."""
    rng = np.random.default_rng(11)
    dt = YEARS / steps
    spot = np.full(paths, 100.0)

    def delta(
        at: np.ndarray[tuple[int, ...], np.dtype[np.float64]], left: float
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        d1 = (np.log(at / strike) + (RATE - DIVIDEND_YIELD + 0.5 * VOL**2) * left) / (VOL * math.sqrt(left))
        change: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = -math.exp(-DIVIDEND_YIELD * left) * ndtr(-d1)
        return change

    d2 = (math.log(100.0 / strike) + (RATE - DIVIDEND_YIELD - 0.5 * VOL**2) * YEARS) / (VOL * math.sqrt(YEARS))
    cash = strike * math.exp(-RATE * YEARS) * ndtr(-d2) + 100.0 * delta(np.array([100.0]), YEARS)[0]
    account, units = np.full(paths, cash), np.zeros(paths)
    for k in range(steps):
        target = delta(spot, YEARS - k * dt)
        account -= (target - units) * spot
        shock = VOL * math.sqrt(dt) * rng.standard_normal(paths)
        spot = spot * np.exp((RATE - DIVIDEND_YIELD - 0.5 * VOL**2) * dt + shock)
        account *= math.exp(RATE * dt)
        units = target * math.exp(DIVIDEND_YIELD * dt)
    error = (units * spot + account - np.maximum(strike - spot, 0.0)) * math.exp(-RATE * YEARS)
    central = (error - error.mean()) ** 2
    std = math.sqrt(float(central.mean()))
    vega = strike * math.exp(-RATE * YEARS - 0.5 * d2**2) / math.sqrt(2 * math.pi) * math.sqrt(YEARS)
    return std, float(central.std()) / math.sqrt(paths) / (2.0 * std), vega, d2


@pytest.mark.parametrize("strike", [80.0, 95.0, 100.0, 110.0, 130.0])
@pytest.mark.parametrize(("steps", "excess"), [(4, 0.15), (12, 0.08), (52, 0.045)])
def test_a_simulated_hedge_scatters_as_much(strike: float, steps: int, excess: float) -> None:
    """The leading order in 1/steps is an upper estimate, too large by less the more dates there are."""
    std, error, vega, d2 = _simulated(strike, steps, 60_000)
    found = hedging_error(vega, VOL, steps, d2)
    assert std - 4.0 * error <= found <= std * (1.0 + excess) + 4.0 * error, (
        f"strike {strike}, {steps} dates: formula {found:.4f}, simulated {std:.4f} +- {error:.4f}"
    )
