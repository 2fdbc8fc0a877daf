"""A risk manager's question through the real command line: what would a crash do to the fund as it stands?"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from insure.simulation.scenario_file import SCENARIO_EXAMPLE
from tests.conftest import Insure

OWN_PRICES = """\
kind = "csv"
file = "prices.csv"
rate_per_year = 0.03
"""


def _rows(value: object) -> list[Any]:
    """A JSON array; what is in it is checked by what is asked of it."""
    assert isinstance(value, list)
    return value


@pytest.fixture
def desk(insure: Insure, tmp_path: Path, prices: Callable[..., Path]) -> Path:
    """A desk whose fund has decided two slots on its own prices."""
    assert insure("init").code == 0
    path = tmp_path / "funds" / "guarded-90.toml"
    text = path.read_text(encoding="utf-8")
    text = text.replace('kind = "sample"', OWN_PRICES).replace("start = 2007-01-03", "start = 2024-01-02")
    text = text.replace('kind = "ewma"', 'kind = "fixed"\nvol = 0.2').replace("decay = 0.94", "")
    path.write_text(text, encoding="utf-8")
    prices("2024-01-02,100", "2024-01-03,99")
    return tmp_path


@pytest.fixture
def standing(insure: Insure, desk: Path) -> Path:
    """The desk after two slots."""
    for _ in range(2):
        assert insure("rebalance", "guarded-90").code == 0
    return desk


def test_a_fund_without_position_says_what_to_do(insure: Insure, desk: Path) -> None:
    said = insure("stress", "guarded-90", "--json")
    assert said.code == 2
    assert "run `insure rebalance guarded-90` first" in str(said.json["error"])


def test_gaps_from_the_command_line(insure: Insure, standing: Path) -> None:
    said = insure("stress", "guarded-90", "--gap", "-20,-10", "--gap", "5", "--json")
    assert said.code == 0
    rungs = said.json["gaps"]
    assert isinstance(rungs, list)
    assert [rung["move"] for rung in rungs] == [-0.2, -0.1, 0.05]
    assert [rung["breached"] for rung in rungs] == [True, False, False]
    assert "Gap ladder" in insure("stress", "guarded-90", "--gap", "-20").out


def test_one_crisis_at_half_strength_from_a_day(insure: Insure, standing: Path) -> None:
    asked = ("--crisis", "1987-10", "--from", "1987-10-13", "--strength", "0.5")
    said = insure("stress", "guarded-90", *asked, "--json")
    assert said.code == 0
    (row,) = _rows(said.json["scenarios"])
    assert row["scenario"] == "1987-10 from 1987-10-13 x 0.5"
    assert row["points"][0]["label"] == "1987-10-14"
    assert sum(row["attribution"].values()) == pytest.approx(row["slippage"], abs=0.1)
    assert len(row["comparison"]) == 7
    text = insure("stress", "guarded-90", *asked).out
    assert "Scenarios: the fund driven by its own decisions" in text
    assert "fund less true put" in text


def test_a_day_from_inside(insure: Insure, standing: Path) -> None:
    said = insure("stress", "guarded-90", "--crisis", "2010-05-06", "--inside", "2010-05-06", "--json")
    assert said.code == 0
    (row,) = _rows(said.json["scenarios"])
    assert row["scenario"] == "2010-05-06 inside 2010-05-06"
    assert row["deepest_fall"] == pytest.approx(1065.79 / 1165.87 - 1.0, abs=1e-3)
    unknown = insure("stress", "guarded-90", "--crisis", "2010-05-06", "--inside", "2010-05-07")
    assert unknown.code == 2
    assert "known from inside on: 2010-05-06" in unknown.err


def test_the_whole_pack_and_every_fund(insure: Insure, standing: Path) -> None:
    said = insure("stress", "--all-funds", "--json")
    assert said.code == 0
    assert said.json["not_computed"] == {}
    (fund,) = _rows(said.json["funds"])
    assert fund["fund"] == "guarded-90"
    assert len(fund["scenarios"]) == 25
    assert fund["herd"]["breaking_share"] > 0.0
    assert any("jump model" in sentence for sentence in fund["survivable"]["not_computed"]), "two closes fit no jumps"
    json.dumps(fund, allow_nan=False)


def test_a_person_reads_tables(insure: Insure, standing: Path) -> None:
    text = insure("stress", "guarded-90").out
    for expected in (
        "Gap ladder: before the next possible trade",
        "An instant fall of",
        "Price of the missing piece",
        "2010-05-06 inside",
        "stop-loss",
        "The strategy breaks itself where",
        "Under a lognormal index the likeliest way to the floor in one session",
        "Largest gap survived",
        "not computed: days of volume",
    ):
        assert expected in text, f"{expected!r} is missing from what a person reads"


def test_a_scenario_file_is_checked_like_a_fund_file(insure: Insure, standing: Path) -> None:
    file = standing / "own.toml"
    file.write_text(SCENARIO_EXAMPLE, encoding="utf-8")
    assert insure("stress", "guarded-90", "--scenario", "own.toml").code == 0
    file.write_text(SCENARIO_EXAMPLE.replace("recovered", "recoverd"), encoding="utf-8")
    said = insure("stress", "guarded-90", "--scenario", "own.toml")
    assert said.code == 2
    assert "has the key 'recoverd'" in said.err
    assert insure("stress", "guarded-90", "--scenario", "none.toml").code == 2


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("guarded-90", "--crisis", "tulips"), "crisis is 'tulips'; it must be one of 1929, 1987-10"),
        (("guarded-90", "--gap", "deep"), "gap is 'deep'; it must be a number"),
        (("guarded-90", "--gap", "-100"), "gap is -100; it must be a move in percent"),
        (("guarded-90", "--strength", "-1"), "strength is -1.0"),
        (("guarded-90", "--from", "1987-10-13"), "needs exactly one --crisis"),
        (("guarded-90", "--crisis", "1987-10", "--from", "1987-10-18"), "it must be a session of crisis 1987-10"),
        (("guarded-90", "--model", "tulips"), "model is 'tulips'; it must be one of gbm"),
        (("guarded-90", "--model", "gbm", "--workers", "2", "--dask", "tcp://nowhere:1"), "give one of the two"),
        (("guarded-90", "--all-funds"), "needs one of a fund and --all-funds"),
        ((), "needs one of a fund and --all-funds"),
        (("nobody",), "has no fund 'nobody'"),
    ],
)
def test_bad_input_is_one_sentence(insure: Insure, standing: Path, arguments: tuple[str, ...], expected: str) -> None:
    said = insure("stress", *arguments)
    assert said.code == 2
    assert expected in said.err
    assert said.out == ""


def test_a_model_from_the_command_line(insure: Insure, standing: Path) -> None:
    asked = ("stress", "guarded-90", "--model", "gbm", "--paths", "2000", "--seed", "7")
    first, again = insure(*asked, "--json").json["model"], insure(*asked, "--json", "--workers", "1").json["model"]
    assert first == again, "the same seed gave other figures"
    assert isinstance(first, dict)
    assert (first["paths"], first["seed"], first["model"]) == (2000, 7, "gbm")
    causes = sum(cause["value"] for cause in first["attribution"].values())
    assert causes == pytest.approx(first["figures"]["slippage_mean"]["value"], abs=0.1)
    assert "probability of missing the guarantee" in insure(*asked).out
    assert "Where the numbers of gbm come from" in insure(*asked).out
    assert all(len(parameter["origin"]) > 20 for parameter in first["calibration"])


@pytest.mark.parametrize("name", ["merton", "kou", "heston", "bates", "bootstrap", "filtered", "regime"])
def test_a_model_that_two_closes_cannot_tell(insure: Insure, standing: Path, name: str) -> None:
    said = insure("stress", "guarded-90", "--model", name, "--json")
    assert said.code == 0
    assert said.json["model"] is None
    sentences = said.json["not_computed"]
    assert isinstance(sentences, list)
    assert any(sentence.startswith(f"not computed: model {name}: ") for sentence in sentences), sentences
