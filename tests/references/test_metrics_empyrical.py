"""Metrics that empyrical defines the same, on drawn returns; cases where its definition differs are left out."""

import warnings
from importlib import import_module
from types import ModuleType

import numpy as np
import pytest

from insure import metrics
from insure.arguments import FloatArray

PER_YEAR = 252.0


@pytest.fixture(scope="module")
def empyrical() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it says of its own imports is not about us
        return import_module("empyrical")


def _drawn(seed: int, n: int) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    benchmark = 0.0003 + 0.011 * rng.standard_t(5, n)
    return 0.6 * benchmark + 0.003 * rng.standard_normal(n), benchmark


SAMPLES = [(1, 2), (2, 21), (3, 100), (4, 756), (5, 5000)]


@pytest.mark.parametrize(("seed", "n"), SAMPLES)
def test_figures_of_one_series_agree(empyrical: ModuleType, seed: int, n: int) -> None:
    r, _ = _drawn(seed, n)
    values = 100.0 * np.concatenate(([1.0], np.cumprod(1.0 + r)))
    assert metrics.returns(values) == pytest.approx(r, rel=1e-9, abs=1e-15)
    pairs = {
        "total_return": (metrics.total_return(values), empyrical.cum_returns_final(r)),
        "annual_return": (metrics.annual_return(r, PER_YEAR), empyrical.annual_return(r, annualization=PER_YEAR)),
        "volatility": (metrics.volatility(r, PER_YEAR), empyrical.annual_volatility(r, annualization=PER_YEAR)),
        "max_drawdown": (metrics.max_drawdown(values), -empyrical.max_drawdown(r)),
    }
    for confidence in (0.5, 0.9, 0.95, 0.99):
        pairs[f"value_at_risk {confidence}"] = (
            metrics.value_at_risk(r, confidence),
            -empyrical.value_at_risk(r, 1.0 - confidence),
        )
    for name, (ours, theirs) in pairs.items():
        assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-15), name


@pytest.mark.parametrize(("seed", "n"), SAMPLES[1:])
@pytest.mark.parametrize("threshold", [0.0, 0.0005])
def test_omega_agrees(empyrical: ModuleType, seed: int, n: int, threshold: float) -> None:
    r, _ = _drawn(seed, n)
    theirs = empyrical.omega_ratio(r, risk_free=threshold, required_return=0.0, annualization=1)
    assert metrics.omega(r, threshold) == pytest.approx(theirs, rel=1e-12)


@pytest.mark.parametrize(("n", "confidence"), [(100, 0.95), (200, 0.95), (1000, 0.99), (20, 0.9)])
def test_expected_shortfall_agrees_where_the_tail_is_whole(empyrical: ModuleType, n: int, confidence: float) -> None:
    """Empyrical averages int((n - 1) p) + 1 returns, which is n p for these n; elsewhere ours counts a fraction."""
    r, _ = _drawn(n, n)
    theirs = -empyrical.conditional_value_at_risk(r, 1.0 - confidence)
    assert metrics.expected_shortfall(r, confidence) == pytest.approx(theirs, rel=1e-12)


@pytest.mark.parametrize(("seed", "n"), SAMPLES[1:])
def test_captures_agree(empyrical: ModuleType, seed: int, n: int) -> None:
    r, b = _drawn(seed, n)
    up, down = empyrical.up_capture(r, b, period="daily"), empyrical.down_capture(r, b, period="daily")
    assert metrics.upside_capture(r, b, PER_YEAR) == pytest.approx(up, rel=1e-10)
    assert metrics.downside_capture(r, b, PER_YEAR) == pytest.approx(down, rel=1e-10)


@pytest.mark.parametrize(("seed", "n"), SAMPLES[1:])
@pytest.mark.parametrize("risk_free", [0.0, 0.0001, "each"])
def test_ratios_above_the_risk_free_return_agree(
    empyrical: ModuleType, seed: int, n: int, risk_free: float | str
) -> None:
    r, _ = _drawn(seed, n)
    free = 1e-4 * np.random.default_rng(seed + 50).random(n) if isinstance(risk_free, str) else risk_free
    sharpe = empyrical.sharpe_ratio(r, risk_free=free, annualization=PER_YEAR)
    sortino = empyrical.sortino_ratio(r - free, required_return=0.0, annualization=PER_YEAR)
    assert metrics.sharpe(r, free, PER_YEAR) == pytest.approx(sharpe, rel=1e-12)
    assert metrics.sortino(r, free, PER_YEAR) == pytest.approx(sortino, rel=1e-12)


@pytest.mark.parametrize(("seed", "n"), SAMPLES[1:])
def test_calmar_and_tracking_error_agree(empyrical: ModuleType, seed: int, n: int) -> None:
    r, b = _drawn(seed, n)
    values = 100.0 * np.concatenate(([1.0], np.cumprod(1.0 + r)))
    calmar = empyrical.calmar_ratio(r, annualization=PER_YEAR)
    assert metrics.calmar(values, PER_YEAR) == pytest.approx(calmar, rel=1e-9)
    active = empyrical.annual_volatility(r - b, annualization=PER_YEAR)
    assert metrics.tracking_error(r, b, PER_YEAR) == pytest.approx(active, rel=1e-12)
