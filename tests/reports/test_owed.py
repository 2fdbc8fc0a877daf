"""What a fund owed while its contract changed: every slot under the timetable that was in force at it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import pytest

from insure.book.record import Record
from insure.compliance import due, facts, owed
from insure.decision import Outcome, fund_calendar
from insure.fund import Fund
from insure.slots import Slot, slots
from tests.reports.lives import CPPI, lived
from tests.reports.made import Run

_LAST_WORD = dt.datetime(2009, 1, 1, tzinfo=dt.UTC)


def _timed(slot: str) -> Fund:
    fund, _ = lived(CPPI)
    return replace(fund, schedule=replace(fund.schedule, slot=slot))


def _made(fund: Fund, record: Record) -> tuple[Record, Run]:
    """The decision at the fund's slot of its session, with its run."""
    [slot] = slots(fund.schedule.timing, fund_calendar(fund), record.session, record.session)
    decision = replace(record.decision, config_sha256=fund.config_sha256)
    made = replace(record, slot=slot.name, due=slot.at, decision=decision)
    return made, _ran(slot)


def _ran(slot: Slot, outcome: Outcome = "OK") -> Run:
    return Run(slot.session, slot.name, slot.at, slot.at, outcome, "")


def _lived(funds: Sequence[Fund]) -> tuple[list[Record], list[Run]]:
    made = [_made(fund, record) for fund, record in zip(funds, lived(CPPI)[1], strict=False)]
    return [record for record, _ in made], [run for _, run in made]


@pytest.mark.parametrize("words", [("close-15min", "close-30min"), ("close-30min", "close-15min"), ("close", "open")])
def test_a_slot_that_is_moved_is_owed_once_a_session(words: tuple[str, str]) -> None:
    old, new = (_timed(word) for word in words)
    history, runs = _lived([old] * 11 + [new] * 10)
    contracts = {each.config_sha256: each for each in (old, new)}
    first, last = history[0].session, history[-1].session
    spans = owed(new, contracts, history, runs)
    assert [(each.fund, each.until) for each in spans] == [(old, history[10].due), (new, None)]
    found = facts("guarded", contracts, history, runs, due(spans, first, last, _LAST_WORD), first, last)
    assert [fact.state for fact in found.slots] == ["on time"] * 21, "slots that ran on time are told not to have run"
    assert found.unscheduled == ()


def test_a_slot_that_failed_under_the_new_contract_is_owed_by_the_new_one() -> None:
    """Nothing was decided at it, so that no decision says which contract was in force: its word does."""
    old, new = _timed("close-30min"), _timed("close-15min")
    history, runs = _lived([old] * 5 + [new] * 2)
    failed = replace(runs[5], outcome="FAILED", reason="It broke.")
    history, runs = history[:5] + history[6:], [*runs[:5], failed, *runs[6:]]
    contracts = {each.config_sha256: each for each in (old, new)}
    spans = owed(new, contracts, history, runs)
    found = due(spans, history[0].session, history[-1].session, _LAST_WORD)
    assert [(slot.session, slot.name) for slot in found] == [(run.session, run.slot) for run in runs]


def test_a_slot_missed_before_the_change_stays_owed_by_the_old_contract_and_no_run_is_not_run() -> None:
    old, new = _timed("close-30min"), _timed("close-15min")
    history, runs = _lived([old] * 5 + [new] * 2)
    missed = replace(runs[4], outcome="SKIPPED", reason="Nothing ran.")
    contracts = {each.config_sha256: each for each in (old, new)}
    spans = owed(new, contracts, history[:4] + history[5:], [*runs[:4], missed, *runs[5:]])
    assert spans[0].until == runs[4].due
    without = owed(new, contracts, history[:4] + history[5:], [*runs[:4], *runs[5:]])
    found = due(without, history[0].session, history[-1].session, _LAST_WORD)
    assert [slot.name for slot in found] == ["close-30min"] * 4 + ["close-15min"] * 3, "a session is owed by nobody"


def test_a_slot_of_the_session_of_the_change_is_owed_if_it_was_run() -> None:
    old, new = _timed("close-30min"), _timed("close-15min")
    history, runs = _lived([old] * 3 + [new] * 3)
    contracts = {each.config_sha256: each for each in (old, new)}
    [second] = slots(new.schedule.timing, fund_calendar(new), runs[2].session, runs[2].session)
    again = [*runs[:3], _ran(second, "SKIPPED"), *runs[3:]]
    found = due(owed(new, contracts, history, again), history[0].session, history[-1].session, _LAST_WORD)
    assert [(slot.session, slot.name) for slot in found] == [(run.session, run.slot) for run in again]


def test_a_contract_that_comes_back_owes_again() -> None:
    old, new = _timed("close-30min"), _timed("close-15min")
    history, runs = _lived([old] * 3 + [new] * 3 + [old] * 3)
    contracts = {each.config_sha256: each for each in (old, new)}
    found = due(owed(old, contracts, history, runs), history[0].session, history[-1].session, _LAST_WORD)
    assert [(slot.session, slot.name) for slot in found] == [(run.session, run.slot) for run in runs]


def test_nothing_is_due_after_the_moment_that_is_asked_about() -> None:
    fund = _timed("close")
    history, runs = _lived([fund] * 6)
    spans = owed(fund, {fund.config_sha256: fund}, history, runs)
    found = due(spans, history[0].session, history[-1].session, history[3].due)
    assert [slot.session for slot in found] == [each.session for each in history[:4]]
    assert due(spans, dt.date(2008, 8, 1), dt.date(2008, 8, 29), _LAST_WORD) == [], "owed before the fund began"
