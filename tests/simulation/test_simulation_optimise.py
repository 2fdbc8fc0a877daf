"""`insure optimise`: a fund's own band and calendar, through the real command line and beside it."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from insure.errors import InvalidInput
from insure.fund import Fund, load_fund
from insure.simulation.optimise import EVERY, Axes, Optimum, optimise
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
    assert (now.band, now.every) == (fund.no_trade_band.terms[0], 1)
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


def test_six_axes_on_the_same_paths(fund: Fund) -> None:
    axes = Axes(
        strategies=("cppi", "stop_loss"),
        multipliers=(3.0, 5.0),
        floors=(0.85,),
        bands=(0.0, 0.02),
        every=(5,),
        cost_bps=(20.0,),
    )
    result = found(fund, axes=axes, paths=512)
    table = result.sweep.table()
    own = fund.no_trade_band.terms[0]
    # Synthetic put, stop-loss, and CPPI of the standard 4 and the two asked for; on the fund's floor and on 85 %.
    assert len(table) == (1 + 1 + 3) * 2 * len({0.0, 0.02, own}) * 2 * 2
    assert set(table["kind"]) == {"synthetic_put", "cppi", "stop_loss"}
    assert sorted(set(table["multiplier"].dropna())) == [3.0, 4.0, 5.0]
    assert sorted(round(x / 1e8, 6) for x in set(table["guarantee"])) == [0.85, fund.protection.floor_fraction]
    assert set(table["every"]) == {1, 5}
    assert len(set(table["cost_bps"])) == 2
    same = [study.index for study in result.sweep.studies]
    assert all(np.array_equal(same[0], index) for index in same), "not the same paths"
    rows = table.iloc[list(result.frontier)]
    assert (rows["guarantee"] == table["guarantee"][result.current]).all(), "a lower promise is no better hedge"
    assert (rows["cost_bps"] == table["cost_bps"][result.current]).all()
    assert (np.diff(rows["cost"]) >= 0.0).all()
    assert (np.diff(rows["tracking_error"]) <= 0.0).all()
    assert result.sweep.comparable(result.best.position, result.current)
    assert "every" in result.name(result.best.position)
    json.dumps(result.figures(), allow_nan=False)


@pytest.mark.parametrize(
    ("axis", "expected"),
    [
        ({"strategies": ("buy_and_hold",)}, "strategies is 'buy_and_hold'; it must be one of synthetic_put, cppi"),
        ({"multipliers": (0.0,)}, r"multipliers is 0\.0"),
        ({"floors": (float("nan"),)}, "floors is nan"),
        ({"bands": (-0.1,)}, r"bands is -0\.1"),
        ({"every": (0,)}, r"every is 0\.0"),
        ({"cost_bps": (-1.0,)}, r"cost_bps is -1\.0"),
    ],
)
def test_an_axis_that_cannot_be_is_named(axis: dict[str, Any], expected: str) -> None:
    with pytest.raises(InvalidInput, match=expected):
        Axes(**axis)


def test_a_short_history_is_not_drawn_from(fund: Fund) -> None:
    result = found(fund, closes=CLOSES[:100], paths=256)
    assert result.history == 0
    assert result.sweep.recipe.model.kind == "gbm"


def test_what_cannot_be_swept_is_refused(fund: Fund) -> None:
    with pytest.raises(InvalidInput, match="lowest_weight"):
        found(replace(fund, limits=replace(fund.limits, lowest_weight=0.2)))


def test_from_the_command_line(
    insure: Insure, tmp_path: Path, prices: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
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
    report = said.json["report"]
    assert isinstance(report, dict)
    page = tmp_path / report["page"]
    assert ">SIMULATED<" in page.read_text(encoding="utf-8")
    assert json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))["verdict"]["sentence"] in shown.out
    axes = ("--strategy", "cppi,stop_loss", "--multiplier", "3", "--floor", "85%", "--band", "1,2", "--every", "5")
    wide = insure("optimise", "guarded-90", "--paths", "256", "--cost", "20", *axes, "--json").json
    assert len(wide["points"]) == (1 + 2 + 1) * 2 * len({0.01, 0.02}) * 2 * 2  # type: ignore[arg-type]
    for options, expected in (
        (("--strategy", "tulips"), "strategies is 'tulips'"),
        (("--multiplier", "many"), "multiplier is 'many'; it must be a number"),
        (("--every", "1.5"), "every is 1.5; it must be a whole number"),
        (("--workers", "2", "--dask", "tcp://nowhere:1"), "give one of the two"),
    ):
        refused = insure("optimise", "guarded-90", *options)
        assert refused.code == 2
        assert expected in refused.err
    kept = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["insure.simulation.sweep"], "compare", stop)
    assert insure("optimise", "guarded-90", "--paths", "256", "--seed", "2").code == 130
    now = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert now == kept, "a sweep that was stopped left something behind"
