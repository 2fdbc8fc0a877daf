"""Overrides as people give them: for which slot, and what the ones before came to."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from insure.book import Book, Statement
from insure.book.agreed import kept_contracts
from insure.book.alerts import Alert
from insure.book.duty import Duty, looking, on_duty
from insure.controls import approvals, overrides
from insure.controls.counterfactual import Judged, cost_of
from insure.controls.people import speaker, spoken
from insure.decision import fund_calendar
from insure.errors import InvalidInput, NothingDue
from insure.fund import Fund
from insure.slots import Slot, slots
from schedules.desk import Desk
from schedules.jobs import due_slot
from schedules.people.approving import OVERRIDE, contract_to_run, proposal
from schedules.timetable import agenda, plan_of, too_late


@dataclass(frozen=True, slots=True)
class Given:
    """An override whose slot is still to come."""

    row: int
    """Sequence on the chain: of the override, or of the proposal that it still is."""
    fund_id: str
    waits: int
    """People who must still approve it; 0 where it is in force."""
    content: Mapping[str, str]

    @property
    def slot(self) -> str:
        """For which alone it stands."""
        return self.content["slot"]

    def figures(self) -> dict[str, object]:
        """As JSON."""
        weight = self.content["weight"]
        return {
            "sequence": self.row,
            "slot": self.slot,
            "state": "waits" if self.waits else "in force",
            "missing": self.waits,
            "by": self.content["by"],
            "reason": self.content["reason"],
            "weight": float(weight) if weight else None,
            "sentence": self.content["sentence"],
        }


def override(
    desk: Desk, book: Book, fund_id: str, weight: float | None, by: str, reason: str, asked: str | None
) -> Statement:
    """Write an override for one slot: the next due, or the one asked for; or propose it, where people must approve.

    Args:
        desk: who may override, the fund files and the clock.
        book: where it is written.
        fund_id: whose rule is overridden.
        weight: equity weight wanted instead; None for no trade at all.
        by: who.
        reason: in words.
        asked: a session; None for the next due slot.

    Raises:
        InvalidInput: the person may not, the weight lies outside the limits, the slot has ended or lies too far ahead,
            or an override of another slot still stands: one is given at a time.
        NothingDue: the fund has no slot to come.
    """
    name = speaker(by, desk.terms.people)
    fund = contract_to_run(desk, book, desk.fund(fund_id))
    slot = _slot(book, fund, desk.clock(), asked)
    with on_duty(book) as duty:
        now = desk.clock()
        if slot.name in duty.slots_of(fund.id, slot.session):
            raise InvalidInput(f"The slot {slot.key} of {fund_id} has ended; an override is given before.")
        before = standing(duty, fund, now)
        if before is not None and (before.slot != slot.key or before.waits):
            raise InvalidInput(
                f"Override {before.row} of {fund_id} {'waits' if before.waits else 'stands'} for the slot "
                f"{before.slot}; the next is given once that slot has ended, or that one is taken back "
                f"(`insure override {fund_id} --withdraw`)."
            )
        content = overrides.content(fund, slot, weight, name, reason)
        wanted = 0 if fund.stage == "replay" else approvals.voices(fund.controls, desk.terms.people)
        if not wanted:
            said = duty.state("override", fund.id, now, content)
        else:
            said = _proposed(duty, desk, fund, slot, content, wanted, now)
        if fund.stage != "replay":
            duty.raise_alert(Alert(fund.id, "B", OVERRIDE, said.sentence), now)
        return said


def _proposed(
    duty: Duty, desk: Desk, fund: Fund, slot: Slot, content: Mapping[str, str], wanted: int, now: dt.datetime
) -> Statement:
    """The proposal with the voice of whoever gives it; the override itself where that is enough."""
    note = approvals.NO_SECOND if approvals.alone(fund.controls, desk.terms.people) else ""
    made = duty.state("proposal", fund.id, now, overrides.proposed(content, fund, slot, wanted, note, now))
    [one] = approvals.proposals([made])
    yes = approvals.approve(one, content["by"], content["reason"], now, in_force=fund.config_sha256)
    duty.state("approval", fund.id, now, yes)
    if wanted > 1:
        return made
    return duty.state("override", fund.id, now, overrides.approved(one.number, one.content, (content["by"],)))


def withdraw(desk: Desk, book: Book, fund_id: str, by: str, reason: str) -> Statement:
    """Take the override back whose slot is still to come: one person is enough, for the rule is what was agreed.

    Raises:
        InvalidInput: the person may not, gives no reason, or no override stands.
    """
    name = speaker(by, desk.terms.people)
    fund = contract_to_run(desk, book, desk.fund(fund_id))
    with on_duty(book) as duty:
        now = desk.clock()
        before = standing(duty, fund, now)
        if before is None:
            raise InvalidInput(f"No override of {fund_id} stands for a slot to come.")
        duty.close_over(fund.id, (OVERRIDE,), now)
        if before.waits:
            one = proposal(duty, before.row)
            return duty.state("rejection", fund.id, now, approvals.reject(one, name, spoken("reason", reason), now))
        [said] = duty.statements(overrides.KINDS, fund.id, since=before.row - 1)
        return duty.state("withdrawal", fund.id, now, overrides.withdrawn(said, name, reason))


def standing(duty: Duty, fund: Fund, now: dt.datetime) -> Given | None:
    """The override of a fund whose slot is still to come, in force or waiting for people; None where there is none.

    Args:
        duty: to read through.
        fund: the contract in force.
        now: the clock.
    """
    for one in reversed(
        approvals.proposals(duty.statements(approvals.KINDS, fund.id, subjects=("override",), last=20))
    ):
        if one.state(now) == "waits" and _to_come(duty, fund, one.content, now):
            return Given(one.number, fund.id, one.missing, one.content)
    for said in duty.statements(overrides.KINDS, fund.id, last=1):
        if said.kind == "override" and _to_come(duty, fund, said.content, now):
            return Given(said.sequence, fund.id, 0, said.content)
    return None


def _to_come(duty: Duty, fund: Fund, content: Mapping[str, str], now: dt.datetime) -> bool:
    """Whether the slot of an override can still be decided."""
    session, _, word = content["slot"].partition(":")
    day = dt.date.fromisoformat(session)
    if word in duty.slots_of(fund.id, day):
        return False
    last = duty.standing(fund.id).last
    found = [slot for slot in _of_session(fund, day) if slot.name == word and (last is None or slot.at > last.due)]
    return any(fund.stage == "replay" or not too_late(plan_of(fund), slot, now) for slot in found)


def judged(book: Book, fund_id: str) -> tuple[Judged, ...]:
    """Every word of people about a fund - override, or answer to a question - with what it came to.

    Raises:
        BookError: the book cannot be read.
    """
    with looking(book) as duty:
        given = duty.statements(overrides.KINDS, fund_id)
        asked = duty.statements(approvals.KINDS, fund_id, subjects=("trade",))
    days = [one.content["session"] for one in (*given, *asked) if one.kind in {"override", "proposal"}]
    if not days:
        return ()
    contracts = {each.config_sha256: each.fund for each in kept_contracts(book, fund_id)}
    records = list(book.records(fund_id, first=dt.date.fromisoformat(min(days))))
    return cost_of(records, contracts, approvals.proposals(asked))


def _slot(book: Book, fund: Fund, now: dt.datetime, asked: str | None) -> Slot:
    if fund.stage == "replay":
        slot = due_slot(fund, book, now, asked)
        last = book.last_run(fund.id)
        if asked is not None:
            _check_near(fund, slot, fund.protection.start if last is None else last.session, None)
        return slot
    with looking(book) as duty:
        ended = duty.ended(fund, None)
    owed = agenda(plan_of(fund, ended.since), ended.keys, now)
    coming = owed.due or owed.next
    if asked is None:
        if coming is None:
            raise NothingDue(f"{fund.id} has no slot to come: {owed.ends}")
        return coming
    try:
        day = dt.date.fromisoformat(asked)
    except ValueError as error:
        raise InvalidInput(f"--slot is {asked!r}; it must be a session, like 2008-10-15.") from error
    found = _of_session(fund, day)
    if not found:
        raise InvalidInput(f"{fund.id} has no slot on {day} ({fund.schedule.slot} on {fund.schedule.calendar}).")
    slot = found[-1]
    late = too_late(plan_of(fund), slot, now)
    if late:
        raise InvalidInput(late)
    _check_near(fund, slot, fund_calendar(fund).current_or_previous(now) or fund.protection.start, coming)
    return slot


def _check_near(fund: Fund, slot: Slot, today: dt.date, coming: Slot | None) -> None:
    """An override far ahead would keep every other one away until then."""
    if coming is not None and slot.key == coming.key:
        return
    ahead = fund_calendar(fund).count(today, slot.session)
    if ahead > overrides.AHEAD:
        raise InvalidInput(
            f"The slot {slot.key} of {fund.id} lies {ahead} sessions ahead; an override is given for the next slot, or "
            f"at most {overrides.AHEAD} sessions ahead."
        )


def _of_session(fund: Fund, day: dt.date) -> list[Slot]:
    calendar = fund_calendar(fund)
    return slots(fund.schedule.timing, calendar, day, day) if calendar.is_session(day) else []
