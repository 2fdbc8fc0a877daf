"""Instants and reasons that can be checked by hand with an exchange's published hours."""

import datetime as dt

import pytest

from insure.dates import calendar
from insure.errors import InvalidInput
from insure.slots import latest_slot, next_slot, parse, slots, slots_between

BLACK_FRIDAY = dt.date(2026, 11, 27)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def falls(text: str, exchange: str, first: str, last: str | None = None) -> list[str]:
    found = slots(parse(text), calendar(exchange), dt.date.fromisoformat(first), dt.date.fromisoformat(last or first))
    return [f"{slot.at:%Y-%m-%d %H:%M}" for slot in found]


@pytest.mark.parametrize(
    ("text", "exchange", "session", "expected"),
    [
        ("close-15min", "XNYS", "2026-11-30", "20:45"),  # winter
        ("close-15min", "XNYS", "2026-07-01", "19:45"),  # summer
        ("close-15min", "XNYS", "2026-11-27", "17:45"),  # the day after Thanksgiving closes at 13:00
        ("close-15min", "XNYS", "2026-03-06", "20:45"),  # the Friday before clocks change in New York
        ("close-15min", "XNYS", "2026-03-09", "19:45"),  # the Monday after
        ("close-15min", "XLON", "2026-03-27", "16:15"),
        ("close-15min", "XLON", "2026-03-30", "15:15"),
        ("open+30min", "XNYS", "1987-10-19", "14:00"),  # clocks went back on 25 October in 1987
        ("close", "XETR", "2026-12-30", "13:00"),
        ("open+2h", "XTKS", "2026-11-27", "02:00"),
        ("open+150min", "XTKS", "2026-11-27", "03:30"),  # 11:30 local, where lunch begins: waits until 12:30
        ("open+3h", "XTKS", "2026-11-27", "03:30"),  # 12:00 local, in the lunch break
        ("close-3h", "XTKS", "2026-11-27", "03:30"),  # 12:30 local, the afternoon begins
        ("close-15min", "XTKS", "2024-11-01", "05:45"),  # the last close at 15:00
        ("close-15min", "XTKS", "2024-11-05", "06:15"),  # the first close at 15:30
        ("close-15min", "XHKG", "2026-12-24", "03:45"),  # morning only
        ("open+5h", "XNYS", "2026-11-27", "17:11"),  # 300 of 390 minutes are 161 of 210
        ("close-5h", "XNYS", "2026-11-27", "15:18"),  # 90 of 390 minutes are 48 of 210
    ],
)
def test_instants(text: str, exchange: str, session: str, expected: str) -> None:
    assert falls(text, exchange, session) == [f"{session} {expected}"]


def test_tokyo_beats_leave_the_lunch_break_out() -> None:
    beats = falls("every 30min", "XTKS", "2026-11-27")
    assert [beat[-5:] for beat in beats] == [
        *("00:30", "01:00", "01:30", "02:00"),  # 9:30 to 11:00; trading stops at 11:30
        *("04:00", "04:30", "05:00", "05:30", "06:00"),  # 13:00 to 15:00; trading resumes at 12:30, closes at 15:30
    ]


def test_hong_kong_has_a_lunch_break_except_on_half_days() -> None:
    exchange = calendar("XHKG")
    assert exchange.breaks(dt.date(2026, 12, 23)) == (at("2026-12-23 04:00"), at("2026-12-23 05:00"))
    assert exchange.breaks(dt.date(2026, 12, 24)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("first session of month close", ["2026-01-02", "2026-02-02", "2026-03-02"]),
        ("last session of month close", ["2026-01-30", "2026-02-27", "2026-03-31"]),
        ("3rd session of month close", ["2026-01-06", "2026-02-04", "2026-03-04"]),
        ("last session of quarter close", ["2026-03-31"]),
        ("first session of year close", ["2026-01-02"]),
        ("on 2026-01-19 2026-01-20 2026-02-14 close", ["2026-01-20", "2026-02-17"]),  # 19 Jan and 16 Feb: holidays
    ],
)
def test_chosen_sessions_of_new_york(text: str, expected: list[str]) -> None:
    assert [day[:10] for day in falls(text, "XNYS", "2026-01-01", "2026-03-31")] == expected


def test_weeks_of_thanksgiving_and_of_riyadh() -> None:
    assert [day[:10] for day in falls("last session of week close", "XNYS", "2026-11-16", "2026-12-04")] == [
        *("2026-11-20", "2026-11-27", "2026-12-04")
    ]
    assert [day[:10] for day in falls("first session of week close", "XSAU", "2026-11-13", "2026-11-28")] == [
        *("2026-11-15", "2026-11-22")  # Sundays: Riyadh trades from Sunday to Thursday
    ]


@pytest.mark.parametrize(
    ("text", "exchange", "session", "why"),
    [
        ("close-15min", "XNYS", "2026-11-30", "15 min before the close at 16:00 local (EST)."),
        (
            "close-15min",
            "XNYS",
            "2026-11-27",
            "15 min before the close at 13:00 local (EST); half day: the exchange closes at 13:00 local.",
        ),
        (
            "5th session of week close",
            "XNYS",
            "2026-11-27",
            (
                "Last session of the week from 2026-11-23, which has 4 sessions and no 5th; the close at 13:00 local "
                "(EST); half day: the exchange closes at 13:00 local."
            ),
        ),
        (
            "on 2026-04-03 close",
            "XNYS",
            "2026-04-06",
            "Named date 2026-04-03, on which XNYS does not trade: the next session; the close at 16:00 local (EDT).",
        ),
        (
            "open+3h",
            "XTKS",
            "2026-11-27",
            "180 min after the open at 09:00 local (JST), in the lunch break 11:30-12:30: the afternoon's beginning.",
        ),
        (
            "open+5h",
            "XNYS",
            "2026-11-27",
            (
                "Open+300min lies outside the short session: the same share of it as on a regular day; half day: the "
                "exchange closes at 13:00 local."
            ),
        ),
        (
            "open",
            "BVMF",
            "2026-02-18",
            "The open at 13:00 local (-03); late opening: the exchange opens at 13:00 local.",
        ),
    ],
)
def test_every_slot_says_why_it_falls_there(text: str, exchange: str, session: str, why: str) -> None:
    day = dt.date.fromisoformat(session)
    assert [slot.why for slot in slots(parse(text), calendar(exchange), day, day)] == [why]


def test_next_and_latest_about_the_instant_of_a_slot() -> None:
    exchange, timing = calendar("XNYS"), parse("close-15min")
    on_time, moment = at("2026-11-27 17:45"), dt.timedelta(microseconds=1)
    assert next_slot(timing, exchange, on_time - moment).session == BLACK_FRIDAY
    assert next_slot(timing, exchange, on_time).session == dt.date(2026, 11, 30)
    latest, before = latest_slot(timing, exchange, on_time), latest_slot(timing, exchange, on_time - moment)
    assert latest is not None
    assert before is not None
    assert (latest.session, before.session) == (BLACK_FRIDAY, dt.date(2026, 11, 25))
    assert [slot.at for slot in slots_between(timing, exchange, on_time - moment, on_time)] == [on_time]
    assert slots_between(timing, exchange, on_time, on_time) == []


def test_closures_and_early_closes_of_the_desk() -> None:
    """A day of mourning announced at short notice, and a close brought forward: slots move, keys stay."""
    day, timing = dt.date(2026, 12, 9), parse("close-15min")
    known = calendar("XNYS")
    mourning = calendar("XNYS", closures=(day,))
    early = calendar("XNYS", early_closes=((day, dt.time(14, 0)),))
    week = (dt.date(2026, 12, 7), dt.date(2026, 12, 11))
    assert [slot.session.day for slot in slots(timing, mourning, *week)] == [7, 8, 10, 11]
    assert known.count(*week) - mourning.count(*week) == 1
    moved, kept = (slots(timing, one, day, day)[0] for one in (early, known))
    assert (moved.at, kept.at) == (at("2026-12-09 18:45"), at("2026-12-09 20:45"))
    assert moved.key == kept.key == "2026-12-09:close-15min"
    assert moved.why == (
        "15 min before the close at 14:00 local (EST); early close: the exchange closes at 14:00 local."
    )


def test_an_early_close_ends_the_day_before_lunch_or_after_it() -> None:
    day = dt.date(2026, 11, 27)
    morning = calendar("XTKS", early_closes=((day, dt.time(11, 0)),))
    afternoon = calendar("XTKS", early_closes=((day, dt.time(14, 0)),))
    assert morning.hours(day).spans == ((at("2026-11-27 00:00"), at("2026-11-27 02:00")),)
    whole = calendar("XTKS", early_closes=((day, dt.time(11, 30)),))
    assert whole.hours(day).spans == ((at("2026-11-27 00:00"), at("2026-11-27 02:30")),)
    assert afternoon.hours(day).spans == (
        (at("2026-11-27 00:00"), at("2026-11-27 02:30")),
        (at("2026-11-27 03:30"), at("2026-11-27 05:00")),
    )
    with pytest.raises(InvalidInput, match=r"12:00; it falls into the lunch break 11:30-12:30"):
        calendar("XTKS", early_closes=((day, dt.time(12, 0)),))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "it names no moment of the session"),
        ("last session of month", "it names no moment of the session"),
        ("noon", "'noon' is no moment"),
        ("CLOSE", "'CLOSE' is no moment"),
        ("close+5min", r"'close\+5min' is no moment"),
        ("open-5min", "'open-5min' is no moment"),
        ("close - 15min", "'-' is no moment"),
        ("close-15", "'close-15' is no moment"),
        ("close-0min", "'close-0min' must be more than nothing"),
        ("close-24h", "'close-24h' must be more than nothing and less than a day"),
        ("every", "'every' is no moment"),
        ("close close", "it names a moment twice"),
        ("close-60min close-1h", "it names a moment twice"),
        ("3th session of month close", "'3th' is not first"),
        ("0th session of month close", "'0th' is not first"),
        ("32nd session of month close", "'32nd' is not first"),
        ("first session of moon close", "'moon' is no week"),
        ("first session of", "'' is no week"),
        ("on close", "'on' is followed by no date"),
        ("on 2026-02-30 close", "'2026-02-30' is no date"),
        ("on 2026-3-31 close", "'2026-3-31' is not written as 2026-03-31"),
        ("on 2026-03-31 2026-03-31 close", "it names a date twice"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_word(text: str, fault: str) -> None:
    with pytest.raises(InvalidInput, match=fault):
        parse(text)


@pytest.mark.parametrize("text", ["open+390min", "close-391min", "every 390min", "open+23h"])
def test_a_moment_that_the_exchange_never_has_is_refused(text: str) -> None:
    with pytest.raises(
        InvalidInput, match="XNYS has no such moment between its regular open and close, 09:30 and 16:00"
    ):
        falls(text, "XNYS", "2026-11-30")
