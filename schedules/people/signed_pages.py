"""Signatures held against the files that they stand under."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from insure.book import Book
from insure.controls import signatures
from insure.controls.signatures import Signature

PageState = Literal["stands", "gone", "changed"]
"""The file is the one that was signed; it is not there; another one stands in its place."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A signature beside the file that it stands under."""

    signature: Signature
    state: PageState

    @property
    def sentence(self) -> str:
        """In words."""
        one = self.signature
        told = {
            "stands": "stands as it was signed",
            "gone": "is not in the folder of the reports; the book makes it again",
            "changed": "is not the page that was signed",
        }
        return f"{one.report}, {one.role} by {one.by} at {one.at:%Y-%m-%d %H:%M} UTC, {told[self.state]}."


def looked_at(book: Book, out: Path, fund_id: str | None = None) -> tuple[Looked, ...]:
    """Every signature of a fund, or of all, held against the pages in the folder of the reports.

    Raises:
        BookError: a signature in the book cannot be read.
    """
    return tuple(
        Looked(one, _state(out, one)) for one in signatures.signatures(book.statements(signatures.KINDS, fund_id))
    )


def _state(out: Path, one: Signature) -> PageState:
    page = out / one.report
    if not page.is_file():
        return "gone"
    return "stands" if hashlib.sha256(page.read_bytes()).hexdigest() == one.sha256 else "changed"
