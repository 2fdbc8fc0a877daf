"""The alarm clock alone: wakes at slots and beats, survives clocks that jump, stops between slots."""

import datetime as dt
import os
import signal
from itertools import pairwise

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from insure.dates import calendar
from insure.errors import NothingDue
from insure.slots import next_slot, parse, slots
from schedules.desk import system_clock
from schedules.runner import Runner, TimetableTrigger, stopped_by_signals
from tests.schedules.world import at

TIMING = parse("close-15min")
XNYS = calendar("XNYS")
BEAT = dt.timedelta(seconds=30)


def next_wake(after: dt.datetime) -> dt.datetime:
    return next_slot(TIMING, XNYS, after).at


class Wakes:
    """A runner on a travelled clock that notes when it woke, and whose clock may be set."""

    def __init__(self, traveller: time_machine.Traveller, beat_seconds: float = 3600.0) -> None:
        self.traveller = traveller
        self.seen: list[dt.datetime] = []
        self.jumps: list[float] = []
        self.steady = 0.0
        self.set_by: dict[int, float] = {}
        self.naps = 0
        self.runner = Runner(
            lambda: self.seen.append(system_clock()),
            next_wake,
            beat_seconds,
            system_clock,
            nap=self.nap,
            steady=lambda: self.steady,
            longest_nap=60.0,
            jumped=self.jumps.append,
        )

    def nap(self, seconds: float) -> None:
        self.naps += 1
        self.steady += max(seconds, 1e-6)
        self.traveller.shift(max(seconds, 1e-6) + self.set_by.get(self.naps, 0.0))


def test_it_wakes_at_the_slot_to_the_microsecond() -> None:
    with time_machine.travel(at("2026-11-27 12:00"), tick=False) as traveller:
        wakes = Wakes(traveller)
        wakes.runner.run(at("2026-11-27 18:30"))
    assert at("2026-11-27 17:45") in [seen.replace(microsecond=0) for seen in wakes.seen]
    late = min(abs(seen - at("2026-11-27 17:45")) for seen in wakes.seen)
    assert late < dt.timedelta(milliseconds=1)
    assert wakes.jumps == []


@pytest.mark.parametrize("seconds", [-60.0, 60.0, -3600.0, 3 * 86400.0])
def test_a_jump_of_the_clock_is_noticed_and_passes_at_once(seconds: float) -> None:
    with time_machine.travel(at("2026-11-24 12:00"), tick=False) as traveller:
        wakes = Wakes(traveller)
        wakes.set_by = {10: seconds}
        wakes.runner.run(at("2026-11-24 14:00") + dt.timedelta(seconds=max(seconds, 0.0)))
    assert [round(jump) for jump in wakes.jumps] == [seconds]
    jumped = at("2026-11-24 12:10") + dt.timedelta(seconds=seconds)
    assert min(abs(seen - jumped) for seen in wakes.seen) < dt.timedelta(seconds=1), "the service must look at once"


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.integers(1, 400), st.floats(-60, 60), max_size=20))
def test_jumps_of_a_minute_neither_silence_nor_multiply_the_wakes(set_by: dict[int, float]) -> None:
    """Whatever the clock does, a wake follows within a beat of steady time."""
    with time_machine.travel(at("2026-11-24 18:00"), tick=False) as traveller:
        wakes = Wakes(traveller, beat_seconds=300.0)
        wakes.set_by = set_by
        steady: list[float] = []
        wakes.runner._pass_once = lambda: steady.append(wakes.steady)
        wakes.runner.run(at("2026-11-24 22:00"))
    gaps = [after - before for before, after in pairwise(steady)]
    assert max(gaps) <= 300.0 + 60.0 + 2.0, f"silent for {max(gaps):.0f} s after {set_by}"
    assert len(steady) <= 4 * 12 + 2 * len(set_by) + 14


def test_a_stop_is_heard_before_the_next_wake() -> None:
    with time_machine.travel(at("2026-11-24 18:00"), tick=False) as traveller:
        wakes = Wakes(traveller)
        wakes.runner._pass_once = lambda: os.kill(os.getpid(), signal.SIGTERM)
        with stopped_by_signals(wakes.runner):
            wakes.runner.run(at("2026-11-25 18:00"))
        assert wakes.runner.stopping
        assert system_clock() == at("2026-11-24 18:00")


def test_a_defect_in_a_pass_ends_the_runner_loudly() -> None:
    with time_machine.travel(at("2026-11-24 18:00"), tick=False) as traveller:
        wakes = Wakes(traveller)

        def defect() -> None:
            raise NothingDue("a defect")

        wakes.runner._pass_once = defect
        with pytest.raises(NothingDue, match="a defect"):
            wakes.runner.run(at("2026-11-25 18:00"))


@settings(max_examples=200, deadline=None)
@given(
    st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2026, 12, 1), timezones=st.just(dt.UTC)),  # noqa: DTZ001
    st.none() | st.integers(-100_000, 100_000),
)
def test_the_trigger_answers_in_utc_and_always_later(now: dt.datetime, before: int | None) -> None:
    previous = None if before is None else now + dt.timedelta(seconds=before)
    fires = TimetableTrigger(next_wake, BEAT).get_next_fire_time(previous, now)
    assert fires.tzinfo is dt.UTC
    assert now < fires <= max(now, previous or now) + BEAT
    assert previous is None or fires > previous


def test_the_trigger_fires_on_every_slot_of_twelve_years() -> None:
    """Over every night on which clocks change: 0 missed, 0 doubled."""
    first, last = dt.date(2014, 11, 3), dt.date(2026, 10, 30)
    found, now = [], XNYS.opens(first)
    trigger = TimetableTrigger(next_wake, dt.timedelta(days=30))
    previous: dt.datetime | None = None
    while (previous := trigger.get_next_fire_time(previous, now)) <= XNYS.closes(last):
        found.append(previous)
        now = previous
    assert found == [slot.at for slot in slots(TIMING, XNYS, first, last)]
