"""Sweeps: the same paths for every way to trade, differences paired, the best point with how sure it is."""

import math

import numpy as np
import pytest

from insure.costs import Costs
from insure.errors import InvalidInput
from insure.rebalancing import WhalleyWilmottBand
from insure.simulation import GBM, Recipe, Trading, compare, simulate
from insure.simulation.sweep import Sweep, standard_bands, sweep, variants
from insure.strategies import Cppi, SyntheticPut

RECIPE = Recipe(strategies=(SyntheticPut(95.0, 0.5),), model=GBM(0.2, 0.05), years=0.5, steps=63, paths=4000, seed=3)
PRICES = (Costs(commission_bps=5.0), Costs(commission_bps=50.0))


@pytest.fixture(scope="module")
def swept() -> Sweep:
    return sweep(RECIPE, bands=(0.0, 0.02, 0.08), every=(1, 5), costs=PRICES)


def test_every_point_is_the_study_of_its_own(swept: Sweep) -> None:
    for k in range(len(swept.studies)):
        trading = swept.recipe.trading(k)
        alone = simulate(
            SyntheticPut(95.0, 0.5),
            GBM(0.2, 0.05),
            years=0.5,
            steps=63,
            paths=4000,
            seed=3,
            costs=trading.costs,
            band=trading.band,
            every=trading.every,
        )
        assert np.array_equal(alone.terminal, swept.studies[k].terminal), f"{trading} ends elsewhere in company"
        assert alone.figures["costs"].value == pytest.approx(swept.cost(k).value, abs=1e-12)
        gap = np.abs(swept.studies[k].path_causes(0, 256).sum(axis=1) - alone.slippage[:256]).max()
        assert gap < 1e-9, f"causes of {trading} miss slippage by {gap:.1e}"


def test_the_frontier_is_what_nothing_beats(swept: Sweep) -> None:
    table = swept.table()
    for bps, points in table.groupby("cost_bps"):
        for k, row in points.iterrows():
            better = points[(points.cost <= row.cost) & (points.tracking_error < row.tracking_error)]
            better = (
                better
                if len(better)
                else points[(points.cost < row.cost) & (points.tracking_error <= row.tracking_error)]
            )
            assert bool(row.efficient) == (len(better) == 0), f"point {k} at {bps} bp: beaten by {list(better.index)}"
    assert table.efficient.sum() >= 4
    costs = [swept.cost(k).value for k in swept.frontier()]
    assert costs == sorted(costs)


def test_paired_differences_are_far_less_noisy(swept: Sweep) -> None:
    row = swept.differences(to=0).loc[1]
    apart = math.hypot(*(swept.studies[k].figures["slippage_mean"].standard_error for k in (0, 1)))
    expected = swept.studies[1].slippage - swept.studies[0].slippage
    assert row["slippage"] == pytest.approx(expected.mean(), abs=1e-12)
    assert row["slippage_se"] == pytest.approx(expected.std(ddof=1) / math.sqrt(expected.size), rel=1e-9)
    assert row["slippage_se"] < 0.8 * apart


def test_dear_trading_asks_for_wider_bands(swept: Sweep) -> None:
    cheap, dear = (
        swept.best(positions=[k for k in range(12) if swept.recipe.trading(k).costs == price]) for price in PRICES
    )
    assert swept.recipe.trading(cheap.position).width <= swept.recipe.trading(dear.position).width
    assert swept.recipe.trading(dear.position).width > 0.0, "50 bp a trade and no band is best"
    for best in (cheap, dear):
        slippage = swept.studies[best.position].slippage
        assert best.value == pytest.approx(math.sqrt((slippage**2).mean()), rel=1e-9)
        assert 0.0 < best.confidence <= 1.0
        assert best.rivals[0] == best.position


def test_confidence_is_how_often_a_fresh_seed_agrees() -> None:
    """Two ways of nearly the same quality: the better one wins about as often as the confidence says, or more."""
    found = []
    for seed in range(24):
        recipe = Recipe(strategies=RECIPE.strategies, model=GBM(0.2, 0.05), years=0.5, steps=63, paths=1024, seed=seed)
        found.append(sweep(recipe, bands=(0.03, 0.04, 0.05), costs=PRICES[1:]).best())
    claimed = np.mean([best.confidence for best in found])
    winners = np.bincount([best.position for best in found], minlength=3) / len(found)
    assert abs(winners.max() - claimed) < 0.35, f"the same point wins {winners.max():.2f}, claimed {claimed:.2f}"


def test_variants_are_every_combination() -> None:
    found = variants(Cppi(90.0), multiplier=(3.0, 4.0), guarantee=(85.0, 90.0))
    assert [(one.multiplier, one.guarantee) for one in found] == [(3.0, 85.0), (3.0, 90.0), (4.0, 85.0), (4.0, 90.0)]
    with pytest.raises(InvalidInput, match="leverage"):
        variants(Cppi(90.0), leverage=(1.0,))


def test_standard_bands_widen_with_cost() -> None:
    cheap, dear = standard_bands(1e-4, 1.0, 252, 0.2), standard_bands(50e-4, 1.0, 252, 0.2)
    assert cheap[0] == dear[0] == 0.0
    assert all(a < b for a, b in zip(cheap[1:], dear[1:], strict=True))
    assert list(dear) == sorted(dear)


def test_lag_and_highest_weight_vary_on_the_same_paths() -> None:
    """Each way to trade has a lag and a highest weight of its own, and its study is that of a simulation."""
    ways = (
        Trading(costs=PRICES[0], band=0.01, lag=2),
        Trading(costs=PRICES[0], band=0.01, max_weight=0.6),
        Trading(costs=PRICES[0], band=WhalleyWilmottBand(5.0), band_to="edge", lag=1, every=2),
        Trading(),
    )
    fund = Cppi(92.0, 6.0, 0.5)
    recipe = Recipe(
        strategies=(fund,) * 4, each=ways, model=GBM(0.2, 0.05), years=0.5, steps=63, paths=1500, seed=3, max_weight=1.2
    )
    for study, way in zip(compare(recipe).studies, ways, strict=True):
        alone = simulate(
            fund,
            GBM(0.2, 0.05),
            years=0.5,
            steps=63,
            paths=1500,
            seed=3,
            costs=way.costs,
            band=way.band,
            band_to=way.band_to,
            every=way.every,
            lag=way.lag or 0,
            max_weight=1.2 if way.max_weight is None else way.max_weight,
        )
        assert np.array_equal(alone.terminal, study.terminal), f"{way} ends elsewhere in company"
        assert alone.causes.keys() == study.causes.keys(), f"{way} has other causes in company"
