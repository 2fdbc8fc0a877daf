"""A desk for tests of the service: fund files in a folder, told prices, a clock that is moved."""

import datetime as dt
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import time_machine

from insure.book import Book
from insure.dates import calendar
from insure.feeds.feed import PriceFeed, Row
from insure.fund import Fund
from schedules.desk import Desk, DeskTerms
from schedules.runner import Runner
from schedules.serving.service import Service
from tests.contracts import ToldPrices

FUND = """
id = "{id}"
name = "Tested Fund"
instrument = "index unit"
stage = "paper"
initial_money = 1_000_000
[protection]
start = {start}
floor_fraction = 0.9
[strategy]
kind = "synthetic_put"
[volatility]
kind = "fixed"
vol = 0.2
[schedule]
calendar = "{exchange}"
slot = "{slot}"
deadline_minutes = {deadline}
[feed]
kind = "sample"
{more}
"""


def write_fund(
    folder: Path,
    fund_id: str = "tested",
    *,
    start: str = "2026-01-02",
    exchange: str = "XNYS",
    slot: str = "close-15min",
    deadline: float = 15,
    more: str = "",
) -> Path:
    """A fund file in the desk's folder."""
    (folder / "funds").mkdir(exist_ok=True)
    path = folder / "funds" / f"{fund_id}.toml"
    path.write_text(
        FUND.format(id=fund_id, start=start, exchange=exchange, slot=slot, deadline=deadline, more=more),
        encoding="utf-8",
    )
    return path


def at(text: str) -> dt.datetime:
    """An instant in UTC."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def row(session: str, close: str, **more: Decimal | dt.datetime) -> Row:
    """One told row."""
    bid, ask, quoted = more.get("bid"), more.get("ask"), more.get("at")
    assert not isinstance(bid, dt.datetime)
    assert not isinstance(ask, dt.datetime)
    assert not isinstance(quoted, Decimal)
    return Row(dt.date.fromisoformat(session), Decimal(close), rate=0.02, bid=bid, ask=ask, at=quoted)


def flat_year(first: str, last: str, exchange: str = "XNYS") -> list[Row]:
    """A price a session, a little up and a little down."""
    sessions = calendar(exchange).sessions(dt.date.fromisoformat(first), dt.date.fromisoformat(last))
    return [Row(day, Decimal(1000 + 7 * (i % 11) - 3 * (i % 5)), rate=0.02) for i, day in enumerate(sessions)]


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: dt.datetime

    def __call__(self) -> dt.datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += dt.timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class ToldDesk(Desk):
    """A desk whose prices are told."""

    prices: Callable[[Fund], Sequence[Row]] = field(default=lambda _: ())

    def feed(self, fund: Fund) -> PriceFeed:
        return ToldPrices(self.prices(fund))


def told_desk(folder: Path, rows: Sequence[Row], clock: Callable[[], dt.datetime]) -> ToldDesk:
    """A desk in a folder whose funds all see ``rows``; a list may be changed while the desk runs."""
    return ToldDesk(folder, DeskTerms(name="Tested desk"), clock, lambda _: rows)


@contextmanager
def simulated(
    desk: ToldDesk, book: Book, traveller: time_machine.Traveller, beat_seconds: float = 6 * 3600.0
) -> Iterator[Runner]:
    """The real runner on the traveller's clock: instead of sleeping it moves the clock on."""
    service = Service(desk, book)
    runner = Runner(
        lambda: _no_trouble(service),
        service.next_wake,
        beat_seconds,
        desk.clock,
        nap=lambda seconds: traveller.shift(max(seconds, 1e-6)),
        steady=lambda: desk.clock().timestamp(),
        longest_nap=float("inf"),
    )
    yield runner


def _no_trouble(service: Service) -> None:
    done = service.once()
    assert not done.troubles, f"the book refused: {done.troubles}"


def outcomes(book: Book, fund_id: str = "tested") -> dict[str, str]:
    """Slot keys with their outcomes; a key that stands twice is an error."""
    found: dict[str, str] = {}
    for run in book.runs(fund_id):
        key = f"{run.session}:{run.slot}"
        assert key not in found, f"{key} has two runs"
        found[key] = run.outcome
    return found


def lines(path: Path) -> list[dict[str, object]]:
    """JSON lines of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
