"""Reports out of the book into `out/`: the page and the JSON with the same figures, side by side."""

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path

from insure.book import Book
from insure.book.anchors import keep as keep_anchor
from insure.errors import BookError
from insure.fund import Fund
from reports import comparison, rebalance
from reports.html import render


@dataclass(frozen=True, slots=True)
class Published:
    """Where one report was written."""

    page: Path
    json: Path


def publish_rebalance(book: Book, fund: Fund, out: Path, at: dt.datetime, session: dt.date | None = None) -> Published:
    """The report of one decision: the last, or the last of ``session``; ``at`` is now, for the anchor kept beside it.

    Raises:
        BookError: the book holds no such decision.
    """
    record = book.record(fund.id, session)
    history = list(book.records(fund.id, last=record.session))
    report = rebalance.build(fund, record, history, book.head())
    return _publish(out, fund, f"rebalance-{record.session}", report, book.head(), at)


def publish_comparison(
    book: Book,
    fund: Fund,
    out: Path,
    at: dt.datetime | None,
    first: dt.date | None = None,
    last: dt.date | None = None,
    kind: str = "comparison",
) -> Published:
    """Fund against the true put, the index and the floor over the sessions recorded; ``kind`` names the file.

    ``at`` is now, for the anchor kept beside it; None for a book that is thrown away, which needs none.

    Raises:
        BookError: the book holds no decision in that span.
    """
    records = list(book.records(fund.id, first, last))
    if not records:
        raise BookError(
            f"The book holds no decision of {fund.id} in that span; run `insure rebalance {fund.id}` first."
        )
    report = comparison.build(fund, records, book.head())
    name = f"{kind}-{records[0].session}-to-{records[-1].session}"
    return _publish(out, fund, name, report, book.head(), at)


def _publish(
    out: Path,
    fund: Fund,
    name: str,
    report: rebalance.RebalanceReport | comparison.ComparisonReport,
    head: tuple[int, str],
    at: dt.datetime | None,
) -> Published:
    folder = out / fund.id
    folder.mkdir(parents=True, exist_ok=True)
    page, figures = folder / f"{name}.html", folder / f"{name}.json"
    _replace(page, render(report))
    _replace(figures, json.dumps(report.figures(), indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    if at is not None:
        keep_anchor(out, head, str(page.relative_to(out)), at)
    return Published(page, figures)


def _replace(path: Path, text: str) -> None:
    # A reader sees the old file or the new one, never half of one.
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
