"""People's day through the real command line: proposals approved, rejected, expired; contracts and code; overrides."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
import time_machine

from insure.book import Book
from insure.book.alerts import AlertBook
from insure.book.verify import verify
from tests.conftest import Insure, Said
from tests.schedules.world import at, outcomes, write_fund

QUIET = "market_halt_falls = []\nbreaker_gap_budget = 0\nbreaker_slippage_sigmas = 0\n"
"""The breakers have tests of their own."""
PRICES = {"25": "1000", "27": "1001", "30": "1010"}


class Told:
    """A desk in a folder, its command line at instants that the test says, and its prices."""

    def __init__(self, insure: Insure, folder: Path, controls: str, people: str = '["Ada", "Ben", "Cleo"]') -> None:
        self.insure, self.folder = insure, folder
        folder.mkdir()
        (folder / "desk.toml").write_text(f'name = "Tested desk"\npeople = {people}\n', encoding="utf-8")
        self.path = write_fund(folder, start="2026-11-25", slot="close-60min", deadline=30)
        text = self.path.read_text(encoding="utf-8").replace('kind = "sample"', 'kind = "csv"\nfile = "prices.csv"')
        self.path.write_text(f"{text}\n[controls]\n{QUIET}{controls}\n", encoding="utf-8")
        self.tell(**PRICES)

    def tell(self, **closes: str) -> None:
        lines = [f"2026-11-{int(day.strip('d')):02},{close}" for day, close in closes.items()]
        (self.folder / "prices.csv").write_text("\n".join(["date,close", "2026-11-24,1000", *lines]) + "\n")

    def __call__(self, moment: str, *arguments: str) -> Said:
        with time_machine.travel(at(f"2026-11-{moment}"), tick=False):
            return self.insure(*arguments, "--desk", str(self.folder))

    def json(self, moment: str, *arguments: str) -> dict[str, object]:
        said = self(moment, *arguments, "--json")
        return said.json

    def waiting(self, moment: str) -> list[dict[str, object]]:
        found = self.json(moment, "status")["proposals"]
        assert isinstance(found, list)
        return found

    def change(self, before: str, after: str) -> None:
        text = self.path.read_text(encoding="utf-8")
        assert before in text
        self.path.write_text(text.replace(before, after), encoding="utf-8")

    @property
    def outcomes(self) -> dict[str, str]:
        with Book.open(self.folder / "insure.db") as book:
            return outcomes(book)

    @property
    def units(self) -> Decimal:
        with Book.open(self.folder / "insure.db") as book:
            return book.standing("tested").holdings.units

    def verified(self) -> None:
        with Book.open(self.folder / "insure.db") as book:
            found = verify(book).findings
        assert not found, [finding.sentence for finding in found]


def alerts(desk: Told) -> dict[str, str]:
    with Book.open(desk.folder / "insure.db") as book:
        return {one.alert.kind: one.alert.grade for one in AlertBook(book).open()}


def number(found: list[dict[str, object]]) -> str:
    assert len(found) == 1, f"one proposal should wait: {found}"
    return str(found[0]["id"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "desk"


def test_a_trade_that_needs_one_person_waits_and_is_carried_out_at_once(insure: Insure, folder: Path) -> None:
    desk = Told(insure, folder, 'approval = "approve"')
    contract = desk("25 15:00", "approve", "--contract", "tested", "--by", "ada")
    assert contract.code == 0, contract.out + contract.err
    assert "The first contract of tested" in contract.out
    held = desk("25 20:00", "run-once", "--json")
    assert held.code == 1, "a slot that waits for a person is no breach"
    assert alerts(desk) == {"waits for approval": "B"}
    [waits] = desk.waiting("25 20:01")
    assert (waits["state"], waits["wanted"], waits["slot"]) == ("waits", 1, "2026-11-25:close-60min")
    assert waits["expires"] == "2026-11-25T21:00:00+00:00"
    assert str(waits["cost_of_waiting"]).startswith("Each rise of 1 % in the index costs ")
    shown = desk("25 20:01", "status")
    assert "2026-11-25 21:00" in shown.out
    assert "Each rise of 1 %" in " ".join(shown.out.split())
    looked = desk("25 20:02", "approve", str(waits["id"]))
    assert looked.code == 0
    assert desk.units == 0, "looking at a proposal approves nothing"
    done = desk("25 20:05", "approve", str(waits["id"]), "--by", "  ADA ", "--reason", "as agreed", "--json")
    assert done.code == 0, done.out
    slot = done.json["slot"]
    assert isinstance(slot, dict)
    assert (slot["slot"], slot["outcome"]) == ("close-60min.approved", "OK")
    checks = {check["name"]: check for check in slot["checks"]}
    assert checks["approval"]["sentence"].endswith("Approved by Ada.")
    assert desk.units > 0
    made = desk.json("25 20:06", "report", "rebalance", "tested")
    told = json.loads(Path(str(made["figures"])).read_text(encoding="utf-8"))
    assert told["verdict"]["word"] == "OK, approved by Ada", "who let it pass stands in the verdict"
    assert f"Proposal {waits['id']} was approved by Ada." in [event["sentence"] for event in told["events"]]
    assert desk.waiting("25 20:06") == []
    assert alerts(desk) == {}
    again = desk("25 20:07", "approve", str(waits["id"]), "--by", "Ben")
    assert (again.code, "was approved by Ada" in again.err) == (2, True)
    desk.verified()


def test_an_approval_that_came_reads_as_routine_and_one_that_did_not_is_to_be_read(
    insure: Insure, folder: Path
) -> None:
    """A slot that is held for people and then carried out is neither held, nor failed, nor beside the timetable."""
    desk = Told(insure, folder, 'approval = "approve"')
    desk("25 15:00", "approve", "--contract", "tested", "--by", "Ada")
    desk("25 20:00", "run-once")
    desk("25 20:05", "approve", number(desk.waiting("25 20:01")), "--by", "Ada")
    day = _sections(desk, "25 22:00", "--date", "2026-11-25")
    assert (day["decisions"]["judgement"], day["checks"]["judgement"]) == ("kept", "kept")
    said = "Slots by outcome: 1 HELD, 1 OK. 1 of them was HELD for approval; it came, and the trade was carried out."
    assert day["decisions"]["sentence"] == said
    assert str(day["schedule"]["sentence"]).endswith(
        "0 ran beside the timetable, and 1 approved trade was carried out."
    )
    desk.tell(d25="1000", d27="900")
    desk("27 17:00", "run-once")
    assert len(desk.waiting("27 17:01")) == 1
    unanswered = _sections(desk, "27 22:00", "--date", "2026-11-27")
    assert (unanswered["decisions"]["judgement"], unanswered["checks"]["judgement"]) == ("alert", "alert")
    assert unanswered["controls"]["judgement"] == "alert"
    assert "1 proposal waited at the end or ran out." in str(unanswered["controls"]["sentence"])


def _sections(desk: Told, moment: str, *period: str) -> dict[str, dict[str, object]]:
    made = desk(moment, "report", "compliance", "tested", *period, "--json")
    assert made.code in {0, 3}, made.err
    figures = json.loads((desk.folder / str(made.json["figures"])).read_text("utf-8"))
    return {section["key"]: section for section in figures["sections"]}


def test_a_kill_says_which_trades_were_waiting_for_people(insure: Insure, folder: Path) -> None:
    desk = Told(insure, folder, 'approval = "approve"')
    desk("25 15:00", "approve", "--contract", "tested", "--by", "ada")
    desk("25 20:00", "run-once")
    trade = number(desk.waiting("25 20:01"))
    desk("25 20:02", "kill", "tested", "--reason", "a bug", "--by", "Ada")
    [path] = (folder / "out" / "tested").glob("event-*.json")
    done = json.loads(path.read_text(encoding="utf-8"))["done"]
    assert any(each.startswith(f"Proposal {trade} was waiting for people") for each in done), done
    refused = desk("25 20:03", "approve", trade, "--by", "Ben", "--json")
    slot = refused.json["slot"]
    assert slot is None or (isinstance(slot, dict) and slot["outcome"] != "OK"), "what is said of it is so"


def test_four_eyes_are_two_people_and_one_name_never_counts_twice(insure: Insure, folder: Path) -> None:
    desk = Told(insure, folder, 'approval = "four_eyes"')
    first = desk("25 15:00", "approve", "--contract", "tested", "--by", "Ada")
    assert "1 more is wanted" in first.out
    early = desk("25 15:01", "approve", "--contract", "tested", "--by", "ada ")
    assert early.code == 2
    assert "Ada has approved proposal 1 already; 1 more must be someone else." in early.err
    assert desk("25 15:02", "approve", "--contract", "tested", "--by", "Ben").code == 0
    desk("25 20:00", "run-once")
    trade = number(desk.waiting("25 20:01"))
    one = desk("25 20:02", "approve", trade, "--by", "Ben")
    assert one.code == 0
    assert desk.units == 0
    stranger = desk("25 20:02", "approve", trade, "--by", "Eve")
    assert (stranger.code, "desk.toml lists Ada, Ben, Cleo and nobody else" in stranger.err) == (2, True)
    two = desk("25 20:03", "approve", trade, "--by", "Cleo")
    assert two.code == 0, two.err
    assert "close-60min.approved: OK" in two.out
    assert desk.units > 0
    desk.verified()


@pytest.mark.parametrize("people", ["[]", '["Ada"]'])
def test_a_desk_of_one_person_is_told_so_and_goes_on(insure: Insure, folder: Path, people: str) -> None:
    desk = Told(insure, folder, 'approval = "four_eyes"', people)
    said = desk("25 15:00", "approve", "--contract", "tested", "--by", "Ada")
    assert "There is no second person at this desk; that stands in the record." in said.out
    desk("25 20:00", "run-once")
    trade = number(desk.waiting("25 20:01"))
    done = desk("25 20:02", "approve", trade, "--by", "Ada", "--json").json
    assert "no second person" in str(done["sentence"])
    slot = done["slot"]
    assert isinstance(slot, dict)
    assert any("Approved by Ada (no second person)." in check["sentence"] for check in slot["checks"])
    assert desk.units > 0
    desk.verified()


def test_a_desk_of_one_person_that_asks_for_the_block_gets_it(insure: Insure, folder: Path) -> None:
    desk = Told(insure, folder, 'approval = "four_eyes"\nsecond_person = "required"', '["Ada"]')
    desk("25 15:00", "approve", "--contract", "tested", "--by", "Ada")
    desk("25 20:00", "run-once")
    assert desk.outcomes == {"2026-11-25:close-60min": "HELD"}
    assert desk.units == 0


def test_a_rejected_trade_stays_undone_and_needs_a_reason(insure: Insure, folder: Path) -> None:
    desk = Told(insure, folder, "ask_change_weight = 0.01")
    assert desk("25 20:00", "run-once").code == 0, "a period that begins asks nobody"
    desk.tell(d25="1000", d27="900")
    assert desk("27 17:00", "run-once").code == 1
    trade = number(desk.waiting("27 17:01"))
    before = desk.units
    mute = desk("27 17:02", "reject", trade, "--by", "Ada", "--reason", " ")
    assert (mute.code, "reason is empty" in mute.err) == (2, True)
    no = desk("27 17:02", "reject", trade, "--by", "Ada", "--reason", "not today")
    assert no.code == 0
    assert desk.waiting("27 17:03") == []
    late = desk("27 17:03", "approve", trade, "--by", "Ben")
    assert (late.code, "was rejected by Ada" in late.err) == (2, True)
    assert desk.units == before
    assert desk("27 17:04", "run-once").code == 5, "nothing follows from a no"
    desk.verified()


def test_a_proposal_expires_and_people_are_called(insure: Insure, folder: Path) -> None:
    desk = Told(insure, folder, 'approval = "approve"\nproposal_minutes = 10')
    desk("25 15:00", "approve", "--contract", "tested", "--by", "Ada")
    desk("25 20:00", "run-once")
    trade = number(desk.waiting("25 20:10"))
    assert desk.waiting("25 20:10:01") == []
    late = desk("25 20:10:01", "approve", trade, "--by", "Ada")
    assert late.code == 2
    assert "expired at 2026-11-25 20:10:00 UTC; it is 2026-11-25 20:10:01. Nothing was changed." in late.err
    assert desk.units == 0


def test_a_trade_that_moved_beyond_what_was_approved_is_proposed_anew(insure: Insure, folder: Path) -> None:
    desk = Told(insure, folder, 'approval = "approve"')
    desk("25 15:00", "approve", "--contract", "tested", "--by", "Ada")
    desk("25 20:00", "run-once")
    first = number(desk.waiting("25 20:01"))
    desk.tell(d25="1080")
    done = desk("25 20:05", "approve", first, "--by", "Ada", "--json")
    assert done.code == 1, "approved, and held again"
    slot = done.json["slot"]
    assert isinstance(slot, dict)
    assert "The price has moved 800 bps since proposal" in slot["reason"]
    second = number(desk.waiting("25 20:06"))
    assert second != first
    assert desk("25 20:07", "approve", second, "--by", "Ben").code == 0
    assert list(desk.outcomes) == [
        "2026-11-25:close-60min", "2026-11-25:close-60min.approved", "2026-11-25:close-60min.approved-2",
    ]  # fmt: skip
    assert desk.units > 0
    desk.verified()


def test_a_new_slot_makes_an_old_proposal_void(insure: Insure, folder: Path) -> None:
    desk = Told(insure, folder, 'approval = "approve"\nproposal_minutes = 10000')
    desk.change('slot = "close-60min"', 'slot = "every 60min"')
    desk("25 14:00", "approve", "--contract", "tested", "--by", "Ada")
    desk("25 15:30", "run-once")
    old = number(desk.waiting("25 15:31"))
    desk("25 16:30", "run-once")
    new = number(desk.waiting("25 16:31"))
    late = desk("25 16:32", "approve", old, "--by", "Ada")
    assert (late.code, "has decided at 2026-11-25:open+120min since" in late.err) == (2, True), late.err
    assert desk("25 16:33", "approve", new, "--by", "Ada").code == 0
    assert desk.units > 0


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


def test_an_override_stands_for_one_slot_and_is_judged_in_money(insure: Insure, folder: Path) -> None:
    desk = Told(insure, folder, "ask_change_weight = 5.0\nask_buy_after_fall = 0")
    assert desk("25 20:00", "run-once").code == 0
    for arguments, words in (
        (("--weight", "0.4", "--by", "Eve", "--reason", "x"), "and nobody else"),
        (("--weight", "1.4", "--by", "Ada", "--reason", "x"), "allows 0 to 1"),
        (("--weight", "nan", "--by", "Ada", "--reason", "x"), "allows 0 to 1"),
        (("--weight", "0.4", "--by", "Ada"), "reason is empty"),
        (("--weight", "0.4", "--no-trade", "--by", "Ada", "--reason", "x"), "Say what instead of the rule"),
        (("--weight", "0.4", "--by", "Ada", "--reason", "x", "--slot", "2026-11-25"), "Not traded late"),
        (("--weight", "0.4", "--by", "Ada", "--reason", "x", "--slot", "2026-11-26"), "has no slot"),
    ):
        refused = desk("25 21:30", "override", "tested", *arguments)
        assert (refused.code, words in refused.err) == (2, True), (arguments, refused.err)
    given = desk(
        "25 21:31", "override", "tested", "--weight", "0.4", "--by", "ada", "--reason", "an election", "--json"
    )
    assert given.code == 0, given.err
    assert given.json["slot"] == "2026-11-27:close-60min"
    other = desk("25 21:32", "override", "tested", "--no-trade", "--by", "Ben", "--reason", "y", "--slot", "2026-11-30")
    assert (other.code, "stands for the slot 2026-11-27:close-60min" in other.err) == (2, True)
    assert desk("26 12:00", "flow", "tested", "--subscribe", "50000", "--session", "2026-11-27").code == 0
    done = desk("27 17:00", "run-once", "--json").json["slots"]
    assert isinstance(done, list)
    rungs = {rung["stage"]: rung for rung in done[0]["ladder"]}
    assert rungs["override"]["weight"] == 0.4
    assert "Ada overrides" in rungs["override"]["reason"]
    assert done[0]["slippage"]["causes"] is not None
    made = desk.json("27 17:05", "report", "rebalance", "tested")
    told = json.loads(Path(str(made["figures"])).read_text(encoding="utf-8"))
    story = " ".join(told["story"])
    assert rungs["override"]["reason"] in told["story"], "who overrode the rule, and why, belongs to the answer"
    assert "A subscription of 50,000.00 USD was dealt just before it" in story, story
    assert told["verdict"]["word"] == "OK, by override"
    [override] = [event for event in told["events"] if event["kind"] == "override"]
    assert override["sentence"].startswith("Ada, entry ")
    assert override["sentence"].endswith("an election")
    assert desk("30 20:00", "run-once").code == 0
    listed = desk("30 20:10", "override", "tested", "--list", "--json").json
    overrides = listed["overrides"]
    assert isinstance(overrides, list)
    [one] = overrides
    assert Decimal(one["earned"]) == Decimal(one["nav_with"]) - Decimal(one["nav_without"])
    assert Decimal(one["earned"]) < 0, "the index rose while the fund held less than its rule"
    assert "an election" in desk("30 20:12", "override", "tested", "--list").out
    assert _reported_cost(desk, "30 20:13") == pytest.approx(float(one["earned"]), abs=0.005)
    desk.verified()


def _reported_cost(desk: Told, moment: str) -> float:
    """What the month's compliance report says that its one override cost."""
    made = desk(moment, "report", "compliance", "tested", "--month", "2026-11", "--json")
    assert made.code == 0, made.err
    [page] = (desk.folder / "out" / "tested").glob("compliance-*.json")
    [section] = (each for each in json.loads(page.read_text("utf-8"))["sections"] if each["key"] == "controls")
    [table] = (each for each in section["tables"] if each["caption"] == "Overrides.")
    [row] = table["rows"]
    cost = row["cells"][-1]
    assert cost["label"] == "Earned (+) or lost (\u2212), to 2026-11-30"
    return float(cost["value"])


def test_an_override_of_no_trade_leaves_what_is_held(insure: Insure, folder: Path) -> None:
    desk = Told(insure, folder, "ask_change_weight = 5.0\nask_buy_after_fall = 0")
    desk("25 20:00", "run-once")
    before = desk.units
    desk.tell(d25="1000", d27="900")
    assert desk("25 21:00", "override", "tested", "--no-trade", "--by", "Ada", "--reason", "wait").code == 0
    assert desk("27 17:00", "run-once").code == 0
    assert desk.units == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("approve", "--by", "Ada"),
        ("approve", "7", "--contract", "tested", "--by", "Ada"),
        ("approve", "999", "--by", "Ada"),
        ("reject", "999", "--by", "Ada", "--reason", "no"),
        ("approve", "--contract", "nobody", "--by", "Ada"),
    ],
)
def test_what_cannot_be_answered_is_one_sentence(insure: Insure, folder: Path, arguments: tuple[str, ...]) -> None:
    desk = Told(insure, folder, "")
    said = desk("25 15:00", *arguments)
    assert said.code == 2
    assert said.err.count("\n") == 1
    assert said.err.startswith("insure: ")


def test_a_no_comes_before_the_trade_and_not_after_it(insure: Insure, folder: Path) -> None:
    desk = Told(insure, folder, 'approval = "approve"')
    desk("25 15:00", "approve", "--contract", "tested", "--by", "Ada")
    desk("25 20:00", "run-once")
    trade = number(desk.waiting("25 20:01"))
    assert desk("25 20:02", "approve", trade, "--by", "Ada").code == 0
    bought = desk.units
    late = desk("25 20:03", "reject", trade, "--by", "Ben", "--reason", "I say no")
    assert late.code == 2, "bought and rejected"
    assert f"Proposal {trade} was carried out at 2026-11-25:close-60min.approved. Nothing was changed." in late.err
    assert desk.units == bought
    shown = desk("25 20:04", "approve", trade)
    assert shown.out.startswith(f"Proposal {trade} was approved by Ada, and carried out at 2026-11-25:close-60min.appr")
    assert "waits for one person" not in shown.out
    assert desk.json("25 20:04", "approve", trade)["stands"]


def test_a_no_to_what_another_slot_has_overtaken_is_refused(insure: Insure, folder: Path) -> None:
    desk = Told(insure, folder, 'approval = "approve"\nproposal_minutes = 10000')
    desk.change('slot = "close-60min"', 'slot = "every 60min"')
    desk("25 14:00", "approve", "--contract", "tested", "--by", "Ada")
    desk("25 15:30", "run-once")
    old = number(desk.waiting("25 15:31"))
    desk("25 16:30", "run-once")
    late = desk("25 16:31", "reject", old, "--by", "Ada", "--reason", "no")
    assert (late.code, "has decided at 2026-11-25:open+120min since. Nothing was changed." in late.err) == (2, True)
    assert (
        f"Proposal {old} is void: tested has decided at 2026-11-25:open+120min" in desk("25 16:32", "approve", old).out
    )


def test_a_row_that_cannot_be_read_is_printed_and_stops_no_command(insure: Insure, folder: Path) -> None:
    desk = Told(insure, folder, "ask_change_weight = 0.01")
    assert desk("25 20:00", "run-once").code == 0
    with Book.open(folder / "insure.db") as book:
        content = {"subject": "trade", "wanted": "1", "expires": "soon", "sentence": "broken"}
        row = book.state("proposal", "tested", at("2026-11-25 20:10"), content).sequence
    shown = desk("25 20:11", "status")
    assert shown.code == 0, shown.err
    assert f"! tested: Row {row} of the chain is a proposal that never expires." in shown.out
    assert desk.json("25 20:11", "status")["doubts"] == {
        "tested": f"Row {row} of the chain is a proposal that never expires."
    }
    asked = desk("27 17:00", "rebalance", "tested")
    assert (asked.code, f"Row {row} of the chain" in asked.err) == (1, True), asked.err


def test_answers_are_listed_in_money_beside_overrides(insure: Insure, folder: Path) -> None:
    desk = Told(insure, folder, "ask_change_weight = 0.01\nask_buy_after_fall = 0")
    desk("25 20:00", "run-once")
    desk.tell(d25="1000", d27="930", d30="880")
    desk("27 17:00", "run-once")
    trade = number(desk.waiting("27 17:01"))
    no = desk("27 17:02", "reject", trade, "--by", "Ada", "--reason", "wait for the close")
    assert "Protection deficit: " in no.out, no.out
    desk("30 20:00", "run-once")
    listed = desk.json("30 21:30", "override", "tested", "--list")
    answers = listed["answers"]
    assert isinstance(answers, list)
    assert [(one["slot"], one["answer"]) for one in answers] == [
        ("2026-11-27:close-60min", "rejected by Ada"),
        ("2026-11-30:close-60min", "unanswered"),
    ]
    assert answers[0]["instead"].startswith("sell ")
    assert answers[0]["instead"].endswith(" at 930")
    assert Decimal(answers[0]["earned"]) < 0, "the index fell on while the sale was not made"
    assert Decimal(answers[0]["earned"]) == Decimal(answers[0]["nav_with"]) - Decimal(answers[0]["nav_without"])
    shown = " ".join(desk("30 21:30", "override", "tested", "--list").out.split())
    assert f"{Decimal(answers[0]['earned']):,.2f}" in shown
    assert "Answers, earned against the rule in USD" in shown
    desk.verified()


def test_a_path_that_cannot_pay_a_redemption_stops_no_report(insure: Insure, folder: Path) -> None:
    desk = Told(insure, folder, "ask_change_weight = 5.0\nask_buy_after_fall = 0\nlargest_deposit_weight = 1.0")
    desk.change('kind = "synthetic_put"', 'kind = "constant_mix"\nweight = 1.0')
    desk.change("[controls]", "[quality]\njump_sigmas = 100\n[controls]")
    desk("25 20:00", "run-once")
    desk("25 21:30", "override", "tested", "--weight", "0", "--by", "Ada", "--reason", "crash coming")
    desk("27 17:00", "run-once")
    desk("27 18:30", "override", "tested", "--no-trade", "--by", "Ada", "--reason", "crash coming")
    desk.tell(d25="1000", d27="1000", d30="400")
    with Book.open(folder / "insure.db") as book:
        assert book.standing("tested").holdings.units == 0
    ordered = desk("27 18:40", "flow", "tested", "--session", "2026-11-30", "--redeem", "900000")
    assert ordered.code == 0, ordered.err
    assert desk("30 20:00", "run-once").code == 0
    listed = desk("30 21:30", "override", "tested", "--list", "--json")
    assert listed.code == 0, listed.err
    overrides = listed.json["overrides"]
    assert isinstance(overrides, list)
    first = overrides[0]
    assert "takes more than the path holds" in first["failed"]
    assert first["earned"] is None
    assert "not computed: The redemption" in " ".join(desk("30 21:30", "override", "tested", "--list").out.split())
    assert desk("30 21:30", "status", "--json").code == 0
    assert desk("30 21:30", "report", "compliance", "tested", "--month", "2026-11").code == 0


# Overrides: one at a time, never far ahead, taken back, and with as many voices as the contract wants.


def _ready(insure: Insure, folder: Path, controls: str) -> Told:
    """A fund of a contract that asks people, its first purchase approved and made."""
    desk = Told(insure, folder, f"{controls}\nask_buy_after_fall = 0")
    for by in ("Ada", "Ben"):
        desk("25 15:00", "approve", "--contract", "tested", "--by", by)
    desk("25 20:00", "run-once")
    if waits := desk.waiting("25 20:01"):
        for by in ("Ada", "Ben"):
            desk("25 20:02", "approve", str(waits[0]["id"]), "--by", by)
    assert desk.units > 0
    return desk


def test_one_person_of_four_eyes_cannot_keep_the_rule_from_selling(insure: Insure, folder: Path) -> None:
    desk = _ready(insure, folder, 'approval = "four_eyes"')
    desk.tell(d25="1000", d27="930")
    given = desk("25 21:30", "override", "tested", "--no-trade", "--by", "Ada", "--reason", "I know better", "--json")
    assert given.code == 0, given.err
    assert given.json["subject"] == "override"
    assert alerts(desk)["override"] == "B"
    [waits] = desk.waiting("25 21:31")
    assert (waits["subject"], waits["by"], waits["wanted"]) == ("override", ["Ada"], 2)
    twice = desk("25 21:32", "approve", str(waits["id"]), "--by", "ada")
    assert (twice.code, "must be someone else" in twice.err) == (2, True), twice.err
    desk("27 17:00", "run-once")
    with Book.open(folder / "insure.db") as book:
        decision = book.record("tested").decision
        lapsed = book.statements(("lapse",), "tested")
    assert decision.circumstances is not None
    assert decision.circumstances.override is None
    assert decision.withheld is not None, "the rule wants its sale, and asks for it"
    assert decision.withheld.units < 0
    assert [one.content["subject"] for one in lapsed] == ["override"]
    [trade] = desk.waiting("27 17:01")
    assert trade["subject"] == "trade"
    desk.verified()


def test_a_second_voice_before_the_slot_puts_the_override_in_force(insure: Insure, folder: Path) -> None:
    desk = _ready(insure, folder, 'approval = "four_eyes"')
    desk.tell(d25="1000", d27="930")
    before = desk.units
    desk("25 21:30", "override", "tested", "--no-trade", "--by", "Ada", "--reason", "a rumour")
    waits = number(desk.waiting("25 21:31"))
    said = desk("25 21:32", "approve", waits, "--by", "Ben", "--reason", "agreed", "--json")
    assert said.code == 0, said.err
    assert desk.waiting("25 21:33") == []
    standing = desk.json("25 21:33", "status")["overrides"]
    assert isinstance(standing, dict)
    assert standing["tested"]["state"] == "in force"
    assert "approved by Ada and Ben: a rumour" in standing["tested"]["sentence"]
    assert desk("27 17:00", "run-once").code == 0, "nothing is sent, nobody is asked again"
    assert desk.units == before
    assert "override" not in alerts(desk), "its slot is over"
    found = desk.json("27 18:30", "override", "tested", "--list")["overrides"]
    assert isinstance(found, list)
    [one] = found
    assert (one["by"], one["instead"]) == ("Ada", "no trade")
    desk.verified()


def test_under_one_voice_the_giver_is_enough_and_it_stands_in_the_record(insure: Insure, folder: Path) -> None:
    desk = _ready(insure, folder, 'approval = "approve"')
    given = desk("25 21:30", "override", "tested", "--weight", "0.2", "--by", "Ada", "--reason", "an election")
    assert given.code == 0, given.err
    with Book.open(folder / "insure.db") as book:
        kinds = [one.kind for one in book.statements(("proposal", "approval", "override"), "tested")][-3:]
    assert kinds == ["proposal", "approval", "override"]
    assert desk.waiting("25 21:31") == []
    desk("27 17:00", "run-once")
    [trade] = desk.waiting("27 17:01")
    assert str(trade["sentence"]).startswith("2026-11-27:close-60min: sell "), "the trade is asked about as any other"


def test_an_override_that_wants_others_comes_before_its_slot(insure: Insure, folder: Path) -> None:
    desk = _ready(insure, folder, 'approval = "four_eyes"')
    late = desk("27 17:01", "override", "tested", "--no-trade", "--by", "Ada", "--reason", "wait")
    assert (late.code, "2 people must approve an override of tested before its slot" in late.err) == (2, True), late.err


def test_an_override_is_taken_back_and_the_rule_decides(insure: Insure, folder: Path) -> None:
    desk = _ready(insure, folder, "ask_change_weight = 5.0")
    before = desk.units
    desk.tell(d25="1000", d27="930")
    nothing = desk("25 21:29", "override", "tested", "--withdraw", "--by", "Ada", "--reason", "x")
    assert (nothing.code, "No override of tested stands" in nothing.err) == (2, True)
    desk("25 21:30", "override", "tested", "--no-trade", "--by", "Ada", "--reason", "a rumour")
    pending = desk("25 21:31", "override", "tested", "--list")
    assert "Pending: its slot is still to come." in pending.out, pending.out
    assert "No slot was decided under it." not in pending.out
    for arguments in (("--weight", "0.5"), ("--no-trade",), ("--slot", "2026-11-27")):
        both = desk("25 21:31", "override", "tested", "--withdraw", "--by", "Ben", "--reason", "x", *arguments)
        assert (both.code, "--withdraw goes with --by and --reason alone" in both.err) == (2, True)
    back = desk("25 21:32", "override", "tested", "--withdraw", "--by", "Ben", "--reason", "no rumour", "--json")
    assert back.code == 0, back.err
    assert "Ben takes override" in str(back.json["sentence"])
    assert "override" not in alerts(desk)
    assert desk.json("25 21:33", "status")["overrides"] == {}
    assert desk("27 17:00", "run-once").code == 0
    assert desk.units < before, "the rule sells"
    listed = desk.json("27 18:30", "override", "tested", "--list")
    assert (listed["overrides"], listed["pending"]) == ([], None)
    assert isinstance(listed["not_used"], list)
    assert [one["state"] for one in listed["not_used"]] == ["withdrawn"]
    desk.verified()


def test_a_proposed_override_is_taken_back_as_well(insure: Insure, folder: Path) -> None:
    desk = _ready(insure, folder, 'approval = "four_eyes"')
    desk("25 21:30", "override", "tested", "--no-trade", "--by", "Ada", "--reason", "a rumour")
    other = desk("25 21:31", "override", "tested", "--weight", "0.2", "--by", "Ben", "--reason", "y")
    assert (other.code, "waits for the slot 2026-11-27:close-60min" in other.err) == (2, True), other.err
    assert desk("25 21:32", "override", "tested", "--withdraw", "--by", "Ada", "--reason", "no rumour").code == 0
    assert desk.waiting("25 21:33") == []
    assert desk("25 21:34", "override", "tested", "--weight", "0.2", "--by", "Ben", "--reason", "y").code == 0


def test_an_override_is_given_at_most_ten_sessions_ahead(insure: Insure, folder: Path) -> None:
    desk = _ready(insure, folder, "ask_change_weight = 5.0")
    for day in ("2059-01-06", "2026-12-14"):
        far = desk("25 21:30", "override", "tested", "--no-trade", "--slot", day, "--by", "Ada", "--reason", "x")
        assert (far.code, "at most 10 sessions ahead" in far.err) == (2, True), (day, far.err)
    near = desk("25 21:31", "override", "tested", "--no-trade", "--slot", "2026-12-09", "--by", "Ada", "--reason", "x")
    assert near.code == 0, near.err


def test_an_override_whose_slot_was_passed_over_locks_no_desk(insure: Insure, folder: Path) -> None:
    desk = Told(insure, folder, "ask_change_weight = 5.0\nask_buy_after_fall = 0")
    desk.change('stage = "paper"', 'stage = "replay"')
    assert desk("30 15:00", "rebalance", "tested").code == 0
    given = desk(
        "30 15:01", "override", "tested", "--weight", "0.4", "--by", "Ada", "--reason", "x", "--slot", "2026-11-27"
    )
    assert given.code == 0, given.err
    assert desk("30 15:02", "rebalance", "tested", "--slot", "2026-11-30").code == 0
    desk.tell(d25="1000", d27="1001", d30="1010")
    again = desk("30 15:03", "override", "tested", "--weight", "0.3", "--by", "Ada", "--reason", "y")
    assert again.code == 0, again.err
    assert desk.json("30 15:04", "override", "tested", "--list")["pending"] is not None


def test_an_override_that_cannot_be_read_holds_its_fund(insure: Insure, folder: Path) -> None:
    desk = _ready(insure, folder, 'approval = "four_eyes"')
    desk("25 21:30", "override", "tested", "--no-trade", "--by", "Ada", "--reason", "a rumour")
    with Book.open(folder / "insure.db") as book:
        [good] = [one for one in book.statements(("proposal",), "tested") if one.content["subject"] == "override"]
        book.state("proposal", "tested", at("2026-11-25 21:31"), {**good.content, "weight": "half"})
    desk("27 17:00", "run-once")
    assert desk.outcomes["2026-11-27:close-60min"] == "HELD"
    assert alerts(desk)["row unreadable"] == "A"


# Contracts: what a change would have come to, and that it is told.


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
    desk.tell(d25="1000", d27="960", d30="1010")
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
