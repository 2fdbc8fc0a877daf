"""Anchors: sequence and hash of the chain's head, kept outside the book, beside the reports that print them.

A chain whose tail is cut, or that is rewritten whole, is sound in itself; only an anchor outside it tells.
"""

import datetime as dt
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
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


def keep(folder: Path, head: tuple[int, str], report: str, at: dt.datetime) -> None:
    """Append the head that a report prints to the file of anchors, and bring it to disk.

    Args:
        folder: of the reports (``out/``); made if it does not exist.
        head: sequence and hash, as ``Book.head`` gives them.
        report: file of the report, relative to the folder.
        at: now.
    """
    line = json.dumps({"sequence": head[0], "sha256": head[1], "at": at.isoformat(), "report": report}) + "\n"
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
    path = folder / FILE
    if not path.is_file():
        return []
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        try:
            read = json.loads(line)
            found.append(
                Anchor(
                    int(read["sequence"]), str(read["sha256"]), dt.datetime.fromisoformat(read["at"]), read["report"]
                )
            )
        except (ValueError, KeyError, TypeError) as error:
            raise BookError(f"{path} line {number} is no anchor; the file is damaged.") from error
    return found


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
