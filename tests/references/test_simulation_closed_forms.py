"""Simulation against closed forms: every figure within four standard errors of a formula that knows no simulation."""

import math

import numpy as np
import pytest

from insure.gap_risk import discrete_cppi, jump_cppi
from insure.pricing import bates, black_scholes, heston, merton
from insure.simulation import GBM, Bates, Heston, Kou, Merton, Model, Study, simulate
from insure.strategies import Cppi, SyntheticPut

RATE, YEARS = 0.03, 1.0
UNBOUNDED = 1e6


def near(name: str, found: float, error: float, expected: float, more: float = 0.0) -> None:
    """Within four standard errors, and what the scheme itself is known to miss."""
    allowed = 4.0 * error + more
    assert abs(found - expected) <= allowed, f"{name} is {found:.6g}, the closed form {expected:.6g} +- {allowed:.2g}"


@pytest.mark.parametrize(("multiplier", "steps", "drift", "vol"), [(4.0, 12, 0.08, 0.25), (6.0, 52, 0.03, 0.3)])
def test_discrete_cppi_is_balders(multiplier: float, steps: int, drift: float, vol: float) -> None:
    exact = discrete_cppi(100.0, 90.0, multiplier, YEARS, steps, RATE, drift, vol)
    study = simulate(
        Cppi(90.0, multiplier), GBM(vol, drift), steps=steps, paths=200_000, seed=3, rate=RATE, max_weight=UNBOUNDED
    )
    table = study.figures
    for name, expected in (
        ("terminal_mean", exact.mean),
        ("terminal_std", math.sqrt(exact.variance)),
        ("shortfall_probability", exact.shortfall_probability),
        ("shortfall_size", exact.shortfall_given_loss),
    ):
        near(name, table[name].value, table[name].standard_error, expected)


@pytest.mark.parametrize(
    "jumps", [Merton(0.05, 0.06, 0.5, -0.25, 0.1), Kou(0.05, 0.06, 1.0, 0.3, 25.0, 8.0)], ids=["merton", "kou"]
)
def test_cppi_through_jumps_is_cont_and_tankovs(jumps: Merton | Kou) -> None:
    exact = jump_cppi(100.0, 90.0, 4.0, YEARS, RATE, 0.06, jumps)
    study = simulate(
        Cppi(90.0, 4.0), jumps, steps=1000, paths=40_000, seed=4, rate=RATE, max_weight=UNBOUNDED, dividend_yield=0.0
    )
    table = study.figures
    # Two jumps in one step, or a jump on a cushion that diffused within it, are of the order of the step.
    probability, size = table["shortfall_probability"], table["shortfall_size"]
    near("shortfall_probability", probability.value, probability.standard_error, exact.loss_probability, 1e-3)
    near("shortfall_size", size.value, size.standard_error, exact.loss_given_loss, 0.02)


def true_put(model: Model, strike: float) -> float:
    """Price of the twin's put in the model's own risk-neutral world."""
    given = (100.0, strike, YEARS, RATE)
    match model:
        case GBM(vol):
            return float(black_scholes.put(*given, vol))
        case Merton(vol, _, intensity, mean, std):
            return float(merton.put(*given, vol, jump_intensity=intensity, jump_mean=mean, jump_std=std))
        case Heston(v, theta, kappa, xi, rho):
            return float(
                heston.put(
                    *given, variance=v, mean_variance=theta, reversion=kappa, vol_of_variance=xi, correlation=rho
                )
            )
        case Bates(v, theta, kappa, xi, rho, intensity, mean, std):
            return float(
                bates.put(
                    *given,
                    variance=v,
                    mean_variance=theta,
                    reversion=kappa,
                    vol_of_variance=xi,
                    correlation=rho,
                    jump_intensity=intensity,
                    jump_mean=mean,
                    jump_std=std,
                )
            )
    raise AssertionError(model)


@pytest.mark.parametrize("steps", [12, 126])
@pytest.mark.parametrize(
    "model",
    [
        GBM(0.28, RATE),
        Merton(0.15, RATE, 1.0, -0.1, 0.1),
        Heston(0.05, 0.04, 2.0, 0.4, -0.7, RATE),
        Bates(0.03, 0.03, 2.0, 0.3, -0.6, 0.5, -0.1, 0.1, RATE),
    ],
    ids=["gbm", "merton", "heston", "bates"],
)
def test_risk_neutral_slippage_is_the_price_paid_less_the_true_price(model: Model, steps: int) -> None:
    """However often it trades, a fund without costs is a fair game: only the put's price separates it from its twin."""
    study = simulate(SyntheticPut(95.0, YEARS, 0.2), model, steps=steps, paths=100_000, seed=5, rate=RATE)
    twin = study._arrangement.puts[0].twin  # its strike and size are not figures of a study
    bought = float(black_scholes.put(100.0, twin.strike, YEARS, RATE, 0.2))
    expected = twin.units * (bought - true_put(model, twin.strike))
    discounted = math.exp(-RATE * YEARS)
    plain, controlled = study.mean_slippage()
    scheme = 0.01 if isinstance(model, (Heston, Bates)) and steps < 50 else 0.0
    near("mean discounted slippage", discounted * plain.value, discounted * plain.standard_error, expected, scheme)
    near(
        "the same with controls",
        discounted * controlled.value,
        discounted * controlled.standard_error,
        expected,
        scheme,
    )


def hedged(weeks: float) -> Study:
    """Hull's example: spot 49, strike 50, 5 %, 20 %, 20 weeks, expected return 13 %."""
    return simulate(
        SyntheticPut(50.0, 20 / 52, 0.2, tracking="units", financing="external"),
        GBM(0.2, 0.13),
        value=49.0,
        spot=49.0,
        years=20 / 52,
        steps=round(20 / weeks),
        paths=100_000,
        rate=0.05,
    )


# Hull, Options, Futures and Other Derivatives, chapter "The Greek letters", table of the performance of delta hedging.
@pytest.mark.parametrize(
    ("weeks", "published"), [(5, 0.42), (4, 0.38), (2, 0.28), (1, 0.21), (0.5, 0.16), (0.25, 0.13)]
)
def test_hulls_hedging_performance(weeks: float, published: float) -> None:
    price = float(black_scholes.call(49.0, 50.0, 20 / 52, 0.05, 0.2))
    ratio = float(hedged(weeks).slippage.std()) * math.exp(-0.05 * 20 / 52) / price
    assert ratio == pytest.approx(published, abs=0.025), f"every {weeks} weeks: {ratio:.3f}, published {published}"


def test_hedging_error_shrinks_like_the_root_of_the_step() -> None:
    errors = []
    for steps in (32, 64, 128, 256):
        study = simulate(SyntheticPut(95.0, YEARS, 0.2), GBM(0.2, 0.07), steps=steps, paths=50_000, seed=6)
        errors.append(float(study.slippage.std()))
    ratios = np.array(errors[1:]) / np.array(errors[:-1])
    assert np.allclose(ratios, math.sqrt(0.5), rtol=0.04), f"halving the step multiplies the error by {ratios}"


def test_controls_narrow_the_mean() -> None:
    study = simulate(SyntheticPut(95.0, YEARS, 0.2), GBM(0.2, 0.07), steps=126, paths=50_000, seed=8)
    plain, controlled = study.mean_slippage()
    gain = (plain.standard_error / controlled.standard_error) ** 2
    assert gain > 20.0, f"controls divide the variance by {gain:.1f}"
    near("controlled mean", controlled.value, plain.standard_error, plain.value)
