"""Half a page for the board: whole sentences that somebody who does not run the fund understands."""

import datetime as dt
import re
from dataclasses import replace

import pytest

from insure.book.agreed import KeptAlert
from insure.compliance.controls import ControlsFacts, controls_facts
from insure.compliance.standings import Standings, standings
from reports import compliance
from reports.compliance.stress import StressPacks
from reports.evidence import Evidence
from tests.reports.lives import ANCHOR, CPPI, HOLD, PUT, lived
from tests.reports.made import compliance_report, entry, evidence_of, facts_of, runs_of, stood
from tests.reports.stressed import stated_pack, stress_report, stressed

_CODES = re.compile(r"\b(OK|HELD|FAILED|SKIPPED|NORMAL|HALTED|KILLED)\b|chain entry|\b1 \w+s\b|\b0\.0+%|nan|None")
"""What no board should have to read, and a plural of one."""


def _calm(strategy: str) -> Standings:
    fund, _ = lived(strategy)
    span = dt.datetime(2008, 9, 1, tzinfo=dt.UTC), dt.datetime(2008, 10, 1, tzinfo=dt.UTC)
    return standings([], (fund, fund), span, dt.date(2008, 9, 30), "")


def _board(strategy: str, first: int, last: int, evidence: Evidence | None = None) -> tuple[str, ...]:
    fund, records = lived(strategy)
    history = records[: last + 1]
    told = evidence_of(fund, records) if evidence is None else evidence
    found = facts_of(fund, history, records[first].session, records[last].session)
    return compliance.build(fund, found, history, ANCHOR, told).board


@pytest.mark.parametrize(("strategy", "first", "last"), [(PUT, 21, 62), (CPPI, 0, 20), (CPPI, 31, 31), (HOLD, 0, 9)])
def test_it_is_half_a_page_of_sentences_without_codes(strategy: str, first: int, last: int) -> None:
    _, records = lived(strategy)
    board = compliance_report(strategy, records[first].session, records[last].session).board
    text = " ".join(board).replace("REDUCE_ONLY after NORMAL, by a difference", "a difference")  # as made by hand
    assert 100 <= len(text.split()) <= 320, f"{len(text.split())} words are not half a page"
    assert all(paragraph.endswith((".", "!", "?")) for paragraph in board)
    assert not _CODES.search(text), f"{_CODES.search(text)} in {text}"


def test_what_was_promised_stands_first_and_whether_it_stood() -> None:
    held, broken = _board(CPPI, 0, 20)[0], _board(PUT, 21, 62)[0]
    assert "The floor held: no session ended below it" in held
    _, records = lived(PUT)
    below = facts_of(lived(PUT)[0], records[:63], records[21].session, records[62].session).protection
    assert below is not None
    assert f"The floor did not hold: {len(below.below)} sessions ended below it, first on Tuesday 28 October" in broken


def test_a_calm_month_says_once_that_nothing_went_wrong() -> None:
    board = _board(CPPI, 0, 20, Evidence(controls=ControlsFacts(), alerts=(), standings=_calm(CPPI)))
    assert "Nothing went wrong that this report looks at." in board
    assert "overrode" not in " ".join(board), "what nobody did is not told"
    assert board[-1] == "Nothing waited for people when the period was over.", (
        "a replay moves no money, and is not signed"
    )


def test_a_fund_that_is_no_replay_waits_for_its_signatures() -> None:
    fund, records = lived(CPPI)
    paper = replace(fund, stage="paper")
    evidence = Evidence(controls=ControlsFacts(), alerts=(), standings=_calm(CPPI))
    found = facts_of(fund, records[:21], records[0].session, records[20].session)
    board = compliance.build(paper, found, records[:21], ANCHOR, evidence).board
    assert board[-1] == "What waited for people when the period was over: this report, for 3 signatures."


def test_a_stop_of_before_an_open_difference_and_what_standing_still_cost_are_told() -> None:
    fund, _ = lived(CPPI)
    wait = controls_facts([entry("waiting", {"sentence": "So far.", "since": "then", "money": "-102993.77"}, 90)])
    board = _board(CPPI, 0, 20, Evidence(controls=wait, alerts=(), standings=stood(fund)))
    text = " ".join(board)
    assert (
        "When the period began nothing could be bought, since Thursday 28 August 2008, and it was so at the end" in text
    )
    assert "Standing still cost 102,994 USD in the period." in text
    assert "(46 units differ), for 42 sessions by the end: nobody has explained it, and nobody looks after it." in text
    assert "1 proposal to be answered; 1 difference to be explained; trading to be set free again" in board[-1]


def test_one_slot_is_one_slot_and_says_why() -> None:
    fund, records = lived(CPPI)
    first, last = records[0].session, records[9].session
    runs = runs_of(records[:10])
    runs[4] = replace(runs[4], outcome="FAILED", reason="The disk is full.")
    found = facts_of(fund, records[:10], first, last)
    failed = replace(found.slots[4], outcome="FAILED", reason="The disk is full.")
    found = replace(found, slots=(*found.slots[:4], failed, *found.slots[5:]))
    evidence = Evidence(controls=ControlsFacts(), alerts=(), standings=_calm(CPPI))
    text = " ".join(compliance.build(fund, found, records[:10], ANCHOR, evidence).board)
    day = records[4].session
    assert f"1 of 10 slots failed, on Monday {day.day} September 2008 (The disk is full)." in text, text


@pytest.mark.parametrize(
    ("closed", "said"),
    [
        ((True,), "1 alert called for a person, and was answered."),
        ((False,), "1 alert called for a person, and nobody had answered it by the end."),
        ((True, True), "2 alerts called for a person; all were answered."),
        ((True, False), "2 alerts called for a person; 1 of them had not been answered by the end."),
    ],
)
def test_alerts_that_called_for_a_person_are_told_with_who_answered(closed: tuple[bool, ...], said: str) -> None:
    at = dt.datetime(2008, 9, 3, 20, tzinfo=dt.UTC)
    alerts = tuple(
        KeptAlert(number, "A", "slot missed", at, at if over else None, "Ada" if over else "", "Missed.")
        for number, over in enumerate(closed, start=1)
    )
    board = _board(CPPI, 0, 20, Evidence(controls=ControlsFacts(), alerts=alerts, standings=_calm(CPPI)))
    assert said in board


def test_the_newest_stress_pack_has_a_sentence_and_none_where_there_is_none() -> None:
    pack = stated_pack(stress_report(PUT, None, 10), stressed(PUT, None, 10), dt.date(2008, 9, 16))
    now, before, none = (
        _board(PUT, 0, 20, Evidence(controls=ControlsFacts(), alerts=(), stress=packs))
        for packs in (StressPacks(pack), StressPacks(None, pack), StressPacks())
    )
    assert any(each.startswith("Stress, as last computed in the period: The floor breaks in ") for each in now)
    assert any(each.startswith("Stress, as last computed before the period: The floor breaks in ") for each in before)
    assert "tress" not in " ".join(none)


def test_overrides_are_told_by_who_and_what_they_came_to() -> None:
    board = _board(CPPI, 0, 20)
    assert (
        "A. Officer overrode the rule once; that cost 1,250 USD against following it up to Monday 27 October 2008. "
        "An override given before the period still made a difference; by now that cost 42,489 USD up to Monday 27 "
        "October 2008."
    ) in board
