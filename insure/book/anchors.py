"""Anchors: sequence and hash of the chain's head, kept outside the book, beside the reports that print them.

A chain whose tail is cut, or that is rewritten whole, is sound in itself; only an anchor outside it tells. An anchor
also keeps the hash of every file that was written with it, so that a page changed by hand is found.
"""

import datetime as dt
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from insure.errors import BookError

FILE = "anchors.jsonl"
"""In the folder of the reports."""


class Chain(Protocol):
    """What anchors are held against."""

    def head(self) -> tuple[int, str]:
        """Sequence and hash of the last row."""
        ...

    def hash_at(self, sequence: int) -> str | None:
        """Hash of one row; None where the chain does not reach it."""
        ...


@dataclass(frozen=True, slots=True)
class Anchor:
    """The head of the chain at one moment."""

    sequence: int
    sha256: str
    at: dt.datetime
    report: str
    """Where it is printed."""
    files: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of each file that was written with it, by its path in the folder; none in lines of older versions."""


def keep(
    folder: Path, head: tuple[int, str], report: str, at: dt.datetime, files: Mapping[str, str] | None = None
) -> None:
    """Append the head that a report prints to the file of anchors, and bring it to disk.

    Args:
        folder: of the reports (``out/``); made if it does not exist.
        head: sequence and hash, as ``Book.head`` gives them.
        report: file of the report, relative to the folder.
        at: now.
        files: SHA-256 of what was written, by path relative to the folder.
    """
    told = {"sequence": head[0], "sha256": head[1], "at": at.isoformat(), "report": report}
    line = json.dumps({**told, "files": dict(files)} if files else told) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    number = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(number, line.encode())  # one write: two processes append whole lines
        os.fsync(number)
    finally:
        os.close(number)


def kept(folder: Path) -> list[Anchor]:
    """All anchors of a folder, oldest first; none where there is no file.

    Raises:
        BookError: a line cannot be read; the sentence names it.
    """
    return list(_read(folder))


def _read(folder: Path, about: str = "") -> Iterator[Anchor]:
    """Anchors whose lines hold the words ``about``."""
    path = folder / FILE
    if not path.is_file():
        return
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if about not in line:
            continue
        try:
            read = json.loads(line)
            files = {str(name): str(sha) for name, sha in read.get("files", {}).items()}
            at = dt.datetime.fromisoformat(read["at"])
            anchor = Anchor(int(read["sequence"]), str(read["sha256"]), at, read["report"], files)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BookError(f"{path} line {number} is no anchor; the file is damaged.") from error
        yield anchor


def written(folder: Path, about: str) -> dict[str, str]:
    """Newest SHA-256 known of each file whose path begins with ``about``: reading stays quick in a long file.

    Raises:
        BookError: a line about it cannot be read.
    """
    found: dict[str, str] = {}
    for anchor in _read(folder, json.dumps(about)[1:-1]):
        found.update({name: sha for name, sha in anchor.files.items() if name.startswith(about)})
    return found


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def changed(folder: Path, anchors: Sequence[Anchor]) -> list[str]:
    """Sentences, one for each file that stands in the folder and is not the one that was written last.

    A file that is gone is no forgery: the book makes it again.
    """
    newest = {name: (sha, anchor) for anchor in anchors for name, sha in anchor.files.items()}
    return [
        f"{name} is not the file that was written at {anchor.at:%Y-%m-%d %H:%M} UTC for row {anchor.sequence}: its "
        f"SHA-256 was {sha[:12]} and is {found[:12]}. Move it away; `insure report` makes it again."
        for name, (sha, anchor) in sorted(newest.items())
        if (folder / name).is_file() and (found := sha256_of(folder / name)) != sha
    ]


def differences(chain: Chain, anchors: Sequence[Anchor]) -> list[str]:
    """Sentences, one for each anchor that the chain does not hold to."""
    said = []
    for anchor in anchors:
        found = chain.hash_at(anchor.sequence)
        if found is None:
            said.append(
                f"{anchor.report} of {anchor.at:%Y-%m-%d} prints row {anchor.sequence}, and the chain ends at row "
                f"{chain.head()[0]}: its end was cut off, or an older copy was put in its place."
            )
        elif found != anchor.sha256:
            said.append(
                f"{anchor.report} of {anchor.at:%Y-%m-%d} prints {anchor.sha256[:12]} for row {anchor.sequence}, and "
                f"the chain holds {found[:12]}: it was written anew."
            )
    return said


def check_last(chain: Chain, folder: Path, where: str) -> None:
    """Hold a book against the newest anchor of its desk, before anything is traded on it.

    Raises:
        BookError: it is not the book that the anchor was taken from, or one that has lost its end.
    """
    anchors = kept(folder)
    if not anchors:
        return
    newest = max(anchors, key=lambda anchor: anchor.sequence)
    for sentence in differences(chain, [newest]):
        raise BookError(f"{where} is not to be trusted: {sentence} Nothing was done; restore a backup, or ask why.")
