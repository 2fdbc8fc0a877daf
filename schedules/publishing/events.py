"""Which reports are due by themselves: one for each event on the chain, made in the pass that finds it.

The chain is the one record of what happened, and the folder of the reports of what was reported: a pass that was
killed between the two is made up for by the next. What renders loads only where something is to be rendered.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from insure.book import Book, agreed, trail
from insure.controls.breakers import KINDS as BREAKERS
from insure.errors import DeskError, InsureError
from insure.fund import Fund
from insure.happening import STATED
from schedules.desk import Desk
from schedules.publishing.naming import event_name
from schedules.watch.alerts import LOG

if TYPE_CHECKING:
    from schedules.publishing.pages import Published

MOST = 25
"""Event reports of one pass: what a crash leaves to report waits for the next passes, and no slot waits for it."""
_MARKER = ".events.json"
"""How far the chain was looked through; lost, it is looked through again."""
_STRIDE = 1000
"""Rows that are looked through again rather than marked at every pass."""


def report_events(desk: Desk, book: Book, most: int = MOST) -> "list[Published]":
    """Make the report of every event on the chain that has none; what cannot be made is said, and tried again.

    Funds of the stage ``replay`` are left out: theirs are made when somebody asks (``insure report event``).

    Args:
        desk: where reports go.
        book: whose chain.
        most: reports of this pass.
    """
    try:
        head = book.head()
        after = _marked(desk.out, book)
        found = trail.happenings(book, tuple(STATED), after, head[0])
    except InsureError as refusal:
        LOG.warning("events are not reported: %s", refusal)
        return []
    made: list[Published] = []
    funds: dict[str, Fund | None] = {}
    through = head[0]
    for entry in found:
        if len(made) >= most:
            through = min(through, entry.sequence - 1)
            break
        try:
            fund = None if entry.fund_id is None else _at_once(desk, book, entry.fund_id, funds)
            if (entry.fund_id is None or fund is not None) and not _reported(desk.out, entry):
                made.append(_publish(desk, book, fund, entry))
                made.extend(_publish(desk, book, fund, over) for over in _ended_by(book, entry))
        except (InsureError, OSError) as failure:
            through = min(through, entry.sequence - 1)
            LOG.warning("entry %d of the chain has no event report: %s", entry.sequence, failure)
        except Exception:  # noqa: BLE001 - whatever a report breaks on: slots must go on
            through = min(through, entry.sequence - 1)
            LOG.exception("entry %d of the chain has no event report", entry.sequence)
    if made or through - after >= _STRIDE:
        _mark(desk.out, book, through)
    for published in made:
        LOG.info("event report %s", published.page)
    return made


def report_at_once(desk: Desk, fund_id: str, kinds: Sequence[str], opened: Callable[[], Book]) -> "list[Published]":
    """Report what a command has just written, the last row of some kinds on a fund, without waiting for a pass.

    Whatever it fails on is said and left to the next pass: the command has done its work, and its exit code stands.

    Args:
        desk: where reports go.
        fund_id: whose row; empty for the desk's.
        kinds: of the row.
        opened: opens the book.
    """
    try:
        with opened() as book:
            found = trail.own(book, fund_id or None, kinds)
            fund = _at_once(desk, book, fund_id, {}) if fund_id else None
            if not found or (fund_id and fund is None):
                return []
            # A pass may have reported it before the command was through: then this is a new version, or the same bytes.
            return [_publish(desk, book, fund, each) for each in (found[-1], *_ended_by(book, found[-1]))]
    except (InsureError, OSError) as failure:
        LOG.warning("the event report is left to the next pass: %s", failure)
    except Exception:  # noqa: BLE001 - whatever a report breaks on: what was commanded is done
        LOG.exception("the event report is left to the next pass")
    return []


def _ended_by(book: Book, entry: trail.Entry) -> list[trail.Entry]:
    """Kills, halts and trips that were over with a row: their reports say so as a new version."""
    back = entry.kind == "breaker" and entry.content.get("by") and entry.content.get("state") == "NORMAL"
    if not (entry.kind == "lift" or back):
        return []
    found: list[trail.Entry] = []
    for each in trail.own(book, entry.fund_id, BREAKERS):
        if each.sequence >= entry.sequence:
            break
        found = [] if each.content.get("state") == "NORMAL" else [*found, each]
    return [each for each in found if each.kind != "lift"]


def _publish(desk: Desk, book: Book, fund: Fund | None, entry: trail.Entry) -> "Published":
    from schedules.publishing.pages import publish_event  # noqa: PLC0415 - charts and templates load only for a report

    return publish_event(book, fund, desk.out, desk.clock(), entry, desk.terms.name)


def _at_once(desk: Desk, book: Book, fund_id: str, known: dict[str, Fund | None]) -> Fund | None:
    """The contract of a fund whose events are reported at once; None for a replay.

    Raises:
        InsureError: the fund's file cannot be read, and the book holds no contract of it.
    """
    if fund_id not in known:
        try:
            fund = desk.fund(fund_id)
        except InsureError as error:
            kept = agreed.kept_contracts(book, fund_id)
            if not kept and isinstance(error, DeskError):
                known[fund_id] = None  # the file is gone, and the fund never decided anything
                return None
            if not kept:
                raise
            fund = kept[-1].fund
        known[fund_id] = None if fund.stage == "replay" else fund
    return known[fund_id]


def _reported(out: Path, entry: trail.Entry) -> bool:
    """Whether a report on this very row stands: after a restore the same sequence may be another row."""
    page = out / f"{event_name(entry)}.html"
    for figures in page.parent.glob(f"{page.stem}*.json"):
        if not figures.with_suffix(".html").is_file():
            continue
        try:
            if json.loads(figures.read_text(encoding="utf-8"))["event"]["sha256"] == entry.sha256:
                return True
        except (ValueError, KeyError, TypeError):
            continue  # damaged: the report is made again, beside it
    return False


def _marked(out: Path, book: Book) -> int:
    try:
        read = json.loads((out / _MARKER).read_text(encoding="utf-8"))
        sequence, sha = int(read["sequence"]), str(read["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0
    return sequence if book.hash_at(sequence) == sha else 0


def _mark(out: Path, book: Book, sequence: int) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        draft = out / f"{_MARKER}.{os.getpid()}"
        draft.write_text(json.dumps({"sequence": sequence, "sha256": book.hash_at(sequence)}) + "\n", encoding="utf-8")
        draft.replace(out / _MARKER)
    except (InsureError, OSError) as failure:
        LOG.warning("events are looked through again: %s", failure)


@dataclass(frozen=True, slots=True)
class Failed:
    """A report of many that could not be made; the others were."""

    fund_id: str
    sentence: str


def report_all(fund_ids: list[str], making: "Callable[[str], Published]") -> "Iterator[Published | Failed]":
    """One report for each fund, one after the other, so that no more than one is in memory."""
    for fund_id in fund_ids:
        try:
            yield making(fund_id)
        except InsureError as error:
            yield Failed(fund_id, str(error))
        except OSError as error:
            yield Failed(fund_id, f"It cannot be written: {error.strerror}.")
