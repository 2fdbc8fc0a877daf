"""Exercises of a restore: a copy of the book is put back beside it, verified whole, and held against it."""

import datetime as dt
import tempfile
from dataclasses import dataclass
from pathlib import Path

from insure.book import Book, Statement, anchors
from insure.book.backup import back_up, restore
from insure.book.verify import verify
from insure.controls.people import speaker
from insure.errors import BookError, InvalidInput
from schedules.desk import Desk


@dataclass(frozen=True, slots=True)
class RestoreDrill:
    """An exercise as it went."""

    copy: str
    """What was put back, or had been."""
    head: tuple[int, str]
    """The last row of the chain that the copy has in common with the book."""
    behind: int
    """Rows that the book has beyond it."""
    decisions: int
    """Made again from the copy."""
    wrong: str
    """What failed; empty where nothing did."""

    def content(self, by: str) -> dict[str, str]:
        """As the book keeps it; only one that passed is named as the drill that a phase asks for."""
        found = f"{self.decisions:,} decisions made again; {self.behind:,} rows of the book came after it"
        how = f"FAILED: {self.wrong}" if self.wrong else f"sound up to entry {self.head[0]}, {found}."
        return {
            "sentence": f"Restore exercised by {by} on {self.copy}: {how}",
            "drill": "restore, failed" if self.wrong else "restore",
            "by": by,
            "head_sequence": str(self.head[0]),
            "head_sha256": self.head[1],
            "judgement": "breached" if self.wrong else "kept",
            "open": "Correct what failed, and exercise again." if self.wrong else "",
        }


def exercise_restore(desk: Desk, book: Book, copy: str, now: dt.datetime) -> RestoreDrill:
    """Put a copy back in a folder that is thrown away, verify it, and hold it against the book.

    Args:
        desk: whose.
        book: of the desk; nothing of it is changed.
        copy: a backup file, or the URL of a server that a copy was restored to; empty to make a backup now.
        now: the clock.

    Raises:
        InvalidInput: the book lives on a server and no copy is named.
    """
    if "://" in copy:
        with Book.connect(copy) as other:
            return _compared(desk, book, other, other.where)
    own = desk.database_file
    if not copy and own is None:
        raise InvalidInput("The book lives on a server: restore a copy with the server's tools, and name it by --copy.")
    with tempfile.TemporaryDirectory(prefix="insure-restore-") as folder:
        backup, target = Path(folder) / "backup.db", Path(folder) / "insure.db"
        name = Path(copy).name if copy else "a backup made for it"
        try:
            if own is not None and not copy:
                back_up(own, backup, anchors.kept(desk.out))
            restore(Path(copy) if copy else backup, target, at=now)
        except BookError as refusal:
            return RestoreDrill(name, (0, ""), 0, 0, str(refusal))
        with Book.open(target) as other:
            return _compared(desk, book, other, name)


def state_restore(desk: Desk, book: Book, drill: RestoreDrill, by: str, now: dt.datetime) -> Statement:
    """Write an exercise into the book, in a person's name.

    Raises:
        InvalidInput: nobody is named, or the desk does not know the name.
    """
    return book.state("drill", "", now, drill.content(speaker(by, desk.terms.people)))


def _compared(desk: Desk, book: Book, other: Book, name: str) -> RestoreDrill:
    found = verify(other)
    sequence, sha = found.head
    last = book.head()[0]
    # The row of a restore is the copy's own; what went before is the book's.
    common = sequence if book.hash_at(sequence) == sha else sequence - 1
    wrong = found.findings[0].sentence if found.findings else ""
    if not wrong and (common < 0 or other.hash_at(common) != book.hash_at(common)):
        wrong = f"{name} is no copy of the book of {desk.terms.name}: its chain is another one."
    return RestoreDrill(name, (common, other.hash_at(common) or ""), last - common, found.decisions, wrong)
