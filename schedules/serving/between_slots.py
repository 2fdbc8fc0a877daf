"""What is seen of a fund between its slots: the market now, and whether something happened that is worth a slot."""

import datetime as dt

from insure.accrual import settled
from insure.book import Record
from insure.book.alerts import Alert
from insure.book.duty import Duty
from insure.decision import decide, fund_calendar
from insure.errors import InsureError
from insure.feeds import look
from insure.fund import Fund
from insure.market import Snapshot
from insure.slots import Slot
from schedules.desk import Desk
from schedules.serving.triggers import PREFIX, Refusal, event_slot, triggered
from schedules.timetable import plan_of

BLIND = "not watched"


def event(desk: Desk, duty: Duty, fund: Fund, now: dt.datetime) -> Slot | Alert | None:
    """The slot of an event, or what to say about it; None where nothing happened."""
    last = (standing := duty.standing(fund.id)).last
    calendar = plan_of(fund).calendar
    session = calendar.current_or_previous(now)
    started = duty.started_last(fund.id)
    if last is None or last.decision.memory is None or session is None or started is None or now <= last.due:
        return None
    try:
        snapshot = look_again(desk, fund, Slot(session, f"{PREFIX}0", now), last)
        holdings = settled(fund, standing.holdings, snapshot)
        found = triggered(fund, last, decide(fund, holdings, last.decision.memory, snapshot))
    except InsureError as error:
        return Alert(fund.id, "B", BLIND, f"Event triggers of {fund.id} are not watched: {error}")
    if not found:
        return None
    taken = [word for word in duty.slots_of(fund.id, session) if word.startswith(PREFIX) and "." not in word]
    slot = event_slot(fund, calendar, found, len(taken), last.due, started, now)
    if isinstance(slot, Refusal):
        return Alert(fund.id, "B", "event slots used up", slot.sentence) if slot.spent else None
    return slot


def look_again(desk: Desk, fund: Fund, slot: Slot, last: Record | None) -> Snapshot:
    """The market as a slot of the fund would see it now, after its last decision."""
    previous, since = (None, None) if last is None else (last.decision.snapshot.volatility, last.session)
    return look(fund, desk.feed(fund), fund_calendar(fund), slot, previous, since)
