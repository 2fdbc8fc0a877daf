"""What is due, missed and next: late wakes, downtime, clocks that jump, calendars that change under way."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insure.dates import calendar
from insure.errors import InvalidInput
from insure.slots import parse, slots
from schedules.timetable import Plan, agenda, agendas, coming, wake_at

START = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def plan(text: str = "close-15min", exchange: str = "XNYS", minutes: int = 15, since: dt.datetime = START) -> Plan:
    return Plan("fund", parse(text), calendar(exchange), minutes * MINUTE, since)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def test_on_time_late_and_too_late() -> None:
    fund = plan(since=at("2026-11-25 21:00"))
    early, due, last, late = (
        agenda(fund, (), at(f"2026-11-27 {time}")) for time in ("17:44", "17:45", "18:00", "18:01")
    )
    assert (early.due, early.missed) == (None, ())
    assert early.next is not None
    assert due.due is not None
    assert early.next.key == due.due.key == "2026-11-27:close-15min"
    assert last.due == due.due
    assert (late.due, [one.slot for one in late.missed]) == (None, [due.due])
    assert late.missed[0].reason == (
        "Missed: 2026-11-27:close-15min was due at 2026-11-27 17:45 UTC with a deadline at 18:00; "
        "it is 2026-11-27 18:01 UTC. Not traded late."
    )
    assert late.next is not None
    assert late.next.session == dt.date(2026, 11, 30)


def test_after_downtime_only_the_latest_open_slot_is_run() -> None:
    fund = plan("every 30min", minutes=90, since=at("2026-11-23 22:00"))
    owed = agenda(fund, {"2026-11-24:open+30min"}, at("2026-11-24 17:10"))
    assert owed.due is not None
    assert owed.due.key == "2026-11-24:open+150min"
    assert [one.slot.name for one in owed.missed] == ["open+60min", "open+90min", "open+120min"]
    assert "with a deadline at 17:00" in owed.missed[0].reason
    assert "2026-11-24:open+150min has come since; only the latest slot is run" in owed.missed[2].reason


def test_an_earlier_slot_is_not_run_after_a_later_one() -> None:
    fund = plan("every 30min", minutes=90, since=at("2026-11-23 22:00"))
    owed = agenda(fund, {"2026-11-24:open+60min"}, at("2026-11-24 15:31"))
    assert owed.due is None
    assert [one.slot.name for one in owed.missed] == ["open+30min"]


@pytest.mark.parametrize(
    ("text", "exchange", "session", "deadline"),
    [
        ("close-15min", "XNYS", "2026-11-30", "2026-11-30 21:00"),  # not beyond the close
        ("close", "XNYS", "2026-11-30", "2026-11-30 22:00"),  # deals at the closing price: the whole hour
        ("open+30min", "XNYS", "2026-11-30", "2026-11-30 16:00"),
        ("open+2h", "XTKS", "2026-11-27", "2026-11-27 02:30"),  # not into the lunch break
    ],
)
def test_a_deadline_does_not_reach_beyond_the_trading_it_lies_in(
    text: str, exchange: str, session: str, deadline: str
) -> None:
    fund, day = plan(text, exchange, 60), dt.date.fromisoformat(session)
    assert fund.deadline(slots(fund.timing, fund.calendar, day, day)[0]) == at(deadline)


def test_a_close_announced_at_noon_neither_doubles_nor_loses_the_slot() -> None:
    day = dt.date(2026, 12, 9)
    after = Plan(
        "fund",
        parse("close-15min"),
        calendar("XNYS", early_closes=((day, dt.time(14, 0)),)),
        15 * MINUTE,
        at("2026-12-09 14:00"),
    )
    before = plan(since=after.since)
    moved = agenda(after, (), at("2026-12-09 18:45"))
    assert moved.due is not None
    assert agenda(before, (), at("2026-12-09 18:45")).due is None
    withdrawn = agenda(before, {moved.due.key}, at("2026-12-09 20:45"))
    assert (withdrawn.due, withdrawn.missed) == (None, ()), "the slot ran at 18:45; the later close must not repeat it"
    assert withdrawn.next is not None
    assert withdrawn.next.session == dt.date(2026, 12, 10)


def test_a_clock_set_back_does_not_name_a_slot_again() -> None:
    fund = plan(since=at("2026-11-25 21:00"))
    back = agenda(fund, {"2026-11-27:close-15min"}, at("2026-11-27 17:44"))
    assert (back.due, back.missed) == (None, ())
    assert back.next is not None
    assert back.next.session == dt.date(2026, 11, 30), (
        "the slot of 27 November has ended although the clock is before it"
    )


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(-60, 5_400), st.booleans()), min_size=20, max_size=200),
    text=st.sampled_from(["every 30min", "open+30min close-15min", "close-15min", "first session of week close-30min"]),
    exchange=st.sampled_from(["XNYS", "XTKS"]),
)
def test_a_service_that_is_killed_and_whose_clock_jumps_ends_every_slot_once(
    steps: list[tuple[int, bool]], text: str, exchange: str
) -> None:
    """Wakes at arbitrary times, set back by up to a minute, with restarts that know only the book."""
    begin = at("2026-10-30 00:00")  # over the Sunday on which New York's clocks go back
    timing, where = parse(text), calendar(exchange)
    book: dict[str, str] = {}
    since, now = begin, begin
    for seconds, killed in steps:
        now += dt.timedelta(seconds=seconds)
        owed = agenda(Plan("f", timing, where, 15 * MINUTE, since), book, now)
        if killed:
            continue  # died between reading the clock and writing the book: nothing was recorded
        for one in owed.missed:
            assert one.slot.key not in book, f"{one.slot.key} ended as {book[one.slot.key]} and was missed again"
            book[one.slot.key] = "SKIPPED"
        if owed.due is not None:
            assert owed.due.key not in book, f"{owed.due.key} was due again after {book[owed.due.key]}"
            assert owed.due.at <= now <= owed.due.at + 15 * MINUTE
            book[owed.due.key] = "OK"
    now += dt.timedelta(days=1)
    final = agenda(Plan("f", timing, where, 15 * MINUTE, since), book, now)
    for slot in [*(one.slot for one in final.missed), *([final.due] if final.due else [])]:
        assert slot.key not in book
        book[slot.key] = "end"
    everything = {slot.key for slot in slots(timing, where, begin.date(), now.date()) if begin < slot.at <= now}
    assert set(book) == everything, f"without an outcome: {sorted(everything - set(book))}"


def test_two_funds_share_an_alarm_clock() -> None:
    tokyo, york = plan(exchange="XTKS"), plan()
    desk = [
        Plan(name, one.timing, one.calendar, one.window, at("2026-11-26 07:00"))
        for name, one in (("tokyo", tokyo), ("york", york))
    ]
    owed = agendas(desk, {"tokyo": {"2026-11-27:close-15min"}}, at("2026-11-27 06:20"))
    assert owed["tokyo"].due is None
    assert wake_at(owed.values()) == at("2026-11-27 17:45")
    assert wake_at(()) is None


def test_the_end_of_dates_and_the_end_of_the_calendar_are_told_apart() -> None:
    over = agenda(plan("on 2026-10-05 close"), (), at("2026-10-06 12:00"))
    assert (over.next, over.ends) == (None, "slot is 'on 2026-10-05 close'; the last of its dates is over.")
    last = agenda(plan("close-15min", "XSHG", since=at("2026-12-30 12:00")), (), at("2026-12-31 06:45"))
    assert last.due is not None, "the last slot that the calendar knows is still run"
    assert last.next is None
    assert "ends before the slot that follows 2026-12-31" in last.ends


def test_the_timetable_of_the_coming_days() -> None:
    rows = coming(plan(), at("2026-11-25 21:00"), 7)
    assert [(row.slot.key, f"{row.local:%a %H:%M}", row.deadline) for row in rows] == [
        ("2026-11-27:close-15min", "Fri 12:45", at("2026-11-27 18:00")),
        ("2026-11-30:close-15min", "Mon 15:45", at("2026-11-30 21:00")),
        ("2026-12-01:close-15min", "Tue 15:45", at("2026-12-01 21:00")),
        ("2026-12-02:close-15min", "Wed 15:45", at("2026-12-02 21:00")),
    ]


def test_a_plan_without_a_window_or_a_zone_is_refused() -> None:
    with pytest.raises(InvalidInput, match="window is 0:00:00"):
        plan(minutes=0)
    with pytest.raises(InvalidInput, match=r"since is .*; it must be an instant with its zone"):
        plan(since=dt.datetime(2026, 1, 1))  # noqa: DTZ001 - the missing zone is the point
    with pytest.raises(InvalidInput, match=r"now is .*; it must be an instant with its zone"):
        agenda(plan(), (), dt.datetime(2026, 1, 1))  # noqa: DTZ001
