"""Jumps in a history: what was put in is found, and deep days are as likely as in simulation."""

import math

import numpy as np
import pytest

from insure.arguments import FloatArray
from insure.errors import InvalidInput
from insure.simulation.calibration import fit_merton
from insure.stress import FittedJumps, fit_jumps

TRUE = FittedJumps(vol=0.15, drift=0.06, jump_intensity=2.0, jump_mean=-0.08, jump_std=0.015, returns=0, jumps=0)


def _log_returns(model: FittedJumps, days: int, seed: int) -> FloatArray:
    rng = np.random.default_rng(seed)
    jump = math.expm1(model.jump_mean + 0.5 * model.jump_std**2)
    level = (model.drift - model.jump_intensity * jump - 0.5 * model.vol**2) / 252
    counts = rng.poisson(model.jump_intensity / 252, days)
    sizes = counts * model.jump_mean + np.sqrt(counts) * model.jump_std * rng.standard_normal(days)
    return np.asarray(level + model.vol / math.sqrt(252) * rng.standard_normal(days) + sizes)


def test_known_jumps_are_found() -> None:
    returns = _log_returns(TRUE, 40 * 252, seed=11)
    found = fit_jumps(100.0 * np.exp(np.concatenate(([0.0], np.cumsum(returns)))))
    assert found.vol == pytest.approx(TRUE.vol, rel=0.03)
    assert found.returns == 40 * 252
    expected, spread = 2.0 * 40, math.sqrt(2.0 * 40)
    assert abs(found.jumps - expected) < 4 * spread
    assert abs(found.jump_mean - TRUE.jump_mean) < 4 * TRUE.jump_std / math.sqrt(found.jumps)
    assert abs(found.jump_std - TRUE.jump_std) < 4 * (found.standard_errors["jump_std"] or 0.0)
    assert found.drift == pytest.approx(TRUE.drift, abs=4 * TRUE.vol / math.sqrt(40) * 1.3)


def test_the_laboratory_and_the_stress_tell_the_same_jumps() -> None:
    returns = _log_returns(TRUE, 10 * 252, seed=3)
    fitted = fit_merton(returns)
    found = fit_jumps(100.0 * np.exp(np.concatenate(([0.0], np.cumsum(returns)))))
    assert found.jumps == fitted.jumps
    for name, parameter in fitted.parameters.items():
        assert getattr(found, name) == pytest.approx(parameter.value, rel=1e-9), name
        assert found.standard_errors[name] == pytest.approx(parameter.standard_error, rel=1e-6), name
    assert found.model.jump_intensity == found.jump_intensity


@pytest.mark.parametrize("fall", [0.02, 0.06, 0.08, 0.1])
def test_deep_days_are_as_likely_as_in_simulation(fall: float) -> None:
    days = 2_000_000
    hits = int((np.expm1(_log_returns(TRUE, days, seed=5)) <= -fall).sum())
    chance = TRUE.fall_probability(fall)
    error = math.sqrt(days * chance * (1.0 - chance))
    assert abs(hits - days * chance) < 4.0 * error, (
        f"{hits} of {days} days fell by {fall:.0%}, {days * chance:.0f} expected"
    )


def test_more_sessions_more_likely() -> None:
    one = TRUE.fall_probability(0.05)
    assert TRUE.fall_probability(0.05, 252) == pytest.approx(1.0 - (1.0 - one) ** 252, rel=1e-12)
    assert TRUE.fall_probability(0.05, 0) == 0.0


def test_a_short_or_calm_history_is_refused() -> None:
    with pytest.raises(InvalidInput, match="250 or more"):
        fit_jumps([100.0] * 200)
    calm = 100.0 * np.exp(np.cumsum(0.01 * np.sin(np.arange(400))))
    with pytest.raises(InvalidInput, match="needs 2 or more"):
        fit_jumps(calm)
    with pytest.raises(InvalidInput, match=r"closes is -1\.0"):
        fit_jumps([-1.0] * 300)
    with pytest.raises(InvalidInput, match=r"fall is 1\.0"):
        TRUE.fall_probability(1.0)
