"""Continuous CPPI: against scipy's lognormal law, as the limit of discrete trading, and along one path."""

import math

import numpy as np
import pytest
from scipy.stats import lognorm

from insure.errors import InvalidInput
from insure.gap_risk import continuous_cppi, continuous_cppi_value, discrete_cppi

CASES = [
    (100.0, 90.0, 4.0, 1.0, 0.03, 0.07, 0.2),
    (1000.0, 1000.0, 6.0, 5.0, 0.04, 0.06, 0.15),
    (100.0, 0.0, 0.5, 2.0, -0.01, 0.03, 0.3),
]


@pytest.mark.parametrize("arguments", CASES)
def test_law_agrees_with_scipy(arguments: tuple[float, float, float, float, float, float, float]) -> None:
    value, guarantee, m, years, rate, drift, vol = arguments
    found = continuous_cppi(*arguments)
    cushion = value - guarantee * math.exp(-rate * years)
    median = cushion * math.exp((rate + m * (drift - rate) - 0.5 * (m * vol) ** 2) * years)
    law = lognorm(s=m * vol * math.sqrt(years), loc=guarantee, scale=median)
    assert found.mean == pytest.approx(law.mean(), rel=1e-12)
    assert found.variance == pytest.approx(law.var(), rel=1e-12)
    for p in (1e-6, 0.01, 0.5, 0.99):
        quantile = found.quantile(p)
        assert quantile == pytest.approx(law.ppf(p), rel=1e-12)
        assert found.probability_below(quantile) == pytest.approx(p, rel=1e-9)
        assert found.density(quantile) == pytest.approx(law.pdf(quantile), rel=1e-9)
    assert found.probability_below(guarantee) == 0.0, "continuous CPPI never ends at its guarantee or below"
    assert found.density(guarantee - 1.0) == 0.0


@pytest.mark.parametrize("arguments", CASES)
def test_discrete_trading_converges_to_it(arguments: tuple[float, float, float, float, float, float, float]) -> None:
    """Ten times the dates leave a tenth of the difference, in mean and in variance."""
    value, guarantee, m, years, rate, drift, vol = arguments
    limit = continuous_cppi(*arguments)
    coarse, fine = (discrete_cppi(value, guarantee, m, years, n, rate, drift, vol) for n in (2_000, 20_000))
    for name in ("mean", "variance"):
        there = getattr(limit, name)
        first, second = getattr(coarse, name) / there - 1.0, getattr(fine, name) / there - 1.0
        assert abs(second) < 1e-3
        assert second / first == pytest.approx(0.1, rel=0.05), f"{name} converges at another rate than 1/steps"


@pytest.mark.parametrize("m", [0.5, 1.0, 4.0])
def test_value_along_a_path_depends_on_its_end_alone(m: float) -> None:
    """The rule traded 200,000 times along one lognormal path, in money, half-way through the period."""
    steps, rate, vol = 200_000, 0.03, 0.2
    dt = 1.0 / steps
    shocks = np.random.default_rng(3).standard_normal(steps)
    shocks *= 1.0 / math.sqrt(float(np.mean(shocks**2)))  # so that the path realises its volatility exactly
    factors = np.exp((0.08 - 0.5 * vol**2) * dt + vol * math.sqrt(dt) * shocks)
    start = 100.0 - 90.0 * math.exp(-rate * 2.0)
    cushion = start * float(np.prod(m * factors - (m - 1.0) * math.exp(rate * dt)))
    found = continuous_cppi_value(100.0, 90.0, m, 2.0, 1.0, rate, vol, float(np.prod(factors)))
    assert abs(found - 90.0 * math.exp(-rate) - cushion) < 1e-3 * cushion


def test_value_along_a_path_has_the_law() -> None:
    """The quantile of the index leads to the quantile of the fund."""
    found = continuous_cppi(100.0, 90.0, 4.0, 1.0, 0.03, 0.07, 0.2)
    ratio = math.exp(0.07 - 0.02 + 0.2 * -1.2815515655446004)
    assert continuous_cppi_value(100.0, 90.0, 4.0, 1.0, 1.0, 0.03, 0.2, ratio) == pytest.approx(
        found.quantile(0.1), rel=1e-12
    )


def test_without_volatility_the_value_is_known() -> None:
    found = continuous_cppi(100.0, 90.0, 4.0, 1.0, 0.03, 0.07, 0.0)
    end = 90.0 + (100.0 - 90.0 * math.exp(-0.03)) * math.exp(0.03 + 4 * 0.04)
    assert found.mean == pytest.approx(end, rel=1e-14)
    assert found.variance == 0.0
    assert (found.probability_below(end * 0.999), found.probability_below(end * 1.001)) == (0.0, 1.0)
    with pytest.raises(InvalidInput, match=r"log_std is 0\.0"):
        found.density(end)


@pytest.mark.parametrize("p", [0.0, 1.0, math.nan])
def test_quantile_of_no_probability_is_refused(p: float) -> None:
    with pytest.raises(InvalidInput, match=r"^probability is "):
        continuous_cppi(100.0, 90.0, 4.0, 1.0, 0.03, 0.07, 0.2).quantile(p)


def test_moments_beyond_floats_are_refused() -> None:
    with pytest.raises(InvalidInput, match="exceed the range of floats"):
        continuous_cppi(100.0, 90.0, 40.0, 10.0, 0.03, 0.07, 2.0)
    with pytest.raises(InvalidInput, match="exceeds the range of floats"):
        continuous_cppi_value(100.0, 90.0, 400.0, 1.0, 0.1, 0.03, 0.2, 100.0)
