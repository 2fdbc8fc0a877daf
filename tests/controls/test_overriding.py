"""A person's word against the rule through the real command line: given, agreed to, taken back, told in money."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from insure.book import Book
from tests.conftest import Insure
from tests.controls.told import Told, alerts, number
from tests.schedules.world import at


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
    [table] = (each for each in section["tables"] if each["caption"] == "Overrides, and those taken back.")
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


def test_a_list_of_nothing_is_one_sentence(insure: Insure, folder: Path) -> None:
    desk = Told(insure, folder, "ask_change_weight = 5.0\nask_buy_after_fall = 0")
    assert desk("25 20:00", "run-once").code == 0
    listed = desk("25 21:30", "override", "tested", "--list").out
    assert listed == "Nobody has overridden the rule of tested, or held back a trade of it.\n"
