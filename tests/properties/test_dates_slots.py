"""Laws of slots: whatever a fund file says, each falls once, in order, while the exchange is open."""

import datetime as dt
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insure.dates import BeyondHorizon, calendar
from insure.errors import InvalidInput, NothingDue
from insure.slots import (
    Moment,
    Period,
    Slot,
    Timing,
    latest_slot,
    next_slot,
    parse,
    slots,
    slots_between,
)

DAY = dt.timedelta(days=1)
names = st.sampled_from(["XNYS", "XLON", "XETR", "XTKS", "XHKG"])
starts = st.dates(dt.date(2014, 1, 1), dt.date(2028, 12, 31))
moments = st.one_of(
    st.builds(Moment, st.just("open"), st.integers(0, 299)),
    st.builds(Moment, st.just("close"), st.integers(0, 299)),
    st.builds(Moment, st.just("every"), st.integers(20, 110)),
)
mixtures = st.lists(moments, min_size=1, max_size=3, unique=True).map(tuple)
LONGEST: dict[Period, int] = {"week": 7, "month": 31, "quarter": 92, "year": 366}
timings = st.one_of(
    st.builds(Timing, mixtures),
    st.sampled_from(list(LONGEST)).flatmap(
        lambda period: st.builds(
            Timing, mixtures, st.just(period), st.one_of(st.just(-1), st.integers(1, LONGEST[period]))
        )
    ),
    st.builds(
        Timing,
        mixtures,
        st.none(),
        st.just(0),
        st.lists(starts, min_size=1, max_size=6, unique=True).map(lambda dates: tuple(sorted(dates))),
    ),
)


@settings(deadline=None)
@given(timing=timings)
def test_what_is_written_is_read(timing: Timing) -> None:
    assert parse(str(timing)) == timing


@settings(deadline=None)
@given(text=st.text(alphabet="openclsvrytfimk0123456789+- \n", max_size=40) | st.text(max_size=40))
def test_any_other_text_is_refused_in_a_sentence(text: str) -> None:
    timing: Timing | None = None
    fault = ""
    try:
        timing = parse(text)
    except InvalidInput as error:
        fault = str(error)
    if timing is None:
        assert fault.startswith(f"slot is {text!r}: ")
        assert "allowed are open, open+30min" in fault
    else:
        assert parse(str(timing)) == timing


@settings(max_examples=200, deadline=None)
@given(timing=timings, name=names, first=starts, length=st.integers(0, 400))
def test_slots_are_ordered_unique_and_inside_trading(timing: Timing, name: str, first: dt.date, length: int) -> None:
    exchange = calendar(name)
    last = first + length * DAY
    found = slots(timing, exchange, first, last)
    assert [slot.at for slot in found] == sorted(slot.at for slot in found)
    assert len({slot.key for slot in found}) == len(found)
    assert len({slot.at for slot in found}) == len(found)
    for slot in found:
        assert first <= slot.session <= last
        closing = slot.at == exchange.closes(slot.session)
        assert exchange.is_open(slot.at) or (closing and slot.name == "close"), f"{slot} falls outside trading"
        assert slot.why[0] == slot.why[0].upper()
        assert slot.why.endswith(".")
        short = exchange.remark(slot.session)
        assert short in slot.why


@settings(max_examples=100, deadline=None)
@given(timing=timings, name=names, first=starts, lengths=st.tuples(st.integers(0, 300), st.integers(0, 300)))
def test_a_range_is_the_sum_of_its_parts(timing: Timing, name: str, first: dt.date, lengths: tuple[int, int]) -> None:
    exchange = calendar(name)
    middle = first + lengths[0] * DAY
    last = middle + lengths[1] * DAY
    whole = slots(timing, exchange, first, last)
    assert whole == slots(timing, exchange, first, middle) + slots(timing, exchange, middle + DAY, last)


@settings(max_examples=100, deadline=None)
@given(timing=timings, name=names, first=starts, length=st.integers(20, 200))
def test_walking_from_slot_to_slot_meets_each_once(timing: Timing, name: str, first: dt.date, length: int) -> None:
    exchange = calendar(name)
    begin = dt.datetime.combine(first, dt.time(), tzinfo=dt.UTC)
    end = begin + length * DAY
    expected = slots_between(timing, exchange, begin, end)
    at = begin
    walked: list[Slot] = []
    while len(walked) <= len(expected):
        try:
            slot = next_slot(timing, exchange, at)
        except NothingDue:
            assert timing.dates
            break
        assert slot.at > at
        if slot.at > end:
            break
        assert latest_slot(timing, exchange, slot.at) == slot
        before = latest_slot(timing, exchange, slot.at - dt.timedelta(microseconds=1))
        assert before is None or before.at < slot.at
        if walked:
            assert before == walked[-1]
        walked.append(slot)
        at = slot.at
    assert walked == expected


@settings(deadline=None)
@given(
    name=names,
    year=st.integers(2014, 2028),
    period=st.sampled_from(list(LONGEST)),
    nth=st.one_of(st.just(-1), st.integers(1, 70)),
)
def test_the_nth_session_of_a_period_by_plain_grouping(name: str, year: int, period: Period, nth: int) -> None:
    exchange = calendar(name)
    first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
    groups: dict[tuple[int, ...], list[dt.date]] = defaultdict(list)
    for day in exchange.sessions(first - 400 * DAY, last + 400 * DAY):
        week = day.isocalendar()
        label = {
            "week": (week.year, week.week),
            "month": (day.year, day.month),
            "quarter": (day.year, (day.month - 1) // 3),
            "year": (day.year,),
        }[period]
        groups[label].append(day)
    nth = min(nth, LONGEST[period])
    chosen = [group[-1] if nth == -1 or nth > len(group) else group[nth - 1] for group in groups.values()]
    found = slots(Timing((Moment("close", 15),), period, nth), exchange, first, last)
    assert [slot.session for slot in found] == [day for day in chosen if first <= day <= last]


@settings(deadline=None)
@given(name=names, day=starts, timing=st.builds(Timing, st.tuples(moments)), time=st.times())
def test_a_close_brought_forward_moves_slots_but_makes_no_new_ones(
    name: str, day: dt.date, timing: Timing, time: dt.time
) -> None:
    known = calendar(name)
    session = known.on_or_after(day)
    try:
        desk = calendar(name, early_closes=((session, time.replace(second=0, microsecond=0)),))
    except InvalidInput:
        return  # a close outside the hours or in the lunch break; refused elsewhere
    before = {slot.key for slot in slots(timing, known, session, session)}
    after = {slot.key: slot for slot in slots(timing, desk, session, session)}
    assert set(after) <= before, f"new slots {sorted(set(after) - before)} could run beside the old ones"
    if timing.moments[0].edge != "every":
        assert set(after) == before
    other = (session - 10 * DAY, session - DAY)
    assert slots(timing, known, *other) == slots(timing, desk, *other)


def test_the_end_of_what_is_known_is_an_error_not_a_missing_slot() -> None:
    shanghai = calendar("XSHG")
    last = shanghai.last_known
    after = shanghai.closes(shanghai.on_or_before(last))
    for text in ("close-15min", "first session of month close", "last session of week close", f"on {last + DAY} close"):
        with pytest.raises(BeyondHorizon):
            next_slot(parse(text), shanghai, after)
    with pytest.raises(NothingDue):
        next_slot(parse("on 2026-03-31 close"), shanghai, after)
    with pytest.raises(
        BeyondHorizon, match="the last session of the week from 2026-12-28 to 2027-01-03 cannot be told"
    ):
        slots(parse("last session of week close"), shanghai, dt.date(2026, 12, 28), dt.date(2026, 12, 31))
    monday_to_wednesday = (dt.date(2026, 12, 28), dt.date(2026, 12, 30))
    assert slots(parse("last session of week close"), shanghai, *monday_to_wednesday) == []
    assert len(slots(parse("2nd session of week close"), shanghai, *monday_to_wednesday)) == 1


@pytest.mark.parametrize("name", ["", "close 15min", "a:b"])
def test_a_slot_is_one_word_and_an_aware_instant(name: str) -> None:
    noon = dt.datetime(2026, 1, 5, 12, tzinfo=dt.timezone(dt.timedelta(hours=-5)))
    slot = Slot(noon.date(), "event-price-1", noon)
    assert (slot.key, slot.at.utcoffset(), slot.at) == ("2026-01-05:event-price-1", dt.timedelta(0), noon)
    with pytest.raises(InvalidInput, match="one word without colons"):
        Slot(noon.date(), name, noon)
    with pytest.raises(InvalidInput, match="instant with its zone"):
        Slot(noon.date(), "close", noon.replace(tzinfo=None))
