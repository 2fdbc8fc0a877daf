"""Reports on periods that are not over, have not begun, or have no session: what can be judged, and what is refused."""

import datetime as dt
import json
from pathlib import Path

import pytest

from tests.conftest import Insure
from tests.controls.desks import SESSIONS, Desk

MONTH = ("--month", "2026-11")


def _report(desk: Desk, *asked: str) -> tuple[dict[str, object], dict[str, dict[str, object]], bool]:
    """Head and verdict, sections by key, and whether it was new."""
    said = desk.json("report", "compliance", "tested", *asked)
    figures = json.loads((desk.folder / str(said["figures"])).read_text(encoding="utf-8"))
    head = {"title": figures["head"]["title"], **figures["verdict"]}
    return head, {each["key"]: each for each in figures["sections"]}, bool(said["new"])


def _refused(desk: Desk, *asked: str) -> str:
    said = desk.run("report", "compliance", "tested", *asked)
    assert said.code == 2, f"a report was made of {asked}: {said.out}"
    return said.err


def test_a_month_that_goes_on_is_judged_so_far_and_grows_into_new_versions(tmp_path: Path, insure: Insure) -> None:
    desk = Desk(tmp_path, insure)
    desk.slot(0)
    desk.slot(1)
    desk.evening(1)
    head, sections, new = _report(desk, *MONTH)
    assert new
    assert head["title"] == f"Monthly compliance report, so far to {SESSIONS[1]}"
    assert str(head["sentence"]).startswith(f"So far, to {SESSIONS[1]}: 2 decisions")
    assert sections["schedule"]["judgement"] == "kept", sections["schedule"]["sentence"]
    assert str(sections["schedule"]["sentence"]).startswith("2 slots were due: 2 on time")
    desk.now += dt.timedelta(hours=9)  # the clock alone changes nothing
    assert _report(desk, *MONTH)[2] is False, "the same book gave another report"
    desk.slot(2)
    head, sections, new = _report(desk, *MONTH)
    assert (new, head["title"]) == (True, f"Monthly compliance report, so far to {SESSIONS[2]}")


def test_a_month_that_is_over_owes_all_of_it_whenever_it_is_made(tmp_path: Path, insure: Insure) -> None:
    desk = Desk(tmp_path, insure)
    desk.slot(0)
    desk.now = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)
    head, sections, _ = _report(desk, *MONTH)
    assert (head["title"], head["word"]) == ("Monthly compliance report", "Breached")
    assert str(sections["schedule"]["sentence"]).startswith("20 slots were due: 19 not run, 1 on time")
    desk.now += dt.timedelta(days=90)
    assert _report(desk, *MONTH)[2] is False, "the month was over, and its report changed"


def test_the_report_of_an_evening_is_the_one_of_the_day(tmp_path: Path, insure: Insure) -> None:
    desk = Desk(tmp_path, insure)
    desk.slot(0)
    desk.now = desk.now.replace(hour=20, minute=50)
    day = ("--date", str(SESSIONS[0]))
    assert _report(desk, *day)[0]["title"] == f"Daily compliance report, so far to {SESSIONS[0]}"
    desk.evening(0)
    head, _, new = _report(desk, *day)
    assert (head["title"], new) == ("Daily compliance report", True)
    desk.slot(1)
    assert _report(desk, *day)[2] is False, "the day was over, and its report changed"


def test_the_last_session_without_its_slot_is_over_once_the_slot_can_no_longer_start(
    tmp_path: Path, insure: Insure
) -> None:
    desk = Desk(tmp_path, insure)
    desk.slot(0)
    desk.evening(1)
    span = ("--from", str(SESSIONS[0]), "--to", str(SESSIONS[1]))
    _, sections, _ = _report(desk, *span)
    assert str(sections["schedule"]["sentence"]).startswith("2 slots were due: 1 not run, 1 on time")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            ("--date", "2026-11-01"),
            "XNYS does not trade on Sunday 2026-11-01; the session before is Friday 2026-10",
        ),
        (
            ("--date", "2026-11-07"),
            "XNYS does not trade on Saturday 2026-11-07; the session before is Friday 2026-11",
        ),
        (("--from", "2026-11-07", "--to", "2026-11-08"), "XNYS does not trade on 2026-11-07 to 2026-11-08"),
        (("--month", "2026-12"), "2026-12-01 to 2026-12-31 lies beyond what the book holds of tested: its last row is"),
        (("--quarter", "2030-Q1"), "2030-01-01 to 2030-03-31 lies beyond what the book holds of tested"),
    ],
)
def test_what_cannot_be_judged_is_refused_in_words(
    tmp_path: Path, insure: Insure, asked: tuple[str, ...], told: str
) -> None:
    desk = Desk(tmp_path, insure)
    for day in range(4):
        desk.slot(day)
    desk.now = dt.datetime(2026, 11, 9, 15, tzinfo=dt.UTC)
    assert told in _refused(desk, *asked)


def test_a_slot_moved_by_a_new_contract_is_on_time_under_both(tmp_path: Path, insure: Insure) -> None:
    desk = Desk(tmp_path, insure)
    desk.slot(0)
    desk.slot(1)
    file = tmp_path / "funds" / "tested.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("close-15min", "close-30min"), encoding="utf-8")
    for day in (2, 3):
        desk.now = desk.now.replace(day=SESSIONS[day].day, hour=20, minute=31)
        desk.run("run-once")
    desk.evening(3)
    _, sections, _ = _report(desk, "--from", str(SESSIONS[0]), "--to", str(SESSIONS[3]))
    assert sections["schedule"]["sentence"] == "4 slots were due: 4 on time; 0 ran beside the timetable."


def test_a_fund_whose_slots_were_all_held_for_its_first_approval_has_a_report(tmp_path: Path, insure: Insure) -> None:
    desk = Desk(tmp_path, insure, controls='approval = "approve"')
    desk.slot(0)
    desk.slot(1)
    desk.evening(1)
    assert desk.outcomes() == ["HELD", "HELD"]
    head, sections, _ = _report(desk, "--from", str(SESSIONS[0]), "--to", str(SESSIONS[1]))
    assert (head["word"], str(head["sentence"])[:12]) == ("Kept, to be read", "0 decisions;")
    assert sections["decisions"]["sentence"] == "Slots by outcome: 2 HELD."
    assert sections["schedule"]["sentence"] == "2 slots were due: 2 on time; 0 ran beside the timetable."
    for key in ("protection", "exposure", "lock", "gap"):
        assert sections[key]["sentence"] == "Not computed: nothing was decided in this period."
        assert sections[key]["judgement"] is None, f"{key} is judged without a decision"
    assert _report(desk)[0]["title"] == "Daily compliance report", "the last slot is the day that is reported on"


def test_a_fund_that_no_slot_has_come_to_has_none(tmp_path: Path, insure: Insure) -> None:
    said = Desk(tmp_path, insure).run("report", "compliance", "tested", *MONTH)
    assert (said.code, "The book holds no decision of tested" in said.err) == (1, True), said.err
