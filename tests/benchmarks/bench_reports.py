"""How long reports take and how much memory a thousand of them need: ``make bench``, or this file by itself."""

import datetime as dt
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from insure.book import Book
from insure.broker import PaperBroker
from schedules.jobs import tick_many
from schedules.publishing.events import Failed, report_all
from schedules.publishing.pages import publish_compliance, verification
from tests.book.market import a_fund, first_slots, listed, run

FUNDS = 1000
NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)


class Benchmark(Protocol):
    """What is used of pytest-benchmark's fixture."""

    def pedantic(self, target: Callable[[], object], *, rounds: int, iterations: int) -> object:
        """Run and time."""
        ...


def bench_monthly_report(benchmark: Benchmark) -> None:
    """One month of a fund that has decided for two years, its book verified for it."""
    with tempfile.TemporaryDirectory() as folder, Book.open(Path(folder) / "insure.db") as book:
        run(book, a_fund(), 500)
        last = first_slots(500)[-1].session
        month = last.replace(day=1)
        numbers = iter(range(100))

        def report() -> None:
            publish_compliance(book, a_fund(), Path(folder) / str(next(numbers)), NOW, month, last)

        report()
        benchmark.pedantic(report, rounds=5, iterations=1)


def bench_thousand_daily_reports(benchmark: Benchmark) -> None:
    """A day of a thousand funds, in one call; prints the peak memory at a tenth of the way and at its end."""
    with tempfile.TemporaryDirectory() as folder, Book.open(Path(folder) / "insure.db") as book:
        funds = {f"fund-{number:04d}": replace(a_fund(), id=f"fund-{number:04d}") for number in range(FUNDS)}
        for slot in first_slots(3):
            due = [(fund, slot) for fund in funds.values()]
            for _ in tick_many(book, due, lambda _: listed(), PaperBroker(), lambda _, slot: slot.at):
                pass
        day = first_slots(3)[-1].session
        out = Path(folder) / "out"

        def report() -> None:
            verified = verification(book, out)
            done = report_all(
                list(funds), lambda each: publish_compliance(book, funds[each], out, NOW, day, day, verified=verified)
            )
            for number, one in enumerate(done, start=1):
                assert not isinstance(one, Failed), one
                if number in {FUNDS // 10, FUNDS}:
                    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                    print(f"{number} reports: {peak:,.0f} MB at most")  # noqa: T201 - what the figure is for

        benchmark.pedantic(report, rounds=1, iterations=1)


class _Seconds:
    """Times once, without pytest."""

    def pedantic(self, target: Callable[[], object], *, rounds: int, iterations: int) -> object:
        for _ in range(rounds * iterations):
            begun = time.perf_counter(), time.process_time()
            target()
            spent = time.perf_counter() - begun[0], time.process_time() - begun[1]
            print(f"{spent[0]:.2f} s, {spent[1]:.2f} s of processor time")  # noqa: T201 - what the figure is for
        return None


if __name__ == "__main__":
    for bench in (bench_monthly_report, bench_thousand_daily_reports):
        if len(sys.argv) < 2 or sys.argv[1] in bench.__name__:
            print(bench.__name__)  # noqa: T201
            bench(_Seconds())
