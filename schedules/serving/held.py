"""Held slots that are taken up again: which, until when, and under which key."""

import datetime as dt

from insure.book.duty import Duty
from insure.book.questions import AskedQuestion
from insure.fund import Fund
from insure.slots import Slot, slots
from schedules.timetable import Plan

AGAIN = ".again"
"""Ends the word of the slot in which a held slot is taken up again: once."""


def may_start(plan: Plan, asked: AskedQuestion, now: dt.datetime) -> bool:
    """Whether the held slot may still be run: inside its own window, or while trading goes on for an event."""
    if not plan.calendar.is_session(asked.session):
        return False
    of_day = slots(plan.timing, plan.calendar, asked.session, asked.session)
    original = next((slot for slot in of_day if slot.name == asked.slot), None)
    if original is not None:
        return original.at < now <= plan.deadline(original)
    return plan.calendar.is_open(now) and plan.calendar.current_or_previous(now) == asked.session


def again_at(duty: Duty, fund: Fund, plan: Plan, asked: AskedQuestion, now: dt.datetime) -> Slot | None:
    """The slot in which a held one is taken up again, if that is still open."""
    open_still = duty.question(fund.id)
    if open_still is None or open_still.question.asked != asked.question.asked or not may_start(plan, asked, now):
        return None
    return Slot(asked.session, f"{asked.slot}{AGAIN}", now, f"{asked.slot} was held; taken up again.")
