"""What a desk owes: the slot to run now, the slots that were missed, and when to wake next.

Pure: a plan, the keys of the slots that already ended, and an instant go in. The scheduler is an alarm clock, the book
knows what has run; what follows from the two is decided here, so that a clock that jumps, a machine that slept and a
service that was down all meet one rule:

- a slot is run inside its window, from its instant to its deadline, or not at all;
- of several open slots only the latest is run, with fresh prices; the others are missed, each with its reason;
- a slot whose key has ended is never due again, whatever the clock or the calendar says later.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from insure.dates import BeyondHorizon, Calendar, utc
from insure.decision import fund_calendar
from insure.errors import InvalidInput, NothingDue
from insure.fund import Fund
from insure.slots import Slot, Timing, next_slot, slots_between

_MOMENT = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """When one fund acts."""

    fund_id: str
    timing: Timing
    calendar: Calendar
    window: dt.timedelta
    """How long after its instant a slot may still start."""
    since: dt.datetime
    """Slots later than this instant are owed: the start of the fund, or the last slot known to have ended."""

    def __post_init__(self) -> None:
        """Refuse a window that is empty and an instant without a zone."""
        if not self.window > dt.timedelta(0):
            raise InvalidInput(f"window is {self.window}; it must be longer than nothing.")
        object.__setattr__(self, "since", utc("since", self.since))

    def deadline(self, slot: Slot) -> dt.datetime:
        """The last instant at which ``slot`` may start, UTC.

        The window, but not beyond the stretch of trading that the slot lies in: what starts in the lunch break or
        after the close would be traded on a price that is no longer made. A slot at the close itself, for funds that
        deal at the closing price, has its whole window.
        """
        end = slot.at + self.window
        inside = [until for begin, until in self.calendar.hours(slot.session).spans if begin <= slot.at < until]
        return min([end, *inside])


@dataclass(frozen=True, slots=True)
class Missed:
    """A slot that came and went without its run."""

    slot: Slot
    reason: str


@dataclass(frozen=True, slots=True)
class Agenda:
    """What one fund owes at an instant."""

    due: Slot | None
    """The one slot to run now."""
    missed: tuple[Missed, ...]
    """Slots to be recorded as missed, in the order in which they fell."""
    next: Slot | None
    """The next slot that has not ended; None where there is none."""
    ends: str = ""
    """Why there is no next slot: the named dates are over, or the calendar ends. The second needs a person."""


@dataclass(frozen=True, slots=True)
class Coming:
    """A slot to come, as a timetable prints it."""

    slot: Slot
    local: dt.datetime
    """On the clock of the exchange."""
    deadline: dt.datetime


def plan_of(fund: Fund, since: dt.datetime | None = None) -> Plan:
    """The plan of a fund; owed from the start of its protection on, where ``since`` is None."""
    calendar = fund_calendar(fund)
    window = dt.timedelta(minutes=fund.schedule.deadline_minutes)
    start = calendar.opens(calendar.on_or_after(fund.protection.start)) - _MOMENT
    return Plan(fund.id, fund.schedule.timing, calendar, window, start if since is None else max(start, since))


def agenda(plan: Plan, ended: Collection[str], now: dt.datetime) -> Agenda:
    """What the fund owes at ``now``.

    Args:
        plan: when the fund acts.
        ended: keys of the slots later than ``plan.since`` that have an outcome in the book.
        now: the clock.

    Raises:
        BeyondHorizon: the calendar ends before ``now``.
        InvalidInput: the timing does not fit the exchange's hours.
    """
    now = utc("now", now)
    come = slots_between(plan.timing, plan.calendar, plan.since, now)
    due = come[-1] if come and come[-1].key not in ended and now <= plan.deadline(come[-1]) else None
    missed = tuple(
        Missed(slot, _missed(plan, slot, come[-1], now)) for slot in come if slot is not due and slot.key not in ended
    )
    try:
        return Agenda(due, missed, _next(plan, ended, max(now, plan.since)))
    except (NothingDue, BeyondHorizon) as end:
        return Agenda(due, missed, None, str(end))


def agendas(plans: Iterable[Plan], ended: Mapping[str, Collection[str]], now: dt.datetime) -> dict[str, Agenda]:
    """What every fund of a desk owes at ``now``, by fund; ``ended`` holds the keys by fund."""
    return {plan.fund_id: agenda(plan, ended.get(plan.fund_id, ()), now) for plan in plans}


def wake_at(desk: Iterable[Agenda]) -> dt.datetime | None:
    """The earliest next slot of the agendas; None where none has one."""
    return min((one.next.at for one in desk if one.next is not None), default=None)


def coming(plan: Plan, now: dt.datetime, days: int) -> list[Coming]:
    """Slots from ``now`` on, for ``days`` times 24 hours, with the exchange's clock and the deadline of each."""
    until = utc("now", now) + dt.timedelta(days=days)
    return [
        Coming(slot, plan.calendar.local(slot.at), plan.deadline(slot))
        for slot in slots_between(plan.timing, plan.calendar, max(utc("now", now), plan.since), until)
    ]


def _next(plan: Plan, ended: Collection[str], after: dt.datetime) -> Slot:
    slot = next_slot(plan.timing, plan.calendar, after)
    while slot.key in ended:
        slot = next_slot(plan.timing, plan.calendar, slot.at)
    return slot


def too_late(plan: Plan, slot: Slot, now: dt.datetime) -> str:
    """Why ``slot`` may not start any more, in one sentence; empty while it may."""
    deadline = plan.deadline(slot)
    if now <= deadline:
        return ""
    return f"Missed: {_was(slot)} with a deadline at {deadline:%H:%M}; it is {now:%Y-%m-%d %H:%M} UTC. Not traded late."


def last_start(plan: Plan, slot: Slot) -> dt.datetime:
    """The last instant at which ``slot`` may be taken up again: the end of its session's trading, or of its window."""
    return max(plan.calendar.closes(slot.session), plan.deadline(slot))


def _missed(plan: Plan, slot: Slot, latest: Slot, now: dt.datetime) -> str:
    late = too_late(plan, slot, now)
    return late or f"Missed: {_was(slot)}, and {latest.key} has come since; only the latest slot is run."


def _was(slot: Slot) -> str:
    return f"{slot.key} was due at {slot.at:%Y-%m-%d %H:%M} UTC"
