"""What a study promises: identity of causes, bits that no split changes, files that run again, figures that add up."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from insure.errors import InvalidInput
from insure.rebalancing import WhalleyWilmottBand
from insure.simulation import (
    GBM,
    Bates,
    Bootstrap,
    FilteredHistory,
    Heston,
    Kou,
    Market,
    Merton,
    Model,
    Recipe,
    RegimeSwitching,
    Study,
    compare,
    simulate,
)
from insure.simulation import layout as at
from insure.simulation.engine import Arrangement, completed, draw, ranges, run
from insure.strategies import ConstantMix, Cppi, StaticPut, Strategy, SyntheticPut, Tipp

HISTORY = tuple((np.random.default_rng(2).standard_t(4, 800) * 0.008 + 3e-4).tolist())
MODELS: dict[str, Model] = {
    "gbm": GBM(0.2, 0.07),
    "merton": Merton(0.15, 0.07, 2.0, -0.05, 0.08),
    "kou": Kou(0.15, 0.07, 2.0, 0.4, 20.0, 15.0),
    "heston": Heston(0.04, 0.04, 2.0, 0.6, -0.7, 0.07),
    "bates": Bates(0.03, 0.04, 2.0, 0.5, -0.7, 1.0, -0.05, 0.08, 0.07),
    "bootstrap": Bootstrap(HISTORY, 10.0, 0.07),
    "filtered": FilteredHistory(2e-6, 0.08, 0.9, HISTORY, drift=0.07),
    "switching": RegimeSwitching((0.12, 0.35), (1.0, 4.0), 0.07),
}
HARD = Market(halt_fall=0.03, halt_closes=2, limit_down=0.05, volume=0.2, spread_widening=10.0, vol_half_life=20.0)


def small(strategy: Strategy | None = None, model: Model | None = None, **more: Any) -> Study:
    """A study of a second."""
    given: dict[str, Any] = {"years": 0.25, "steps": 21, "paths": 1500, "seed": 9, "dividend_yield": 0.01} | more
    return simulate(strategy or SyntheticPut(93.0, 0.25), model or MODELS["merton"], **given)


@pytest.mark.parametrize("name", MODELS)
def test_causes_add_up_on_every_path_of_every_model(name: str) -> None:
    study = small(model=MODELS[name], cost_bps=10.0, band=0.02)
    gap = np.abs(study.path_causes().sum(axis=1).to_numpy() - study.slippage)
    assert gap.max() < 1e-9 * 100.0, f"causes miss slippage by {gap.max():.1e} on path {gap.argmax()}"


@pytest.mark.parametrize("strategy", [SyntheticPut(93.0, 0.25), Cppi(93.0, 5.0, 0.25), Tipp(0.93)])
def test_causes_add_up_in_a_market_that_stops_and_widens(strategy: Strategy) -> None:
    study = small(strategy, Merton(0.2, 0.05, 20.0, -0.04, 0.03), market=HARD, lag=1, overnight=0.4, cost_bps=10.0)
    causes = study.path_causes()
    gap = np.abs(causes.sum(axis=1).to_numpy() - study.slippage)
    assert gap.max() < 1e-9 * 100.0, f"causes miss slippage by {gap.max():.1e}"
    assert {"halts", "volume", "lag", "overnight"} <= set(causes.columns), f"causes found: {list(causes.columns)}"


def test_mean_causes_are_those_of_the_paths() -> None:
    study = small(cost_bps=10.0, band=0.02)
    table, paths = study.attribution(), study.path_causes()
    for cause in map(str, paths):
        values = paths[cause].to_numpy()
        error = values.std(ddof=1) / math.sqrt(values.size)
        assert table.loc[cause, "value"] == pytest.approx(values.mean(), abs=1e-12), cause
        assert table.loc[cause, "standard_error"] == pytest.approx(error, abs=1e-12), cause
    total = study.slippage.mean()
    assert table["value"].sum() == pytest.approx(total, abs=1e-10), f"causes add up to something else than {total}"
    assert study.summary().loc["slippage_mean", "value"] == pytest.approx(total, abs=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_threads_change_no_bit(name: str) -> None:
    one, three = (small(model=MODELS[name], workers=workers, paths=5000) for workers in (1, 3))
    assert np.array_equal(one.terminal, three.terminal), "terminal values differ between one thread and three"
    assert one.summary().equals(three.summary()), "summaries differ between one thread and three"
    assert one.attribution().equals(three.attribution()), "attributions differ between one thread and three"


LEAN: dict[str, dict[str, Any]] = {
    "plain": {"cost_bps": 10.0, "band": 0.02},
    "every friction": {"market": HARD, "lag": 1, "cost_bps": 10.0},
    "nights": {"overnight": 0.4, "cost_bps": 10.0},
}


@pytest.mark.parametrize("name", LEAN)
@pytest.mark.parametrize("strategy", [SyntheticPut(93.0, 0.25), Cppi(93.0, 5.0, 0.25)])
def test_leaving_causes_out_changes_no_bit(name: str, strategy: Strategy) -> None:
    study = small(strategy, **LEAN[name])
    lean, whole = study._outcome, completed(study._arrangement, study._outcome)
    assert lean.lean, "a plain study computes what nobody asked for"
    assert not whole.lean
    for part in ("ends", "twins", "index"):
        assert np.array_equal(getattr(lean, part), getattr(whole, part)), f"{part} differ without causes"
    kept = slice(at.COMMISSION - at.FIRST_FIGURE, at.BOOK_FIGURES)
    assert np.array_equal(lean.moments[:, kept], whole.moments[:, kept]), "costs and breaches differ without causes"


@pytest.mark.parametrize("strategy", [StaticPut(93.0, 0.25), SyntheticPut(93.0, 0.25, dividends="paid_out")])
def test_options_held_and_dividends_handed_on_need_the_put_at_every_step(strategy: Strategy) -> None:
    assert not small(strategy)._outcome.lean


def test_ranges_put_together_are_the_whole() -> None:
    recipe = Recipe(strategies=(Cppi(93.0), SyntheticPut(93.0)), model=MODELS["bates"], paths=2000, steps=21)
    arrangement = Arrangement(recipe)
    whole = run(arrangement, workers=2)
    parts = [run(arrangement, workers=1, first=first, paths=count) for first, count in ranges(recipe.paths, 3)]
    for name, axis in (("ends", 1), ("twins", 1), ("index", 0), ("moments", 0)):
        together = np.concatenate([getattr(part, name) for part in parts], axis=axis)
        assert np.array_equal(together, getattr(whole, name)), f"{name} differ between the whole and its parts"


def test_more_paths_begin_with_the_same_paths() -> None:
    few, many = small(paths=700), small(paths=3000)
    assert np.array_equal(few.terminal, many.terminal[:700])
    assert not np.array_equal(few.terminal, small(paths=700, seed=10).terminal), "the seed changes nothing"


def test_compared_strategies_stand_on_the_same_paths() -> None:
    alone = small(Cppi(93.0, 5.0, 0.25), GBM(0.2, 0.05))
    recipe = Recipe(
        strategies=(ConstantMix(0.5), Cppi(93.0, 5.0, 0.25)),
        model=GBM(0.2, 0.05),
        years=0.25,
        steps=21,
        paths=1500,
        seed=9,
        dividend_yield=0.01,
    )
    together = compare(recipe)
    assert np.array_equal(together.studies[1].terminal, alone.terminal), "company changes a strategy's result"
    row = together.differences().iloc[0]
    paired = together.studies[1].terminal - together.studies[0].terminal
    assert row["value"] == pytest.approx(paired.mean(), abs=1e-12)
    assert row["standard_error"] == pytest.approx(paired.std(ddof=1) / math.sqrt(1500), rel=1e-9)


def test_a_saved_study_reopens_and_runs_again_to_the_same_bits(tmp_path: Path) -> None:
    study = small(model=MODELS["bootstrap"], cost_bps=5.0, market=HARD, lag=1)
    study.save(tmp_path / "study.npz")
    kept = Study.reopen(tmp_path / "study.npz")
    assert kept.summary().equals(study.summary())
    assert np.array_equal(kept.rerun().terminal, study.terminal), "running the file again gives other bits"
    assert [file.name for file in tmp_path.iterdir()] == ["study.npz"], "something half-written stayed behind"


def test_a_band_that_follows_the_path_is_kept_with_its_study(tmp_path: Path) -> None:
    study = small(cost_bps=10.0, band=WhalleyWilmottBand(10.0), band_to="edge")
    study.save(tmp_path / "study.npz")
    kept = Study.reopen(tmp_path / "study.npz")
    assert kept.recipe == study.recipe
    assert np.array_equal(kept.rerun().terminal, study.terminal), "running the file again gives other bits"


def test_a_band_without_a_width_is_refused() -> None:
    with pytest.raises(InvalidInput, match="band"):
        small(band=math.nan)


def test_figures_by_hand() -> None:
    study = small(Cppi(97.0, 12.0, 0.25), Merton(0.2, 0.05, 8.0, -0.12, 0.05), max_weight=2.0, dividend_yield=0.0)
    table, causes = study.summary(), study.path_causes()
    short = 97.0 - study.terminal
    failed = short > 1e-7
    assert failed.sum() > 20, "the case should break its guarantee often"
    assert table.loc["shortfall_probability", "value"] == pytest.approx(failed.mean())
    assert table.loc["shortfall_size", "value"] == pytest.approx(short[failed].mean())
    assert table.loc["breach_probability", "value"] >= failed.mean()
    assert table.loc["slippage_mean", "value"] == pytest.approx(causes.sum(axis=1).mean(), abs=1e-9)
    worst = np.sort(study.slippage)[: int(0.05 * 1500)]
    assert table.loc["slippage_es05", "value"] == pytest.approx(worst.mean())
    assert table.loc["cash_lock_probability", "value"] > failed.mean() * 0.9


def test_the_overnight_part_moves_gap_and_gamma_but_no_close() -> None:
    whole, split = small(GBM_PUT, GBM(0.2, 0.05)), small(GBM_PUT, GBM(0.2, 0.05), overnight=0.3)
    assert np.array_equal(whole.terminal, split.terminal), "an overnight share changes the closes"
    before, after = (s.causes for s in (whole, split))
    assert after["overnight"].value != 0.0
    hedging = sum(after[c].value for c in ("overnight", "gap", "gamma"))
    assert hedging == pytest.approx(before["gap"].value + before["gamma"].value, abs=1e-9)


GBM_PUT = SyntheticPut(93.0, 0.25)


def test_volatility_along_the_path_is_ewma() -> None:
    """With units tracked at constant volatility equal to the first, only the estimate makes a difference."""
    flat, seen = small(GBM_PUT, GBM(0.35, 0.05)), small(GBM_PUT, GBM(0.35, 0.05), market=Market(vol_half_life=5.0))
    assert not np.array_equal(flat.terminal, seen.terminal)
    frozen = small(GBM_PUT, GBM(0.35, 0.05), market=Market(vol_half_life=1e9))
    assert np.allclose(frozen.terminal, flat.terminal, atol=1e-4), "an estimate that never moves is not the constant"


def test_a_halt_holds_what_was_held() -> None:
    everything = Market(halt_fall=1e-12, halt_closes=10_000)
    study = small(ConstantMix(0.6), GBM(0.2, 0.05), market=everything, dividend_yield=0.0)
    spots = draw(study.recipe, 0, 1500)
    first_fall = np.argmax(np.diff(spots, axis=1) < 0.0, axis=1) + 1
    units, cash = 60.0 / 100.0, 40.0
    fell_at_once = first_fall == 1
    held = units * spots[fell_at_once, -1] + cash * math.exp(0.03 * 0.25)
    assert np.allclose(study.terminal[fell_at_once], held, atol=1e-9), "a halted fund traded"


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("paths", 1),
        ("seed", -1),
        ("steps", 0),
        ("rate", math.nan),
        ("band", -0.1),
        ("lag", 1.5),
        ("workers", 0),
        ("overnight", 1.1),
        ("every", 0),
        ("put_vol", -0.1),
        ("years", 0.0),
    ],
)
def test_what_cannot_be_simulated_is_refused_by_name(argument: str, value: float) -> None:
    with pytest.raises(InvalidInput, match=argument):
        small(None, None, **{argument: value})


@pytest.mark.parametrize(
    ("build", "word"),
    [
        (lambda: GBM(math.nan, 0.0), "vol"),
        (lambda: Kou(0.2, 0.0, 1.0, 0.5, 1.0, 10.0), "up_rate"),
        (lambda: Heston(0.04, 0.04, 2.0, 0.5, 1.5), "correlation"),
        (lambda: Bootstrap((0.01,)), "returns"),
        (lambda: FilteredHistory(1e-6, 0.2, 0.9, HISTORY), "alpha"),
        (lambda: small(model=Merton(0.2, 0.0, 1e5, 0.0, 0.1)), "jump_intensity"),
        (lambda: small(model=Heston(0.04, 0.04, 0.5, 1.0, 0.95), years=6.0, steps=2), "correlation"),
    ],
)
def test_models_refuse_by_name(build: Any, word: str) -> None:
    with pytest.raises(InvalidInput, match=word):
        build()
