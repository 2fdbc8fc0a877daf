"""What a stress report is made of: parts with figures, pictures and listings whose rows can be linked to."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from reports.figures import Figure, Figures
from reports.pictures import Panel, Picture
from reports.stress.formulas import ASKED, Formula

Tone = Literal["", "bad", "total"]
HOLDS, BROKEN = "\u2713 holds", "\u2715 broken"
"""How a row says whether the floor held: a sign and a word beside the colour."""

_NO_FIGURES: Figures = {}


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and the row of the formula behind it."""

    name: str
    row: str = ""
    """Id on the same page."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row; its cells stand under the listing's columns."""

    key: str
    """Unique in its listing; the row's id on the page is the listing's key, a hyphen and this one."""
    label: Figure
    cells: tuple[Figure, ...]
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A table whose rows can be linked to."""

    key: str
    """Unique on the page."""
    caption: str
    first: str
    """Heading of the row labels."""
    columns: tuple[Column, ...]
    rows: tuple[Entry, ...]
    empty: str
    """What stands in the place of a table without rows."""


@dataclass(frozen=True, slots=True)
class Part:
    """One numbered part of the report."""

    key: str
    title: str
    sentence: str
    paragraphs: tuple[str, ...] = ()
    figures: Figures = field(default_factory=lambda: _NO_FIGURES)
    pictures: tuple[Picture, ...] = ()
    panels: tuple[Panel, ...] = ()
    listings: tuple[Listing, ...] = ()
    missing: tuple[str, ...] = ()
    """What was not computed, and why."""


Heading: TypeAlias = tuple[str, Formula]


def columns(*headings: Heading) -> tuple[Heading, ...]:
    """Headings with their formulas."""
    return headings


def listing(
    key: str, caption: str, first: str, headings: Sequence[Heading], rows: Sequence[Entry], empty: str
) -> Listing:
    """A table whose cells come from the formulas of their columns, and whose labels were asked for."""
    sourced = tuple(
        replace(
            row,
            label=_sourced(row.label, ASKED),
            cells=tuple(_sourced(cell, formula) for cell, (_, formula) in zip(row.cells, headings, strict=True)),
        )
        for row in rows
    )
    return Listing(key, caption, first, tuple(Column(name, of.row) for name, of in headings), sourced, empty)


def _sourced(figure: Figure, formula: Formula) -> Figure:
    return replace(figure, source=formula.words, row=formula.row)


def text(label: str, value: str) -> Figure:
    """Words as a cell."""
    return Figure(label, value, "text")


def when(label: str) -> str:
    """The label of a step in a sentence: a date, an hour, or the number of a session."""
    if label.isdigit():
        return f"in session {label}"
    if label.endswith(" h"):
        return f"after {label}"
    return f"at {label}" if ":" in label else f"on {label}" if "-" in label else f"{label}"


def floor_word(*, broken: bool | None) -> Figure:
    """Whether the floor held; None where none is promised."""
    return text("Floor", "no floor" if broken is None else BROKEN if broken else HOLDS)


def tone(*, broken: bool | None) -> Tone:
    """Colour of a row; its word says the same."""
    return "bad" if broken else ""
