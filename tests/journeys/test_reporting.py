"""A compliance officer's day: a period judged, the desk on one page, the PDF of the same page."""

import datetime as dt
import json
from pathlib import Path

import pytest

from insure.decision import fund_calendar
from insure.slots import slots_between
from schedules.desk import open_desk
from schedules.history import live_through
from tests.conftest import Insure


@pytest.fixture
def desk(insure: Insure, tmp_path: Path) -> Path:
    """A desk whose fund has lived through its first six weeks."""
    assert insure("init").code == 0
    place = open_desk(tmp_path)
    fund = place.fund("guarded-90")
    due = slots_between(
        fund.schedule.timing,
        fund_calendar(fund),
        dt.datetime(2007, 1, 2, tzinfo=dt.UTC),
        dt.datetime(2007, 2, 15, tzinfo=dt.UTC),
    )
    with place.book() as book:
        live_through(book, fund, place.feed(fund), due)
    return tmp_path


@pytest.mark.parametrize(
    ("asked", "file"),
    [
        (["--month", "2007-01"], "compliance-2007-01-01-to-2007-01-31"),
        (["--quarter", "2007-Q1"], "compliance-2007-01-01-to-2007-03-31"),
        (["--date", "2007-01-10"], "compliance-2007-01-10"),
        (["--from", "2007-01-03", "--to", "2007-01-31"], "compliance-2007-01-03-to-2007-01-31"),
        ([], "compliance-2007-02-14"),
    ],
    ids=["month", "quarter", "day", "span", "latest"],
)
def test_a_period_is_judged_and_its_page_and_figures_are_written(
    insure: Insure, desk: Path, asked: list[str], file: str
) -> None:
    done = insure("report", "compliance", "guarded-90", *asked, "--json")
    assert done.code == 0, done.json
    page = desk / "out" / "guarded-90" / f"{file}.html"
    assert Path(str(done.json["page"])) == Path("out/guarded-90") / f"{file}.html"
    assert "Sign" in page.read_text(encoding="utf-8"), "a compliance report without a place to sign"
    figures = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert figures, "a page without figures"
    anchors = (desk / "out" / "anchors.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(anchors[-1])["report"] == f"guarded-90/{file}.html"
    assert insure("verify").code == 0


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (["--month", "2007-13"], "'2007-13' is not a month, like 2008-10"),
        (["--quarter", "2007-Q5"], "'2007-Q5' is not a quarter, like 2008-Q4"),
        (["--month", "2007-01", "--date", "2007-01-03"], "Ask for one period"),
        (["--from", "2007-02-01", "--to", "2007-01-01"], "must be 2007-01-01"),
        (["--month", "2006-01"], "has no decision up to 2006-01-31"),
    ],
    ids=["month", "quarter", "two", "backwards", "before"],
)
def test_a_period_that_cannot_be_judged_is_one_sentence(
    insure: Insure, desk: Path, asked: list[str], expected: str
) -> None:
    refused = insure("report", "compliance", "guarded-90", *asked, "--json")
    assert refused.code == 2
    assert expected in str(refused.json["error"])


def test_the_desk_on_one_page_links_every_report(insure: Insure, desk: Path) -> None:
    for arguments in (["rebalance"], ["comparison"], ["compliance", "--month", "2007-01"]):
        kind, *rest = arguments
        assert insure("report", kind, "guarded-90", *rest).code == 0
    assert insure("report", "index").code == 0
    page = (desk / "out" / "index.html").read_text(encoding="utf-8")
    for written in (desk / "out" / "guarded-90").glob("*.html"):
        assert f'href="guarded-90/{written.name}"' in page, f"the index does not link {written.name}"


def test_the_pdf_is_the_same_page(insure: Insure, desk: Path) -> None:
    done = insure("report", "rebalance", "guarded-90", "--pdf", "--json")
    if done.code == 1 and "PDF needs WeasyPrint" in str(done.json["error"]):
        pytest.skip("Pango, which draws a PDF's letters, is not on this machine")
    assert done.code == 0, done.json
    assert (desk / "out" / "guarded-90" / "rebalance-2007-02-14.pdf").read_bytes().startswith(b"%PDF-")
