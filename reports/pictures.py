"""Pictures that are no chart over time, with all of their data: curves, panels, spreads, waterfalls and ranges.

Each knows the table that stands beside it (``grid``): its figures are those of the picture, which the JSON holds once.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from reports.figures import Figure, Line, Unit

Z95 = 1.959963984540054
"""Half the width of a 95 % interval, in standard errors."""

_MANY = 25
"""A table of up to so many rows stands whole; of a longer one every so many."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A value that a picture points out."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Grid:
    """The table beside a picture; None where a line has no value."""

    first: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Figure | None, ...], ...]
    """The first cell of each is its heading."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Curves:
    """Lines over a figure, or bars of one line."""

    key: str
    title: str
    description: str
    across: str
    """Name of what runs from left to right."""
    across_unit: Unit
    unit: Unit
    xs: tuple[float, ...]
    """Rising."""
    lines: tuple[Line, ...]
    marks: tuple[Mark, ...] = ()
    """Uprights."""
    shortfall: bool = False
    """Whether the room between fund and floor is hatched where the fund lies below."""
    bars: bool = False
    dots: bool = False
    """Whether each value is marked: where there are few."""
    from_zero: bool = False
    form: Literal["curves"] = "curves"

    @property
    def grid(self) -> Grid:
        """Every value."""
        return Grid(
            self.across,
            tuple(line.name for line in self.lines),
            tuple(
                (Figure(self.across, x, self.across_unit), *(_cell(line, i, self.unit) for line in self.lines))
                for i, x in enumerate(self.xs)
            ),
        )


@dataclass(frozen=True, slots=True)
class Panel:
    """One scenario among many: a few lines over its steps, with what could not be traded."""

    key: str
    title: str
    description: str
    notes: tuple[str, ...]
    """What to see, a line each."""
    unit: Unit
    labels: tuple[str, ...]
    """Of the steps that the fund looked at."""
    lines: tuple[Line, ...]
    shut: tuple[int, ...] = ()
    """Steps at which nothing could be traded."""
    thin: tuple[int, ...] = ()
    """Steps at which a part of each order was executed."""
    breach: int | None = None
    """The first step below the floor."""
    form: Literal["panel"] = "panel"

    @property
    def shown(self) -> tuple[int, ...]:
        """Steps of the table: all where they are few, else evenly spread, the breach and the last among them."""
        count = len(self.labels)
        every = -(-count // _MANY)
        kept = set(range(every - 1, count, every)) | {count - 1}
        if self.breach is not None:
            kept.add(self.breach)
        return tuple(sorted(kept))

    @property
    def grid(self) -> Grid:
        """The values at the steps shown."""
        note = "" if len(self.shown) == len(self.labels) else "Some of the steps; all stand in the JSON of this report."
        rows = tuple(
            (Figure("Step", self.labels[i], "text"), *(_cell(line, i, self.unit) for line in self.lines))
            for i in self.shown
        )
        return Grid("Step", tuple(line.name for line in self.lines), rows, note)


@dataclass(frozen=True, slots=True)
class Spread:
    """How many paths ended where: bars, with marks at quantiles."""

    key: str
    title: str
    description: str
    across: str
    unit: Unit
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    below: int
    above: int
    marks: tuple[Mark, ...]
    form: Literal["spread"] = "spread"

    @property
    def grid(self) -> Grid:
        """The bars, in pairs of edges; paths beyond either end stand first and last."""
        rows: list[tuple[Figure | None, ...]] = [(None, _money(self.edges[0], self.unit), _count(self.below))]
        for i, count in enumerate(self.counts):
            rows.append((_money(self.edges[i], self.unit), _money(self.edges[i + 1], self.unit), _count(count)))
        rows.append((_money(self.edges[-1], self.unit), None, _count(self.above)))
        return Grid("From", ("To", "Paths"), tuple(rows))


@dataclass(frozen=True, slots=True)
class Fall:
    """One step of a waterfall."""

    label: str
    value: float
    error: float
    """Standard error."""


@dataclass(frozen=True, slots=True)
class Waterfall:
    """Causes that add up to a total, one below the other."""

    key: str
    title: str
    description: str
    unit: Unit
    falls: tuple[Fall, ...]
    total: Fall
    form: Literal["waterfall"] = "waterfall"

    @property
    def grid(self) -> Grid:
        """Causes and total."""
        rows = tuple(
            (
                Figure("Cause", fall.label, "text"),
                Figure("Mean", fall.value, self.unit),
                Figure("Standard error", fall.error, self.unit),
            )
            for fall in (*self.falls, self.total)
        )
        return Grid("Cause", ("Mean", "Standard error"), rows)


@dataclass(frozen=True, slots=True)
class Range:
    """One row of ranges: values from low to high, the middle one a dot."""

    label: str
    values: tuple[float, ...]
    own: bool = False
    """Whether it is the fund's own."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """Ranges side by side on one scale."""

    key: str
    title: str
    description: str
    first: str
    """Heading of the labels."""
    names: tuple[str, ...]
    """Of the values, low to high; an odd number of them."""
    unit: Unit
    rows: tuple[Range, ...]
    marks: tuple[Mark, ...] = field(default=())
    form: Literal["ranges"] = "ranges"

    @property
    def grid(self) -> Grid:
        """Every range."""
        return Grid(
            self.first,
            self.names,
            tuple(
                (Figure(self.first, row.label, "text"), *(Figure(row.label, value, self.unit) for value in row.values))
                for row in self.rows
            ),
        )


Picture: TypeAlias = Curves | Panel | Spread | Waterfall | Ranges


def _cell(line: Line, i: int, unit: Unit) -> Figure | None:
    value = line.values[i]
    return None if value is None else Figure(line.name, value, unit)


def _money(value: float, unit: Unit) -> Figure:
    return Figure("Edge", value, unit)


def _count(paths: int) -> Figure:
    return Figure("Paths", paths, "count")
