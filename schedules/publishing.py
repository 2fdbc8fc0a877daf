"""Reports out of the book into `out/`: the page and the JSON with the same figures, side by side."""

import datetime as dt
import importlib.metadata
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import insure
from insure.book import Book
from insure.book import anchors as kept_anchors
from insure.book.verify import verify
from insure.compliance import facts
from insure.dates import release
from insure.decision import fund_calendar
from insure.errors import BookError
from insure.fund import Fund
from insure.slots import slots
from reports import comparison, compliance, index, rebalance
from reports.evidence import Evidence
from reports.html import render
from reports.pdf import pdf
from schedules.health import LIBRARIES

Report: TypeAlias = (
    rebalance.RebalanceReport | comparison.ComparisonReport | compliance.ComplianceReport | index.IndexReport
)


@dataclass(frozen=True, slots=True)
class Published:
    """Where one report was written."""

    page: Path
    json: Path
    pdf: Path | None = None

    def figures(self) -> dict[str, object]:
        """The files, as JSON."""
        return {
            "page": str(self.page),
            "figures": str(self.json),
            "pdf": None if self.pdf is None else str(self.pdf),
        }


def publish_rebalance(
    book: Book, fund: Fund, out: Path, at: dt.datetime, session: dt.date | None = None, *, paper: bool = False
) -> Published:
    """The report of one decision: the last, or the last of ``session``; ``at`` is now, for the anchor kept beside it.

    ``paper``: write the PDF too.

    Raises:
        BookError: the book holds no such decision.
        PdfUnavailable: a PDF is wanted, and what it needs is not installed.
    """
    record = book.record(fund.id, session)
    history = list(book.records(fund.id, last=record.session))
    head = book.head()
    report = rebalance.build(fund, record, history, head)
    return _publish(out, f"{fund.id}/rebalance-{record.session}", report, head, at, paper=paper)


def publish_comparison(
    book: Book,
    fund: Fund,
    out: Path,
    at: dt.datetime | None,
    first: dt.date | None = None,
    last: dt.date | None = None,
    kind: str = "comparison",
    *,
    paper: bool = False,
) -> Published:
    """Fund against the true put, the index and the floor over the sessions recorded; ``kind`` names the file.

    ``at`` is now, for the anchor kept beside it; None for a book that is thrown away, which needs none.

    Raises:
        BookError: the book holds no decision in that span.
        PdfUnavailable: a PDF is wanted, and what it needs is not installed.
    """
    records = list(book.records(fund.id, first, last))
    if not records:
        raise BookError(
            f"The book holds no decision of {fund.id} in that span; run `insure rebalance {fund.id}` first."
        )
    head = book.head()
    report = comparison.build(fund, records, head)
    name = f"{fund.id}/{kind}-{records[0].session}-to-{records[-1].session}"
    return _publish(out, name, report, head, at, paper=paper)


def publish_compliance(
    book: Book, fund: Fund, out: Path, at: dt.datetime, first: dt.date, last: dt.date, *, paper: bool = False
) -> Published:
    """Facts of a period judged against the contract's limits, chained to the audit head.

    The book is verified for it, but for deciding every decision again (``insure verify`` does that).

    Raises:
        InvalidInput: the span is empty, or the fund had no decision in it or before it.
        PdfUnavailable: a PDF is wanted, and what it needs is not installed.
    """
    calendar = fund_calendar(fund)
    begun = max(first, fund.protection.start)
    due = slots(fund.schedule.timing, calendar, begun, last) if begun <= last else []
    history = list(book.records(fund.id, last=last))
    found = facts(fund, history, book.runs(fund.id, first, last), due, first, last)
    head = book.head()
    report = compliance.build(fund, found, history, head, _evidence(book, out))
    name = f"{fund.id}/compliance-{first}" if first == last else f"{fund.id}/compliance-{first}-to-{last}"
    return _publish(out, name, report, head, at, paper=paper)


def publish_index(book: Book, desk_name: str, funds: list[Fund], out: Path, waiting: list[str]) -> Published:
    """The front page of a desk: its funds, what waits for a person, and every report in ``out``."""
    made = [
        index.Made(path.relative_to(out).as_posix(), *_about(path))
        for path in sorted(out.glob("*/*.html"))
        if path.parent.name in {fund.id for fund in funds}
    ]
    standings = [(fund, book.standing(fund.id).last) for fund in funds]
    head = book.head()
    report = index.build(desk_name, standings, made, waiting, head, insure.__version__)
    return _publish(out, "index", report, head, None, paper=False)


def _about(path: Path) -> tuple[str, str, dt.date]:
    """Title, fund and day of a report, from the name that it was given here."""
    kind, _, span = path.stem.partition("-")
    return kind.capitalize(), path.parent.name, dt.date.fromisoformat(span[-10:])


def _evidence(book: Book, out: Path) -> Evidence:
    found = verify(book, kept_anchors.kept(out), again=False)
    looked = (
        f"{found.rows:,} rows of the chain, {found.entries:,} ledger entries and {found.anchors:,} anchors were read"
    )
    first = found.findings[0] if found.findings else None
    return Evidence(
        verified=first is None,
        verification=f"{looked}; nothing is wrong" if first is None else f"{looked}; {first.part}: {first.sentence}",
        libraries={name: importlib.metadata.version(name) for name in LIBRARIES},
        calendar_release=release(),
    )


def _publish(
    out: Path, name: str, report: Report, head: tuple[int, str], at: dt.datetime | None, *, paper: bool
) -> Published:
    page, figures = out / f"{name}.html", out / f"{name}.json"
    page.parent.mkdir(parents=True, exist_ok=True)
    html = render(report)
    _replace(page, html.encode())
    _replace(figures, (json.dumps(report.figures(), indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())
    printed = None
    if paper:
        printed = out / f"{name}.pdf"
        _replace(printed, pdf(html))
    if at is not None:
        kept_anchors.keep(out, head, page.relative_to(out).as_posix(), at)
    return Published(page, figures, printed)


def _replace(path: Path, content: bytes) -> None:
    # A reader sees the old file or the new one, never half of one.
    draft = path.with_name(f".{path.name}.draft")
    draft.write_bytes(content)
    draft.replace(path)
