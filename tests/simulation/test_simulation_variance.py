"""Heston and Bates out of closes: parameters of simulated histories are found, and the errors stated are theirs."""

import numpy as np
import pytest

from insure.arguments import FloatArray
from insure.errors import InvalidInput
from insure.simulation import Bates, Heston, Model, Recipe
from insure.simulation.engine import draw
from insure.simulation.variance_calibration import fit_bates, fit_heston
from insure.strategies import BuyAndHold

HESTON = Heston(0.04, 0.04, 4.0, 0.5, -0.7, 0.06)
BATES = Bates(0.03, 0.03, 4.0, 0.4, -0.6, 0.5, -0.08, 0.03, 0.06)
YEARS, HISTORIES = 24, 32
NAMES = ("mean_variance", "reversion", "vol_of_variance", "correlation")


def histories(model: Model) -> FloatArray:
    recipe = Recipe(
        strategies=(BuyAndHold(1.0),), model=model, years=float(YEARS), steps=YEARS * 252, paths=HISTORIES, seed=4
    )
    return np.diff(np.log(draw(recipe, 0, HISTORIES)), axis=1)


@pytest.fixture(scope="module")
def found() -> list[dict[str, tuple[float, float]]]:
    rows = []
    for returns in histories(HESTON):
        fitted = fit_heston(returns, drift=0.06)
        rows.append({name: (p.value, p.standard_error or 0.0) for name, p in fitted.parameters.items()})
    return rows


@pytest.mark.parametrize("name", NAMES)
def test_the_middle_of_many_histories_is_the_truth(name: str, found: list[dict[str, tuple[float, float]]]) -> None:
    values = np.array([row[name][0] for row in found])
    true = getattr(HESTON, name)
    # A history of finite length looks quicker than its variance is.
    room = 0.35 if name == "reversion" else 0.15
    assert float(np.median(values)) == pytest.approx(true, rel=room), f"{name}: median {np.median(values):.4g}"


@pytest.mark.parametrize("name", NAMES)
def test_the_errors_are_those_of_the_estimates(name: str, found: list[dict[str, tuple[float, float]]]) -> None:
    values, errors = (np.array([row[name][k] for row in found]) for k in (0, 1))
    away = np.abs(values - getattr(HESTON, name)) / errors
    assert np.quantile(away, 0.9) < 4.0, f"{name}: nine in ten lie within {np.quantile(away, 0.9):.1f} of their errors"
    assert 0.4 < float(np.median(errors)) / float(values.std()) < 2.5, f"{name}: stated {np.median(errors):.3g}"


def test_jumps_are_taken_out_of_the_variance() -> None:
    fitted = [fit_bates(returns, drift=0.06) for returns in histories(BATES)[:16]]
    for name, room in (("mean_variance", 0.15), ("reversion", 0.5), ("vol_of_variance", 0.35), ("correlation", 0.35)):
        middle = float(np.median([each.parameters[name].value for each in fitted]))
        assert middle == pytest.approx(getattr(BATES, name), rel=room), f"{name}: median {middle:.4g}"
    seen = float(np.median([each.parameters["jump_intensity"].value for each in fitted]))
    assert seen > BATES.jump_intensity, "turbulent days look like jumps: an upper bound"
    assert all(each.jumps >= 2 for each in fitted)
    assert all(each.model.drift == 0.06 for each in fitted)


def test_growth_is_the_historys_own_unless_given() -> None:
    returns = histories(HESTON)[0]
    own = fit_heston(returns).parameters["drift"]
    assert own.value == pytest.approx(np.log(np.exp(returns).mean()) * 252.0)
    assert own.standard_error == pytest.approx(returns.std(ddof=1) * np.sqrt(252.0 / YEARS))


def test_what_has_no_moving_variance_is_refused() -> None:
    with pytest.raises(InvalidInput, match="needs 1000 or more to tell its pace"):
        fit_heston(np.random.default_rng(1).normal(0.0, 0.01, 999))
    alternating = 0.01 * np.where(np.arange(1200) % 2, 1.0, 0.2) * np.random.default_rng(2).choice([-1.0, 1.0], 1200)
    with pytest.raises(InvalidInput, match="squares do not move together"):
        fit_heston(alternating)
