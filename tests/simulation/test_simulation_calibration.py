"""Models out of histories: simulated histories give their parameters back, and the errors stated are the true ones."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from insure.arguments import FloatArray
from insure.errors import InvalidInput
from insure.simulation import GBM, FilteredHistory, Kou, Merton, Model, RegimeSwitching
from insure.simulation.calibration import (
    Calibration,
    fit_bootstrap,
    fit_filtered_history,
    fit_gbm,
    fit_kou,
    fit_merton,
    fit_regimes,
)
from insure.simulation.engine import Recipe, draw
from insure.strategies import BuyAndHold


def histories(model: Model, steps: int, paths: int, seed: int = 21) -> FloatArray:
    """Log returns of simulated histories of sessions, (paths, steps)."""
    recipe = Recipe(strategies=(BuyAndHold(),), model=model, years=steps / 252.0, steps=steps, seed=seed)
    return np.diff(np.log(draw(recipe, 0, paths)), axis=1)


def found(calibration: Calibration[Any], truth: dict[str, float]) -> None:
    """Every parameter within four of its standard errors."""
    for name, expected in truth.items():
        parameter = calibration.parameters[name]
        assert parameter.standard_error is not None, f"{name} has no standard error: {parameter.reason}"
        distance = abs(parameter.value - expected) / parameter.standard_error
        assert distance < 4.0, (
            f"{name} is {parameter.value:.5g} +- {parameter.standard_error:.2g}, simulated with {expected:.5g}"
        )


JUMPS = Merton(0.10, 0.06, 1.0, -0.08, 0.012)
EXPONENTIAL = Kou(0.10, 0.06, 12.0, 0.4, 40.0, 25.0)
FITS: dict[str, tuple[Model, Callable[..., Calibration[Any]], dict[str, float]]] = {
    "gbm": (GBM(0.2, 0.07), fit_gbm, {"vol": 0.2, "drift": 0.07}),
    "merton": (
        JUMPS,
        lambda row: fit_merton(row, threshold=5.0),
        {"vol": 0.10, "drift": 0.06, "jump_intensity": 1.0, "jump_mean": -0.08, "jump_std": 0.012},
    ),
    "kou": (
        EXPONENTIAL,
        fit_kou,
        {"drift": 0.06, "jump_intensity": 12.0, "up_probability": 0.4, "up_rate": 40.0, "down_rate": 25.0},
    ),
}


@pytest.mark.parametrize("name", FITS)
def test_stated_errors_are_the_true_ones(name: str) -> None:
    """Over 256 histories of 20 years, estimates scatter around the truth as their standard errors say."""
    model, fit, truth = FITS[name]
    fits = [fit(row) for row in histories(model, 5040, 256)]
    for parameter, expected in truth.items():
        values = np.array([one.parameters[parameter].value for one in fits])
        errors = np.array([one.parameters[parameter].standard_error for one in fits], dtype=np.float64)
        assert np.isnan(errors).mean() < 0.02, f"{parameter} has no error in {np.isnan(errors).sum()} histories"
        # By quantiles: a step with two jumps in it is no rarer than its spread suggests, and taken for one.
        distances = np.nanquantile((values - expected) / errors, [0.1587, 0.5, 0.8413])
        spread, bias = 0.5 * (distances[2] - distances[0]), distances[1]
        assert spread == pytest.approx(1.0, abs=0.2), f"{parameter}: estimates scatter {spread:.2f} of what is stated"
        assert abs(bias) < 0.5, f"{parameter}: half of the estimates are {bias:.2f} errors from {expected} or further"


def test_the_diffusion_between_hidden_jumps_is_found() -> None:
    """Small jumps below the threshold stay out of the volatility."""
    vols = [fit_kou(row).model.vol for row in histories(EXPONENTIAL, 5040, 64)]
    assert np.mean(vols) == pytest.approx(0.10, rel=0.03)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_garch_is_recovered(seed: int) -> None:
    residuals = np.random.default_rng(5).standard_normal(5000)
    truth = FilteredHistory(2e-6, 0.09, 0.89, tuple(residuals.tolist()), drift=0.06)
    (row,) = histories(truth, 7560, 1, seed)
    fitted = fit_filtered_history(row)
    found(fitted, {"omega": 2e-6, "alpha": 0.09, "beta": 0.89, "drift": 0.06})
    assert fitted.model.annual_vol == pytest.approx(truth.annual_vol, rel=0.15)
    variance = fitted.parameters["variance"]
    assert variance.standard_error is None
    assert "forecast" in variance.reason


@pytest.mark.parametrize("seed", [1, 2])
def test_regimes_are_recovered(seed: int) -> None:
    truth = RegimeSwitching((0.11, 0.32), (1.5, 6.0), 0.06)
    (row,) = histories(truth, 7560, 1, seed)
    known = {"vol_calm": 0.11, "vol_wild": 0.32, "leave_calm": 1.5, "leave_wild": 6.0}
    found(fit_regimes(row), {**known, "drift": 0.06})
    given = fit_regimes(row, drift=0.03)
    found(given, known)
    assert given.model.drift == 0.03
    assert given.parameters["drift"].reason == "given, not estimated"


def test_a_bootstrap_keeps_the_history_and_says_why_it_has_no_error() -> None:
    truth = RegimeSwitching((0.11, 0.32), (1.5, 6.0), 0.06)
    (row,) = histories(truth, 2520, 1)
    fitted = fit_bootstrap(row)
    assert fitted.model.returns == tuple(row.tolist())
    assert fitted.parameters["block_length"].value > 3.0, "squared returns depend on each other over weeks"
    assert fitted.table().loc["block_length", "reason"] != ""
    assert math.isnan(fitted.table()["standard_error"]["block_length"])


@pytest.mark.parametrize(
    ("fit", "returns", "words"),
    [
        (fit_gbm, [0.01] * 300, "never moves"),
        (fit_gbm, [0.01, -0.01] * 100, "250"),
        (fit_gbm, [math.nan] * 300, "returns"),
        (fit_merton, [0.01, -0.01] * 200, "jump model needs 2"),
        (fit_kou, [*([0.01, -0.01] * 200), 0.2, 0.2, 0.3], "below the threshold"),
    ],
)
def test_what_makes_no_model_is_refused(fit: Callable[..., object], returns: Sequence[float], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        fit(returns)
