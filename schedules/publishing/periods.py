"""How far the period of a compliance report has come: what of it can be judged, and from which row of the chain."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from insure.book import Book, trail
from insure.compliance import Owed, due
from insure.dates import Calendar
from insure.errors import InvalidInput
from insure.slots import Slot
from schedules.timetable import plan_of


@dataclass(frozen=True, slots=True)
class Reached:
    """A period up to where it can be judged."""

    anchor: tuple[int, str]
    """Sequence and hash of the last row that a report on it depends on."""
    due: tuple[Slot, ...]
    """What was due of it by then."""
    so_far: dt.date | None
    """The day of the last row, where the period is not over; None where it is."""


def bounds(calendar: Calendar, first: dt.date, last: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """The instants at which a period begins and is over: midnights on the clock of its exchange."""
    begins, ends = (dt.datetime.combine(day, dt.time(), calendar.zone) for day in (first, last + dt.timedelta(days=1)))
    return begins, ends


def reached(
    book: Book,
    fund_id: str,
    calendar: Calendar,
    contracts: Sequence[Owed],
    first: dt.date,
    last: dt.date,
    at: dt.datetime,
) -> Reached:
    """How far a period has come at the instant ``at``.

    A period is over once its last session has closed and every slot of it has ended or is past its deadline, at the
    latest at midnight: what it owed is then the whole of it, whenever the report is made again. Before that the clock
    says nothing that the book does not: what is due ends with the last row of the chain that the report depends on, so
    that the same book gives the same report, and a row more gives a new one.

    Raises:
        InvalidInput: the span is empty or has no session, or the book has nothing of it yet.
    """
    if not first <= last:
        raise InvalidInput(f"first is {first}; it must be {last} (last) or before.")
    begins, ends = bounds(calendar, first, last)
    anchor = trail.last_of(book, fund_id, last, ends)
    row = trail.entry(book, anchor[0]).at if anchor[0] else None
    if at < ends and (row is None or row < begins):
        known = "it holds nothing" if row is None else f"its last row is of {calendar.local(row):%Y-%m-%d %H:%M}"
        raise InvalidInput(
            f"{_named(first, last)} lies beyond what the book holds of {fund_id}: {known} on the clock of "
            f"{calendar.name}. Ask again when something of it is recorded."
        )
    sessions = calendar.sessions(first, last)
    if not sessions:
        before = calendar.on_or_before(first)
        raise InvalidInput(
            f"{calendar.name} does not trade on {_named(first, last)}; the session before is {before:%A} {before}."
        )
    whole = due(contracts, first, last, ends)
    if row is None or at >= ends or _over(contracts, whole, calendar.closes(sessions[-1]), row, at):
        return Reached(anchor, tuple(whole), None)
    return Reached(anchor, tuple(slot for slot in whole if slot.at <= row), calendar.local(row).date())


def _over(
    contracts: Sequence[Owed], whole: Sequence[Slot], closed: dt.datetime, row: dt.datetime, at: dt.datetime
) -> bool:
    """Whether the last session has closed, and nothing that was due may still start."""
    if at < closed or not whole or whole[-1].at <= row:
        return at >= closed
    return at > plan_of(contracts[-1].fund).deadline(whole[-1])


def _named(first: dt.date, last: dt.date) -> str:
    return f"{first:%A} {first}" if first == last else f"{first} to {last}"
