"""Sessions, opening hours and year fractions of an exchange: the one place that knows exchange_calendars.

A calendar is built once per name and then answers from plain Python lists: sessions are ``date``, instants are aware
``datetime`` in UTC. Exchanges announce closures faster than calendar releases come, so a desk may add its own closures
and early closes; they are part of the calendar from then on, for schedules and for ``bus/252`` alike.
"""

import calendar as gregorian
import datetime as dt
import difflib
import functools
import importlib.metadata
import warnings
import zoneinfo
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from insure.arguments import number, one_of, whole
from insure.errors import InvalidInput

FURTHEST = dt.date(2060, 12, 31)
"""Where a calendar ends whose release sets no end of its own: far enough for a contract of thirty years."""

EARLIEST = dt.date(1928, 1, 1)
"""Where a calendar begins whose release sets no beginning of its own."""

DayCount = Literal["bus/252", "act/365"]
DAY_COUNTS: tuple[DayCount, ...] = ("bus/252", "act/365")

SESSIONS_PER_YEAR = 252
_DAY = dt.timedelta(days=1)
_HALF = 2 / 3  # a session up to two thirds as long as usual is called a half day


class BeyondHorizon(InvalidInput):
    """A date lies outside what the installed release of exchange_calendars knows."""


class Hours(NamedTuple):
    """The opening hours of one session: aware instants in UTC."""

    opens: dt.datetime
    closes: dt.datetime
    lunch: tuple[dt.datetime, dt.datetime] | None

    @property
    def length(self) -> dt.timedelta:
        """Time from open to close, a lunch break included."""
        return self.closes - self.opens

    @property
    def spans(self) -> tuple[tuple[dt.datetime, dt.datetime], ...]:
        """The stretches of trading: one, or two around a lunch break."""
        if self.lunch is None:
            return ((self.opens, self.closes),)
        return ((self.opens, self.lunch[0]), (self.lunch[1], self.closes))


@dataclass(frozen=True, slots=True)
class _Release:
    """What the installed release of exchange_calendars knows about one exchange."""

    name: str
    zone: zoneinfo.ZoneInfo
    first: dt.date
    last: dt.date
    by_rule: bool
    hours: dict[dt.date, Hours]
    special: frozenset[dt.date]
    """Sessions whose open or close on the exchange's clock is not the one then in force."""


class Calendar:
    """Sessions of one exchange, from ``first_known`` to ``last_known``; made by ``calendar``.

    ``by_rule`` tells whether the release sets no end of its own: its holidays are then computed by the exchange's rules
    up to 2060, and what the exchange will decide differently is not in them.

    Every question about a date outside that range raises ``BeyondHorizon`` with the range in its sentence; a
    ``datetime`` where a date is asked for and an instant without a zone raise ``InvalidInput``.
    """

    __slots__ = (
        "_closes",
        "_days",
        "_hours",
        "_index",
        "_opens",
        "_special",
        "by_rule",
        "closures",
        "early_closes",
        "first_known",
        "last_known",
        "name",
        "zone",
    )

    def __init__(
        self,
        release: _Release,
        closures: tuple[dt.date, ...],
        early_closes: tuple[tuple[dt.date, dt.time], ...],
    ) -> None:
        """Lay the desk's own closures and early closes over what the release knows."""
        self.name = release.name
        self.zone = release.zone
        self.first_known = release.first
        self.last_known = release.last
        self.by_rule = release.by_rule
        self.closures = closures
        self.early_closes = early_closes
        hours = release.hours
        for day in closures:
            self._check(day, "closure")
            _refuse_free_weekday(release, day)
        if closures or early_closes:
            closed = frozenset(closures)
            hours = {day: known for day, known in hours.items() if day not in closed}
            for day, time in early_closes:
                self._check(day, "early close")
                hours[day] = _shortened(release, hours.get(day), day, time)
        self._hours = hours
        self._days = list(hours)
        self._index = {day: i for i, day in enumerate(self._days)}
        self._opens = [known.opens for known in hours.values()]
        self._closes = [known.closes for known in hours.values()]
        self._special = release.special.union(day for day, _ in early_closes)

    def __repr__(self) -> str:
        """Name and range."""
        return f"Calendar({self.name}, {self.first_known} to {self.last_known})"

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        """Rebuild from the name and the desk's own dates: a worker reads its own release."""
        return calendar, (self.name, self.closures, self.early_closes)

    def is_session(self, day: dt.date) -> bool:
        """Whether the exchange trades on ``day``."""
        if day in self._index:
            return True
        self._check(day)
        return False

    def sessions(self, first: dt.date, last: dt.date) -> list[dt.date]:
        """All sessions from ``first`` to ``last``, both included; empty where ``last`` lies before ``first``."""
        return self._days[bisect_left(self._days, self._check(first)) : bisect_right(self._days, self._check(last))]

    def next(self, day: dt.date) -> dt.date:
        """The first session after ``day``."""
        return self._at(bisect_right(self._days, self._check(day)), day)

    def previous(self, day: dt.date) -> dt.date:
        """The last session before ``day``."""
        return self._at(bisect_left(self._days, self._check(day)) - 1, day)

    def on_or_after(self, day: dt.date) -> dt.date:
        """``day`` where it is a session, else the next session."""
        return day if day in self._index else self.next(day)

    def on_or_before(self, day: dt.date) -> dt.date:
        """``day`` where it is a session, else the previous session."""
        return day if day in self._index else self.previous(day)

    def offset(self, day: dt.date, sessions: int) -> dt.date:
        """The n-th session after ``day``, or before it where n is negative; with 0 ``day`` itself, a session.

        ``day`` need not be a session for n other than 0: one session after a Saturday is the Monday.
        """
        if sessions > 0:
            return self._at(bisect_right(self._days, self._check(day)) + sessions - 1, day)
        if sessions < 0:
            return self._at(bisect_left(self._days, self._check(day)) + sessions, day)
        return self._days[self._position(day)]

    def count(self, first: dt.date, last: dt.date) -> int:
        """Number of sessions after ``first`` up to and including ``last``."""
        low, high = bisect_right(self._days, self._check(first)), bisect_right(self._days, self._check(last))
        if last < first:
            raise InvalidInput(f"first is {first}; it must not lie after last, which is {last}.")
        return high - low

    def hours(self, session: dt.date) -> Hours:
        """Opening hours of ``session``, UTC."""
        known = self._hours.get(session)
        return known if known is not None else self._hours[self._days[self._position(session)]]

    def opens(self, session: dt.date) -> dt.datetime:
        """When trading opens on ``session``, UTC."""
        return self.hours(session).opens

    def closes(self, session: dt.date) -> dt.datetime:
        """When trading closes on ``session``, UTC."""
        return self.hours(session).closes

    def breaks(self, session: dt.date) -> tuple[dt.datetime, dt.datetime] | None:
        """Beginning and end of the lunch break of ``session``, UTC; None without one."""
        return self.hours(session).lunch

    def is_open(self, at: dt.datetime) -> bool:
        """Whether the exchange trades at ``at``: from the open on, up to but not at the close, lunch excluded."""
        at = utc("at", at)
        i = bisect_right(self._opens, at) - 1
        return i >= 0 and any(begin <= at < end for begin, end in self._hours[self._days[i]].spans)

    def current_or_next(self, at: dt.datetime) -> dt.date:
        """The first session that closes at ``at`` or later."""
        return self._at(bisect_left(self._closes, utc("at", at)), at.date())

    def current_or_previous(self, at: dt.datetime) -> dt.date | None:
        """The last session that opened at ``at`` or before; None before the first session known."""
        i = bisect_right(self._opens, utc("at", at)) - 1
        if i + 1 == len(self._days) and at > self._closes[-1]:
            self._check(at.astimezone(self.zone).date())
        return self._days[i] if i >= 0 else None

    def usual_hours(self, session: dt.date) -> Hours:
        """Hours of ``session`` itself on a regular day, else of the nearest regular session before it."""
        for i in range(self._position(session), -1, -1):
            if self._days[i] not in self._special:
                return self._hours[self._days[i]]
        return self._hours[next((day for day in self._days if day not in self._special), session)]

    def is_short(self, session: dt.date) -> bool:
        """Whether trading on ``session`` lasts less than on a regular day: so says the exchange, or the desk."""
        return session in self._special and self.hours(session).length < self.usual_hours(session).length

    def remark(self, session: dt.date) -> str:
        """What is unusual about the hours of ``session``, in words; empty on a regular day."""
        hours = self.hours(session)
        if session not in self._special:
            return ""
        usual = self.usual_hours(session)
        words = []
        opens, closes = self.local(hours.opens), self.local(hours.closes)
        if opens.time() != self.local(usual.opens).time():
            late = opens.time() > self.local(usual.opens).time()
            words.append(f"{'late' if late else 'early'} opening: the exchange opens at {opens:%H:%M} local")
        if closes.time() < self.local(usual.closes).time():
            kind = "half day" if hours.length <= _HALF * usual.length else "early close"
            words.append(f"{kind}: the exchange closes at {closes:%H:%M} local")
        elif closes.time() > self.local(usual.closes).time():
            words.append(f"late close: the exchange closes at {closes:%H:%M} local")
        return "; ".join(words)

    def local(self, at: dt.datetime) -> dt.datetime:
        """``at`` on the clock of the exchange."""
        return utc("at", at).astimezone(self.zone)

    def _check(self, day: dt.date, name: str = "date") -> dt.date:
        if not _is_date(day):
            raise InvalidInput(f"{name} is {day!r}; it must be a date without a time.")
        if not self.first_known <= day <= self.last_known:
            raise self._beyond(name, day)
        return day

    def _beyond(self, name: str, day: dt.date) -> BeyondHorizon:
        return BeyondHorizon(
            f"{name} is {day}; exchange_calendars {release()} knows {self.name} "
            f"from {self.first_known} to {self.last_known}."
        )

    def _at(self, i: int, asked: dt.date) -> dt.date:
        if not 0 <= i < len(self._days):
            raise self._beyond("date", asked)
        return self._days[i]

    def _position(self, session: dt.date) -> int:
        i = self._index.get(session)
        if i is None:
            self._check(session, "session")
            raise InvalidInput(f"session is {session}; {self.name} does not trade on that day.")
        return i


def calendar(
    name: str,
    closures: tuple[dt.date, ...] = (),
    early_closes: tuple[tuple[dt.date, dt.time], ...] = (),
) -> Calendar:
    """The calendar of an exchange, with the desk's own closures and early closes laid over it; built once, then cached.

    Args:
        name: ISO 10383 code (``XNYS``) or an alias that exchange_calendars knows (``NYSE``).
        closures: days on which the exchange will not trade. A weekday that the release already knows to be closed is
            accepted, so that a later release does not stop the desk; a weekday on which the exchange never trades is
            refused as a slip.
        early_closes: session and close on the clock of the exchange, earlier than the calendar's close or equal to it.
            A lunch break that begins at the new close or later falls away.

    Raises:
        InvalidInput: the exchange is unknown (the sentence lists names that are near), a date lies outside what the
            release knows, or a closure or early close cannot be.
    """
    early = dict(early_closes)
    if len(early) != len(set(early_closes)):
        raise InvalidInput("early_closes name two times for one day; each day has one close.")
    return _calendar(name, tuple(sorted(set(closures))), tuple(sorted(early.items())))


def release() -> str:
    """Version of the exchange_calendars release that is installed."""
    return importlib.metadata.version("exchange_calendars")


def utc(name: str, at: dt.datetime) -> dt.datetime:
    """One aware instant, in UTC.

    Raises:
        InvalidInput: ``at`` has no zone, or is no instant at all.
    """
    if not _is_aware(at):
        raise InvalidInput(f"{name} is {at!r}; it must be an instant with its zone.")
    return at if at.tzinfo is dt.UTC else at.astimezone(dt.UTC)


def year_fraction(day_count: DayCount, calendar: Calendar, first: dt.date, last: dt.date) -> float:
    """Time from ``first`` to ``last`` in years: sessions after ``first`` over 252, or calendar days over 365.

    Args:
        day_count: ``bus/252`` (ISDA's BUS/252: the end day counts where it is a session, the first does not) or
            ``act/365`` (ACT/365 fixed).
        calendar: whose sessions count; ``act/365`` does not ask it.
        first: from when.
        last: until when, not before ``first``.

    Raises:
        InvalidInput: ``last`` lies before ``first``.
        BeyondHorizon: with ``bus/252``, a date that the calendar does not know.
    """
    one_of("day_count", day_count, DAY_COUNTS)
    if day_count == "bus/252":
        return calendar.count(first, last) / SESSIONS_PER_YEAR
    for name, day in (("first", first), ("last", last)):
        if not _is_date(day):
            raise InvalidInput(f"{name} is {day!r}; it must be a date without a time.")
    if last < first:
        raise InvalidInput(f"first is {first}; it must not lie after last, which is {last}.")
    return (last - first).days / 365


def anniversary(calendar: Calendar, start: dt.date, years: float) -> dt.date:
    """The session on or after the same day of the month, ``years`` later.

    Args:
        calendar: whose session it is.
        start: the first day, a session or not.
        years: a whole number of months, in years: 1, 0.25, 1.5. The 29th to 31st become the last day of a shorter
            month.

    Raises:
        InvalidInput: ``years`` is no whole number of months.
        BeyondHorizon: the day lies outside what the calendar knows.
    """
    exact = 12.0 * number("years", years, low=0.0, high=200.0)
    months = round(exact)
    if not abs(exact - months) <= 1e-6:
        raise InvalidInput(f"years is {years!r}; it must be a whole number of months, such as 1, 0.25 or 1.5.")
    year, month = divmod(12 * start.year + start.month - 1 + whole("months", months), 12)
    day = min(start.day, gregorian.monthrange(year, month + 1)[1])
    return calendar.on_or_after(dt.date(year, month + 1, day))


def _is_date(value: object) -> bool:
    return isinstance(value, dt.date) and not isinstance(value, dt.datetime)


def _is_aware(value: object) -> bool:
    return isinstance(value, dt.datetime) and value.utcoffset() is not None


@functools.cache
def _calendar(name: str, closures: tuple[dt.date, ...], early_closes: tuple[tuple[dt.date, dt.time], ...]) -> Calendar:
    return Calendar(_release(_canonical(name)), closures, early_closes)


def _canonical(name: str) -> str:
    import exchange_calendars as xc  # noqa: PLC0415 - 0.3 s that only those pay who ask for a calendar

    names = xc.get_calendar_names(include_aliases=True)
    if name not in names:
        near = difflib.get_close_matches(str(name).upper(), names, n=5, cutoff=0.5)
        hint = f"near names are {', '.join(near)}" if near else "names are ISO 10383 codes such as XNYS, XLON, XETR"
        raise InvalidInput(f"calendar is {name!r}; exchange_calendars {release()} does not know it: {hint}.")
    return str(xc.resolve_alias(name))


@functools.cache
def _release(name: str) -> _Release:
    import exchange_calendars as xc  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    with warnings.catch_warnings():
        # The release uses forms that newer pandas announce to change: its matter, and not a fund's.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        try:
            kind = type(xc.get_calendar(name))
            low, high = kind.bound_min(), kind.bound_max()
            first = EARLIEST if low is None else max(EARLIEST, low.date())
            last = FURTHEST if high is None else min(FURTHEST, high.date())
            known = xc.get_calendar(name, start=str(first), end=str(last))
        except (ValueError, NotImplementedError) as error:
            reason = str(error)[:120]
            raise InvalidInput(f"calendar is {name!r}; exchange_calendars {release()} fails on it: {reason}") from error

        index = {column: pd.DatetimeIndex(known.schedule[column]) for column in known.schedule.columns}
        clock = {column: list(index[column].tz_convert(known.tz).time) for column in ("open", "close")}
        instants: dict[str, list[dt.datetime | None]] = {
            column: [None if missing else one for one, missing in zip(at.to_pydatetime(), at.isna(), strict=True)]
            for column, at in ((column, at.tz_convert(dt.UTC)) for column, at in index.items())
        }
        days: list[dt.date] = list(known.sessions.date)
        usual = zip(_in_force(days, known.open_times), _in_force(days, known.close_times), strict=True)
    actual = zip(clock["open"], clock["close"], strict=True)
    special = frozenset(day for day, its, rule in zip(days, actual, usual, strict=True) if its != rule)
    hours = {}
    columns = (instants[column] for column in ("open", "close", "break_start", "break_end"))
    for day, opened, closed, begin, end in zip(days, *columns, strict=True):
        if opened is None or closed is None:
            raise InvalidInput(f"calendar is {name!r}; exchange_calendars {release()} knows no hours for {day}.")
        hours[day] = Hours(opened, closed, None if begin is None or end is None else (begin, end))
    zone = zoneinfo.ZoneInfo(str(known.tz))
    return _Release(name, zone, first, last, high is None, hours, special)


def _in_force(days: list[dt.date], rules: Iterable[tuple[dt.datetime | None, dt.time]]) -> list[dt.time]:
    """The open or close in force on each day; a rule holds from its date until the next one's."""
    starts, times = zip(*((dt.date.min if start is None else start.date(), time) for start, time in rules), strict=True)
    return [times[bisect_right(starts, day) - 1] for day in days]


def _refuse_free_weekday(release: _Release, day: dt.date) -> None:
    if not any(day + k * 7 * _DAY in release.hours for k in range(-8, 9)):
        raise InvalidInput(f"closure is {day}; {release.name} never trades on a {day:%A}: is the date right?")


def _shortened(release: _Release, known: Hours | None, day: dt.date, time: dt.time) -> Hours:
    asked = f"early close is {day} {time:%H:%M}"
    if known is None:
        raise InvalidInput(f"{asked}; {release.name} does not trade on that day.")
    if time.tzinfo is not None:
        raise InvalidInput(f"{asked}; it must be a time on the clock of the exchange, without a zone.")
    close = dt.datetime.combine(day, time, tzinfo=release.zone).astimezone(dt.UTC)
    if not known.opens < close <= known.closes:
        begin, end = (at.astimezone(release.zone) for at in (known.opens, known.closes))
        raise InvalidInput(
            f"{asked}; it must lie after the open at {begin:%H:%M} and not after the close at {end:%H:%M}."
        )
    if known.lunch is None or close <= known.lunch[0]:
        return Hours(known.opens, close, None)
    if close <= known.lunch[1]:
        begin, end = (at.astimezone(release.zone) for at in known.lunch)
        raise InvalidInput(
            f"{asked}; it falls into the lunch break {begin:%H:%M}-{end:%H:%M}: name the end of the morning session."
        )
    return Hours(known.opens, close, known.lunch)
