"""People's day through the real command line: trades proposed, approved, rejected, expired, overtaken."""

import json
from pathlib import Path

import pytest

from insure.book import Book
from tests.conftest import Insure
from tests.controls.told import Told, alerts, number
from tests.schedules.world import at


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
