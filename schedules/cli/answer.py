"""How a command answers: a table for a person, or one JSON object on stdout."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

DeskOption = Annotated[Path, typer.Option("--desk", help="The desk folder.", show_default="here")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
HERE = Path()

Column = tuple[str, str]
"""Heading and alignment ("left" or "right")."""


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether the command line asks for JSON, for errors that come before the command has run."""
    return "--json" in arguments


@dataclass(frozen=True, slots=True)
class Answer:
    """One command's answer."""

    as_json: bool

    def give(self, figures: Mapping[str, object]) -> None:
        """The JSON object; nothing where a person reads."""
        if self.as_json:
            typer.echo(json.dumps(figures, default=str, ensure_ascii=False, allow_nan=False))

    def say(self, sentence: str = "") -> None:
        """A line for a person; nothing where a program reads."""
        if not self.as_json:
            self._console().print(sentence, soft_wrap=True, markup=False, highlight=False)

    def points(self, sentences: Sequence[str]) -> None:
        """Sentences one below the other, with a hanging indent on a terminal; nothing where a program reads."""
        if self.as_json or not sys.stdout.isatty():
            for sentence in sentences:
                self.say(f"- {sentence}")
            return
        from rich.table import Table  # noqa: PLC0415 - rich costs 50 ms that --json and --help should not pay
        from rich.text import Text  # noqa: PLC0415

        listed = Table.grid(padding=(0, 1, 0, 0))
        listed.add_column(no_wrap=True)
        listed.add_column(overflow="fold")
        for sentence in sentences:
            listed.add_row("-", Text(sentence))
        self._console().print(listed)

    def table(self, title: str, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        """A table for a person; nothing where a program reads.

        No figure and no word is broken: where the terminal is too narrow for that, each row is a block of its own.
        """
        if self.as_json:
            return
        console = self._console()
        if _narrowest(columns, rows) > console.width:
            _blocks(console, title, columns, rows)
            return
        from rich import box  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        table = Table(title=Text(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
        for place, (heading, align) in enumerate(columns):
            figures = align == "right"
            table.add_column(
                heading,
                justify="right" if figures else "left",
                overflow="fold",
                no_wrap=figures,
                min_width=_least(heading, figures, [row[place] for row in rows]),
            )
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        console.print(table)

    @staticmethod
    def _console() -> "Console":
        from rich.console import Console  # noqa: PLC0415

        # A pipe has no width of its own; tables should not be folded at 80 columns there.
        return Console(width=None if sys.stdout.isatty() else 120)


_BETWEEN = 3
"""Letters between two columns."""
_LONGEST_WORD = 24
"""A longer one, a hash or a path, may be broken."""


def _least(heading: str, figures: bool, cells: Sequence[str]) -> int:
    """Letters that a column needs: a figure stands whole, words wrap between them."""
    words = [word for text in (heading, *(() if figures else cells)) for word in text.split()]
    least = max((min(len(word), _LONGEST_WORD) for word in words), default=0)
    return max([least, *(len(cell) for cell in cells)]) if figures else least


def _narrowest(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> int:
    least = (_least(heading, align == "right", [row[n] for row in rows]) for n, (heading, align) in enumerate(columns))
    return sum(least) + _BETWEEN * len(columns) - 1


def _blocks(console: "Console", title: str, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Each row as a block: its first cell, then a line a figure; empty cells are left out."""
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console.print(Text(title, style="bold"))
    figures = [place for place, (_, align) in enumerate(columns) if align == "right"]
    for row in rows:
        console.print()
        console.print(Text(row[0]))
        widest = max((len(row[place]) for place in figures if place), default=0)
        block = Table.grid(padding=(0, 2, 0, 0))
        block.add_column(no_wrap=True)
        block.add_column(overflow="fold")
        for place, (heading, _) in enumerate(columns[1:], start=1):
            if row[place]:
                cell = row[place].rjust(widest) if place in figures else row[place]
                block.add_row(f"  {heading}", Text(cell))
        console.print(block)
    console.print()


def percent(value: float | None, missing: str = "none") -> str:
    """A fraction as per cent."""
    return missing if value is None else f"{value:.2%}"


def whole(value: float | None) -> str:
    """Money to the unit, for narrow tables; empty where there is none."""
    return "" if value is None else f"{value:,.0f}"


def amount(value: float | None, missing: str = "none") -> str:
    """Money with separators."""
    return missing if value is None else f"{value:,.2f}"
