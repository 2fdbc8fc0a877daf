"""CSV that a spreadsheet shows and never executes."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

_BEGINS = re.compile(r'(^|[;\t|\r\n])(?=[\s"\ufeff\u200b]*[=+\-@＝＋－＠])')
"""Where a spreadsheet, which may split at other signs than ours by its language, would find a formula."""


def harmless(cell: str) -> str:
    """A text cell that no spreadsheet takes for a formula: an apostrophe stands before whatever begins like one.

    A formula sign counts, full-width or not, at the beginning and after each sign that some language setting splits
    cells or lines at: semicolon, tab, bar, the end of a line.
    """
    safe = _BEGINS.sub(r"\1'", cell)
    return f"'{safe}" if safe[:1] in {"\t", "\r", "\n"} else safe


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
