"""A service as a process of its own, for the tests that race, stop and kill it: `python service_driver.py MODE ...`."""

import datetime as dt
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import time_machine

from insure.book import Book
from insure.feeds.feed import Observation, PriceFeed, Row
from insure.fund import Fund
from schedules.cli import main
from schedules.desk import system_clock
from schedules.serving.serving import serve
from tests.schedules.world import ToldDesk, at, flat_year, simulated, told_desk


class SlowFeed(PriceFeed):
    """Says that it is asked, and takes its time to answer."""

    def __init__(self, rows: Sequence[Row], folder: Path) -> None:
        self._rows = rows
        self._folder = folder

    @property
    def rows(self) -> Sequence[Row]:
        return self._rows

    def at(self, session: dt.date, tail: int) -> Observation:
        (self._folder / "asked").touch()
        time.sleep(1.5)
        [position] = [i for i, row in enumerate(self._rows) if row.session == session]
        return Observation(self._rows[position], self._rows[max(position - tail, 0) : position], "slow feed", "0" * 64)


class SlowDesk(ToldDesk):
    """A desk whose prices come slowly."""

    def feed(self, fund: Fund) -> PriceFeed:
        return SlowFeed(self.prices(fund), self.folder)


def simulate(folder: Path, first: str, last: str) -> None:
    """The whole span on a simulated clock of this process's own."""
    with time_machine.travel(at(f"{first} 00:00"), tick=False) as traveller, Book.open(folder / "insure.db") as book:
        desk = told_desk(folder, flat_year(first, last), system_clock)
        with simulated(desk, book, traveller) as runner:
            runner.run(at(f"{last} 23:00"))


def slow(folder: Path, begin: str) -> None:
    """The real service from an instant on, with prices that take a while."""
    with time_machine.travel(at(begin), tick=True):
        told = told_desk(folder, flat_year("2026-11-02", "2026-12-04"), system_clock)
        serve(SlowDesk(told.folder, told.terms, told.clock, told.prices), "slow", 1.0)


def command(begin: str, *arguments: str) -> None:
    """`insure ...` from an instant on."""
    with time_machine.travel(at(begin), tick=True):
        sys.argv = ["insure", *arguments]
        main()


if __name__ == "__main__":
    mode, rest = sys.argv[1], sys.argv[2:]
    if mode == "simulate":
        simulate(Path(rest[0]), rest[1], rest[2])
    elif mode == "slow":
        slow(Path(rest[0]), rest[1])
    else:
        command(*rest)
