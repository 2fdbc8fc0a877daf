"""A manager's day through the real command line: init, check, rebalance, status; good files and bad ones."""

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Insure

OWN_PRICES = """\
kind = "csv"
file = "prices.csv"
rate_per_year = 0.03
"""


@pytest.fixture
def desk(insure: Insure, tmp_path: Path) -> Path:
    """A desk whose fund reads `prices.csv` and hedges at a fixed volatility."""
    assert insure("init").code == 0
    path = tmp_path / "funds" / "guarded-90.toml"
    text = path.read_text(encoding="utf-8")
    text = text.replace('kind = "sample"', OWN_PRICES).replace("start = 2007-01-03", "start = 2024-01-02")
    text = text.replace('kind = "ewma"', 'kind = "fixed"\nvol = 0.2').replace("decay = 0.94", "")
    path.write_text(text, encoding="utf-8")
    return tmp_path


def test_a_new_desk_decides_its_first_slots_on_the_sample_history(insure: Insure, tmp_path: Path) -> None:
    made = insure("init", "--json")
    assert made.code == 0
    assert (tmp_path / "funds" / "guarded-90.toml").is_file()
    checked = insure("fund", "check", "guarded-90", "--json")
    assert checked.code == 0
    contract = checked.json["contract"]
    assert isinstance(contract, list)
    assert contract[0].startswith("On 2008-01-03 the fund is worth at least 90.0% of its value on 2007-01-03, unless")
    cost = checked.json["cost"]
    assert isinstance(cost, dict)
    assert set(cost) >= {"strike", "participation", "premium", "equity_weight", "gap_budget"}
    first = insure("rebalance", "guarded-90", "--json")
    assert (first.code, first.json["session"], first.json["outcome"]) == (0, "2007-01-03", "OK")
    second = insure("rebalance", "guarded-90", "--json")
    assert (second.code, second.json["session"]) == (0, "2007-01-04")
    again = insure("rebalance", "guarded-90", "--slot", "2007-01-04", "--json")
    assert again.code == 5
    assert "already ran" in str(again.json["error"])
    standing = insure("status", "--json")
    funds = standing.json["funds"]
    assert isinstance(funds, list)
    assert funds[0]["session"] == "2007-01-04"
    assert funds[0]["next_slot"] == "2007-01-05:close"
    assert stat.S_IMODE((tmp_path / "insure.db").stat().st_mode) == 0o600


def test_own_prices_are_decided_and_read_back(insure: Insure, desk: Path, prices: Callable[..., Path]) -> None:
    prices("2024-01-02,100", "2024-01-03,98.5", "2024-01-04,60")
    first = insure("rebalance", "guarded-90", "--json").json
    ladder = first["ladder"]
    assert isinstance(ladder, list)
    assert [rung["stage"] for rung in ladder] == ["model", "limits", "band", "throttle", "lots", "executed"]
    assert all(rung["reason"] for rung in ladder)
    holdings = first["holdings"]
    assert isinstance(holdings, dict)
    assert float(holdings["units"]) * 100 + float(holdings["cash"]) == pytest.approx(1e8, rel=1e-3)
    assert insure("rebalance", "guarded-90").code == 0
    crash = insure("rebalance", "guarded-90", "--json")
    assert crash.code == 3, "a breached floor must be the exit code 3"
    events = crash.json["events"]
    assert isinstance(events, list)
    assert "floor breached" in [event["kind"] for event in events]
    assert insure("status").code == 3


def test_a_dry_run_keeps_nothing(insure: Insure, desk: Path, prices: Callable[..., Path]) -> None:
    prices("2024-01-02,100")
    dry = insure("rebalance", "guarded-90", "--dry-run", "--json")
    assert (dry.code, dry.json["outcome"], dry.json["dry_run"]) == (0, "OK", True)
    funds = insure("status", "--json").json["funds"]
    assert isinstance(funds, list)
    assert funds[0]["session"] is None
    real = insure("rebalance", "guarded-90", "--json").json
    assert real["ladder"] == dry.json["ladder"], "the dry run decided something else than the run"


@pytest.mark.parametrize(
    ("lines", "header", "expected"),
    [
        (["2024-01-02,abc"], "date,close", "prices.csv line 2: close is 'abc'; expected a price above zero"),
        (["2024-01-02,-5"], "date,close", "prices.csv line 2: close is '-5'; expected a price above zero"),
        (["2024-01-02,0"], "date,close", "expected a price above zero"),
        (["2024-01-02,nan"], "date,close", "prices.csv line 2: close is 'nan'"),
        (["2024-01-02,inf"], "date,close", "prices.csv line 2: close is 'inf'"),
        (["2024-01-02,"], "date,close", "prices.csv line 2: close is missing"),
        (["2023-12-28,100"], "date,close", "the newest price is of 2023-12-28, 2 sessions before the slot"),
        (["02/01/2024,100"], "date,close", "prices.csv line 2: date is '02/01/2024'; expected year-month-day"),
        (["2024-01-02,100", "2024-01-02,101"], "date,close", "line 3: 2024-01-02 does not come after"),
        (["2024-01-02,100,3"], "date,close,rate", "line 2: rate is '3'; expected a number between -1 and 1"),
        (["2024-01-02,100"], "date,price", "line 1: there is no column 'close'"),
        ([], "date,close", "no price at or before 2024-01-02; it has no rows"),
        (["2024-01-02,100,99,101"], "date,close,ask,bid", "crossed: bid 101"),
    ],
)
def test_a_bad_price_is_held_with_file_line_and_what_was_expected(
    insure: Insure, desk: Path, prices: Callable[..., Path], lines: list[str], header: str, expected: str
) -> None:
    prices(*lines, header=header)
    held = insure("rebalance", "guarded-90", "--json")
    assert held.code == 4
    answer = held.json
    assert answer["outcome"] == "HELD", answer
    assert expected in str(answer["reason"])
    funds = insure("status", "--json").json["funds"]
    assert isinstance(funds, list)
    assert funds[0]["nav"] is None, "something was booked on a price that could not be read"
    assert expected in funds[0]["waits"]


def test_a_missing_price_file_is_held(insure: Insure, desk: Path) -> None:
    held = insure("rebalance", "guarded-90", "--json")
    assert (held.code, held.json["outcome"]) == (4, "HELD")
    assert "prices.csv: the price file cannot be read" in str(held.json["reason"])


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("floor_fraction = 0.90", "floor_fraction = 9", "protection.floor_fraction is 9: Input should be less than"),
        ("floor_fraction = 0.90", "floor_fracton = 0.9", "protection.floor_fracton is not a key of a fund file"),
        ("floor_fraction = 0.90", "floor_fraction = nan", "protection.floor_fraction is nan"),
        ('id = "guarded-90"', 'id = "other"', "it must be the file's name, 'guarded-90'"),
        ('slot = "close"', 'slot = "teatime"', "teatime"),
        ('calendar = "XNYS"', 'calendar = "XNYC"', "XNYC"),
        ("initial_money = 100_000_000", "initial_money = 0.001", "initial_money"),
        ('currency = "USD"', 'currency = "dollars"', "currency"),
        ('tracking = "weight"', 'tracking = "wait"', "tracking is 'wait'"),
        ("[band]", "[band", "is not TOML"),
    ],
)
def test_a_wrong_fund_file_is_one_sentence_and_exit_code_2(
    insure: Insure, desk: Path, before: str, after: str, expected: str
) -> None:
    path = desk / "funds" / "guarded-90.toml"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
    refused = insure("rebalance", "guarded-90", "--json")
    assert refused.code == 2
    assert expected in str(refused.json["error"])


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["rebalance", "nobody"], 2, "has no fund 'nobody'; it has guarded-90"),
        (["rebalance", "guarded-90", "--slot", "2024-01-01"], 2, "has no slot on 2024-01-01"),
        (["rebalance", "guarded-90", "--slot", "soon"], 2, "it must be a session, like 2008-10-15"),
        (["rebalance", "guarded-90", "--slot", "2024-01-02T21:00:00"], 2, "an instant needs its zone"),
        (["rebalance", "guarded-90", "--slot", "2023-12-29"], 2, "lies before the protection"),
        (["report", "rebalance", "guarded-90"], 1, "holds no decision of guarded-90"),
        (["init"], 2, "is a desk already; nothing was changed"),
    ],
)
def test_a_wrong_question_is_one_sentence(
    insure: Insure, desk: Path, arguments: list[str], code: int, expected: str
) -> None:
    refused = insure(*arguments, "--json")
    assert refused.code == code, refused
    assert expected in str(refused.json["error"])
    spoken = insure(*arguments)
    assert spoken.code == code
    assert expected in spoken.err.replace("\n", " ")
    assert spoken.out == ""


def test_a_folder_that_is_no_desk_says_how_to_make_one(insure: Insure) -> None:
    refused = insure("status")
    assert refused.code == 2
    assert "Make one with `insure init" in refused.err


def test_solve_and_price_answer_as_the_library_does(insure: Insure) -> None:
    solved = insure(
        "solve", "--value", "100", "--floor", "95", "--years", "1", "--rate", "0.05", "--vol", "0.2", "--json"
    )
    assert solved.code == 0
    assert solved.json["participation"] == pytest.approx(0.94533616649854, rel=1e-12)
    textbook = insure(
        "solve", "--value", "90", "--floor", "87", "--years", "0.5", "--rate", "0.09", "--vol", "0.25",
        "--dividend-yield", "0.03", "--financing", "external", "--json",
    ).json  # fmt: skip
    assert 1.0 - float(str(textbook["equity_weight"])) == pytest.approx(0.3215, abs=5e-5)
    put = ["price", "put", "--spot", "100", "--strike", "95", "--years", "1", "--rate", "0.05", "--vol", "0.2"]
    assert insure(*put, "--json").json["price"] == pytest.approx(3.7132602734474274, rel=1e-12)
    assert "European put" in insure(*put).out
    kink = insure(
        "price", "put", "--spot", "100", "--strike", "100", "--years", "0", "--rate", "0", "--vol", "0.2", "--json"
    )
    assert (kink.code, kink.json["price"], kink.json["gamma"]) == (0, 0.0, None)
    unaffordable = insure("solve", "--value", "100", "--floor", "120", "--years", "1", "--rate", "0.05", "--vol", "0.2")
    assert unaffordable.code == 1
    assert "nothing is left to insure" in unaffordable.err
    wrong = insure("price", "put", "--spot", "nan", "--strike", "95", "--years", "1", "--rate", "0.05", "--vol", "0.2")
    assert wrong.code == 2
    assert "spot is nan" in wrong.err
    assert insure("price", "put", "--spot", "100").code == 2


def test_the_contract_is_shown_whole_with_its_hash(insure: Insure, desk: Path) -> None:
    shown = insure("fund", "show", "guarded-90", "--json").json
    contract = shown["contract"]
    assert isinstance(contract, dict)
    assert contract["protection"]["floor_fraction"] == 0.9
    assert contract["limits"]["no_cushion"] == "cash"
    assert len(str(shown["config_sha256"])) == 64
    assert "protection.floor_fraction" in insure("fund", "show", "guarded-90").out


def test_a_backtest_lives_the_fund_from_an_earlier_day_and_leaves_the_book_alone(
    insure: Insure, tmp_path: Path
) -> None:
    assert insure("init").code == 0
    done = insure("backtest", "guarded-90", "--from", "2008-09-01", "--to", "2008-10-15", "--json")
    assert done.code == 0
    figures = json.loads((tmp_path / str(done.json["figures"])).read_text(encoding="utf-8"))
    head = figures["head"]
    assert (head["title"], head["watermark"], head["anchor"]) == ("Backtest", "HYPOTHETICAL", None)
    page = (tmp_path / str(done.json["page"])).read_text(encoding="utf-8")
    assert "Audit chain" not in page, "a backtest prints the entry of a chain that was thrown away"
    funds = insure("status", "--json").json["funds"]
    assert isinstance(funds, list)
    assert funds[0]["session"] is None, "the backtest wrote into the desk's book"
    empty = insure("backtest", "guarded-90", "--from", "2008-09-06", "--to", "2008-09-07", "--json")
    assert empty.code == 2
    assert "no session of XNYS" in str(empty.json["error"])
    beyond = insure("backtest", "guarded-90", "--from", "1990-01-02", "--to", "1990-01-05", "--json")
    assert beyond.code == 4


def test_all_funds_are_decided_in_one_call(insure: Insure, desk: Path, prices: Callable[..., Path]) -> None:
    prices("2024-01-02,100", "2024-01-03,98.5")
    first = desk / "funds" / "guarded-90.toml"
    for number in range(3):
        text = first.read_text(encoding="utf-8").replace('"guarded-90"', f'"fund-{number}"')
        (desk / "funds" / f"fund-{number}.toml").write_text(text, encoding="utf-8")
    (desk / "funds" / "broken.toml").write_text("id = 3", encoding="utf-8")
    done = insure("rebalance", "--all", "--json")
    assert done.code == 2, "a fund file that cannot be read must not pass unseen"
    ticks, refused = done.json["funds"], done.json["refused"]
    assert isinstance(ticks, list)
    assert isinstance(refused, list)
    assert sorted((tick["fund"], tick["outcome"]) for tick in ticks) == [
        ("fund-0", "OK"), ("fund-1", "OK"), ("fund-2", "OK"), ("guarded-90", "OK"),
    ]  # fmt: skip
    assert [each["fund"] for each in refused] == ["broken"]
    (desk / "funds" / "broken.toml").unlink()
    assert insure("rebalance", "--all", "--slot", "2024-01-03").code == 0
    again = insure("rebalance", "--all", "--slot", "2024-01-03", "--json")
    assert again.code == 5, "a slot that has run is nothing to do"
    assert insure("rebalance", "--json").code == 2
    assert insure("rebalance", "guarded-90", "--all", "--json").code == 2


@pytest.mark.parametrize("strategy", ["cppi", "static_put", "hybrid", "delta_neutral"])
def test_every_example_begins_on_the_sample_history(insure: Insure, tmp_path: Path, strategy: str) -> None:
    assert insure("init", "--strategy", strategy, "--name", 'Desk "7" \\ north').code == 0
    (file,) = (tmp_path / "funds").glob("*.toml")
    assert insure("fund", "check", file.stem).code == 0
    first = insure("rebalance", file.stem, "--json")
    assert (first.code, first.json["outcome"]) == (0, "OK"), first.json
    assert insure("verify").code == 0
    unknown = insure("init", "elsewhere", "--strategy", "magic", "--json")
    assert unknown.code == 2
    assert "one of synthetic_put, cppi" in str(unknown.json["error"])


def test_json_is_one_object_and_nothing_else(insure: Insure, desk: Path, prices: Callable[..., Path]) -> None:
    prices("2024-01-02,100")
    for arguments in (["status"], ["fund", "check", "guarded-90"], ["rebalance", "guarded-90"]):
        said = insure(*arguments, "--json")
        assert said.out.count("\n") == 1
        json.loads(said.out)
