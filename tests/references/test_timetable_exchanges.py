"""Opening hours and slots of twelve years against independent sources: another calendar library and wall clocks."""

import datetime as dt
import warnings
import zoneinfo
from functools import cache

import numpy as np
import pytest
from pandas.tseries.offsets import Easter

from insure.dates import Calendar, calendar
from insure.slots import parse, slots
from schedules.timetable import Plan, agenda

FIRST, LAST = dt.date(2015, 1, 1), dt.date(2026, 12, 31)
YEARS = range(FIRST.year, LAST.year + 1)
DAY = dt.timedelta(days=1)
QUARTER = dt.timedelta(minutes=15)

ORACLE = {"XNYS": "NYSE", "XLON": "LSE", "XETR": "XETR", "XTKS": "JPX", "XHKG": "HKEX"}

# Where the two libraries differ, all in Hong Kong. Storms: trading was cancelled for the whole day.
STORMS_ONLY_IN_OURS = {dt.date(2020, 10, 13), dt.date(2021, 10, 13), dt.date(2024, 9, 6)}
STORMS_ONLY_IN_THEIRS = {dt.date(2023, 9, 1), dt.date(2023, 9, 8)}
DAY_AFTER_EASTER_MONDAY = {dt.date(2021, 4, 6)}

WALL_CLOCKS = {  # exchange: (zone, regular open, regular close), as the exchanges publish them
    "XNYS": ("America/New_York", "09:30", "16:00"),
    "XMEX": ("America/Mexico_City", "08:30", "15:00"),
    "XLON": ("Europe/London", "08:00", "16:30"),
    "XETR": ("Europe/Berlin", "09:00", "17:30"),
    "XIST": ("Europe/Istanbul", "10:00", "18:00"),
    "XBOM": ("Asia/Kolkata", "09:15", "15:30"),
    "XHKG": ("Asia/Hong_Kong", "09:30", "16:00"),
    "XTKS": ("Asia/Tokyo", "09:00", "15:00"),
    "XASX": ("Australia/Sydney", "10:00", "16:00"),
    "XNZE": ("Pacific/Auckland", "10:00", "16:45"),
}
TOKYO_CLOSES_LATER_FROM = dt.date(2024, 11, 5)


@cache
def oracle(name: str) -> dict[dt.date, tuple[dt.datetime | None, ...]]:
    """Open, close, begin and end of lunch, as pandas_market_calendars tells them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library calls forms that newer pandas announces to remove
        import pandas as pd  # noqa: PLC0415
        import pandas_market_calendars as other  # noqa: PLC0415

        table = other.get_calendar(ORACLE[name]).schedule(str(FIRST), str(LAST))
        columns = [
            [None if pd.isna(at) else at.to_pydatetime() for at in table[column]] if column in table else None
            for column in ("market_open", "market_close", "break_start", "break_end")
        ]
        nothing = [None] * len(table)
        rows = zip(*(nothing if column is None else column for column in columns), strict=True)
        return dict(zip((day.date() for day in table.index), rows, strict=True))


def wall_clock(exchange: str, day: dt.date) -> tuple[dt.datetime, dt.datetime]:
    zone, opens, closes = WALL_CLOCKS[exchange]
    if exchange == "XTKS" and day >= TOKYO_CLOSES_LATER_FROM:
        closes = "15:30"
    at, until = (
        dt.datetime.combine(day, dt.time.fromisoformat(time), tzinfo=zoneinfo.ZoneInfo(zone)).astimezone(dt.UTC)
        for time in (opens, closes)
    )
    return at, until


def sessions(exchange: Calendar) -> list[dt.date]:
    return exchange.sessions(FIRST, LAST)


@pytest.mark.parametrize("name", ORACLE)
def test_sessions_agree_with_the_other_library(name: str) -> None:
    ours, theirs = set(sessions(calendar(name))), set(oracle(name))
    hong_kong = name == "XHKG"
    extra = ours - theirs - (STORMS_ONLY_IN_THEIRS if hong_kong else set())
    lacking = theirs - ours - (STORMS_ONLY_IN_OURS | DAY_AFTER_EASTER_MONDAY if hong_kong else set())
    assert not extra, f"{name}: sessions that pandas_market_calendars does not know: {sorted(extra)}"
    assert not lacking, f"{name}: sessions that only pandas_market_calendars knows: {sorted(lacking)}"
    assert len(ours & theirs) > 2900, f"{name}: only {len(ours & theirs)} sessions were compared in twelve years"


@pytest.mark.parametrize("name", ORACLE)
def test_opens_closes_and_lunch_agree_with_the_other_library(name: str) -> None:
    exchange, theirs = calendar(name), oracle(name)
    shared = [day for day in sessions(exchange) if day in theirs]
    wrong = {
        day: (exchange.hours(day), theirs[day])
        for day in shared
        if (exchange.opens(day), exchange.closes(day), *(exchange.breaks(day) or (None, None))) != theirs[day]
    }
    if name == "XHKG":
        # The other library knows no morning-only sessions on the eves of Christmas, New Year and the lunar New Year.
        eves = {day for day in wrong if (day.month, day.day) in {(12, 24), (12, 31)}}
        lunar = {day for day in wrong if day.month in {1, 2} and exchange.next(day) - day >= 3 * DAY}
        assert all(exchange.local(exchange.closes(day)).hour == 12 for day in wrong)
        wrong = {day: hours for day, hours in wrong.items() if day not in eves | lunar}
    assert not wrong, f"{name}: {len(wrong)} sessions have other hours, the first is {next(iter(wrong.items()))}"


def test_frankfurt_against_its_published_rules() -> None:
    """The other library copies Frankfurt's calendar, so here its holidays are computed from Easter and fixed days."""
    closed = {dt.date(2017, 10, 31)}  # 500 years of Reformation
    for year in YEARS:
        easter = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) + Easter()).date()
        closed |= {easter + days * DAY for days in (-2, 1)}
        closed |= {dt.date(year, *day) for day in ((1, 1), (5, 1), (12, 24), (12, 25), (12, 26), (12, 31))}
        if year < 2022:  # since 2022 Xetra trades on Whit Monday and on the Day of German Unity
            closed |= {easter + 50 * DAY, dt.date(year, 10, 3)}
    days = [FIRST + n * DAY for n in range((LAST - FIRST).days + 1)]
    expected = [day for day in days if day.weekday() < 5 and day not in closed]
    assert sessions(calendar("XETR")) == expected


@pytest.mark.parametrize("name", WALL_CLOCKS)
def test_hours_are_the_published_wall_clock_on_every_regular_session(name: str) -> None:
    exchange = calendar(name)
    regular = [day for day in sessions(exchange) if not exchange.remark(day)]
    wrong = [day for day in regular if (exchange.opens(day), exchange.closes(day)) != wall_clock(name, day)]
    assert not wrong, f"{name}: {len(wrong)} regular sessions are off the wall clock, the first is {wrong[0]}"
    short = set(sessions(exchange)) - set(regular)
    assert all(exchange.closes(day) < wall_clock(name, day)[1] for day in short)
    assert len(short) <= 3 * len(YEARS), f"{name}: {len(short)} unusual sessions in twelve years"


@pytest.mark.parametrize("name", WALL_CLOCKS)
def test_a_service_of_twelve_years_misses_nothing_and_doubles_nothing(name: str) -> None:
    """Ten zones: a service wakes up to five minutes late at every slot it was told, for twelve years."""
    exchange = calendar(name)
    lateness = np.random.default_rng(2026).integers(0, 300, size=4_000)
    plan = Plan("f", parse("close-15min"), exchange, dt.timedelta(minutes=15), exchange.opens(sessions(exchange)[0]))
    ran: list[tuple[str, dt.datetime]] = []
    ended: set[str] = set()
    now = plan.since
    end = exchange.closes(sessions(exchange)[-1])
    while now < end:
        owed = agenda(plan, ended, now)
        assert not owed.missed, f"{name}: {owed.missed[0].reason}"
        if owed.due is not None:
            ran.append((owed.due.key, owed.due.at))
            ended = {owed.due.key}
            plan = Plan("f", plan.timing, exchange, plan.window, owed.due.at)
            owed = agenda(plan, ended, now)
        if owed.next is None:
            break
        now = owed.next.at + dt.timedelta(seconds=int(lateness[len(ran)]))
    expected = [
        (f"{day}:close-15min", (exchange.closes(day) if exchange.remark(day) else wall_clock(name, day)[1]) - QUARTER)
        for day in sessions(exchange)
    ]
    missed = sorted(set(expected) - set(ran))
    assert not missed, f"{name}: {len(missed)} slots missed, the first is {missed[0]}"
    assert len(ran) == len(set(ran)) == len(expected), f"{name}: {len(ran) - len(set(ran))} slots ran twice"


@pytest.mark.parametrize("name", WALL_CLOCKS)
def test_beats_fall_on_the_wall_clock_and_never_in_the_lunch_break(name: str) -> None:
    exchange = calendar(name)
    opens, _ = wall_clock(name, FIRST)
    local_open = opens.astimezone(exchange.zone)
    for day in sessions(exchange)[:: len(YEARS)]:
        beats = [slot.at for slot in slots(parse("every 30min"), exchange, day, day)]
        clock = exchange.opens(day)
        expected = []
        while (clock := clock + dt.timedelta(minutes=30)) < exchange.closes(day):
            lunch = exchange.breaks(day)
            if lunch is None or not lunch[0] <= clock <= lunch[1]:
                expected.append(clock)
        assert beats == expected, f"{name} {day}: {beats} instead of {expected}"
        assert all(at.astimezone(exchange.zone).minute % 30 == local_open.minute % 30 for at in beats)
