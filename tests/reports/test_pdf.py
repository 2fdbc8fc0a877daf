"""PDF of the same page: same bytes on every run, its words and its watermark on paper."""

import io
import re

import pytest
from pypdf import PdfReader

from insure.errors import InsureError
from reports import rebalance
from reports.html import render, template_folder
from reports.pdf import _PAPER, PdfUnavailable, _refuse, pdf
from tests.reports.lives import ANCHOR, PUT, lived
from tests.reports.made import compliance_report, event_report, index_report
from tests.reports.stressed import stress_report

_MARGIN = 48.0
"""17 mm, in points."""


def _drawn(html: str) -> bytes:
    try:
        return pdf(html)
    except PdfUnavailable as reason:
        pytest.skip(f"PDF was not made: {reason}")


def test_pdf_is_the_page_and_the_same_bytes_every_time() -> None:
    fund, records = lived(PUT)
    html = render(rebalance.build(fund, records[-1], records, ANCHOR))
    made = _drawn(html)
    assert made == _drawn(html), "two runs differ"
    read = PdfReader(io.BytesIO(made))
    text = "\n".join(page.extract_text() for page in read.pages)
    for words in ("Rebalance report", "Guarded Fund", "The ladder", "Slippage against the true put", "REPLAY"):
        assert words in text, f"{words!r} is not in the PDF"
    assert "Figures of this chart" in text, "the short table of a chart is not printed"
    assert f"Page 1 of {len(read.pages)}" in text, "pages are not numbered"
    root = read.root_object
    assert str(root["/Lang"]) == "en", "the language is not told to screen readers"
    assert "/StructTreeRoot" in root, "the PDF is not tagged for screen readers"


@pytest.mark.parametrize("kind", ["compliance", "event", "index", "stress"])
def test_every_kind_becomes_a_pdf(kind: str) -> None:
    _, records = lived(PUT)
    html = {
        "compliance": render(compliance_report(PUT, records[0].session, records[-1].session)),
        "event": render(event_report(PUT)),
        "index": render(index_report()),
        "stress": render(stress_report()),
    }[kind]
    read = PdfReader(io.BytesIO(_drawn(html)))
    assert 1 <= len(read.pages) <= (28 if kind in {"stress", "compliance"} else 18), (
        f"{kind} has {len(read.pages)} pages"
    )
    assert any(page.extract_text().strip() for page in read.pages)


def test_wide_tables_end_on_the_paper() -> None:
    """Orders one by one and weeks with their cushions: no word begins beyond the margin."""
    _, records = lived(PUT)
    html = render(compliance_report(PUT, records[0].session, records[-1].session))
    words_alone = re.sub(r"<svg.*?</svg>", "", html, flags=re.DOTALL)
    read = PdfReader(io.BytesIO(_drawn(words_alone)))
    for number, page in enumerate(read.pages, start=1):
        begins: list[tuple[float, str]] = []

        def seen(
            text: str,
            cm: list[float],
            tm: list[float],
            font: object,
            size: object,
            begins: list[tuple[float, str]] = begins,
        ) -> None:
            del font, size
            if text.strip():
                begins.append((tm[4] * cm[0] + cm[4], text.strip()))

        page.extract_text(visitor_text=seen)
        last, words = max(begins)
        assert last < float(page.mediabox.width) - _MARGIN, (
            f"page {number}: {words!r} begins {last:.0f} points from left"
        )


def test_paper_has_the_colours_of_the_light_style_sheet() -> None:
    style = (template_folder() / "style.css").read_text(encoding="utf-8")
    light = style[: style.index("@media")]
    for name, colour in _PAPER.items():
        assert re.search(rf"{name}: {colour};", light), f"{name} is {colour} on paper and another on the page"


def test_nothing_is_fetched() -> None:
    with pytest.raises(InsureError, match="ask nobody"):
        _refuse("https://example.org/logo.png")
