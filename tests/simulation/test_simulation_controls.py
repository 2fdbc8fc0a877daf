"""Control variates of mean slippage: without bias, and worth what their figures say."""

from typing import Any

import numpy as np
import pytest

from insure.simulation import GBM, Heston, Merton, Study, simulate
from insure.simulation.study import expected_put
from insure.strategies import Cppi, Strategy, SyntheticPut

JUMPY = Merton(0.15, 0.07, 1.0, -0.05, 0.1)
CASES: dict[str, tuple[Strategy, GBM | Merton, dict[str, Any], float, float]] = {
    # strategy, model, frictions, variance over that with controls as measured, and the same without the put
    "put, no costs": (SyntheticPut(95.0), GBM(0.2, 0.07), {}, 40.0, 40.0),
    "put, 10 bp": (SyntheticPut(95.0), GBM(0.2, 0.07), {"cost_bps": 10.0}, 10.5, 6.7),
    "put, 10 bp, band": (SyntheticPut(95.0), GBM(0.2, 0.07), {"cost_bps": 10.0, "band": 0.02}, 3.9, 3.7),
    "put at another volatility": (SyntheticPut(95.0, 1.0, 0.15), GBM(0.2, 0.07), {"cost_bps": 10.0}, 1.8, 1.2),
    "cppi": (Cppi(90.0), GBM(0.2, 0.07), {"cost_bps": 10.0, "put_vol": 0.2}, 4.5, 3.7),
    "put under jumps": (SyntheticPut(95.0), JUMPY, {"cost_bps": 10.0}, 4.1, 4.1),
}


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[str, Study]:
    strategy, model, frictions, _, _ = CASES[request.param]
    return request.param, simulate(strategy, model, paths=30_000, seed=21, **frictions)


def test_controls_have_the_expectation_they_are_said_to_have(case: tuple[str, Study]) -> None:
    name, study = case
    controls = study._controls()
    assert len(controls) == 3, (
        f"{name} has {len(controls)} controls: the index, the gamma P&L and the put were expected"
    )
    for number, control in enumerate(controls):
        error = control.std(ddof=1) / np.sqrt(control.size)
        assert abs(control.mean()) <= 4.0 * error, f"{name}: control {number} is {control.mean()} +- {error}, not zero"


def test_the_controlled_mean_is_the_plain_mean(case: tuple[str, Study]) -> None:
    name, study = case
    plain, controlled = study.mean_slippage()
    assert plain.value == pytest.approx(study.slippage.mean(), abs=1e-12)
    apart = abs(plain.value - controlled.value)
    assert apart <= 4.0 * plain.standard_error, f"{name}: {plain} without controls, {controlled} with them"


def test_the_error_shrinks_as_measured(case: tuple[str, Study]) -> None:
    name, study = case
    plain, controlled = study.mean_slippage()
    factor = (plain.standard_error / controlled.standard_error) ** 2
    measured = CASES[name][3]
    assert factor >= 0.85 * measured, f"{name}: controls are worth {factor:.1f} times the paths, measured {measured}"


def test_the_put_is_worth_its_place(case: tuple[str, Study]) -> None:
    name, study = case
    design = np.stack(study._controls()[:2], axis=1)
    slopes, *_ = np.linalg.lstsq(design - design.mean(axis=0), study.slippage - study.slippage.mean(), rcond=None)
    without = float((study.slippage - design @ slopes).std(ddof=1)) / np.sqrt(study.recipe.paths)
    _, controlled = study.mean_slippage()
    better = (without / controlled.standard_error) ** 2
    measured = CASES[name][3] / CASES[name][4]
    assert better >= 0.9 * measured, f"{name}: the put is worth {better:.2f} times the paths, measured {measured:.2f}"


def test_models_whose_steps_are_not_exact_have_no_put_to_lean_on() -> None:
    assert expected_put(Heston(0.04, 0.04, 2.0, 0.5, -0.7, 0.07), 100.0, 95.0, 1.0, 0.0) is None
    study = simulate(
        SyntheticPut(95.0, 0.25), Heston(0.04, 0.04, 2.0, 0.5, -0.7, 0.07), years=0.25, steps=21, paths=512
    )
    plain, controlled = study.mean_slippage()
    assert len(study._controls()) == 1, "an index with stochastic variance has its forward alone"
    assert controlled.standard_error <= plain.standard_error


def test_the_expected_put_without_volatility_is_its_intrinsic_value() -> None:
    assert expected_put(GBM(0.0, 0.1), 100.0, 120.0, 1.0, 0.02) == pytest.approx(
        120.0 - 100.0 * np.exp(0.08), rel=1e-12
    )
    assert expected_put(GBM(0.2, 0.1), 100.0, 0.0, 1.0, 0.0) is None
