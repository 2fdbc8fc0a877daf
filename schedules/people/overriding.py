"""Overrides as people give them: for which slot, and what the ones before came to."""

import datetime as dt

from insure.book import Book, Statement
from insure.book.agreed import kept_contracts
from insure.book.duty import Duty, looking, on_duty
from insure.controls import approvals, overrides
from insure.controls.counterfactual import Judged, cost_of
from insure.controls.people import speaker
from insure.decision import fund_calendar
from insure.errors import InvalidInput, NothingDue
from insure.fund import Fund
from insure.slots import Slot, slots
from schedules.desk import Desk
from schedules.jobs import due_slot
from schedules.people.approving import contract_to_run
from schedules.timetable import agenda, plan_of, too_late


def override(
    desk: Desk, book: Book, fund_id: str, weight: float | None, by: str, reason: str, asked: str | None
) -> Statement:
    """Write an override for one slot: the next due, or the one asked for.

    Args:
        desk: who may override, the fund files and the clock.
        book: where it is written.
        fund_id: whose rule is overridden.
        weight: equity weight wanted instead; None for no trade at all.
        by: who.
        reason: in words.
        asked: a session; None for the next due slot.

    Raises:
        InvalidInput: the person may not, the weight lies outside the limits, the slot has ended, or an override of
            another slot still stands: one is given at a time.
        NothingDue: the fund has no slot to come.
    """
    name = speaker(by, desk.terms.people)
    fund = contract_to_run(desk, book, desk.fund(fund_id))
    slot = _slot(book, fund, desk.clock(), asked)
    with on_duty(book) as duty:
        now = desk.clock()
        if slot.name in duty.slots_of(fund.id, slot.session):
            raise InvalidInput(f"The slot {slot.key} of {fund_id} has ended; an override is given before.")
        standing = unused(duty, fund, now)
        if standing is not None and standing.content["slot"] != slot.key:
            raise InvalidInput(
                f"Override {standing.sequence} of {fund_id} stands for the slot {standing.content['slot']}; the next "
                "is given once that slot has ended."
            )
        return duty.state("override", fund.id, now, overrides.content(fund, slot, weight, name, reason))


def unused(duty: Duty, fund: Fund, now: dt.datetime) -> Statement | None:
    """The override whose slot is still to come; None where none stands."""
    for one in duty.statements(overrides.KINDS, fund.id, last=1):
        session, _, word = one.content["slot"].partition(":")
        day = dt.date.fromisoformat(session)
        if word in duty.slots_of(fund.id, day):
            return None
        found = _of_session(fund, day)
        late = fund.stage != "replay" and all(too_late(plan_of(fund), slot, now) for slot in found if slot.name == word)
        return None if late else one
    return None


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
        return due_slot(fund, book, now, asked)
    if asked is not None:
        try:
            day = dt.date.fromisoformat(asked)
        except ValueError as error:
            raise InvalidInput(f"--slot is {asked!r}; it must be a session, like 2008-10-15.") from error
        found = _of_session(fund, day)
        if not found:
            raise InvalidInput(f"{fund.id} has no slot on {day} ({fund.schedule.slot} on {fund.schedule.calendar}).")
        late = too_late(plan_of(fund), found[-1], now)
        if late:
            raise InvalidInput(late)
        return found[-1]
    with looking(book) as duty:
        ended = duty.ended(fund, None)
    owed = agenda(plan_of(fund, ended.since), ended.keys, now)
    slot = owed.due or owed.next
    if slot is None:
        raise NothingDue(f"{fund.id} has no slot to come: {owed.ends}")
    return slot


def _of_session(fund: Fund, day: dt.date) -> list[Slot]:
    calendar = fund_calendar(fund)
    return slots(fund.schedule.timing, calendar, day, day) if calendar.is_session(day) else []
