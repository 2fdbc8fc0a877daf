"""Phases of the roll-out as the book moves through them: what stands, what opens the next, what takes one back."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from insure.book import Book, Statement
from insure.book.alerts import Alert, RaisedAlert
from insure.book.duty import Duty
from insure.controls import approvals, breakers, breaks, phases, reconciliation
from insure.controls.agreement import code_approval, contract_approval
from insure.controls.phases import Conduct, PhaseStanding
from insure.controls.slippage_bound import slippage_bound
from insure.decision import Check, fund_calendar
from insure.fund import Fund
from insure.slots import slots_between
from schedules.jobs import Tick
from schedules.orders.sending import KillFlag, no_flag
from schedules.timetable import plan_of

FELL = "phase stepped back"
"""The kind of the alert."""
_MOMENT = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class NextPhase:
    """The gate of the next phase of a fund."""

    stands: PhaseStanding
    checks: tuple[Check, ...]

    @property
    def open(self) -> bool:
        """Whether every check passes."""
        return all(check.passed for check in self.checks)


def said_of(duty: Duty, fund_id: str, kinds: Sequence[str]) -> list[Statement]:
    """Statements about a fund or the whole desk, in the order they were made."""
    said = [*duty.statements(kinds, fund_id), *duty.statements(kinds, "")]
    return sorted(said, key=lambda each: each.sequence)


def phase_of(duty: Duty, fund: Fund) -> PhaseStanding:
    """Where a fund stands; nothing is read for a replay."""
    return phases.standing([] if fund.stage == "replay" else said_of(duty, fund.id, phases.KINDS), fund)


def next_phase(duty: Duty, fund: Fund, now: dt.datetime) -> NextPhase:
    """The gate of the next phase, out of the book.

    Raises:
        InvalidInput: there is no next phase.
    """
    stands = phase_of(duty, fund)
    return NextPhase(stands, phases.gate(fund, stands, conduct(duty, fund, stands, now)))


def promote(duty: Duty, fund: Fund, by: str, reason: str, now: dt.datetime) -> tuple[NextPhase, Statement | None]:
    """Promote a fund by one phase, where its gate is open; all in one transaction.

    Returns:
        The gate, and what was stated; None where the gate is shut and nothing was.

    Raises:
        InvalidInput: there is no next phase, nobody is named, or no reason is given.
    """
    found = next_phase(duty, fund, now)
    if not found.open:
        return found, None
    content = phases.promotion(fund, found.stands, found.checks, by, reason)
    return found, duty.state("promotion", fund.id, now, content)


def set_back(duty: Duty, fund: Fund, by: str, reason: str, now: dt.datetime) -> Statement | None:
    """A person takes a fund back by one phase; None where it stands at paper, or is a replay."""
    content = phases.step_back(fund, phase_of(duty, fund), reason or "no reason was given.", by)
    return None if content is None else duty.state("promotion", fund.id, now, content)


def conduct(duty: Duty, fund: Fund, stands: PhaseStanding, now: dt.datetime) -> Conduct:
    """How a fund conducted itself since its phase began."""
    calendar, plan = fund_calendar(fund), plan_of(fund)
    session = calendar.current_or_previous(now)
    began = duty.began(fund.id)
    since = began if stands.since is None or began is None else max(stands.since, began)
    clean, broken = 0, "The fund has not run yet."
    records = []
    if since is not None:
        ended = duty.ended_since(fund.id, since)
        # The first slot of all started inside its window, not at its instant.
        first = since - (plan.window if since == began else _MOMENT)
        keys = {key for key, _ in ended}
        due = slots_between(plan.timing, plan.calendar, first, now)
        over = [slot.key for slot in due if slot.key in keys or plan.deadline(slot) < now]
        clean, broken = phases.clean_sessions(over, ended)
        records = duty.records_since(fund.id, since)
    drills: dict[str, int | None] = dict.fromkeys(phases.DRILLS)
    failed: set[str] = set()
    for one in said_of(duty, fund.id, ("drill", "restore")):
        kind, _, how = (one.content.get("drill", "") if one.kind == "drill" else "restore").partition(", ")
        held = calendar.current_or_previous(one.at)
        if kind in drills and held is not None and session is not None:
            drills[kind] = calendar.count(held, session)
            (failed.add if how else failed.discard)(kind)
    reports = duty.statements(reconciliation.KINDS, fund.id)
    return Conduct(
        clean_sessions=clean,
        broken_by=broken,
        open_breaks=len(breaks.unexplained(duty.statements(breaks.KINDS, fund.id))),
        reconciled_sessions=None if session is None else reconciliation.reconciled_sessions(reports, calendar, session),
        slippage=slippage_bound(records),
        drills=drills,
        failed_drills=frozenset(failed),
        breaker=breakers.standing(said_of(duty, fund.id, breakers.KINDS), fund.id),
        contract_proposal=contract_approval(fund, duty.statements(approvals.KINDS, fund.id, subjects=("contract",))),
        code_proposal=code_approval(duty.statements(approvals.KINDS, fund.id, subjects=("code",))),
    )


def event_of(one: Tick) -> str:
    """What in a slot takes the phase back by one, as a sentence; empty for nothing.

    A floor or limit that is breached, a slot that failed or was missed. What waits for a person breaks no limit.
    """
    if one.outcome == "FAILED":
        return f"the slot {one.slot.key} failed: {one.reason}"
    if one.record is None:
        return f"the slot {one.slot.key} was missed: {one.reason}" if one.outcome == "SKIPPED" else ""
    decision = one.record.decision
    breached = [event.sentence for event in decision.events if event.kind == "floor breached"]
    if breached:
        return f"the floor was breached: {' '.join(breached)}"
    failed = [
        check.sentence
        for check in decision.checks
        if not check.passed and not check.asks and check.name not in phases.WAITING
    ]
    return f"a limit was breached: {' '.join(failed)}" if failed else ""


def followed(duty: Duty, fund: Fund, one: Tick, now: dt.datetime) -> list[RaisedAlert]:
    """What a slot means for the phase, in the slot's own transaction: stated, and told.

    The phase falls to what the contract wishes where that is less, and by one with an event of class A.
    """
    raised: list[RaisedAlert] = []
    if fund.stage == "replay":
        return raised
    stands, event = phase_of(duty, fund), event_of(one)
    found = [phases.lowered(fund, stands), phases.step_back(fund, stands, event) if event else None]
    for content in found:
        if content is not None:
            duty.state("promotion", fund.id, now, content)
            raised.append(duty.raise_alert(Alert(fund.id, "B", FELL, content["sentence"]), now))
    return raised


def stopped(book: Book, fund: Fund, killed: KillFlag = no_flag) -> KillFlag:
    """The kill flag, or the phase: why nothing of a fund may be sent at this moment. Asked before every send."""

    def why(fund_id: str) -> str:
        if fund.stage == "replay":
            return killed(fund_id)
        said = [*book.statements(phases.KINDS, fund.id), *book.statements(phases.KINDS, "")]
        stands = phases.standing(sorted(said, key=lambda each: each.sequence), fund)
        if not stands.sends:
            return f"{fund.id} stands at {stands.phase}, from which nothing is sent. {stands.reason}"
        return killed(fund_id)  # read last: nothing may lie between the flag and the send

    return why
