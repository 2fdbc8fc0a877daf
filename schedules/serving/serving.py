"""`insure run` put together: the book, the service, the alarm clock, the heartbeat."""

import datetime as dt
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from insure.book.alert_rows import Grade
from insure.book.alerts import Alert, AlertBook
from insure.errors import BookError
from schedules.desk import Desk
from schedules.notifiers import PASSWORD_VARIABLE, notifiers_of
from schedules.runner import Runner, stopped_by_signals
from schedules.serving.heartbeat import Heartbeat, write_heartbeat
from schedules.serving.service import Pass, Service
from schedules.watch.alerts import LOG, Lines

BEAT_SECONDS = 30.0
WATCH_SECONDS = 5.0
"""Between two looks while an event can happen or a question is open."""
HARMLESS_JUMP_SECONDS = 120.0
"""A clock that jumped by more calls a person: slots may have been judged missed by it."""


def run_id(desk: Desk) -> str:
    """Names one run of the service or one pass: its start and its process."""
    return f"{desk.clock():%Y%m%dT%H%M%S.%fZ}-{os.getpid()}"


@contextmanager
def logging_to_stderr(run: str, *, as_json: bool) -> Iterator[None]:
    """Lines of the service go to stderr: text, or JSON objects with the run's id; no secret leaves."""
    handler = logging.StreamHandler()
    handler.setFormatter(Lines(run, [os.environ.get(PASSWORD_VARIABLE, "")], as_json=as_json))
    before = LOG.level, LOG.propagate
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    LOG.propagate = False
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        LOG.removeHandler(handler)
        LOG.setLevel(before[0])
        LOG.propagate = before[1]


def run_once(desk: Desk, run: str) -> Pass:
    """One pass.

    Raises:
        BookError: the book cannot be opened.
        NotTold: a notifier lacks its secret.
    """
    notifiers = notifiers_of(desk.terms.alerts, desk.folder, os.environ)
    with desk.book() as book:
        done = Service(desk, book, notifiers).once()
    LOG.info("pass %s: %d slots, %d alerts", run, len(done.ticks), len(done.raised))
    return done


def serve(
    desk: Desk,
    run: str,
    beat_seconds: float = BEAT_SECONDS,
    *,
    prepare: Callable[[Runner], None] | None = None,
) -> None:
    """Run until SIGTERM or SIGINT; the slot under way is finished, or taken back whole.

    Args:
        desk: whose funds.
        run: id of this run.
        beat_seconds: between two passes where no slot comes before.
        prepare: is handed the runner before it runs.

    Raises:
        BookError: the book cannot be opened.
        NotTold: a notifier lacks its secret.
    """
    notifiers = notifiers_of(desk.terms.alerts, desk.folder, os.environ)
    with desk.book() as book:

        def pass_once() -> None:
            done = service.once()
            if not done.troubles:
                _beat(desk, service, run, beat_seconds)

        def next_wake(after: dt.datetime) -> dt.datetime | None:
            coming = service.next_wake(after)
            if not service.watched(after):
                return coming
            soon = after + dt.timedelta(seconds=min(WATCH_SECONDS, beat_seconds))
            return soon if coming is None else min(coming, soon)

        def jumped(seconds: float) -> None:
            sentence = f"The clock of this machine jumped by {seconds:+,.0f} s, or the machine slept."
            grade: Grade = "B" if abs(seconds) <= HARMLESS_JUMP_SECONDS else "A"
            service.clock_jumped(seconds)
            try:
                AlertBook(book).raise_alert(Alert("", grade, "clock jumped", sentence), desk.clock())
            except BookError as refusal:
                LOG.warning("%s The book does not know: %s", sentence, refusal)

        runner = Runner(pass_once, next_wake, beat_seconds, desk.clock, jumped=jumped)
        service = Service(desk, book, notifiers, lambda: runner.stopping)
        if prepare is not None:
            prepare(runner)
        LOG.info("run %s: %s begins", run, desk.terms.name)
        with stopped_by_signals(runner):
            runner.run()
        LOG.info("run %s: stopped; nothing is left half-written", run)


def _beat(desk: Desk, service: Service, run: str, beat_seconds: float) -> None:
    now = desk.clock()
    try:
        waits = tuple({"fund": each.fund_id, **each.content()} for each in service.waiting)
        write_heartbeat(desk.folder, Heartbeat(now, run, beat_seconds, service.funds, service.next_wake(now), waits))
    except OSError as error:
        LOG.warning("the heartbeat cannot be written: %s", error.strerror)
