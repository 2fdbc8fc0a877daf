"""Contracts and code that change, through the real command line: shown, rehearsed, agreed to, in force, told."""

from pathlib import Path

import pytest

from insure.book import Book
from insure.book.alerts import AlertBook
from tests.conftest import Insure
from tests.controls.told import Told, alerts, number


def test_a_changed_contract_waits_shows_what_it_changes_and_then_is_in_force(insure: Insure, folder: Path) -> None:
    desk = Told(insure, folder, 'approval = "approve"\nask_buy_after_fall = 0')
    desk("25 15:00", "approve", "--contract", "tested", "--by", "Ada")
    desk("25 20:00", "run-once")
    desk("25 20:01", "approve", number(desk.waiting("25 20:01")), "--by", "Ada")
    bought = desk.units
    desk.change('approval = "approve"', 'approval = "auto"')
    desk("25 20:30", "run-once")
    assert alerts(desk) == {"contract waits for approval": "B"}
    waits = number(desk.waiting("25 20:31"))
    held = desk("27 17:00", "run-once")
    assert held.code == 1, "the old mode still asks: the file alone changes nothing"
    assert desk.units == bought
    assert {one["subject"] for one in desk.waiting("27 17:01")} == {"contract", "trade"}
    shown = desk("27 17:02", "approve", waits, "--by", "Ben", "--json").json
    [change] = [one for one in list(shown["changes"]) if one["key"] == "approval"]  # type: ignore[call-overload]
    assert (change["section"], change["old"], change["new"]) == ("controls", "approve", "auto")
    replay = shown["replay"]
    assert isinstance(replay, dict)
    assert [step["session"] for step in replay["new"]["steps"]] == ["2026-11-25", "2026-11-25", "2026-11-27"]
    assert set(replay["old"]["steps"][0]) >= {"nav", "weight", "traded", "slippage", "outcome"}
    assert "contract waits for approval" not in alerts(desk)
    trade = [one for one in desk.waiting("27 17:03") if one["subject"] == "trade"]
    assert trade == [], "a proposal under the old contract is void"
    assert desk("30 20:00", "run-once").code == 0, "auto is in force now"
    assert desk.outcomes["2026-11-30:close-60min"] == "OK"
    desk.verified()


def test_an_approval_binds_to_the_file_that_was_shown(insure: Insure, folder: Path) -> None:
    desk = Told(insure, folder, 'approval = "approve"')
    desk("25 15:00", "run-once")
    waits = number(desk.waiting("25 15:01"))
    desk.change("floor_fraction = 0.9", "floor_fraction = 0.5")
    void = desk("25 15:02", "approve", waits, "--by", "Ada")
    assert (void.code, "the proposal is void. Nothing was approved." in void.err) == (2, True), void.err
    desk("25 20:00", "run-once")
    assert desk.outcomes == {"2026-11-25:close-60min": "HELD"}
    assert "waits for one person: approve it with `insure approve --contract tested --by NAME`" in str(
        desk.json("25 20:01", "status")["funds"]
    )


@pytest.mark.parametrize("change", ['stage = "replay"', 'stage = "shadow"'])
def test_another_stage_goes_round_nobody(insure: Insure, folder: Path, change: str) -> None:
    desk = Told(insure, folder, 'approval = "approve"')
    desk("25 15:00", "approve", "--contract", "tested", "--by", "Ada")
    desk("25 20:00", "run-once")
    desk.change('stage = "paper"', change)
    held = desk("27 17:00", "rebalance", "tested", "--json")
    assert held.code == 1, held.out
    assert held.json["session"] == "2026-11-27", "the contract in force decides, at its own slot"
    assert desk.units == 0
    assert {one["subject"] for one in desk.waiting("27 17:01")} == {"contract", "trade"}


def test_a_fund_bound_to_its_code_is_held_under_other_code(
    insure: Insure, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Told(insure, folder, "")
    said = desk("25 15:00", "approve", "--code", "tested", "--by", "Ada")
    assert said.code == 0, said.err
    assert desk("25 20:00", "run-once").code == 0
    twice = desk("25 20:10", "approve", "--code", "tested", "--by", "Ben")
    assert (twice.code, "already" in twice.err) == (2, True)
    monkeypatch.setattr("schedules.desk.code_sha256", lambda: "f" * 64)
    held = desk("27 17:00", "run-once", "--json")
    assert held.code == 3, "a gate that refuses is no question"
    assert "The code in use (ffffffffffff) is not the approved one" in held.out
    assert desk("27 17:05", "approve", "--code", "tested", "--by", "Ben").code == 0
    assert desk("30 20:00", "run-once").code in {0, 3}, "the breaker of the mismatch has tests of its own"
    desk.verified()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("vol = 0.2", "vol = 0.5"),
        ("[volatility]", "[twin]\nvol_spread = 0.05\n[volatility]"),
        ("rate_per_year = 0.02", "rate_per_year = 0.08"),
    ],
)
def test_a_replay_sees_the_market_by_the_new_contracts_own_terms(
    insure: Insure, folder: Path, before: str, after: str
) -> None:
    desk = Told(insure, folder, "ask_change_weight = 5.0\nask_buy_after_fall = 0")
    if before.startswith("rate"):
        desk.change('file = "prices.csv"', 'file = "prices.csv"\nrate_per_year = 0.02')
    desk.tell(d25="1000", d27="960", d30="1000")
    for moment in ("25 20:00", "27 17:00", "30 20:00"):
        assert desk(moment, "run-once").code in {0, 3}
    desk.change(before, after)
    shown = desk.json("30 21:30", "fund", "diff", "tested")
    replay = shown["replay"]
    assert isinstance(replay, dict)
    assert replay["new"]["failed"] == "", replay["new"]["failed"]
    old, new = ([(step["weight"], step["slippage"]) for step in replay[name]["steps"]] for name in ("old", "new"))
    assert len(old) == len(new) == 3
    assert old != new, f"{before} to {after} shows two equal columns"
    assert "The last sessions under both" in desk("30 21:30", "fund", "diff", "tested").out


def test_a_replay_that_the_feed_does_not_reach_is_not_computed(insure: Insure, folder: Path) -> None:
    desk = Told(insure, folder, "ask_change_weight = 5.0\nask_buy_after_fall = 0")
    desk("25 20:00", "run-once")
    desk.change('kind = "fixed"\nvol = 0.2', 'kind = "realised"\nwindow = 250')
    replay = desk.json("25 21:30", "fund", "diff", "tested")["replay"]
    assert isinstance(replay, dict)
    assert replay["new"]["failed"]
    assert (replay["new"]["nav"], replay["new"]["turnover"], replay["new"]["trades"]) == (None, None, None)
    assert "new: not computed: " in desk("25 21:30", "fund", "diff", "tested").out


def test_a_contract_that_comes_into_force_by_itself_is_told_with_its_keys(insure: Insure, folder: Path) -> None:
    desk = Told(insure, folder, "ask_change_weight = 5.0\nask_buy_after_fall = 0")
    desk("25 20:00", "run-once")
    assert "contract changed" not in alerts(desk), "the first contract changes nothing"
    desk.change("floor_fraction = 0.9", "floor_fraction = 0.5")
    desk("27 17:00", "run-once")
    assert alerts(desk)["contract changed"] == "C"
    with Book.open(folder / "insure.db") as book:
        [told] = [one.alert for one in AlertBook(book).open() if one.alert.kind == "contract changed"]
    assert "protection.floor_fraction goes from 0.9 to 0.5." in told.sentence
    desk("30 20:00", "run-once")
    assert "contract changed" not in alerts(desk), "told once"
