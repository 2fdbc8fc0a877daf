"""CSV that a spreadsheet shows and never executes."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

_FORMULA = frozenset("=+-@")
_BLANK = " \t\r\n"


def harmless(cell: str) -> str:
    """A text cell that no spreadsheet takes for a formula: one that begins like one gets an apostrophe before it."""
    return f"'{cell}" if cell.lstrip(_BLANK)[:1] in _FORMULA or cell[:1] in {"\t", "\r", "\n"} else cell


def lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Rows of text as CSV, a line at a time.

    A cell that is a plain number (digits, a point, a minus before them) stays one; every other cell is ``harmless``.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in rows:
        writer.writerow([cell if _is_number(cell) else harmless(cell) for cell in row])
        yield out.getvalue()
        out.seek(0)
        out.truncate()


def _is_number(cell: str) -> bool:
    digits = cell.removeprefix("-").replace(".", "", 1)
    return digits.isascii() and digits.isdecimal()
