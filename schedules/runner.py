"""The alarm clock: APScheduler wakes the service at every slot and at every beat between. It decides nothing.

- Memory store: what is due is rebuilt from the fund files and the book at every start; nothing is pickled.
- One job, one thread: the thread that waits is the thread that runs, so that a stop finds no slot half under way.
- The trigger answers in UTC out of the timetable; no rule of APScheduler's own ever meets a local clock.
- Misfire grace is none: a wake that comes late still comes, and the timetable judges whether it is too late.
- It sleeps in short naps against the wall clock: a machine that slept, or a clock that was set, is noticed in a nap.
"""

import datetime as dt
import logging
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from apscheduler.executors.debug import DebugExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.base import STATE_STOPPED, BaseScheduler
from apscheduler.triggers.base import BaseTrigger

LOG = logging.getLogger("insure.service")
NAP_SECONDS = 1.0
JUMP_SECONDS = 2.0
"""A difference between the wall clock and the steady one beyond this, since it was last looked at, is a jump."""
_JOB = "pass"

NextWake = Callable[[dt.datetime], dt.datetime | None]


class TimetableTrigger(BaseTrigger):  # type: ignore[misc]  # apscheduler publishes no types
    """Fires at the next slot of the desk, or a beat after the last wake, whichever comes first."""

    def __init__(self, next_wake: NextWake, beat: dt.timedelta) -> None:
        """``next_wake``: the first slot after an instant, UTC."""
        self._next_wake = next_wake
        self._beat = beat

    def get_next_fire_time(self, previous_fire_time: dt.datetime | None, now: dt.datetime) -> dt.datetime:
        """The next instant to wake at, UTC; always later than ``now`` and the previous one."""
        after = now.astimezone(dt.UTC)
        if previous_fire_time is not None:
            after = max(after, previous_fire_time.astimezone(dt.UTC))
        slot = self._next_wake(after)
        return after + self._beat if slot is None else min(slot, after + self._beat)


class _Alarm(BaseScheduler):  # type: ignore[misc]  # apscheduler publishes no types
    """APScheduler without a thread of its own: ``work`` does what is due and says how long nothing will be."""

    def work(self) -> float | None:
        """Run what is due now; seconds until something is, None where nothing will be."""
        wait: float | None = self._process_jobs()
        return wait

    def wakeup(self) -> None:
        """Nothing to wake: it never sleeps for longer than a nap."""

    def shutdown(self, wait: bool = True) -> None:
        """Stop; nothing runs beside the caller."""
        super().shutdown(wait)


class Runner:
    """Wakes a service until it is told to stop."""

    def __init__(
        self,
        pass_once: Callable[[], None],
        next_wake: NextWake,
        beat_seconds: float,
        clock: Callable[[], dt.datetime],
        *,
        nap: Callable[[float], None] = time.sleep,
        steady: Callable[[], float] = time.monotonic,
        longest_nap: float = NAP_SECONDS,
        jumped: Callable[[float], None] | None = None,
    ) -> None:
        """Put the alarm clock together.

        Args:
            pass_once: one pass; whatever it raises ends the runner.
            next_wake: the first slot after an instant.
            beat_seconds: between two passes where no slot comes before.
            clock: now, in UTC.
            nap: sleeps for so many seconds; a simulated clock is moved on instead.
            steady: seconds of a clock that nobody sets, to notice that the other was set.
            longest_nap: seconds; a stop and a jump of the clock are noticed after one.
            jumped: told by how many seconds the clock went forward, or back (negative).
        """
        self._pass_once = pass_once
        self._clock = clock
        self._nap = nap
        self._steady = steady
        self._longest_nap = longest_nap
        self._jumped = jumped
        self._seen = (clock(), steady())
        self._stop = False
        self._error: BaseException | None = None
        self._alarm = _Alarm(
            jobstores={"default": MemoryJobStore()},
            executors={"default": DebugExecutor()},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            timezone=dt.UTC,
        )
        self._trigger = TimetableTrigger(next_wake, dt.timedelta(seconds=beat_seconds))

    @property
    def stopping(self) -> bool:
        """Whether a stop was asked for."""
        return self._stop

    def stop(self) -> None:
        """Ask for a stop: the slot that is under way ends, no other begins."""
        self._stop = True

    def run(self, until: dt.datetime | None = None) -> None:
        """Pass once, then wake at every slot and beat until ``stop``, or until an instant.

        Raises:
            Exception: what a pass raised; the service's own passes raise nothing but a defect.
        """
        self._seen = (self._clock(), self._steady())
        self._alarm.add_job(self._guarded, self._trigger, id=_JOB, next_run_time=self._clock())
        self._alarm.start()
        try:
            while not self._stop and (until is None or self._clock() < until):
                wait = self._alarm.work()
                if self._error is not None:
                    raise self._error
                if not self._stop:
                    self._sleep(wait, until)
        finally:
            if self._alarm.state != STATE_STOPPED:
                self._alarm.shutdown()

    def _guarded(self) -> None:
        # APScheduler would log what a job raises and go on as if nothing were.
        try:
            self._pass_once()
        except BaseException as error:  # noqa: BLE001 - raised again by run()
            self._error = error

    def _sleep(self, wait: float | None, until: dt.datetime | None) -> None:
        nap = self._longest_nap if wait is None else min(max(wait, 0.0), self._longest_nap)
        if until is not None:
            nap = min(nap, max((until - self._clock()).total_seconds(), 0.0))
        self._nap(nap)
        before, self._seen = self._seen, (self._clock(), self._steady())
        off = (self._seen[0] - before[0]).total_seconds() - (self._seen[1] - before[1])
        if abs(off) <= JUMP_SECONDS:
            return
        LOG.warning("the clock jumped by %+.1f s", off)
        if self._jumped is not None:
            self._jumped(off)
        self._alarm.modify_job(_JOB, next_run_time=self._clock())


@contextmanager
def stopped_by_signals(runner: Runner) -> Iterator[None]:
    """SIGTERM and SIGINT ask the runner to stop; the handlers touch nothing but a flag."""

    def ask(_number: int, _frame: FrameType | None) -> None:
        runner.stop()

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
