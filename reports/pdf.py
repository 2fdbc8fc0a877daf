"""Reports as PDF: the same page, on paper, with WeasyPrint; the same page gives the same bytes.

WeasyPrint and Pango are the extra ``pdf``; this is the one place that knows them.
"""

import re

from insure.errors import InsureError

_PAPER = {
    "--paper": "#ffffff",
    "--ink": "#17212b",
    "--muted": "#56626e",
    "--grid": "#e3e8ec",
    "--fund": "#0f4c81",
    "--twin": "#b84900",
    "--index": "#6a747e",
    "--floor": "#6b1b5b",
    "--first": "#b84900",
    "--second": "#00735c",
    "--third": "#6b1b5b",
    "--fourth": "#7a6c31",
    "--fifth": "#6a747e",
    "--bad": "#a3212b",
}
"""Colours of the style sheet on paper: pictures are drawn without it (tests/reports/test_pdf.py holds both equal)."""
_PICTURE = re.compile(r"<svg class=\"chart (wide|narrow|small)\".*?</svg>", re.DOTALL)
_SHORT = '<details class="short">'
"""The figures of a chart where they are few: nobody can open them on paper."""
_BAR = re.compile(r"<svg class=\"bar ?(\w*)\"")
_VARIABLE = re.compile(r"var\((--[a-z]+)\)")


class PdfUnavailable(InsureError):
    """WeasyPrint, or the Pango that it draws letters with, is not installed."""


def pdf(html: str) -> bytes:
    """The PDF (PDF/UA-1) of a page that ``reports.html.render`` made.

    Raises:
        PdfUnavailable: WeasyPrint or Pango is missing; the sentence says what to install.
    """
    try:
        from weasyprint import HTML  # noqa: PLC0415 - an extra, and half a second to import
    except (ImportError, OSError) as error:
        raise PdfUnavailable(
            "PDF needs WeasyPrint (`pip install insure[pdf]`) and Pango (on Debian: libpango-1.0-0 libpangoft2-1.0-0 "
            f"libharfbuzz-subset0): {error}."
        ) from error
    paper = _BAR.sub(_bar_on_paper, _PICTURE.sub(_on_paper, html)).replace(_SHORT, f"{_SHORT[:-1]} open>")
    written = HTML(string=paper, url_fetcher=_refuse).write_pdf(pdf_variant="pdf/ua-1")
    if not isinstance(written, bytes):
        raise PdfUnavailable("WeasyPrint wrote nothing; check its installation with `weasyprint --info`.")
    return written


def _on_paper(picture: re.Match[str]) -> str:
    """A picture in the colours of paper; narrow ones are for telephones."""
    if picture[1] == "narrow":
        return ""
    return _VARIABLE.sub(lambda found: _PAPER[found[1]], picture[0])


def _bar_on_paper(opening: re.Match[str]) -> str:
    return f'{opening[0]} fill="{_PAPER["--bad" if opening[1] == "bad" else "--index"]}"'


def _refuse(url: str) -> dict[str, object]:
    raise InsureError(f"A report asks for {url!r}; reports ask nobody for anything.")
