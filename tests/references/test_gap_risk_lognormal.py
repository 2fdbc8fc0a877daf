"""Partial moments of a lognormal factor against a quadrature of their integrals, out to the last tail of a float."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from insure.arguments import FloatArray
from insure.gap_risk.lognormal import partial_moments

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(400)
_LOG_MEAN = 1e-4


def _integral(f: Callable[[FloatArray], FloatArray], high: float) -> float:
    at = 0.5 * high * (_NODES + 1.0)
    return float(0.5 * high * (_WEIGHTS @ f(at)))


def _density(z: FloatArray) -> FloatArray:
    density: FloatArray = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return density


@pytest.mark.parametrize("s", [0.001, 0.0126, 0.05, 0.3])
@pytest.mark.parametrize("distance", [-36.0, -20.0, -8.0, -3.0, -1.0, -0.1, 0.0, 0.1, 1.0, 3.0, 8.0, 20.0, 36.0])
def test_partial_moments_agree_with_quadrature(s: float, distance: float) -> None:
    """Integrands without cancellation: (bar (1 - exp(-s u)))^k n(d - u), u the depth below the bar; and its mirror."""
    bar = math.exp(_LOG_MEAN - 0.5 * s * s + s * distance)
    d = (math.log(bar) - _LOG_MEAN) / s + 0.5 * s
    found = partial_moments(_LOG_MEAN, s, bar)
    deep = 12.0 + d if d > -3.0 else 60.0 / -d
    high = 14.0 + max(-d, 0.0) + 2.0 * s if d < 2.0 * s + 3.0 else 60.0 / (d - 2.0 * s)

    def below(power: int) -> float:
        return _integral(lambda u: (-bar * np.expm1(-s * u)) ** power * _density(d - u), deep)

    def above(power: int) -> float:
        return _integral(lambda u: (bar * np.expm1(s * u)) ** power * _density(d + u), high)

    for name, value, expected, tolerance in (
        ("E[(bar - Y)^+]", found.below, below(1), 1e-10),
        ("E[((bar - Y)^+)^2]", found.below_squared, below(2), 1e-6),
        ("E[(Y - bar)^+]", found.above, above(1), 1e-10),
        ("E[((Y - bar)^+)^2]", found.above_squared, above(2), 1e-6),
    ):
        assert value == pytest.approx(expected, rel=tolerance, abs=0.0), f"{name} at s={s}, {distance} deviations out"


def test_without_spread_the_factor_is_its_mean() -> None:
    assert partial_moments(0.0, 0.0, 1.25) == (1.0, 0.25, 0.0625, 0.0, 0.0)
    assert partial_moments(0.0, 0.0, 0.75) == (0.0, 0.0, 0.0, 0.25, 0.0625)


def test_a_bar_at_or_below_zero_is_never_reached() -> None:
    found = partial_moments(0.1, 0.5, -2.0)
    mean, square = math.exp(0.1), math.exp(0.2 + 0.25)
    assert found[:3] == (0.0, 0.0, 0.0)
    assert found.above == pytest.approx(mean + 2.0, rel=1e-15)
    assert found.above_squared == pytest.approx(square + 4.0 * mean + 4.0, rel=1e-15)
