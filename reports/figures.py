"""What a report is made of: figures with unit and source, charts with their data, and the head that names the book.

A report is a frozen value. ``plain`` turns it into what JSON can hold; the page is drawn from the same value, so the
two cannot differ. Exact decimals are text in JSON, everything computed in floats stays a number.
"""

import dataclasses
import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, TypeAlias

from insure.errors import InvalidInput
from insure.fund import Stage

Unit = Literal[
    "money",
    "gain",
    "price",
    "units",
    "weight",
    "change",
    "probability",
    "points",
    "bps",
    "per_year",
    "multiple",
    "years",
    "minutes",
    "sessions",
    "number",
    "count",
    "text",
    "date",
    "instant",
    "hash",
]
"""How a figure is written: money and price to the cent, gain as money with its sign, weight and per_year as per cent of
a fraction, change as per cent with its sign, probability as per cent that is never rounded to zero, points as the
difference of two weights, hash in fixed pitch."""

Role = Literal["fund", "twin", "index", "floor", "first", "second", "third", "fourth", "fifth", "losses"]
"""What a line stands for; its colour, width and dashes follow from it. Losses are points, each for itself."""


@dataclass(frozen=True, slots=True)
class NotComputed:
    """In the place of a figure that has no value, with the reason."""

    not_computed: str


Value: TypeAlias = Decimal | float | int | str | dt.datetime | dt.date | NotComputed


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure that a page shows.

    Raises:
        InvalidInput: the value is not finite; what was not computed says so instead.
    """

    label: str
    value: Value
    unit: Unit
    source: str = ""
    """The formula, or the row of the record that it is read from."""
    row: str = ""
    """Id of the row of the same page that names its origin; empty where there is none."""

    def __post_init__(self) -> None:
        """A figure is finite, or it is ``NotComputed``."""
        value = self.value
        if isinstance(value, float | Decimal) and not math.isfinite(value):
            raise InvalidInput(f"{self.label} is {value!r}; a report shows finite figures, or why there is none.")


Figures: TypeAlias = Mapping[str, Figure]
"""Figures by a short name that stays the same from version to version."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart."""

    name: str
    role: Role
    values: tuple[float | None, ...]
    """One for each date of the chart; None where there is none."""
    restarts: bool = False
    """Whether the line begins anew with each protection period."""
    steps: bool = False
    """Whether a value holds until the next, as a weight does."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart over time with all of its data."""

    key: str
    """Unique on the page."""
    title: str
    description: str
    """What a reader should see in it, for those who cannot."""
    unit: Unit
    dates: tuple[dt.date, ...]
    lines: tuple[Line, ...]
    starts: tuple[int, ...] = ()
    """Positions at which a protection period begins, the first excluded; that session stands twice in ``dates``."""
    from_zero: bool = False
    """Whether the axis must show zero."""

    @property
    def table(self) -> tuple[int, ...]:
        """Positions that the table beside the chart shows: all when they are few.

        Else the last of each month, and where each line is least and greatest.
        """
        last = len(self.dates) - 1
        if last < 25:
            return tuple(range(last + 1))
        ends = {i for i in range(last) if self.dates[i].month != self.dates[i + 1].month}
        furthest: set[int] = set()
        for line in self.lines:
            held = [(value, i) for i, value in enumerate(line.values) if value is not None]
            furthest |= {min(held)[1], max(held)[1]} if held else set()
        return tuple(sorted(ends | furthest | {last}))


@dataclass(frozen=True, slots=True)
class Anchor:
    """The last link of the audit chain that the report depends on: kept elsewhere, it proves that nothing was cut."""

    sequence: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Correction:
    """Which report a new version replaces, and why."""

    report: str
    """File of the page that is replaced, beside this one."""
    sha256: str
    """Of that page."""
    reason: str


@dataclass(frozen=True, slots=True)
class Head:
    """Which fund, which contract, which moment, and which book."""

    kind: str
    title: str
    fund_id: str
    fund_name: str
    instrument: str
    currency: str
    stage: Stage
    watermark: str
    """What stands across the page where no real money moved; empty where it did."""
    period: str
    """Session or span that the report is about, as text."""
    code_version: str
    """Of the program that made the decisions shown."""
    config_sha256: str
    anchor: Anchor | None
    """None for a backtest: its chain is thrown away."""
    version: int = 1
    corrects: Correction | None = None
    """None for a first version."""
    zone: str = ""
    """Of the exchange's clock, as the zone database names it; empty where there is no one exchange."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The first thing to read."""

    mark: Literal["good", "attention", "bad"]
    word: str
    sentence: str
    notes: tuple[str, ...] = field(default=())


_WATERMARKS: Mapping[Stage, str] = {"replay": "REPLAY", "paper": "PAPER", "shadow": "SHADOW", "pilot": "", "live": ""}


def watermark(stage: Stage) -> str:
    """The word across the page of a fund that moves no money; empty for one that does."""
    return _WATERMARKS[stage]


def plain(value: object) -> object:
    """What JSON can hold: dataclasses and mappings as objects, decimals and dates as text, instants in UTC.

    Raises:
        InvalidInput: a float is not finite, or the value is of a kind that no report holds.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    return _scalar(value)


def _scalar(value: object) -> str | float | None:
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidInput(f"A figure is {value!r}; a report holds finite figures.")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dt.date):
        return value.isoformat()
    raise InvalidInput(f"A report holds {type(value).__name__}, which has no form in JSON.")
