"""Reports out of the book into `out/`: the page and the JSON with the same figures, side by side."""

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reports.html import render

from insure.book import Book
from insure.errors import BookError
from insure.fund import Fund
from reports import comparison, rebalance


class Report(Protocol):
    """What every report can do: hand over the figures that its page shows."""

    def figures(self) -> dict[str, object]:
        """JSON-able figures."""
        ...


@dataclass(frozen=True, slots=True)
class Published:
    """Where one report was written."""

    page: Path
    json: Path


def publish_rebalance(book: Book, fund: Fund, out: Path, session: dt.date | None = None) -> Published:
    """The report of one decision: the last, or the last of ``session``.

    Raises:
        BookError: the book holds no such decision.
    """
    record = book.record(fund.id, session)
    history = list(book.records(fund.id, last=record.session))
    report = rebalance.build(fund, record, history, book.head())
    return _write(out / fund.id, f"rebalance-{record.session}", report)


def publish_comparison(
    book: Book, fund: Fund, out: Path, first: dt.date | None = None, last: dt.date | None = None
) -> Published:
    """Fund against the true put, the index and the floor over the sessions recorded.

    Raises:
        BookError: the book holds no decision in that span.
    """
    records = list(book.records(fund.id, first, last))
    if not records:
        raise BookError(
            f"The book holds no decision of {fund.id} in that span; run `insure rebalance {fund.id}` first."
        )
    report = comparison.build(fund, records, book.head())
    return _write(out / fund.id, f"comparison-{records[0].session}-to-{records[-1].session}", report)


def _write(folder: Path, name: str, report: rebalance.RebalanceReport | comparison.ComparisonReport) -> Published:
    folder.mkdir(parents=True, exist_ok=True)
    page, figures = folder / f"{name}.html", folder / f"{name}.json"
    _replace(page, render(report))
    _replace(figures, json.dumps(report.figures(), indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    return Published(page, figures)


def _replace(path: Path, text: str) -> None:
    # A reader sees the old file or the new one, never half of one.
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
