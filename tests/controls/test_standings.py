"""What stood before a period is told in its report: a breaker, a difference nobody looks after, a wait, a proposal."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import pytest

from insure.book.trail import Entry
from insure.compliance.standings import Standings, standings
from tests.conftest import Insure
from tests.contracts import fund as contract
from tests.controls.desks import SESSIONS, Desk, rows_of

FIRST, LAST = 20, 22
"""The first three sessions of December."""
DECEMBER = ("--from", str(SESSIONS[FIRST]), "--to", str(SESSIONS[LAST]))
NOVEMBER = ("--month", "2026-11")
BEGAN, OVER = (dt.datetime(2026, 12, day, 5, tzinfo=dt.UTC) for day in (1, 4))
"""A period of three days, New York."""


@pytest.fixture
def desk(tmp_path: Path, insure: Insure) -> Desk:
    """A fund whose breaker was tripped by a difference in November, and that nobody has looked after since."""
    made = Desk(tmp_path, insure)
    for number in range(3):
        made.slot(number)
    made.evening(2)
    short = made.positions(str(Decimal(made.holdings()[0]) - 10), 2)
    made.json("reconcile", "tested", "--positions", short, code=3)
    for number in (3, *range(FIRST, LAST + 1)):
        made.slot(number)
    made.evening(LAST)
    return made


def _report(desk: Desk, *period: str) -> dict[str, object]:
    said = desk.json("report", "compliance", "tested", *period)
    found = json.loads((desk.folder / str(said["figures"])).read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return {**found, "new": said["new"], "file": said["figures"]}


def _section(report: dict[str, object], key: str) -> dict[str, object]:
    return next(each for each in rows_of(report, "sections") if each["key"] == key)


def _cells(section: dict[str, object], caption: str) -> dict[str, list[object]]:
    table = next(each for each in rows_of(section, "tables") if str(each["caption"]).startswith(caption))
    return {str(row["label"]): [cell["value"] for cell in rows_of(row, "cells")] for row in rows_of(table, "rows")}


def test_a_breaker_that_stood_all_the_time_is_no_kept_control(desk: Desk) -> None:
    controls = _section(_report(desk, *DECEMBER), "controls")
    assert controls["judgement"] == "alert"
    sentence = str(controls["sentence"])
    assert sentence.startswith("The breaker stood at REDUCE_ONLY from beginning to end, since 2026-11-05 "), sentence
    stood = _cells(controls, "Where the controls stood")
    begun, ended = stood["Breaker, at the beginning"], stood["Breaker, at the end"]
    assert begun == ended, "nothing moved it in the period"
    assert begun[0] == "REDUCE_ONLY, the fund’s"
    assert begun[2] == "nobody: automatic"
    assert "reconciliation break" in str(begun[3])
    before = _section(_report(desk, *NOVEMBER), "controls")
    stood = _cells(before, "Where the controls stood")
    assert stood["Breaker, at the beginning"][:2] == ["NORMAL", "it never moved"]
    assert stood["Breaker, at the end"] == ended
    assert "at NORMAL at the beginning and at REDUCE_ONLY at the end." in str(before["sentence"])


def test_a_difference_that_nobody_looks_after_is_told_in_every_period_until_it_is_cured(desk: Desk) -> None:
    section = _section(_report(desk, *DECEMBER), "reconciliation")
    assert section["judgement"] == "alert"
    [(name, cells)] = _cells(section, "Differences that were open").items()
    assert cells[:4] == [str(SESSIONS[2]), LAST - 2, "nobody", "by nobody"], "first seen, sessions, owner, explanation"
    assert str(section["sentence"]).startswith(f"{name.capitalize()} was open at the end, for {LAST - 2} sessions, ")


def test_an_alert_is_told_with_its_first_words_and_as_it_stood_when_the_period_was_over(desk: Desk) -> None:
    rows = _cells(_section(_report(desk, *DECEMBER), "incidents"), "Alerts.")
    [moved] = [cells for label, cells in rows.items() if label.endswith(" breaker moved")]
    assert moved[0] == "A"
    assert str(moved[1]).startswith("REDUCE_ONLY after NORMAL, by reconciliation break: ")
    assert moved[2:] == ["open when the period was over", "nobody"]
    assert all(isinstance(cells[1], str) for cells in rows.values()), "every alert has its words"


def test_what_is_done_after_the_period_changes_no_byte_of_its_report(desk: Desk) -> None:
    desk.slot(LAST + 1)  # the period is over
    desk.evening(LAST + 1)
    first = _report(desk, *DECEMBER)
    [name] = _cells(_section(first, "reconciliation"), "Differences that were open")
    number = name.removeprefix("break ")
    desk.json("reconcile", "tested", "--break", number, "--owner", "Ada")
    desk.json("reconcile", "tested", "--break", number, "--explain", "A loan.", "--by", "Ada")
    alerts = [str(one["id"]) for one in rows_of(desk.json("status"), "alerts") if one["grade"] == "A"]
    assert alerts
    for one in alerts:
        desk.json("ack", one, "--by", "Ada")
    desk.json("lift", "tested", "--to", "NORMAL", "--by", "Ada", "--reason", "Explained.")
    again = _report(desk, *DECEMBER)
    assert (again["new"], again["file"]) == (False, first["file"]), "the report on a period that is over changed"


def _row(sequence: int, kind: str, at: dt.datetime, content: dict[str, str], fund_id: str | None = "tested") -> Entry:
    return Entry(sequence, "5e" * 32, at, fund_id, kind, {"sentence": f"{kind}.", **content})


def _proposed(sequence: int, slot: str, expires: dt.datetime) -> Entry:
    told = {
        "subject": "trade", "slot": slot, "session": slot.partition(":")[0], "wanted": "1",
        "expires": expires.isoformat(),
        "units": "-10", "price": "100", "value": "1000", "options": "{}", "config_sha256": "c" * 64,
    }  # fmt: skip
    return _row(sequence, "proposal", BEGAN + dt.timedelta(hours=sequence), told)


def _folded(*rows: Entry, decided: str = "2026-12-03:close") -> Standings:
    fund = contract(id="tested")
    return standings(rows, (fund, fund), (BEGAN, OVER), dt.date(2026, 12, 3), decided)


def test_proposals_that_wait_or_ran_out_are_told_and_settled_ones_are_not() -> None:
    late, early = OVER + dt.timedelta(hours=1), OVER - dt.timedelta(hours=1)
    yes = _row(20, "approval", early, {"proposal": "4", "by": "Ada"})
    no = _row(21, "rejection", early, {"proposal": "5", "by": "Ada"})
    rows = [
        _proposed(1, "2026-12-03:close", late),
        _proposed(2, "2026-12-01:close", early),
        _proposed(3, "2026-12-01:close", late),
        _proposed(4, "2026-12-01:close", early + dt.timedelta(minutes=1)),
        _proposed(5, "2026-12-03:close", late),
    ]
    left = _folded(*rows, yes, no).proposals
    assert [(each.proposal.number, each.state) for each in left] == [(1, "waits"), (2, "expired")], (
        "3 is void, 4 was approved in time, 5 was rejected"
    )
    answered = _row(22, "approval", OVER, {"proposal": "1", "by": "Ada"})
    assert [each.state for each in _folded(rows[0], answered).proposals] == ["waits"], "the yes came after the period"


def test_the_graver_of_the_funds_and_the_desks_breaker_stands() -> None:
    fund = _row(1, "breaker", BEGAN - dt.timedelta(days=60), {"state": "REDUCE_ONLY", "sentence": "Own."})
    desk = _row(2, "kill", BEGAN + dt.timedelta(hours=1), {"sentence": "Stop.", "by": "Ada"}, None)
    other = _row(3, "kill", BEGAN - dt.timedelta(hours=1), {"sentence": "Not ours.", "by": "Ada"}, "other")
    found = _folded(fund, desk, other)
    assert (found.begun.breaker.state, found.begun.breaker.since) == ("REDUCE_ONLY", fund.at)
    assert (found.ended.breaker.state, found.ended.breaker_by, found.ended.breaker.fund_id) == ("KILLED", "Ada", "")
    assert (found.ended.milder.state, found.ended.milder_by) == ("REDUCE_ONLY", "")
    after = _row(4, "breaker", OVER, {"state": "NORMAL", "by": "Ada"})
    assert _folded(fund, after).ended.breaker.state == "REDUCE_ONLY", "what was lifted after the period stood in it"
    assert not _folded(other).stopped
