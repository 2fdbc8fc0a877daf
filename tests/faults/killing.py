"""Killing a process at a chosen moment: a child that stops without any farewell before or after one SQL statement."""

import datetime as dt
import json
import os
import shutil
import signal
import sqlite3
import warnings
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Engine, event

from insure.broker import BrokerReport
from insure.execution_terms import Execution
from insure.money import money
from insure.orders import Fill, Order

Journey = Callable[[], None]
NEVER = -1
LIFE = dt.timedelta(minutes=Execution().time_limit_minutes)
"""Of an order, where the contract does not say."""


class Moments:
    """Counts the moments of a journey, and kills its process at one of them."""

    def __init__(self, fatal: int = NEVER) -> None:
        """``fatal``: the moment that is the last; NEVER to count alone."""
        self.passed = 0
        self._fatal = fatal

    def pass_one(self, *_: object) -> None:
        """One more moment has come."""
        if self.passed == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        self.passed += 1

    def listen(self) -> None:
        """Before and after every statement, and before and after every commit: of this process, to its end."""
        for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
            event.listen(Engine, name, self.pass_one)


def in_a_child(journey: Callable[[Moments], None], fatal: int) -> tuple[bool, int]:
    """Run a journey in a child that dies at moment ``fatal``; whether it was killed, and how many moments it saw."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads
        child = os.fork()
    if child == 0:
        code = 1
        try:
            moments = Moments(fatal)
            moments.listen()
            journey(moments)
            os.write(writing, str(moments.passed).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as answer:
        seen = answer.read()
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert killed or os.waitstatus_to_exitcode(status) == 0, "the child failed by itself"
    return killed, int(seen or 0)


class FileBroker:
    """A broker outside whose memory is a file: one line for each order that it executed."""

    name = "file"
    refuses_duplicates = True

    def __init__(self, path: Path, moments: Moments | None = None) -> None:
        """``moments``: passed before and after an order is executed."""
        self._path = path
        self._moments = moments or Moments()

    def send(self, order: Order) -> BrokerReport:
        """Execute at the decided price, once for each reference of ours."""
        self._moments.pass_one()
        if self.look_up(order.key) is None:
            with self._path.open("a", encoding="utf-8") as file:
                # At the instant of its slot, whenever it was sent: a killed way and a whole one write the same line.
                at = order.not_before or order.good_until - LIFE
                executed = [order.key, str(order.units), str(order.price), at.isoformat()]
                file.write(json.dumps(executed) + "\n")
        self._moments.pass_one()
        report = self.look_up(order.key)
        assert report is not None
        return report

    def look_up(self, order_key: str) -> BrokerReport | None:
        """What the file says."""
        for key, units, price, at in self.lines():
            if key == order_key:
                fill = _fill(key, units, price, at)
                return BrokerReport("filled", (fill,))
        return None

    def cancel(self, order_key: str) -> BrokerReport | None:
        """It executes at once: there is nothing left to cancel."""
        return self.look_up(order_key)

    def lines(self) -> list[list[str]]:
        """All that was executed."""
        if not self._path.exists():
            return []
        return [json.loads(line) for line in self._path.read_text(encoding="utf-8").splitlines()]


def _fill(key: str, units: str, price: str, at: str) -> Fill:
    value = money(abs(Decimal(units)) * Decimal(price))
    return Fill(
        key, f"file:{key}", Decimal(units), Decimal(price), value, Decimal(1), Decimal(0), dt.datetime.fromisoformat(at)
    )


def dump(path: Path, *without: str) -> list[str]:
    """Everything a book holds, as SQL, but for some tables."""
    with closing(sqlite3.connect(path)) as connection:
        return [
            line
            for line in connection.iterdump()
            if not any(line.startswith(f'INSERT INTO "{table}"') for table in without)
        ]


def copy_of(path: Path, folder: Path) -> Path:
    """A copy with whatever journal lies beside it."""
    folder.mkdir()
    for each in path.parent.glob(f"{path.name}*"):
        shutil.copy2(each, folder / each.name)
    return folder / path.name
