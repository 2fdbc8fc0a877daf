"""The kinds of fact that a crisis is told with; each says how far it can be trusted."""

from dataclasses import dataclass
from datetime import date, time
from typing import Literal

Standing = Literal["published", "secondary", "derived", "assumed"]
"""published: an exchange, a regulator or the index's publisher; secondary: quoted elsewhere, not checked against the
original; derived: computed from such figures; assumed: ours."""

Market = Literal["stocks", "futures", "options", "single stocks"]


@dataclass(frozen=True, slots=True)
class Halt:
    """A stretch of a day on which a market that should have been open was not.

    Attributes:
        day: the day, New York.
        start: from when, New York time; midnight for a day without trading.
        end: until when (that instant is open again); None for the rest of the day.
        what: what happened, and who says so.
        market: what could not be traded.
        standing: how far the times can be trusted.
        at_close: whether the day's closing price is the price at which trading stopped, so that nobody could trade on
            having seen it.
    """

    day: date
    start: time
    end: time | None
    what: str
    market: Market = "stocks"
    standing: Standing = "published"
    at_close: bool = False

    def covers(self, at: time) -> bool:
        """Whether the market stood still at this time of the day."""
        return self.start <= at and (self.end is None or at < self.end)


@dataclass(frozen=True, slots=True)
class FillLimit:
    """A day on which only a fraction of what insured funds had to trade was executed."""

    day: date
    fraction: float
    what: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class FuturesDiscount:
    """Index future over index, less one, at a time of day."""

    day: date
    at: time
    basis: float
    what: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class VolMark:
    """A closing level of an implied volatility index, in percent per square root of year."""

    day: date
    index: Literal["VIX", "VXO"]
    level: float


@dataclass(frozen=True, slots=True)
class BillMonth:
    """Return of a one-month Treasury bill over a calendar month, percent."""

    year: int
    month: int
    percent: float


@dataclass(frozen=True, slots=True)
class IntradayMark:
    """An index level at a time of day.

    Attributes:
        at: New York time.
        level: of the index that the day names.
        what: what the moment is, and who says so.
        standing: of the level and its time together, the weaker of the two.
    """

    at: time
    level: float
    what: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class IntradayDay:
    """What is known of one day from inside: the close before it, and levels through the day, the last its close."""

    day: date
    index: str
    previous_close: float
    marks: tuple[IntradayMark, ...]


def closes(text: str) -> tuple[tuple[date, ...], tuple[float, ...]]:
    """Read a table of closing levels: lines ``YYYY-MM: D=level D=level ...``, further lines of a month indented."""
    days: list[date] = []
    levels: list[float] = []
    year, month = 0, 0
    for word in text.split():
        if word.endswith(":"):
            year, month = (int(part) for part in word[:-1].split("-"))
        else:
            day, level = word.split("=")
            days.append(date(year, month, int(day)))
            levels.append(float(level))
    return tuple(days), tuple(levels)


def bills(first_year: int, first_month: int, *percents: float) -> tuple[BillMonth, ...]:
    """Consecutive months of bill returns, percent a month."""
    start = 12 * first_year + first_month - 1
    return tuple(BillMonth((start + k) // 12, (start + k) % 12 + 1, percent) for k, percent in enumerate(percents))
