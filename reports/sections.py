"""What long reports are made of: sections with a judgement, figures, tables and charts, all drawn by one template."""

from dataclasses import dataclass, field

from insure.compliance import Judgement
from reports.figures import Chart, Figure, Figures

_NO_FIGURES: Figures = {}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table; its cells stand under the table's columns."""

    label: str
    cells: tuple[Figure, ...]
    source: str = ""
    judgement: Judgement = "kept"


@dataclass(frozen=True, slots=True)
class Table:
    """A table with what it is about."""

    caption: str
    first: str
    """Heading of the row labels."""
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    empty: str = "None in this period."
    """What stands in the place of a table without rows."""


@dataclass(frozen=True, slots=True)
class Section:
    """One numbered part of a report."""

    key: str
    title: str
    judgement: Judgement | None
    """None where there is nothing to judge."""
    sentence: str
    """The section in one sentence, as the overview shows it."""
    figures: Figures = field(default_factory=lambda: _NO_FIGURES)
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    paragraphs: tuple[str, ...] = ()
