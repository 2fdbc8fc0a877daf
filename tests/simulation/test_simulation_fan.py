"""Fan charts: quantiles of the very paths of the study, exact or to the width of a cell."""

import math

import numpy as np
import pytest

from insure.errors import InvalidInput
from insure.simulation import Market, Merton, Study, simulate
from insure.simulation.engine import draw
from insure.simulation.fan import CELLS, LEVELS, NAMES
from insure.strategies import Cppi, Strategy, SyntheticPut


def study(strategy: Strategy) -> Study:
    return simulate(
        strategy,
        Merton(0.2, 0.05, 4.0, -0.06, 0.05),
        steps=30,
        years=0.5,
        paths=3000,
        cost_bps=10.0,
        lag=1,
        dividend_yield=0.01,
        market=Market(halt_fall=0.05),
    )


def test_the_last_date_is_the_study() -> None:
    whole = study(Cppi(93.0, 5.0, 0.5))
    fan = whole.fan(dates=7)
    assert fan.exact
    assert fan.years[-1] == pytest.approx(0.5)
    values = {"fund": whole.terminal, "twin": whole.twin, "index": whole.index, "slippage": whole.slippage}
    for name in NAMES:
        expected = np.quantile(values[name], LEVELS)
        assert np.array_equal(fan.quantiles[name][-1], expected), f"{name} at the horizon is not the study's"
        half = math.sqrt(0.25 / 3000)
        low, high = np.quantile(values[name], [0.5 - half, 0.5 + half])
        assert fan.standard_errors[name][-1, 3] == pytest.approx(0.5 * (high - low))


def test_dates_between_are_closes_of_the_path() -> None:
    whole = study(SyntheticPut(93.0, 0.5))
    fan = whole.fan(dates=30, levels=(0.1, 0.9))
    spots = draw(whole.recipe, 0, 3000)
    expected = np.quantile(spots[:, 1:], [0.1, 0.9], axis=0).T
    assert np.allclose(fan.quantiles["index"], expected, rtol=1e-14, atol=0.0)
    assert fan.table("fund").shape == (30, 2)


def test_a_histogram_is_exact_to_its_cells() -> None:
    whole = study(Cppi(93.0, 5.0, 0.5))
    exact, counted = whole.fan(dates=5), whole.fan(dates=5, memory=0)
    assert not counted.exact
    for name in NAMES:
        width = 2.0 * 100.0 / CELLS if name == "slippage" else 2.0 * math.log(1000.0) / CELLS * exact.quantiles[name]
        # Exact quantiles lie between two values; at the ends few values are far apart.
        neighbours = 2.0 * exact.standard_errors[name]
        apart = np.abs(counted.quantiles[name] - exact.quantiles[name])
        assert (apart <= width + neighbours).all(), f"{name} is {apart.max():.3g} off, a cell is {np.max(width):.3g}"
        assert np.median(apart / width) < 1.0, f"{name}: half of the quantiles are a cell off"


def test_threads_change_no_bit() -> None:
    whole = study(Cppi(93.0, 5.0, 0.5))
    for memory in (0, 64_000_000):
        one, three = (whole.fan(dates=4, workers=workers, memory=memory) for workers in (1, 3))
        for name in NAMES:
            assert np.array_equal(one.quantiles[name], three.quantiles[name]), f"{name} differs between threads"


def test_what_makes_no_fan_is_refused() -> None:
    whole = study(Cppi(93.0, 5.0, 0.5))
    with pytest.raises(InvalidInput, match="levels"):
        whole.fan(levels=(1.5,))
    with pytest.raises(InvalidInput, match="dates"):
        whole.fan(dates=0)
    with pytest.raises(InvalidInput, match="name"):
        whole.fan(dates=1).table("cash")
