"""The crisis library against independent copies of the same facts.

The daily series of the S&P 500 and the crisis windows lie beside the repository (`../shared/data`) and are never copied
into it; without them those tests skip. The tests against the arch package and the trading calendar always run.
"""

import csv
import math
import re
import warnings
from datetime import date, time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from insure.errors import InvalidInput
from insure.simulation import crises
from insure.simulation.crises import Crisis, crisis, gap_rank, library, worst_days
from insure.simulation.crisis_tables import arch_history

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"

needs_data = pytest.mark.skipif(
    not DATA.is_dir(),
    reason="The market data of ../shared/data is not beside this repository: nothing to compare with.",
)

WINDOWS = {
    "1929": ("crises/crisis_1929-10_djia.csv", "djia_close"),
    "1987-10": ("crises/crisis_1987-10.csv", "close"),
    "1997-10": ("crises/crisis_1997-10.csv", "close"),
    "1998-08": ("crises/crisis_1998-08.csv", "close"),
    "2001-09": ("crises/crisis_2001-09.csv", "close"),
    "2008-09": ("crises/crisis_2008-09.csv", "close"),
    "2010-05-06": ("crises/crisis_2010-05.csv", "close"),
    "2011-08": ("crises/crisis_2011-08.csv", "close"),
    "2015-08-24": ("crises/crisis_2015-08.csv", "close"),
    "2018-02": ("crises/crisis_2018-02.csv", "close"),
    "2020-02": ("crises/crisis_2020-02.csv", "close"),
    "2022": ("crises/crisis_2022_sp500.csv", "close"),
}

# Worst falls over 1, 2, 3, 5 and 10 sessions, drawdown (percent) and 1 / |worst day|, from the README of the data.
README_TABLE = {
    "1987-10": (-20.47, -24.57, -26.34, -27.33, -31.47, -31.75, 4.886),
    "1997-10": (-6.87, -7.75, -9.45, -8.23, -9.41, -10.80, 14.57),
    "1998-08": (-6.80, -8.18, -11.71, -12.03, -11.66, -19.34, 14.70),
    "2001-09": (-4.92, -5.47, -7.00, -11.60, -14.80, -14.80, 20.32),
    "2008-09": (-9.03, -12.42, -13.91, -18.34, -25.88, -41.35, 11.07),
    "2010-05-06": (-3.90, -4.75, -6.16, -7.42, -8.85, -15.99, 25.66),
    "2011-08": (-6.66, -6.72, -11.18, -13.01, -16.30, -18.27, 15.01),
    "2015-08-24": (-3.94, -7.00, -8.96, -10.94, -10.39, -11.24, 25.37),
    "2018-02": (-4.10, -6.13, -6.19, -8.54, -9.10, -10.16, 24.40),
    "2020-02": (-11.98, -13.93, -12.96, -17.97, -23.39, -33.92, 8.344),
}

# Single days that everyone quotes, percent.
QUOTED = (
    ("1929", date(1929, 10, 28), -12.82),
    ("1987-10", date(1987, 10, 16), -5.16),
    ("1987-10", date(1987, 10, 19), -20.47),
    ("1987-10", date(1987, 10, 20), 5.33),
    ("1987-10", date(1987, 10, 26), -8.28),
    ("1997-10", date(1997, 10, 27), -6.87),
    ("1998-08", date(1998, 8, 31), -6.80),
    ("2000-02", date(2000, 4, 14), -5.83),
    ("2001-09", date(2001, 9, 17), -4.92),
    ("2008-09", date(2008, 10, 13), 11.58),
    ("2008-09", date(2008, 10, 15), -9.035),
    ("2010-05-06", date(2010, 5, 6), -3.24),
    ("2011-08", date(2011, 8, 8), -6.66),
    ("2015-08-24", date(2015, 8, 24), -3.94),
    ("2018-02", date(2018, 2, 5), -4.10),
    ("2020-02", date(2020, 3, 16), -11.984),
    ("2022", date(2022, 9, 13), -4.32),
)


def _column(file: str, column: str) -> dict[date, float]:
    with (DATA / file).open(newline="", encoding="utf-8") as lines:
        return {date.fromisoformat(row["date"]): float(row[column]) for row in csv.DictReader(lines)}


def _percent_fall(told: Crisis, day: date) -> float:
    k = told.dates.index(day)
    return 100.0 * (told.closes[k] / told.closes[k - 1] - 1.0)


@needs_data
@pytest.mark.parametrize("name", WINDOWS)
def test_every_close_is_the_published_one(name: str) -> None:
    told = crisis(name)
    published = _column(*WINDOWS[name])
    assert told.dates == tuple(published), f"{name}: the sessions differ from the published window"
    np.testing.assert_allclose(
        told.closes, list(published.values()), rtol=0.0, atol=0.005, err_msg=f"{name}: a close is not the published one"
    )


@needs_data
def test_the_bear_market_of_2000_is_the_published_one() -> None:
    told = crisis("2000-02")
    published = {
        day: close
        for day, close in _column("sp500_daily_1950_2020.csv", "close").items()
        if told.dates[0] <= day <= told.dates[-1]
    }
    assert told.dates == tuple(published)
    np.testing.assert_allclose(told.closes, list(published.values()), rtol=0.0, atol=0.005)


@pytest.mark.parametrize(("name", "day", "percent"), QUOTED)
def test_quoted_days(name: str, day: date, percent: float) -> None:
    measured = _percent_fall(crisis(name), day)
    assert abs(measured - percent) <= 0.006, f"{name} {day}: {measured:.4f} %, quoted as {percent} %"


def test_one_day_returns_in_the_notes_are_those_of_the_closes() -> None:
    quoted = 0
    for told in library():
        sessions = {(day.day, f"{day:%B}"): day for day in reversed(told.dates)}
        for number, month, percent in re.findall(
            r"(\d+) ([A-Z][a-z]+)(?: \d{4})? ([+-]\d+\.\d+) %", " ".join(told.notes)
        ):
            day = sessions[int(number), month]
            measured = _percent_fall(told, day)
            assert abs(measured - float(percent)) <= 0.006, f"{told.name} {day}: noted {percent} %, is {measured:.4f} %"
            quoted += 1
    assert quoted == 23


@pytest.mark.parametrize("name", README_TABLE)
def test_worst_falls_agree_with_the_table_of_the_data(name: str) -> None:
    told = crisis(name)
    *falls, drawdown, multiple = README_TABLE[name]
    for sessions, percent in zip((1, 2, 3, 5, 10), falls, strict=True):
        measured = 100.0 * told.worst_fall(sessions)
        assert abs(measured - percent) <= 0.006, (
            f"{name}: worst {sessions}-day fall {measured:.4f} %, table {percent} %"
        )
    assert abs(100.0 * told.max_drawdown() - drawdown) <= 0.006
    assert told.largest_multiple() == pytest.approx(multiple, rel=5e-4)


@needs_data
@pytest.mark.parametrize("name", [name for name in WINDOWS if name not in {"1929", "2022"}])
def test_volatility_before_is_that_of_the_63_sessions_before(name: str) -> None:
    told = crisis(name)
    published = _column("sp500_daily_1950_2020.csv", "close")
    days = list(published)
    i = days.index(told.dates[0])
    squares = [math.log(published[days[k]] / published[days[k - 1]]) ** 2 for k in range(i - 62, i + 1)]
    assert len(squares) == 63
    assert told.vol_before == pytest.approx(math.sqrt(252.0 * sum(squares) / 63.0), abs=1e-4)


@needs_data
def test_the_list_of_worst_days_is_complete() -> None:
    published = _column("sp500_daily_1950_2020.csv", "close")
    days = list(published)
    deep = {
        after: published[after] / published[before] - 1.0
        for before, after in pairwise(days)
        if published[after] / published[before] - 1.0 <= -0.05
    }
    listed = {worst.day: worst.fall for worst in worst_days()}
    assert set(listed) == set(deep), "the table and the daily series disagree about which days fell 5 % or more"
    for day, fall in deep.items():
        assert abs(100.0 * (listed[day] - fall)) <= 0.006, f"{day}: listed {listed[day]:.4%}, measured {fall:.4%}"
    assert gap_rank(0.0).days == len(days) - 1


@needs_data
def test_dow_days_agree_with_the_windows() -> None:
    levels: dict[date, float] = {}
    for file in sorted((DATA / "crises").glob("crisis_*.csv")):
        with file.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
        if "djia_close" in rows[0]:
            levels |= {date.fromisoformat(row["date"]): float(row["djia_close"]) for row in rows}
    assert levels
    for worst in worst_days("DJIA"):
        # The window of 1997 carries the Dow to one decimal.
        assert levels[worst.day] == pytest.approx(worst.close, abs=0.06), f"{worst.day}"


def test_worst_days_are_ranked() -> None:
    falls = [worst.fall for worst in worst_days()]
    assert falls == sorted(falls)
    assert [worst.day for worst in worst_days()[:4]] == [
        date(1987, 10, 19),
        date(2020, 3, 16),
        date(2020, 3, 12),
        date(2008, 10, 15),
    ]
    assert worst_days("DJIA")[0].day == date(1987, 10, 19)
    assert 100.0 * worst_days("DJIA")[0].fall == pytest.approx(-22.61, abs=0.006)


@pytest.mark.parametrize(
    ("fall", "rank", "deeper", "next_day"),
    [
        (0.30, 1, 0, date(1987, 10, 19)),
        (0.15, 2, 1, date(2020, 3, 16)),
        (0.12, 2, 1, date(2020, 3, 16)),
        (0.11, 3, 2, date(2020, 3, 12)),
        (0.05, 30, 29, None),
    ],
)
def test_a_gap_is_ranked_among_real_days(fall: float, rank: int, deeper: int, next_day: date | None) -> None:
    ranked = gap_rank(fall)
    assert ranked.rank == rank
    assert len(ranked.deeper) == deeper
    assert (ranked.next_day.day if ranked.next_day else None) == next_day
    assert ranked.frequency == deeper / 17_864


def test_a_gap_below_the_table_is_not_ranked() -> None:
    ranked = gap_rank(0.049)
    assert ranked.rank is None
    assert ranked.frequency is None
    assert ranked.deeper == ()


def test_a_gap_as_deep_as_a_real_day_counts_that_day() -> None:
    worst = worst_days()[0]
    assert gap_rank(-worst.fall).deeper == (worst,)


@pytest.mark.parametrize("fall", [-0.1, 1.1, math.nan])
def test_a_gap_must_be_a_fraction(fall: float) -> None:
    with pytest.raises(InvalidInput, match=r"fall is .*; it must be"):
        gap_rank(fall)


def test_bill_rates_are_those_that_arch_ships() -> None:
    compared = 0
    for told in library():
        if told.dates[-1] > date(2018, 11, 30):
            continue
        assert told.bill_months == arch_history.bill_months(told.dates[0], told.dates[-1]), told.name
        compared += len(told.bill_months)
    assert compared == 71


def test_bill_months_outside_the_file_are_refused() -> None:
    with pytest.raises(InvalidInput, match="2018-12"):
        arch_history.bill_months(date(2018, 11, 1), date(2018, 12, 1))
    assert arch_history.bill_months(date(1926, 7, 1), date(1926, 7, 31))[0].percent == 0.22


def test_the_bill_rate_is_continuously_compounded() -> None:
    assert crisis("1987-10").rate(date(1987, 10, 19)) == pytest.approx(12.0 * math.log(1.0060), rel=1e-15)
    with pytest.raises(InvalidInput, match="no bill rate"):
        crisis("1987-10").rate(date(1988, 2, 1))


def test_volatility_marks_are_those_that_arch_ships() -> None:
    from arch.data import vix  # noqa: PLC0415 - two seconds of import, for this test only

    frame = vix.load()
    shipped = {stamp.date(): float(level) for stamp, level in zip(frame.index, frame["vix"], strict=True)}
    for name in ("2015-08-24", "2018-02"):
        for mark in crisis(name).vol_marks:
            assert mark.level == pytest.approx(shipped[mark.day], abs=0.005), f"{name} {mark.day}"


def test_every_mark_halt_and_limit_lies_in_its_crisis() -> None:
    for told in library():
        first, last = told.dates[0], told.dates[-1]
        days = [*(mark.day for mark in told.vol_marks), *(limit.day for limit in told.limits)]
        days += [inside.day for inside in told.intraday] + [gap.day for gap in told.discounts]
        assert all(day in told.dates for day in days), told.name
        assert all(first <= halt.day <= last for halt in told.halts), told.name
        for day in told.dates:
            told.rate(day)


def _sessions(first: str, last: str) -> dict[date, tuple[time, time]]:
    from pandas_market_calendars import get_calendar  # noqa: PLC0415 - an oracle of this test only

    with warnings.catch_warnings():
        # The calendar package calls pandas in ways that pandas 3 deprecates.
        warnings.simplefilter("ignore")
        frame = get_calendar("NYSE").schedule(first, last, tz="America/New_York")
    rows = zip(frame.index, frame["market_open"], frame["market_close"], strict=True)
    return {stamp.date(): (opens.time(), closes.time()) for stamp, opens, closes in rows}


def test_short_sessions_of_1987_are_those_of_the_calendar() -> None:
    short = {day: closes for day, (_, closes) in _sessions("1987-10-01", "1987-11-25").items() if closes != time(16)}
    told = {halt.day: halt.start for halt in crisis("1987-10").halts if halt.market == "stocks"}
    assert told == short


def test_closed_and_short_sessions_of_1929_are_those_of_the_calendar() -> None:
    calendar = _sessions("1929-10-21", "1929-11-30")
    halts = crisis("1929").halts
    shut = {halt.day for halt in halts if halt.start == time(0)}
    assert shut.isdisjoint(calendar)
    assert shut.isdisjoint(crisis("1929").dates)
    short = {day: closes for day, (_, closes) in calendar.items() if closes == time(13)}
    assert {halt.day: halt.start for halt in halts if halt.start == time(13)} == short
    late = {day: opens for day, (opens, _) in calendar.items() if opens == time(12)}
    assert {halt.day: halt.end for halt in halts if halt.end is not None} == late


def test_the_closure_of_2001_has_no_session() -> None:
    shut = {halt.day for halt in crisis("2001-09").halts}
    assert shut == {date(2001, 9, day) for day in (11, 12, 13, 14)}
    assert shut.isdisjoint(crisis("2001-09").dates)
    assert shut.isdisjoint(_sessions("2001-09-04", "2001-09-21"))


@needs_data
def test_black_monday_from_inside_is_the_half_hourly_record() -> None:
    with (DATA / "crises" / "intraday_1987-10-19_halfhour_secondary.csv").open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    told = crisis("1987-10")
    marks = {mark.at: mark.level for mark in told.intraday[0].marks}
    basis = {gap.at: gap.basis for gap in told.discounts}
    for row in rows:
        at = time.fromisoformat(row["time_et"])
        cash = float(row["sp500_cash"])
        assert basis[at] == pytest.approx(float(row["basis"]) / cash, abs=1e-4), f"basis at {at}"
        if at != time(16):
            assert marks[at] == cash, f"level at {at}"
    assert marks[time(16)] == 224.84


@needs_data
def test_the_flash_crash_from_inside_agrees_with_the_day() -> None:
    with (DATA / "sp500_daily_1950_2020.csv").open(newline="", encoding="utf-8") as lines:
        day = next(row for row in csv.DictReader(lines) if row["date"] == "2010-05-06")
    inside = crisis("2010-05-06").intraday[0]
    levels = [mark.level for mark in inside.marks]
    assert inside.previous_close == 1165.87
    assert levels[0] == float(day["open"])
    assert levels[-1] == float(day["close"])
    assert min(levels) == float(day["low"])
    assert max(levels) <= float(day["high"])
    assert 100.0 * (min(levels) / inside.previous_close - 1.0) == pytest.approx(-8.58, abs=0.006)


def test_days_known_from_inside_end_at_their_close() -> None:
    for told in library():
        for inside in told.intraday:
            times = [mark.at for mark in inside.marks]
            assert times == sorted(set(times)), f"{told.name} {inside.day}"
            if inside.index == told.index:
                k = told.dates.index(inside.day)
                assert (inside.previous_close, inside.marks[-1].level) == (told.closes[k - 1], told.closes[k])


def test_the_library_has_the_thirteen_crises_in_order() -> None:
    told = library()
    assert tuple(one.name for one in told) == crises.NAMES
    assert len(told) == 13
    starts = [one.dates[0] for one in told]
    assert starts == sorted(starts)


def test_an_unknown_crisis_lists_the_known_ones() -> None:
    with pytest.raises(InvalidInput) as caught:
        crisis("1988")
    assert all(name in str(caught.value) for name in crises.NAMES)
