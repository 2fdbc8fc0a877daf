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

    def table(self, title: str, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        """A table for a person; nothing where a program reads."""
        if self.as_json:
            return
        from rich import box  # noqa: PLC0415 - rich costs 50 ms that --json and --help should not pay
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        table = Table(title=Text(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
        for heading, align in columns:
            table.add_column(heading, justify="right" if align == "right" else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        self._console().print(table)

    @staticmethod
    def _console() -> "Console":
        from rich.console import Console  # noqa: PLC0415

        # A pipe has no width of its own; tables should not be folded at 80 columns there.
        return Console(width=None if sys.stdout.isatty() else 120)


def percent(value: float | None, missing: str = "none") -> str:
    """A fraction as per cent."""
    return missing if value is None else f"{value:.2%}"


def whole(value: float | None) -> str:
    """Money to the unit, for narrow tables; empty where there is none."""
    return "" if value is None else f"{value:,.0f}"


def amount(value: float | None, missing: str = "none") -> str:
    """Money with separators."""
    return missing if value is None else f"{value:,.2f}"
