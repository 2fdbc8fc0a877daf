"""`insure optimise`: a fund's own band and calendar, through the real command line and beside it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from insure.errors import InvalidInput
from insure.fund import Fund, load_fund
from insure.simulation.optimise import EVERY, Optimum, optimise
from tests.conftest import Insure

EXAMPLE = Path(__file__).parents[2] / "insure" / "examples" / "synthetic_put.toml"
CLOSES = 100.0 * np.exp(np.cumsum(np.random.default_rng(4).standard_t(5, 800) * 0.007))


def found(fund: Fund, **more: object) -> Optimum:
    given = {"value": 1e8, "spot": 100.0, "vol": 0.18, "rate": 0.03, "dividend_yield": 0.0}
    return optimise(fund, **{**given, "closes": CLOSES, "paths": 1024, **more})  # type: ignore[arg-type]  # by name


@pytest.fixture(scope="module")
def fund() -> Fund:
    return load_fund(EXAMPLE)


def test_the_best_point_is_the_nearest_to_the_put(fund: Fund) -> None:
    result = found(fund)
    sizes = [float(np.sqrt(np.mean(study.slippage**2))) for study in result.sweep.studies]
    assert result.best.position == int(np.argmin(sizes))
    assert len(sizes) == 7 * len(EVERY), "six standard bands and the fund's own, for every calendar"
    now = result.sweep.recipe.trading(result.current)
    assert (now.band, now.every) == (fund.band.width_weight, 1)
    gain, error = result.gain
    assert gain == pytest.approx(sizes[result.current] - min(sizes), rel=1e-9)
    assert gain >= 0.0
    assert error >= 0.0
    assert result.history == 799
    assert json.loads(json.dumps(result.figures(), allow_nan=False))["best"] == result.best.position
    assert f"{result.best.confidence:.0%} confidence" in result.sentence


def test_dearer_trading_trades_less(fund: Fund) -> None:
    dear = replace(fund, costs=replace(fund.costs, commission_bps=60.0))
    cheap, costly = found(fund, paths=512), found(dear, paths=512)
    turnover = [r.sweep.studies[r.best.position].figures["turnover"].value for r in (cheap, costly)]
    assert turnover[1] < 0.7 * turnover[0], f"turnover {turnover[0]:.2f} at 2 bp, {turnover[1]:.2f} at 61 bp"


def test_a_short_history_is_not_drawn_from(fund: Fund) -> None:
    result = found(fund, closes=CLOSES[:100], paths=256)
    assert result.history == 0
    assert result.sweep.recipe.model.kind == "gbm"


def test_what_cannot_be_swept_is_refused(fund: Fund) -> None:
    with pytest.raises(InvalidInput, match="lowest_weight"):
        found(replace(fund, limits=replace(fund.limits, lowest_weight=0.2)))


def test_from_the_command_line(insure: Insure, tmp_path: Path, prices: Callable[..., Path]) -> None:
    assert insure("init").code == 0
    path = tmp_path / "funds" / "guarded-90.toml"
    own = 'kind = "csv"\nfile = "prices.csv"\nrate_per_year = 0.03\n'
    text = path.read_text(encoding="utf-8")
    text = text.replace('kind = "sample"', own).replace("start = 2007-01-03", "start = 2024-01-02")
    text = text.replace('kind = "ewma"', 'kind = "fixed"\nvol = 0.2').replace("decay = 0.94", "")
    path.write_text(text, encoding="utf-8")
    prices("2024-01-02,100", "2024-01-03,99")
    early = insure("optimise", "guarded-90", "--json")
    assert early.code == 2
    assert "run `insure rebalance guarded-90` first" in str(early.json["error"])
    assert insure("rebalance", "guarded-90").code == 0
    said = insure("optimise", "guarded-90", "--paths", "256", "--json")
    assert said.code == 0
    assert said.json["model"] == "gbm"
    assert len(said.json["points"]) == 7 * len(EVERY)  # type: ignore[arg-type]  # a JSON array
    shown = insure("optimise", "guarded-90", "--paths", "256")
    assert str(said.json["sentence"]) in shown.out
    assert "best" in shown.out
