"""When a fund acts: the words of a fund file, and the moments they name on the sessions of its exchange.

A timing is one or more moments of a session, on every session or on chosen ones:

    close-15min                                    every session, 15 minutes before the close
    open+30min close-15min                         twice a session
    every 30min                                    while the exchange is open, lunch left out
    last session of month close-15min              first, last, 2nd, 3rd ... session of week, month, quarter or year
    on 2026-03-31 2026-06-30 close                 on named dates

Everything is computed in UTC from the opens and closes of the calendar, so a night on which clocks change, a half day
and a lunch break need no rule of their own. Where a moment cannot be met literally, the slot still falls, once, and
its ``why`` says what was done:

- outside a session that is shorter than usual: at the same share of the session as on a regular day;
- in the lunch break: at the beginning of the afternoon;
- a named date without a session: on the next session;
- the n-th session of a period that has fewer: on its last.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal, get_args

from insure.dates import BeyondHorizon, Calendar, Hours, utc
from insure.errors import InvalidInput, NothingDue

Period = Literal["week", "month", "quarter", "year"]
_LONGEST: dict[Period, int] = {"week": 7, "month": 31, "quarter": 92, "year": 366}
_LAST = -1
_DAY = dt.timedelta(days=1)
_MINUTE = dt.timedelta(minutes=1)
_ALLOWED = (
    "allowed are open, open+30min, close-15min, close and every 30min, "
    "with or without 'first session of month' or 'on 2026-03-31' before them"
)


@dataclass(frozen=True, slots=True)
class Slot:
    """One moment at which a fund has something to do: the unit that is run once, or explained.

    The key holds the session and the slot's word, not the instant: when a close announced at noon moves the slot, it
    stays the same slot and cannot run twice.
    """

    session: dt.date
    name: str
    """The moment's word, e.g. ``close-15min``; no spaces and no colons."""
    at: dt.datetime
    """When it falls, aware, in UTC."""
    why: str = field(default="", compare=False)
    """One sentence that tells why it falls there."""

    def __post_init__(self) -> None:
        """Refuse an instant without a zone, and a word that would make keys ambiguous."""
        if not self.name or ":" in self.name or any(letter.isspace() for letter in self.name):
            raise InvalidInput(f"name is {self.name!r}; it must be one word without colons.")
        object.__setattr__(self, "at", utc("at", self.at))

    @property
    def key(self) -> str:
        """Session and word, e.g. ``2026-11-27:close-15min``."""
        return f"{self.session}:{self.name}"


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of a session, or a beat of moments through it."""

    edge: Literal["open", "close", "every"]
    minutes: int
    """After the open, before the close, or between two beats that are counted from the open."""

    def __str__(self) -> str:
        """As a fund file says it."""
        if self.edge == "every":
            return f"every {self.minutes}min"
        if self.minutes == 0:
            return self.edge
        return f"{self.edge}{'+' if self.edge == 'open' else '-'}{self.minutes}min"


@dataclass(frozen=True, slots=True)
class Timing:
    """The moments of a fund's sessions at which it acts; made by ``parse``."""

    moments: tuple[Moment, ...]
    period: Period | None = None
    nth: int = 0
    """Which session of the period: 1 is the first, -1 the last; 0 where there is no period."""
    dates: tuple[dt.date, ...] = ()
    """Named dates, ascending; empty where there are none."""

    def __str__(self) -> str:
        """The timing in the words that ``parse`` reads; hours are written as minutes."""
        moments = " ".join(map(str, self.moments))
        if self.dates:
            return f"on {' '.join(map(str, self.dates))} {moments}"
        return f"{_ordinal(self.nth)} session of {self.period} {moments}" if self.period else moments


def parse(text: str) -> Timing:
    """Read a timing as a fund file says it; the module's first lines are the grammar.

    Durations are whole minutes (``15min``) or hours (``2h``), less than a day.

    Raises:
        InvalidInput: anything else; the sentence quotes the word that was not understood.
    """
    words = text.split()
    period: Period | None = None
    nth, dates = 0, tuple[dt.date, ...]()
    if words[:1] == ["on"]:
        count = next((i for i, word in enumerate(words[1:]) if not word[:1].isdigit()), len(words) - 1)
        dates = _dates(text, words[1 : 1 + count])
        words = words[1 + count :]
    elif words[1:3] == ["session", "of"]:
        nth, period = _nth(text, words[0], words[3] if len(words) > 3 else "")
        words = words[4:]
    moments = []
    while words:
        taken = 2 if words[0] == "every" else 1
        moments.append(_moment(text, " ".join(words[:taken])))
        words = words[taken:]
    if not moments:
        raise _refuse(text, "it names no moment of the session")
    if len(set(moments)) < len(moments):
        raise _refuse(text, "it names a moment twice")
    return Timing(tuple(moments), period, nth, dates)


def slots(timing: Timing, calendar: Calendar, first: dt.date, last: dt.date) -> list[Slot]:
    """All slots on the sessions from ``first`` to ``last``, both included, in the order in which they fall.

    Moments that fall on one instant of a session are one slot, under the word that the timing names first.

    Raises:
        BeyondHorizon: the calendar does not reach as far.
        InvalidInput: a moment lies outside the regular hours of the exchange.
    """
    return list(chain.from_iterable(_on(timing, calendar, *one) for one in _forward(timing, calendar, first, last)))


def slots_between(timing: Timing, calendar: Calendar, after: dt.datetime, until: dt.datetime) -> list[Slot]:
    """All slots later than ``after``, up to and including ``until``.

    Raises:
        InvalidInput: as ``slots``.
    """
    after, until = utc("after", after), utc("until", until)
    last = calendar.current_or_previous(until)
    if last is None or until <= after:
        return []
    first = calendar.current_or_next(after)
    return [slot for slot in slots(timing, calendar, first, last) if after < slot.at <= until]


def next_slot(timing: Timing, calendar: Calendar, after: dt.datetime) -> Slot:
    """The first slot later than ``after``.

    Raises:
        NothingDue: the timing names dates, and they are over.
        BeyondHorizon: the calendar ends before the next slot.
        InvalidInput: as ``slots``.
    """
    after = utc("after", after)
    session = calendar.current_or_next(after)
    for one in _forward(timing, calendar, session, calendar.last_known):
        for slot in _on(timing, calendar, *one):
            if slot.at > after:
                return slot
    if timing.dates and timing.dates[-1] <= calendar.last_known:
        raise NothingDue(f"slot is {str(timing)!r}; the last of its dates is over.")
    raise BeyondHorizon(f"slot is {str(timing)!r}; {calendar!r} ends before the slot that follows {after:%Y-%m-%d}.")


def latest_slot(timing: Timing, calendar: Calendar, until: dt.datetime) -> Slot | None:
    """The last slot at or before ``until``; None where there is none.

    Raises:
        InvalidInput: as ``slots``.
    """
    until = utc("until", until)
    session = calendar.current_or_previous(until)
    if session is None:
        return None
    for one in _backward(timing, calendar, session):
        for slot in reversed(_on(timing, calendar, *one)):
            if slot.at <= until:
                return slot
    return None


def _refuse(text: str, fault: str) -> InvalidInput:
    return InvalidInput(f"slot is {text!r}: {fault}; {_ALLOWED}.")


def _ordinal(nth: int) -> str:
    words = {_LAST: "last", 1: "first"}
    endings = {1: "st", 2: "nd", 3: "rd"}
    ending = "th" if nth % 100 in {11, 12, 13} else endings.get(nth % 10, "th")
    return words.get(nth, f"{nth}{ending}")


def _nth(text: str, word: str, period: str) -> tuple[int, Period]:
    kind = next((one for one in get_args(Period) if one == period), None)
    if kind is None:
        raise _refuse(text, f"{period!r} is no week, month, quarter or year")
    found = re.fullmatch(r"([0-9]{1,3})[a-z]{2}", word)
    nth = {"first": 1, "last": _LAST, "1st": 1}.get(word, int(found[1]) if found else 0)
    if not (nth == _LAST or 1 <= nth <= _LONGEST[kind]) or word not in {_ordinal(nth), "1st"}:
        raise _refuse(text, f"{word!r} is not first, last, 2nd, 3rd ... of a {kind}")
    return nth, kind


def _dates(text: str, words: list[str]) -> tuple[dt.date, ...]:
    if not words:
        raise _refuse(text, "'on' is followed by no date")
    found = []
    for word in words:
        try:
            date = dt.datetime.strptime(word, "%Y-%m-%d").date()  # noqa: DTZ007 - only its date is taken
        except ValueError as error:
            raise _refuse(text, f"{word!r} is no date such as 2026-03-31") from error
        if word != date.isoformat():
            raise _refuse(text, f"{word!r} is not written as {date}")
        found.append(date)
    if len(set(found)) < len(found):
        raise _refuse(text, "it names a date twice")
    return tuple(sorted(found))


def _moment(text: str, words: str) -> Moment:
    if words in {"open", "close"}:
        return Moment("open" if words == "open" else "close", 0)
    found = re.fullmatch(r"(open\+|close-|every )([0-9]{1,4})(min|h)", words)
    if not found:
        raise _refuse(text, f"{words!r} is no moment of a session")
    minutes = int(found[2]) * (60 if found[3] == "h" else 1)
    if not 0 < minutes < 24 * 60:
        raise _refuse(text, f"{words!r} must be more than nothing and less than a day")
    if found[1] == "every ":
        return Moment("every", minutes)
    return Moment("open" if found[1] == "open+" else "close", minutes)


def _forward(timing: Timing, calendar: Calendar, first: dt.date, last: dt.date) -> Iterator[tuple[dt.date, str]]:
    """Sessions of the timing from ``first`` to ``last`` with the reason for each, found one by one."""
    if timing.dates:
        seen = None
        for date in timing.dates:
            if date > last:
                return
            session = calendar.on_or_after(date)
            if first <= session <= last and session != seen:
                yield session, _named(calendar, date, session)
            seen = session
    elif timing.period is None:
        yield from ((session, "") for session in calendar.sessions(first, last))
    else:
        begin, end = _bounds(timing.period, calendar, first)
        while begin <= last:
            chosen = _choose(timing.period, timing.nth, calendar, begin, end, last)
            if chosen and first <= chosen[0] <= last:
                yield chosen
            begin, end = _bounds(timing.period, calendar, end + _DAY)


def _backward(timing: Timing, calendar: Calendar, last: dt.date) -> Iterator[tuple[dt.date, str]]:
    """Sessions of the timing from ``last`` back to the first that the calendar knows."""
    if timing.dates:
        yield from reversed(list(_forward(timing, calendar, timing.dates[0], last)))
    elif timing.period is None:
        yield from ((session, "") for session in reversed(calendar.sessions(calendar.first_known, last)))
    else:
        begin, end = _bounds(timing.period, calendar, last)
        while True:
            chosen = _choose(timing.period, timing.nth, calendar, begin, end, last)
            if chosen and chosen[0] <= last:
                yield chosen
            if begin <= calendar.first_known:
                return
            begin, end = _bounds(timing.period, calendar, begin - _DAY)


def _named(calendar: Calendar, date: dt.date, session: dt.date) -> str:
    if date == session:
        return "named date"
    return f"named date {date}, on which {calendar.name} does not trade: the next session"


def _choose(
    period: Period, nth: int, calendar: Calendar, begin: dt.date, end: dt.date, last: dt.date
) -> tuple[dt.date, str] | None:
    """The n-th session of a period with its reason; None where the period has no session, or none up to ``last``."""
    sessions = calendar.sessions(max(begin, calendar.first_known), min(end, calendar.last_known))
    unknown = end > calendar.last_known and not 0 < nth <= len(sessions)
    if unknown and sessions and sessions[-1] > last:
        return None
    if unknown or (begin < calendar.first_known and nth != _LAST):
        raise BeyondHorizon(
            f"date is {end if unknown else begin}; the {_ordinal(nth)} session of the {period} from {begin} to {end} "
            f"cannot be told from {calendar!r}."
        )
    if not sessions:
        return None
    label = {
        "week": f"the week from {begin}",
        "month": f"{begin:%Y-%m}",
        "quarter": f"quarter {(begin.month + 2) // 3} of {begin:%Y}",
        "year": f"{begin:%Y}",
    }[period]
    if nth > len(sessions):
        return sessions[-1], f"last session of {label}, which has {len(sessions)} sessions and no {_ordinal(nth)}"
    return sessions[_LAST if nth == _LAST else nth - 1], f"{_ordinal(nth)} session of {label}"


def _bounds(period: Period, calendar: Calendar, day: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day of the period that ``day`` belongs to."""
    if period == "week":
        monday = day + _DAY if _opens_week(calendar, day) else day - day.weekday() * _DAY
        begin = monday - _DAY if _opens_week(calendar, monday - _DAY) else monday
        sunday = monday + 6 * _DAY
        return begin, sunday - _DAY if _opens_week(calendar, sunday) else sunday
    months = {"month": 1, "quarter": 3, "year": 12}[period]
    month = (day.month - 1) // months * months + 1
    begin = dt.date(day.year, month, 1)
    beyond = dt.date(day.year + (month + months > 12), (month + months - 1) % 12 + 1, 1)
    return begin, beyond - _DAY


def _opens_week(calendar: Calendar, day: dt.date) -> bool:
    """Whether ``day`` is a Sunday that begins a week of trading: as in Riyadh, after a Friday and Saturday without."""
    return (
        day.weekday() == 6
        and calendar.first_known + 2 * _DAY <= day <= calendar.last_known
        and calendar.is_session(day)
        and not any(calendar.is_session(day - before * _DAY) for before in (1, 2))
    )


def _on(timing: Timing, calendar: Calendar, session: dt.date, reason: str) -> list[Slot]:
    """The slots of one session, in the order in which they fall."""
    found: dict[dt.datetime, Slot] = {}
    for moment in timing.moments:
        for name, at, words in _fall(moment, calendar, session):
            why = "; ".join(filter(None, (reason, words, calendar.remark(session))))
            found.setdefault(at, Slot(session, name, at, f"{why[0].upper()}{why[1:]}."))
    return [found[at] for at in sorted(found)]


def _fall(moment: Moment, calendar: Calendar, session: dt.date) -> list[tuple[str, dt.datetime, str]]:
    """Word, instant and reason of each slot that a moment makes on a session."""
    hours = calendar.hours(session)
    offset = moment.minutes * _MINUTE
    if moment.edge == "every":
        words = f"every {moment.minutes} min from the open at {_clock(calendar, hours.opens)}"
        beats = [k * offset for k in range(1, -(-hours.length // offset))]
        found = [
            (f"open+{beat // _MINUTE}min", hours.opens + beat, words)
            for beat in beats
            if any(begin < hours.opens + beat < end for begin, end in hours.spans)
        ]
        if not found and not calendar.is_short(session):
            raise _never(moment, calendar, session)
        return found
    if moment.edge == "open":
        at, words = hours.opens + offset, f"the open at {_clock(calendar, hours.opens)}"
        words = f"{moment.minutes} min after {words}" if moment.minutes else words
    else:
        at, words = hours.closes - offset, f"the close at {_clock(calendar, hours.closes)}"
        words = f"{moment.minutes} min before {words}" if moment.minutes else words
    if moment.minutes and not hours.opens <= at < hours.closes:
        at, words = _share(moment, calendar, session, hours)
    if hours.lunch and hours.lunch[0] <= at < hours.lunch[1]:
        begin, end = (calendar.local(edge) for edge in hours.lunch)
        at = hours.lunch[1]
        words = f"{words}, in the lunch break {begin:%H:%M}-{end:%H:%M}: the afternoon's beginning"
    return [(str(moment), at, words)]


def _share(moment: Moment, calendar: Calendar, session: dt.date, hours: Hours) -> tuple[dt.datetime, str]:
    """The same share of a short session as on a regular day, to the minute below."""
    usual = calendar.usual_hours(session).length
    offset = moment.minutes * _MINUTE
    elapsed = offset if moment.edge == "open" else usual - offset
    if not (calendar.is_short(session) and dt.timedelta(0) <= elapsed < usual):
        raise _never(moment, calendar, session)
    at = hours.opens + elapsed * (hours.length / usual) // _MINUTE * _MINUTE
    return at, f"{moment} lies outside the short session: the same share of it as on a regular day"


def _never(moment: Moment, calendar: Calendar, session: dt.date) -> InvalidInput:
    usual = calendar.usual_hours(session)
    opens, closes = calendar.local(usual.opens), calendar.local(usual.closes)
    return InvalidInput(
        f"slot is {str(moment)!r}; {calendar.name} has no such moment between its regular open and close, "
        f"{opens:%H:%M} and {closes:%H:%M} local about {session}."
    )


def _clock(calendar: Calendar, at: dt.datetime) -> str:
    return calendar.local(at).strftime("%H:%M local (%Z)")
