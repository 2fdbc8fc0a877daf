"""Laws of the calendar: counting, stepping, hours, the desk's own closures, and what it refuses."""

import datetime as dt
import pickle
import subprocess
import sys
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insure.dates import DAY_COUNTS, BeyondHorizon, Calendar, anniversary, calendar, utc, year_fraction
from insure.errors import InvalidInput

NAMES = ["XNYS", "XLON", "XETR", "XTKS", "XHKG"]
DAY = dt.timedelta(days=1)
names = st.sampled_from(NAMES)
days = st.dates(dt.date(1998, 1, 1), dt.date(2048, 12, 31))
inner_days = st.dates(dt.date(2000, 1, 1), dt.date(2047, 1, 31))
"""Far enough inside: 600 sessions from any of them there still is a calendar (1997, Tokyo's first, to 2049)."""
steps = st.integers(-600, 600).filter(bool)


@pytest.mark.parametrize("name", NAMES)
def test_every_session_and_hour_is_the_one_that_the_release_states(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the release calls forms that newer pandas announces to remove
        import exchange_calendars  # noqa: PLC0415
        import pandas as pd  # noqa: PLC0415

        table = exchange_calendars.get_calendar(name, start="2000-01-01", end="2040-12-31").schedule
        stated = {
            row[0].date(): tuple(None if pd.isna(at) else at.to_pydatetime() for at in row[1:])
            for row in table.itertuples()
        }
    ours = calendar(name)
    found = {}
    for day in ours.sessions(dt.date(2000, 1, 1), dt.date(2040, 12, 31)):
        begin, end = ours.breaks(day) or (None, None)
        found[day] = (ours.opens(day), begin, end, ours.closes(day))
    assert found == stated


@settings(deadline=None)
@given(name=names, day=days)
def test_next_and_previous_are_neighbours(name: str, day: dt.date) -> None:
    exchange = calendar(name)
    after, before = exchange.next(day), exchange.previous(day)
    assert before < day < after
    between = [before + n * DAY for n in range(1, (after - before).days)]
    assert [one for one in between if exchange.is_session(one)] == ([day] if exchange.is_session(day) else [])
    assert exchange.on_or_after(day) == (day if exchange.is_session(day) else after)
    assert exchange.on_or_before(day) == (day if exchange.is_session(day) else before)


@settings(deadline=None)
@given(name=names, day=inner_days, n=steps)
def test_offset_is_n_single_steps_and_count_undoes_it(name: str, day: dt.date, n: int) -> None:
    exchange = calendar(name)
    there = exchange.offset(day, n)
    stepped = day
    for _ in range(abs(n)):
        stepped = exchange.next(stepped) if n > 0 else exchange.previous(stepped)
    assert there == stepped
    if n > 0:
        assert exchange.count(day, there) == n
    else:
        assert exchange.count(there, day) == -n - (not exchange.is_session(day))
    if exchange.is_session(day):
        assert exchange.offset(there, -n) == day
        assert exchange.offset(day, 0) == day


@settings(deadline=None)
@given(name=names, three=st.tuples(days, days, days))
def test_time_adds_up(name: str, three: tuple[dt.date, dt.date, dt.date]) -> None:
    exchange = calendar(name)
    first, middle, last = sorted(three)
    assert exchange.count(first, last) == exchange.count(first, middle) + exchange.count(middle, last)
    assert exchange.count(first, last) == len(exchange.sessions(first + DAY, last))
    assert year_fraction("bus/252", exchange, first, last) * 252 == pytest.approx(exchange.count(first, last), abs=1e-9)
    assert year_fraction("act/365", exchange, first, last) * 365 == pytest.approx((last - first).days, abs=1e-9)
    if first < last:
        for day_count in DAY_COUNTS:
            with pytest.raises(InvalidInput, match=f"first is {last}; it must not lie after last, which is {first}"):
                year_fraction(day_count, exchange, last, first)


@settings(deadline=None)
@given(name=names, day=days, time=st.times())
def test_an_instant_finds_its_session(name: str, day: dt.date, time: dt.time) -> None:
    at = dt.datetime.combine(day, time, tzinfo=dt.UTC)
    exchange = calendar(name)
    near = exchange.sessions(at.date() - 20 * DAY, at.date() + 20 * DAY)
    assert exchange.current_or_next(at) == next(one for one in near if exchange.closes(one) >= at)
    assert exchange.current_or_previous(at) == [one for one in near if exchange.opens(one) <= at][-1]
    open_now = any(begin <= at < end for one in near for begin, end in exchange.hours(one).spans)
    assert exchange.is_open(at) is open_now


@pytest.mark.parametrize("name", NAMES)
def test_is_open_changes_exactly_at_the_edges_of_trading(name: str) -> None:
    exchange = calendar(name)
    instant = dt.timedelta(microseconds=1)
    for day in exchange.sessions(dt.date(2026, 1, 1), dt.date(2026, 12, 31)):
        for begin, end in exchange.hours(day).spans:
            states = [exchange.is_open(at) for at in (begin - instant, begin, end - instant, end)]
            assert states == [False, True, True, False], f"{name} {day}: {states} about {begin} and {end}"


@settings(deadline=None)
@given(name=names, day=days, months=st.integers(0, 120))
def test_an_anniversary_is_the_session_on_or_after_the_same_day(name: str, day: dt.date, months: int) -> None:
    exchange = calendar(name)
    day = min(day, dt.date(2038, 1, 1))
    found = anniversary(exchange, day, months / 12)
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    same = next(
        date
        for back in range(4)
        for date in [dt.date(year, month + 1, 1) + (day.day - 1 - back) * DAY]
        if date.month == month + 1
    )
    assert exchange.is_session(found)
    assert not exchange.sessions(same, found - DAY), f"a session lies between {same} and {found}"
    assert found >= same


def test_anniversaries_that_can_be_checked_by_hand() -> None:
    york = calendar("XNYS")
    assert anniversary(york, dt.date(2025, 1, 2), 1) == dt.date(2026, 1, 2)
    assert anniversary(york, dt.date(2025, 1, 1), 1) == dt.date(2026, 1, 2)
    assert anniversary(york, dt.date(2024, 2, 29), 1) == dt.date(2025, 2, 28)
    assert anniversary(york, dt.date(2025, 8, 31), 0.5) == dt.date(2026, 3, 2)  # 28 February is a Saturday
    for years in (0.1, 1.01, float("nan"), -1.0):
        with pytest.raises(InvalidInput, match="years is"):
            anniversary(york, dt.date(2025, 1, 2), years)


@settings(max_examples=25, deadline=None)
@given(name=names, day=days, n=st.integers(0, 30))
def test_a_closure_takes_its_session_and_nothing_else(name: str, day: dt.date, n: int) -> None:
    known = calendar(name)
    shut = known.offset(known.on_or_after(day), n)
    desk = calendar(name, closures=(shut,))
    assert not desk.is_session(shut)
    assert (desk.next(shut), desk.previous(shut)) == (known.next(shut), known.previous(shut))
    around = (shut - 30 * DAY, shut + 30 * DAY)
    assert desk.sessions(*around) == [one for one in known.sessions(*around) if one != shut]
    assert desk.offset(known.previous(shut), 1) == known.next(shut)
    with pytest.raises(InvalidInput, match=f"session is {shut}; {name} does not trade on that day"):
        desk.opens(shut)
    assert known.is_session(shut), "the calendar without closures must not change"


def test_the_desks_own_dates_are_checked() -> None:
    sunday, christmas = dt.date(2026, 11, 29), dt.date(2026, 12, 25)
    with pytest.raises(InvalidInput, match=f"closure is {sunday}; XNYS never trades on a Sunday"):
        calendar("XNYS", closures=(sunday,))
    assert not calendar("XNYS", closures=(christmas,)).is_session(christmas)
    with pytest.raises(InvalidInput, match=f"early close is {christmas} 13:00; XNYS does not trade on that day"):
        calendar("XNYS", early_closes=((christmas, dt.time(13)),))
    monday = dt.date(2026, 11, 30)
    for time in (dt.time(9, 30), dt.time(16, 1)):
        with pytest.raises(InvalidInput, match=r"must lie after the open at 09:30 and not after the close at 16:00"):
            calendar("XNYS", early_closes=((monday, time),))
    with pytest.raises(InvalidInput, match="without a zone"):
        calendar("XNYS", early_closes=((monday, dt.time(13, tzinfo=dt.UTC)),))
    with pytest.raises(InvalidInput, match="two times for one day"):
        calendar("XNYS", early_closes=((monday, dt.time(13)), (monday, dt.time(14))))
    assert calendar("XNYS", early_closes=((monday, dt.time(16)),)).remark(monday) == ""


@pytest.mark.parametrize(("name", "near"), [("XNYZ", "XNYS"), ("xlon", "XLON"), ("NYSEE", "NYSE"), ("?", "ISO 10383")])
def test_an_unknown_exchange_is_answered_with_near_names(name: str, near: str) -> None:
    with pytest.raises(InvalidInput, match=f"does not know it: .*{near}"):
        calendar(name)


def test_the_horizon_is_told() -> None:
    shanghai = calendar("XSHG")
    assert shanghai.first_known == dt.date(1990, 12, 3)
    assert not shanghai.by_rule
    last = shanghai.last_known
    for ask in (
        lambda: shanghai.next(last),
        lambda: shanghai.is_session(last + DAY),
        lambda: shanghai.count(last, last + DAY),
        lambda: shanghai.offset(last, 1),
        lambda: anniversary(shanghai, last, 1),
        lambda: shanghai.current_or_next(dt.datetime.combine(last + 2 * DAY, dt.time(), tzinfo=dt.UTC)),
        lambda: shanghai.current_or_previous(dt.datetime.combine(last + 2 * DAY, dt.time(), tzinfo=dt.UTC)),
    ):
        with pytest.raises(BeyondHorizon, match=rf"knows XSHG from 1990-12-03 to {last}"):
            ask()


def test_new_york_reaches_from_the_crash_of_1929_to_2060() -> None:
    york = calendar("XNYS")
    assert york.by_rule
    assert york.last_known == dt.date(2060, 12, 31)
    assert york.is_session(dt.date(1929, 10, 29))
    assert york.is_session(dt.date(1987, 10, 19))
    assert not york.is_session(dt.date(2001, 9, 12))


def test_dates_are_dates_and_instants_have_zones() -> None:
    york, moment = calendar("XNYS"), dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
    for ask in (york.is_session, york.next, york.previous, york.opens, york.closes, york.remark):
        with pytest.raises(InvalidInput, match="must be a date without a time"):
            ask(moment)
    with pytest.raises(InvalidInput, match="must be a date without a time"):
        year_fraction("act/365", york, moment, moment)
    for bad in (moment.replace(tzinfo=None), moment.date()):
        with pytest.raises(InvalidInput, match="must be an instant with its zone"):
            utc("at", bad)  # type: ignore[arg-type]  # a date is the mistake that is tested
    with pytest.raises(InvalidInput, match="day_count is '30/360'"):
        year_fraction("30/360", york, moment.date(), moment.date())  # type: ignore[arg-type]  # an unknown count


def test_one_calendar_is_built_once_and_travels_to_workers() -> None:
    first, second = dt.date(2026, 12, 9), dt.date(2026, 12, 10)
    desk = calendar("XNYS", (first, second), ((dt.date(2026, 12, 11), dt.time(14)),))
    assert calendar("XNYS", (second, first), ((dt.date(2026, 12, 11), dt.time(14)),)) is desk
    assert calendar("NYSE").name == "XNYS"
    copy = pickle.loads(pickle.dumps(desk))  # noqa: S301 - our own bytes
    assert isinstance(copy, Calendar)
    assert (copy.name, copy.closures, copy.early_closes) == (desk.name, desk.closures, desk.early_closes)


def test_the_heavy_library_is_loaded_only_for_a_calendar() -> None:
    code = "import sys, insure.slots; print(sorted({'exchange_calendars', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
