"""Copies of a SQLite book: made while it is in use, verified before they are called backups, and put back."""

import datetime as dt
import os
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from insure.book.anchors import Anchor, check_last
from insure.book.book import Book
from insure.book.engine import sync_folder
from insure.book.verify import Verification, verify
from insure.errors import BookError


def back_up(source: Path, target: Path, known: Sequence[Anchor] = ()) -> Verification:
    """Copy a book that may be in use, verify the copy, and only then give it its name.

    Args:
        source: the book.
        target: the copy; it must not exist.
        known: anchors that the copy is held against.

    Raises:
        BookError: the target exists or cannot be written, or the copy is not sound; nothing is left behind.
    """
    if not source.is_file():
        raise BookError(f"{source} is not there; there is nothing to copy.")
    if target.exists():
        raise BookError(f"{target} exists already; a backup never overwrites one. Name another file.")
    return _copied(source, target, known, "backup")


def restore(
    source: Path, target: Path, known: Sequence[Anchor] = (), out: Path | None = None, *, at: dt.datetime
) -> Verification:
    """Put a backup in the place of a book that is gone, or was moved away; the chain goes on with a row that says so.

    Args:
        source: the backup; it stays.
        target: the book's place; nothing may be there.
        known: anchors that are older than the backup.
        out: folder of anchors; a backup that ends before the newest of them is refused.
        at: now.

    Raises:
        BookError: something stands in the book's place, or the backup is not sound; nothing was changed.
    """
    if not source.is_file():
        raise BookError(f"{source} is not there; there is nothing to restore.")
    if target.exists():
        raise BookError(f"{target} is still there; move it away first, so that nothing is lost by restoring.")
    if target.with_name(f"{target.name}-journal").exists():
        raise BookError(f"{target}-journal is still there; it belongs to the book that was. Move it away with it.")
    if out is not None:
        with Book.open(source) as book:
            check_last(book, out, str(source))
    return _copied(source, target, known, "restored book", at)


def _copied(
    source: Path, target: Path, known: Sequence[Anchor], name: str, restored: dt.datetime | None = None
) -> Verification:
    try:
        number, draft_name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".draft", dir=target.parent)
        os.close(number)
    except OSError as error:
        raise BookError(f"{target} cannot be written: {error.strerror}.") from error
    draft = Path(draft_name)
    try:
        with (
            closing(sqlite3.connect(f"file:{source}?mode=rw", uri=True)) as old,
            closing(sqlite3.connect(draft)) as new,
        ):
            old.backup(new)
        with Book.open(draft) as copy:
            verified = verify(copy, known)
        if verified.findings:
            raise BookError(f"The {name} is not sound and was not kept: {verified.findings[0].sentence}")
        if restored is not None:
            _say_so(draft, source, verified, restored)
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        os.link(draft, target)
        sync_folder(target.parent)
    except sqlite3.Error as error:
        raise BookError(f"{source} cannot be copied to {target}: {error}.") from error
    except OSError as error:
        raise BookError(f"{target} cannot be written: {error.strerror}.") from error
    finally:
        draft.unlink(missing_ok=True)
    return verified


def _say_so(draft: Path, source: Path, verified: Verification, at: dt.datetime) -> None:
    sequence, sha = verified.head
    content = {
        "sentence": f"The book was put back from the backup {source.name}, which ends with entry {sequence}; "
        f"{verified.decisions} decisions were made again and came out the same. What was written after it is not here.",
        "backup": source.name,
        "head_sequence": str(sequence),
        "head_sha256": sha,
        "decisions": str(verified.decisions),
    }
    with Book.open(draft) as copy:
        copy.state("restore", "", at, content)
