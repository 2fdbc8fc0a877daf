"""What in a slot takes a phase back: every event of class A, and nothing that waits for somebody."""

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from insure.book import Book, Record
from insure.book.duty import looking, on_duty
from insure.controls.phases import PHASES, WAITING
from insure.decision import Check, Event, Phase
from insure.fund import Fund
from schedules.jobs import Tick
from schedules.people.promoting import event_of, followed, phase_of
from tests.book.market import a_fund, first_slots, run

FUND = replace(a_fund(), stage="live")
SLOT = first_slots(1)[0]
ASKS = {"change of target", "effective multiple", "buying after a fall", "deposits", "approval"}


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """A decision that was carried out."""
    with Book.open(tmp_path / "insure.db") as book:
        (done,) = run(book, a_fund(), 1)
    assert done.record is not None
    return done.record


def _tick(record: Record | None, outcome: str = "OK", reason: str = "because.") -> Tick:
    return Tick("guarded", SLOT, outcome, reason, record)  # type: ignore[arg-type]  # outcomes as text


def _failing(record: Record, name: str, *, asks: bool = False) -> Record:
    wrong = Check(name, False, 2.0, 1.0, -1.0, "weight", f"{name} is wrong.", asks)
    decision = record.decision
    assert any(check.name == name for check in decision.checks) or asks, f"there is no check {name!r}"
    checks = tuple(check for check in decision.checks if check.name != name)
    return replace(record, decision=replace(decision, checks=(*checks, wrong), outcome="HELD", withheld=decision.trade))


def test_a_slot_that_ended_well_or_waits_takes_nothing_back(record: Record) -> None:
    assert event_of(_tick(record)) == ""
    assert event_of(_tick(None, "HELD")) == "", "an order is open, or the market was not seen"
    assert event_of(_tick(record, "SKIPPED")) == "", "the protection ended"


def test_a_slot_that_failed_or_was_missed_is_an_event() -> None:
    assert event_of(_tick(None, "FAILED")) == f"the slot {SLOT.key} failed: because."
    assert event_of(_tick(None, "SKIPPED")) == f"the slot {SLOT.key} was missed: because."


def test_a_breached_floor_is_an_event_whatever_else_happened(record: Record) -> None:
    breached = Event("floor breached", "10 below the floor.")
    for outcome in ("OK", "HELD"):
        one = replace(record, decision=replace(record.decision, events=(breached,), outcome=outcome))
        assert event_of(_tick(one, outcome)) == "the floor was breached: 10 below the floor."


def test_every_limit_is_an_event_and_nothing_that_waits(record: Record) -> None:
    names = {check.name for check in record.decision.checks}
    assert names >= WAITING, "the checks that wait are named as the gate names them"
    for name in names - WAITING - ASKS:
        assert event_of(_tick(_failing(record, name), "HELD")) == f"a limit was breached: {name} is wrong."
    for name in WAITING:
        assert event_of(_tick(_failing(record, name), "HELD")) == "", f"{name} waits"
    for name in ASKS:
        assert event_of(_tick(_failing(record, name, asks=True), "HELD")) == "", f"{name} asks a person"


def _failed_and_taken_back(book: Book, fund: Fund) -> None:
    with on_duty(book) as duty:
        followed(duty, fund, _tick(None, "FAILED"), SLOT.at)
        raise RuntimeError("the slot's transaction is taken back")


@pytest.mark.parametrize("phase", get_args(Phase))
def test_each_event_takes_one_phase_in_its_own_transaction(tmp_path: Path, phase: Phase) -> None:
    with Book.open(tmp_path / "insure.db") as book:
        if phase != "replay":
            book.state("promotion", "guarded", SLOT.at, {"phase": phase, "sentence": "up"})
        fund = a_fund() if phase == "replay" else FUND
        with on_duty(book) as duty:
            raised = followed(duty, fund, _tick(None, "FAILED"), SLOT.at)
            stands = phase_of(duty, fund).phase
        wanted = "replay" if phase == "replay" else PHASES[max(PHASES.index(phase) - 1, 0)]
        assert stands == wanted
        assert [one.alert.kind for one in raised] == ([] if phase in {"replay", "paper"} else ["phase stepped back"])
        with looking(book) as duty:
            assert followed(duty, fund, _tick(None, "HELD"), SLOT.at) == []
        with pytest.raises(RuntimeError):
            _failed_and_taken_back(book, fund)
        with looking(book) as duty:
            assert phase_of(duty, fund).phase == wanted, "what was taken back with the slot was never stated"
