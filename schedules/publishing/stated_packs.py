"""Stress reports on the chain: stated when they are written, read by compliance reports, held against their files."""

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from insure.book import Book
from reports.compliance.stress import KIND, StatedPack, stated
from reports.stress import StressReport, intact
from reports.stress.headline import headline, sentence
from schedules.publishing.stress_pack import Stressed

PackState = Literal["stands", "gone", "changed"]
"""The file has the figures that were stated; it is not there; it has others."""


@dataclass(frozen=True, slots=True)
class HeldPack:
    """A pack of the chain beside its file."""

    pack: StatedPack
    state: PackState

    @property
    def sentence(self) -> str:
        """In words, with the hash."""
        told = {"stands": "stands as it was stated", "gone": "is missing", "changed": "is changed"}[self.state]
        pack = self.pack
        return f"{pack.page}, stated in entry {pack.entry} with figures of SHA-256 {pack.sha256}, {told}."


def state_pack(book: Book, stressed: Stressed, report: StressReport, page: str, version: int, at: dt.datetime) -> None:
    """State a report that stands; the last one stated of its session is not stated again.

    Args:
        book: on whose chain.
        stressed: what the report was made of.
        report: it.
        page: its file inside the folder of the reports.
        version: of the page.
        at: now.
    """
    fund_id, session = stressed.fund.id, stressed.record.session
    before = [pack for pack in stated_packs(book, fund_id) if pack.session == session]
    if before and (before[-1].page, before[-1].sha256) == (page, report.sha256):
        return
    content = {
        "sentence": sentence(report),
        "session": session.isoformat(),
        "page": page,
        "version": str(version),
        "sha256": report.sha256,
        "figures": headline(report, stressed.result),
    }
    book.state(KIND, fund_id, at, content)


def stated_packs(book: Book, fund_id: str | None = None) -> tuple[StatedPack, ...]:
    """Every pack of a fund, or of all, in the order of the chain.

    Raises:
        InvalidInput: a row of the chain speaks of none.
    """
    return tuple(stated(one.sequence, one.content) for one in book.statements((KIND,), fund_id))


def held_packs(book: Book, out: Path) -> tuple[HeldPack, ...]:
    """Every pack that was stated, beside the file with its figures; of one page the last."""
    newest = {pack.page: pack for pack in stated_packs(book)}
    return tuple(HeldPack(pack, _state(out / pack.page, pack)) for pack in newest.values())


def _state(page: Path, pack: StatedPack) -> PackState:
    path = page.with_suffix(".json")
    if not (page.is_file() and path.is_file()):
        return "gone"
    try:
        figures = json.loads(path.read_bytes())
    except ValueError:
        return "changed"
    sound = isinstance(figures, dict) and intact(figures) and figures["sha256"] == pack.sha256
    return "stands" if sound else "changed"
