"""Funds and prices that the tests of the book share: small, seeded, without files."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from functools import cache

import numpy as np
import sqlalchemy as sa

from insure.book import Book
from insure.book.engine import writing
from insure.broker import Broker, PaperBroker
from insure.dates import Calendar
from insure.decision import fund_calendar
from insure.feeds.feed import Observation, Row, newest
from insure.fund import Fund, read_fund
from insure.slots import Slot, slots
from schedules.jobs import Tick, tick

START = dt.date(2007, 1, 3)
FUND_FILE = """
id = "{fund_id}"
name = "Guarded fund {fund_id}"
instrument = "Index unit"
initial_money = 1_000_000
stage = "replay"
[protection]
start = 2007-01-03
floor_fraction = {floor}
horizon_years = 1
dividends = "{dividends}"
[strategy]
kind = "{kind}"
[volatility]
kind = "fixed"
vol = 0.2
[limits]
{limits}
[band]
width_weight = {band}
[costs]
commission_bps = 1.0
half_spread_bps = 1.0
[lots]
lot_units = 1
[schedule]
slot = "close"
[feed]
kind = "csv"
file = "prices.csv"
rate_per_year = 0.03
[execution]
broker = "{broker}"
"""


@cache
def a_fund(
    fund_id: str = "guarded",
    *,
    kind: str = "synthetic_put",
    floor: float = 0.9,
    band: float = 0.01,
    broker: str = "paper",
    dividends: str = "reinvested",
    limits: str = "",
) -> Fund:
    """A protected fund on the prices of this file."""
    return read_fund(
        FUND_FILE.format(
            fund_id=fund_id, kind=kind, floor=floor, band=band, broker=broker, dividends=dividends, limits=limits
        )
    )


class ListedPrices:
    """A feed out of a list."""

    def __init__(self, rows: Sequence[Row]) -> None:
        """Rows ascend."""
        self._rows = rows

    @property
    def rows(self) -> Sequence[Row]:
        """All rows."""
        return self._rows

    def at(self, session: dt.date, tail: int) -> Observation:
        """See ``PriceFeed.at``."""
        position = newest(self._rows, session, "listed prices")
        before = self._rows[max(position - tail, 0) : position]
        return Observation(self._rows[position], before, f"listed prices row {position}", "0" * 64)


@cache
def sessions(years: int = 2) -> tuple[dt.date, ...]:
    """Sessions from the start on."""
    return tuple(slot.session for slot in fund_slots(a_fund(), START + dt.timedelta(days=366 * years)))


@cache
def listed(seed: int = 1, years: int = 2, crash: bool = False) -> ListedPrices:
    """A seeded random path from 100, one dividend a quarter; with ``crash`` the 20th session falls by 30 %."""
    days = sessions(years)
    generator = np.random.default_rng(seed)
    moves = generator.normal(0.0002, 0.012, len(days))
    if crash:
        moves[20] = -0.36
    closes = 100.0 * np.exp(np.cumsum(moves))
    return ListedPrices(
        [
            Row(day, Decimal(f"{close:.2f}"), 0.03, Decimal("0.40") if number % 63 == 40 else Decimal(0))
            for number, (day, close) in enumerate(zip(days, closes, strict=True))
        ]
    )


def fund_slots(fund: Fund, last: dt.date) -> list[Slot]:
    """All slots of a fund from the start on."""
    calendar: Calendar = fund_calendar(fund)
    return slots(fund.schedule.timing, calendar, START, last)


@cache
def first_slots(count: int) -> tuple[Slot, ...]:
    """The first slots of every fund here."""
    return tuple(fund_slots(a_fund(), START + dt.timedelta(days=366 * (1 + count // 250)))[:count])


def execute(book: Book, *statements: sa.Executable) -> list[int]:
    """Statements in one writing transaction; how many rows each changed."""
    with writing(book.engine, book.where) as connection:
        return [getattr(connection.execute(statement), "rowcount", 0) for statement in statements]


def run(
    book: Book,
    fund: Fund,
    count: int,
    *,
    first: int = 0,
    feed: ListedPrices | None = None,
    broker: Broker | None = None,
) -> list[Tick]:
    """Tick the slots from ``first`` to ``count``, each at its own time."""
    prices, executes = feed or listed(), broker or PaperBroker()
    return [tick(book, fund, slot, prices, executes, slot.at) for slot in first_slots(count)[first:count]]
