"""A fund whose band follows the market, through the real command line: file, check, decisions, backtest, proof."""

import json
import re
from pathlib import Path

import pytest

from tests.conftest import Insure

FIXED = re.compile(r'kind = "fixed" .*\nwidth_weight = .*\nto = "target"')
"""The band of the example as its file has it."""
WHALLEY_WILMOTT = 'kind = "whalley_wilmott"\nrisk_aversion = 25\nto = "edge"'
DRIFT = 'kind = "drift"\nwidth_weight = 0.005\nwidening_sigmas = 0.25\nto = "target"'


def banded(folder: Path, band: str) -> None:
    """Give the fund of a new desk another band."""
    path = folder / "funds" / "guarded-90.toml"
    text, count = FIXED.subn(band, path.read_text(encoding="utf-8"))
    assert count == 1, "the example has another band than this test knows"
    path.write_text(text, encoding="utf-8")


def band_of(answer: dict[str, object]) -> str:
    """What a decision said about its band."""
    ladder = answer["ladder"]
    assert isinstance(ladder, list)
    reason = next(rung["reason"] for rung in ladder if rung["stage"] == "band")
    assert isinstance(reason, str)
    return reason


@pytest.mark.parametrize(
    ("band", "sentence", "because"),
    [
        (
            WHALLEY_WILMOTT,
            (
                "It trades once the weight leaves the band of Whalley and Wilmott around its target, to the edge; each "
                "slot finds the band anew from gamma, a cost of 2 bps and a risk aversion of 25."
            ),
            r"a move of the index by 1% asks for a trade of \d+\.\d\d points, at 2 bps and a risk aversion of 25\.",
        ),
        (
            DRIFT,
            (
                "It trades once the weight leaves a band around its target, to the target; each slot finds the band "
                "anew: 0.5 points and 0.25 times what one standard deviation of a day moves the target by."
            ),
            r"0\.5 points and 0\.25 times the [\d.]+ points that one standard deviation of a day moves the target by\.",
        ),
    ],
    ids=["whalley_wilmott", "drift"],
)
def test_from_the_fund_file_to_the_proof(
    insure: Insure, tmp_path: Path, band: str, sentence: str, because: str
) -> None:
    assert insure("init").code == 0
    fixed = str(insure("fund", "check", "guarded-90", "--json").json["config_sha256"])
    banded(tmp_path, band)
    checked = insure("fund", "check", "guarded-90", "--json").json
    assert isinstance(checked["contract"], list)
    assert sentence in checked["contract"]
    assert checked["config_sha256"] != fixed
    assert band_of(insure("rebalance", "guarded-90", "--json").json) == "No band: every difference is traded."
    said = [band_of(insure("rebalance", "guarded-90", "--json").json) for _ in range(6)]
    for reason in said:
        assert re.fullmatch(
            rf"The band is \d+\.\d\d points today: {because} Held [\d.]+%, target [\d.]+%, [\d.]+ points apart: "
            r"(inside, hold|outside, trade to the (edge|target))\.",
            reason,
        ), reason
    verified = insure("verify", "--json")
    assert verified.code == 0, verified.out
    tested = insure("backtest", "guarded-90", "--from", "2008-09-02", "--to", "2008-10-15", "--json")
    assert tested.code == 0
    assert (tmp_path / str(tested.json["figures"])).is_file()
    page = insure("report", "rebalance", "guarded-90", "--json")
    assert page.code == 0
    assert said[-1].split(":")[0] in (tmp_path / str(page.json["page"])).read_text(encoding="utf-8")


def test_a_band_changed_on_the_way_is_told_and_both_lives_are_proved(insure: Insure, tmp_path: Path) -> None:
    assert insure("init").code == 0
    for _ in range(3):
        assert "of 2.00 points" in band_of(insure("rebalance", "guarded-90", "--json").json)
    banded(tmp_path, WHALLEY_WILMOTT)
    told = insure("fund", "diff", "guarded-90", "--json").json["changes"]
    assert isinstance(told, list)
    changed = {change["key"]: (change["old"], change["new"]) for change in told}
    assert changed["kind"] == ("fixed", "whalley_wilmott")
    assert changed["width_weight"] == ("0.02", None)
    assert band_of(insure("rebalance", "guarded-90", "--json").json).startswith("The band is ")
    assert insure("verify").code == 0


def test_stress_and_sweep_take_the_same_band(insure: Insure, tmp_path: Path) -> None:
    assert insure("init").code == 0
    banded(tmp_path, WHALLEY_WILMOTT)
    for _ in range(2):
        assert insure("rebalance", "guarded-90").code == 0
    crash = insure("stress", "guarded-90", "--crisis", "1987-10", "--json")
    assert crash.code in {0, 3}, crash.err
    model = insure("stress", "guarded-90", "--model", "gbm", "--paths", "256", "--json")
    assert model.code in {0, 3}, model.err
    swept = insure("optimise", "guarded-90", "--paths", "256", "--band", "1", "--every", "5", "--json")
    assert swept.code == 0, swept.err
    points = swept.json["points"]
    assert isinstance(points, list)
    words = "Whalley and Wilmott (2 bps, risk aversion 25)"
    assert [(point["band"], point["every"]) for point in points] == [(0.01, 1), (words, 1), (0.01, 5), (words, 5)]
    assert points[int(str(swept.json["current"]))]["band"] == words
    report = swept.json["report"]
    assert isinstance(report, dict)
    page = tmp_path / report["page"]
    assert words in page.read_text(encoding="utf-8")
    assert words in json.dumps(json.loads(page.with_suffix(".json").read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("band", "expected"),
    [
        ('kind = "wide"', "band: Input tag 'wide' found using 'kind' does not match any of the expected tags"),
        ('kind = "whalley_wilmott"', "band.whalley_wilmott.risk_aversion is missing."),
        ('kind = "drift"\nwidth_weight = 0.01', "band.drift.widening_sigmas is missing."),
        (
            'kind = "whalley_wilmott"\nrisk_aversion = 9\nwidth_weight = 0.01',
            "band.whalley_wilmott.width_weight is not a key of a fund file",
        ),
    ],
)
def test_a_wrong_band_is_one_sentence_and_exit_code_2(insure: Insure, tmp_path: Path, band: str, expected: str) -> None:
    assert insure("init").code == 0
    banded(tmp_path, band)
    refused = insure("fund", "check", "guarded-90", "--json")
    assert refused.code == 2
    assert expected in str(refused.json["error"])
