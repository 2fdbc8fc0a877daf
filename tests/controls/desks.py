"""A desk of real files whose clock is moved: what a person types, and what lies in the folder afterwards."""

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import time_machine

from insure.book import Book
from insure.dates import calendar
from tests.conftest import Insure, Said

FUND = """
id = "tested"
name = "Tested Fund"
instrument = "index unit"
stage = "{stage}"
initial_money = 1_000_000
[protection]
start = 2026-11-02
floor_fraction = 0.9
[strategy]
kind = "synthetic_put"
[volatility]
kind = "fixed"
vol = 0.2
[costs]
commission_bps = 1.0
[schedule]
calendar = "XNYS"
slot = "close-15min"
deadline_minutes = 15
[feed]
kind = "csv"
file = "prices.csv"
rate_per_year = 0.02
[execution]
broker = "{broker}"
[controls]
promotion_sessions = {sessions}
ask_change_weight = 2.0
ask_buy_after_fall = 0
{controls}
"""
SESSIONS = calendar("XNYS").sessions(dt.date(2026, 11, 2), dt.date(2026, 12, 31))


class Desk:
    """A desk in a folder, the command line, and a clock that stands until it is moved."""

    def __init__(self, folder: Path, insure: Insure, **terms: str | int) -> None:
        self.folder = folder
        self._insure = insure
        self.now = dt.datetime(2026, 11, 2, 14, tzinfo=dt.UTC)
        (folder / "funds").mkdir()
        (folder / "desk.toml").write_text('name = "Tested desk"\n', encoding="utf-8")
        self.contract(**terms)
        lines = [f"{day},{1000 + 7 * (i % 11) - 3 * (i % 5)}" for i, day in enumerate(SESSIONS)]
        (folder / "prices.csv").write_text("\n".join(["date,close", *lines]) + "\n", encoding="utf-8")

    def contract(self, **terms: str | int) -> None:
        """Write the fund file; contracts need nobody's approval here."""
        whole = {"stage": "paper", "broker": "paper", "sessions": 3, "controls": "", **terms}
        (self.folder / "funds" / "tested.toml").write_text(FUND.format(**whole), encoding="utf-8")

    def run(self, *arguments: str) -> Said:
        """One command at the clock's moment."""
        with time_machine.travel(self.now, tick=False):
            return self._insure(*arguments)

    def json(self, *arguments: str, code: int = 0) -> dict[str, object]:
        """The JSON of one command, which must end with ``code``."""
        said = self.run(*arguments, "--json")
        assert said.code == code, f"insure {' '.join(arguments)} ended {said.code}: {said.out}{said.err}"
        return said.json

    def slot(self, number: int) -> None:
        """The clock goes to the slot of a session, a minute late, and a pass is made."""
        self.now = calendar("XNYS").closes(SESSIONS[number]) - dt.timedelta(minutes=14)
        self.run("run-once")

    def evening(self, number: int) -> None:
        """The clock goes to the evening of a session."""
        self.now = calendar("XNYS").closes(SESSIONS[number]) + dt.timedelta(hours=1)

    @contextmanager
    def book(self) -> Iterator[Book]:
        """The book, while nobody else has it."""
        with Book.open(self.folder / "insure.db") as book:
            yield book

    def drills(self) -> None:
        """Both exercises, at the clock's moment."""
        self.json("drill", "kill", "tested", "--by", "Ada")
        assert self.json("drill", "restore", "--by", "Ada")["passed"] is True

    def holdings(self) -> tuple[str, str]:
        """Units and cash, as the book has them."""
        with self.book() as book:
            held = book.standing("tested").holdings
        return f"{held.units:f}", f"{held.cash:f}"

    def file(self, name: str, header: str, *lines: str) -> str:
        """A CSV file in the desk's folder."""
        (self.folder / name).write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return name

    def positions(self, units: str, day: int) -> str:
        """A file of positions as of the end of a session."""
        return self.file("positions.csv", "fund,instrument,units,as_of", f"tested,index unit,{units},{SESSIONS[day]}")

    def cash(self, amount: str, day: int) -> str:
        """A file of cash as of the end of a session."""
        return self.file("cash.csv", "fund,currency,amount,as_of", f"tested,USD,{amount},{SESSIONS[day]}")

    def outcomes(self) -> list[str]:
        """How the slots of the fund ended."""
        with self.book() as book:
            return [run.outcome for run in book.runs("tested")]

    def reconciled(self, day: int) -> None:
        """A report that agrees."""
        self.evening(day)
        self.json("reconcile", "tested", "--positions", self.positions(self.holdings()[0], day))


def rows_of(answer: Mapping[str, object], name: str) -> list[dict[str, object]]:
    """A list of objects in a JSON answer."""
    found = answer[name]
    assert isinstance(found, list), f"{name} is {found!r}; expected a list"
    assert all(isinstance(each, dict) for each in found), f"{name} is {found!r}; expected objects"
    return found
