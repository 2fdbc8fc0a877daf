"""Heston, Bates and Merton against an independent integration, against QuantLib's engines, and against each other.

The independent integration is Heston's own pair of probabilities (1993, eq. 17 and 18) with his characteristic function
in the form of Albrecher et al. (2007, "The Little Heston Trap"), by composite Gauss-Legendre rules: neither the formula
nor the characteristic function nor the quadrature is that of the code under test.
"""

import itertools
import math
from typing import TypedDict

import numpy as np
import pytest
import QuantLib
from numpy.typing import NDArray

from insure.arguments import FloatArray
from insure.pricing import bates, black_scholes, heston, merton


class Variance(TypedDict):
    variance: float
    mean_variance: float
    reversion: float
    vol_of_variance: float
    correlation: float


class Jumps(TypedDict):
    jump_intensity: float
    jump_mean: float
    jump_std: float


def _variance(v: float, mean: float, speed: float, vol: float, correlation: float) -> Variance:
    return Variance(variance=v, mean_variance=mean, reversion=speed, vol_of_variance=vol, correlation=correlation)


VARIANCES = (
    _variance(0.04, 0.04, 1.5, 0.3, -0.7),
    _variance(0.01, 0.09, 0.5, 1.0, -0.9),
    _variance(0.09, 0.02, 5.0, 0.2, 0.3),
    _variance(0.04, 0.04, 2.0, 0.05, -0.5),
    _variance(0.04, 0.04, 0.01, 1.5, -0.99),
    _variance(0.2, 0.2, 10.0, 3.0, 0.0),
)
NO_JUMPS = Jumps(jump_intensity=0.0, jump_mean=0.0, jump_std=0.0)
JUMPS = (
    Jumps(jump_intensity=0.3, jump_mean=-0.2, jump_std=0.15),
    Jumps(jump_intensity=5.0, jump_mean=-0.03, jump_std=0.05),
    Jumps(jump_intensity=1.0, jump_mean=0.1, jump_std=0.0),
)
STRIKES = np.array([0.5, 0.8, 0.95, 1.0, 1.1, 1.5, 2.5])
YEARS = (1.0 / 252.0, 0.02, 0.3217, 1.0, 5.0, 20.0)
RATE, YIELD = 0.03, 0.01

Complex = NDArray[np.complexfloating]
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


def _phi(z: Complex, years: float, variance: Variance, jumps: Jumps) -> Complex:
    """E[e^{izX}], X = ln(S_T / forward)."""
    v, mean, speed = variance["variance"], variance["mean_variance"], variance["reversion"]
    vol, correlation = variance["vol_of_variance"], variance["correlation"]
    beta = speed - correlation * vol * 1j * z
    d = np.sqrt(beta * beta + vol * vol * (1j * z + z * z))
    g = (beta - d) / (beta + d)
    e = np.exp(-d * years)
    mean_part = speed * mean / vol**2 * ((beta - d) * years - 2.0 * np.log((1.0 - g * e) / (1.0 - g)))
    now_part = (beta - d) / vol**2 * (1.0 - e) / (1.0 - g * e) * v
    m, s = jumps["jump_mean"], jumps["jump_std"]
    leap = np.exp(1j * z * m - 0.5 * s * s * z * z) - 1.0 - 1j * z * math.expm1(m + 0.5 * s * s)
    return np.asarray(np.exp(mean_part + now_part + years * jumps["jump_intensity"] * leap))


def _independent_put(strike: float, years: float, variance: Variance, jumps: Jumps) -> float:
    """For spot 1 at RATE and YIELD: K' (1 - P2) - F' (1 - P1)."""
    forward = math.exp((RATE - YIELD) * years)
    k = math.log(forward / strike)
    total = np.zeros(2)
    low, width = 0.0, 0.25
    while True:
        u = low + 0.5 * width * (_NODES + 1.0)
        below, above = _phi(u - 1j, years, variance, jumps), _phi(u + 0j, years, variance, jumps)
        wave = np.exp(1j * u * k) / (1j * u)
        total += 0.5 * width * np.array([_WEIGHTS @ (wave * phi).real for phi in (below, above)])
        low += width
        # Jumps of one size make phi rise again, so a stretch of two hundred must have died out.
        ahead = low + np.linspace(0.0, 200.0, 41) - 1j
        if np.abs(_phi(ahead, years, variance, jumps)).max() / low < 1e-17:
            break
        width = min(1.3 * width, 25.0 / max(abs(k), 0.3))
    p1, p2 = 0.5 + total / math.pi
    return float(math.exp(-RATE * years) * (strike * (1.0 - p2) - forward * (1.0 - p1)))


@pytest.mark.parametrize("years", YEARS)
def test_heston_agrees_with_independent_integration(years: float) -> None:
    """1e-13 of max(spot, strike); 0.3217 years are priced as 0.3217 and not as 117 days, which is 1e-5 away."""
    for variance in VARIANCES:
        found = heston.put(1.0, STRIKES, years, RATE, YIELD, **variance)
        exact = np.array([_independent_put(float(k), years, variance, NO_JUMPS) for k in STRIKES])
        worst = np.abs(found - exact).max()
        assert worst < 1e-13, f"Heston with {variance} over {years} years is off by {worst:.1e}."
    days = heston.put(1.0, STRIKES, round(years * 365.0) / 365.0, RATE, YIELD, **VARIANCES[0])
    exact = np.array([_independent_put(float(k), years, VARIANCES[0], NO_JUMPS) for k in STRIKES])
    if years == 0.3217:
        assert np.abs(days - exact).max() > 1e-5


@pytest.mark.parametrize(("years", "jumps"), list(itertools.product((0.02, 0.3217, 1.0, 10.0), JUMPS)))
def test_bates_agrees_with_independent_integration(years: float, jumps: Jumps) -> None:
    for variance in VARIANCES[:4]:
        found = bates.put(1.0, STRIKES, years, RATE, YIELD, **variance, **jumps)
        exact = np.array([_independent_put(float(k), years, variance, jumps) for k in STRIKES])
        worst = np.abs(found - exact).max()
        assert worst < 1e-13, f"Bates with {variance} and {jumps} over {years} years is off by {worst:.1e}."


@pytest.mark.parametrize("vol", [0.05, 0.2, 0.6])
def test_merton_agrees_with_its_characteristic_function(vol: float) -> None:
    """The series against the same model seen as Bates with a variance that hardly moves (1e-9 of its volatility)."""
    still = _variance(vol * vol, vol * vol, 1.0, 1e-9, 0.0)
    jumps = (*JUMPS, Jumps(jump_intensity=90.0, jump_mean=-0.02, jump_std=0.01))
    for years, one in itertools.product((0.02, 0.3217, 1.0, 5.0), jumps):
        found = merton.put(1.0, STRIKES, years, RATE, vol, YIELD, **one)
        exact = bates.put(1.0, STRIKES, years, RATE, YIELD, **still, **one)
        worst = np.abs(found - exact).max()
        assert worst < 1e-13, f"Merton with vol {vol} and {one} over {years} years is off by {worst:.1e}."


def _quantlib(variance: Variance, jumps: Jumps, speed: float) -> QuantLib.BatesProcess:
    """QuantLib's process from spot 1 on a clock that runs ``speed`` times as fast: rates and variances per its year."""
    today, days = QuantLib.Date(2, 1, 2150), QuantLib.Actual365Fixed()
    return QuantLib.BatesProcess(
        QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(today, RATE * speed, days)),
        QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(today, YIELD * speed, days)),
        QuantLib.QuoteHandle(QuantLib.SimpleQuote(1.0)),
        variance["variance"] * speed,
        variance["reversion"] * speed,
        variance["mean_variance"] * speed,
        variance["vol_of_variance"] * speed,
        variance["correlation"],
        jumps["jump_intensity"] * speed,
        jumps["jump_mean"],
        jumps["jump_std"],
    )


def _quantlib_put(engine: QuantLib.PricingEngine, strike: float, days: int) -> float:
    option = QuantLib.VanillaOption(
        QuantLib.PlainVanillaPayoff(QuantLib.Option.Put, strike),
        QuantLib.EuropeanExercise(QuantLib.Date(2, 1, 2150) + days),
    )
    option.setPricingEngine(engine)
    return float(option.NPV())


@pytest.mark.parametrize("days", [30, 117, 365, 1825])
def test_heston_and_bates_agree_with_quantlibs_engines_on_whole_days(days: int) -> None:
    """Their adaptive quadrature at 1e-12; 1e-10 of spot is what it reaches here (the requirement is 1e-6)."""
    for variance in VARIANCES[:3]:
        smooth = QuantLib.AnalyticHestonEngine(QuantLib.HestonModel(_quantlib(variance, NO_JUMPS, 1.0)), 1e-12, 100_000)
        ours = heston.put(1.0, STRIKES, days / 365.0, RATE, YIELD, **variance)
        theirs = np.array([_quantlib_put(smooth, float(k), days) for k in STRIKES])
        assert np.abs(ours - theirs).max() < 1e-10, f"Heston, {variance}, {days} days: {ours} here, {theirs} there."
        for jumps in JUMPS[:2]:
            engine = QuantLib.BatesEngine(QuantLib.BatesModel(_quantlib(variance, jumps, 1.0)), 1e-12, 100_000)
            ours = bates.put(1.0, STRIKES, days / 365.0, RATE, YIELD, **variance, **jumps)
            theirs = np.array([_quantlib_put(engine, float(k), days) for k in STRIKES])
            assert np.abs(ours - theirs).max() < 1e-10, f"Bates, {variance}, {jumps}, {days} days: {ours}, {theirs}."


@pytest.mark.parametrize("years", [0.12345, 0.3217, 2.71828])
def test_times_are_exact_and_not_whole_days(years: float) -> None:
    """QuantLib on a faster clock, on which the horizon is one year of 365 days to the bit."""
    for variance, jumps in itertools.product(VARIANCES[:3], JUMPS[:2]):
        engine = QuantLib.BatesEngine(QuantLib.BatesModel(_quantlib(variance, jumps, years)), 1e-12, 100_000)
        ours = bates.put(1.0, STRIKES, years, RATE, YIELD, **variance, **jumps)
        theirs = np.array([_quantlib_put(engine, float(k), 365) for k in STRIKES])
        assert np.abs(ours - theirs).max() < 1e-10, f"{variance}, {jumps}, {years} years: {ours} here, {theirs} there."


def test_merton_agrees_with_quantlibs_bates_engine() -> None:
    """QuantLib's Python has no engine of Merton's model; its Bates engine with a still variance is that model."""
    still = _variance(0.04, 0.04, 1.0, 1e-6, 0.0)
    for jumps in JUMPS[:2]:
        engine = QuantLib.BatesEngine(QuantLib.BatesModel(_quantlib(still, jumps, 1.0)), 1e-13, 100_000)
        ours = merton.put(1.0, STRIKES, 1.0, RATE, 0.2, YIELD, **jumps)
        theirs = np.array([_quantlib_put(engine, float(k), 365) for k in STRIKES])
        assert np.abs(ours - theirs).max() < 1e-12, f"{jumps}: {ours} here, {theirs} there."


def test_merton_is_the_textbook_sum() -> None:
    """R. Merton (1976), eq. (18): counts under lambda (1 + k), each with its rate and variance; summed plainly."""
    jumps = JUMPS[0]
    years, vol, strike = 0.75, 0.18, 0.97
    k = math.expm1(jumps["jump_mean"] + 0.5 * jumps["jump_std"] ** 2)
    stretched = jumps["jump_intensity"] * (1.0 + k) * years
    total = 0.0
    for n in range(60):
        rate = RATE - jumps["jump_intensity"] * k + n * math.log1p(k) / years
        deviation = math.sqrt(vol * vol + n * jumps["jump_std"] ** 2 / years)
        weight = math.exp(-stretched + n * math.log(stretched) - math.lgamma(n + 1.0))
        total += weight * black_scholes.put(1.0, strike, years, rate, deviation, YIELD)
    found = merton.put(1.0, strike, years, RATE, vol, YIELD, **jumps)
    assert abs(found - total) < 1e-15, f"{found!r} is not Merton's sum {total!r}."


def test_prices_from_a_wide_grid_are_smooth_in_time() -> None:
    """A price that jumps between neighbouring times would betray rounding to days."""
    years = np.linspace(0.3, 0.3 + 3.0 / 365.0, 31)
    for found in (
        heston.put(1.0, 1.0, years, RATE, YIELD, **VARIANCES[0]),
        bates.put(1.0, 1.0, years, RATE, YIELD, **VARIANCES[0], **JUMPS[0]),
    ):
        bends: FloatArray = np.diff(found, 3)
        assert np.abs(bends).max() < 1e-9, f"Third differences in time reach {np.abs(bends).max():.1e}."
