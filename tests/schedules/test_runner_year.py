"""The real runner through simulated time: every slot of the timetable ends once."""

import datetime as dt
import random  # noqa: TID251 - with its seed
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import event

from insure.book import Book
from insure.dates import calendar
from insure.slots import parse, slots
from schedules.desk import system_clock
from schedules.serving.service import Service
from tests.schedules.world import at, flat_year, outcomes, simulated, told_desk, write_fund

UTC = dt.UTC
UNCONTROLLED = (
    "[controls]\nask_change_weight = 5.0\nask_buy_after_fall = 0\nbreaker_slippage_sigmas = 0\n"
    "breaker_gap_budget = 0\nbreaker_bad_prices = 100\nmarket_halt_falls = []"
)
"""What controls would hold is another test's."""


def expected(first: str, last: str, text: str = "close-15min", exchange: str = "XNYS") -> list[str]:
    found = slots(parse(text), calendar(exchange), dt.date.fromisoformat(first), dt.date.fromisoformat(last))
    return [slot.key for slot in found]


def live_through(folder: Path, first: str, last: str) -> dict[str, str]:
    """From before the first session until after the last."""
    write_fund(folder, start=first, more=UNCONTROLLED)
    begin, end = at(f"{first} 00:00"), at(f"{last} 23:00")
    with time_machine.travel(begin, tick=False) as traveller, Book.open(folder / "insure.db") as book:
        desk = told_desk(folder, flat_year(first, last), system_clock)
        with simulated(desk, book, traveller) as runner:
            runner.run(end)
        return outcomes(book)


def test_a_month_through_the_real_runner_ends_every_slot_ok(tmp_path: Path) -> None:
    found = live_through(tmp_path, "2026-10-26", "2026-12-04")  # over the autumn night and the half day
    assert list(found) == expected("2026-10-26", "2026-12-04")
    assert set(found.values()) == {"OK"}, found


@pytest.mark.soak
def test_a_year_through_the_real_runner_ends_every_slot_ok(tmp_path: Path) -> None:
    found = live_through(tmp_path, "2026-01-02", "2026-12-31")
    assert list(found) == expected("2026-01-02", "2026-12-31")
    assert len(found) == 251
    assert set(found.values()) == {"OK"}


class Killed(BaseException):
    """The process is gone: nothing after this point runs."""


def with_kills(folder: Path, first: str, last: str, seed: int) -> dict[str, str]:
    """The same, with stops in mid-transaction and restarts after minutes to days."""
    write_fund(folder, start=first, more=UNCONTROLLED)
    begin, end = at(f"{first} 00:00"), at(f"{last} 23:00")
    chance = random.Random(seed)
    rows = flat_year(first, last)
    with time_machine.travel(begin, tick=False) as traveller:
        while system_clock() < end:
            with Book.open(folder / "insure.db") as book:
                desk = told_desk(folder, rows, system_clock)
                left = [chance.randrange(20, 600)]

                def count(*_: object, left: list[int] = left) -> None:
                    left[0] -= 1
                    if left[0] < 0:
                        raise Killed

                event.listen(book.engine, "before_cursor_execute", count)
                try:
                    with simulated(desk, book, traveller) as runner:
                        runner.run(end)
                except Killed:
                    gone = chance.choice([1, 60, 900, 3600, 86400, 3 * 86400])
                    traveller.shift(min(gone, (end - system_clock()).total_seconds()))
        with Book.open(folder / "insure.db") as book:  # the last kill may have left the end behind
            assert not Service(told_desk(folder, rows, system_clock), book).once().troubles
            return outcomes(book)


@pytest.mark.parametrize("seed", range(2))
def test_kills_and_restarts_neither_lose_nor_double_a_slot(tmp_path: Path, seed: int) -> None:
    found = with_kills(tmp_path, "2026-10-26", "2026-12-04", seed)
    assert sorted(found) == sorted(expected("2026-10-26", "2026-12-04")), f"seed {seed}"
    assert set(found.values()) <= {"OK", "SKIPPED"}, found


@pytest.mark.soak
def test_a_year_of_kills_and_restarts(tmp_path: Path) -> None:
    found = with_kills(tmp_path, "2026-01-02", "2026-12-31", 99)
    assert sorted(found) == sorted(expected("2026-01-02", "2026-12-31"))
    assert set(found.values()) == {"OK", "SKIPPED"}
