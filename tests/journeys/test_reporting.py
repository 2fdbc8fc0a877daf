"""A compliance officer's day: a period judged, the desk on one page, the PDF of the same page."""

import datetime as dt
import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest

from insure.decision import fund_calendar
from insure.slots import slots_between
from schedules.desk import make_desk, open_desk
from schedules.history import live_through
from tests.conftest import Insure


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk whose fund has lived through its first six weeks; nobody may change it."""
    folder = tmp_path_factory.mktemp("lived")
    make_desk(folder, "Protected funds", ("synthetic_put",))
    place = open_desk(folder)
    fund = place.fund("guarded-90")
    due = slots_between(
        fund.schedule.timing,
        fund_calendar(fund),
        dt.datetime(2007, 1, 2, tzinfo=dt.UTC),
        dt.datetime(2007, 2, 15, tzinfo=dt.UTC),
    )
    with place.book() as book:
        live_through(book, fund, place.feed(fund), due)
    return folder


@pytest.fixture
def desk(lived: Path, tmp_path: Path) -> Path:
    """The same desk, for one test to change."""
    shutil.copytree(lived, tmp_path, dirs_exist_ok=True)
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
    anchors = [json.loads(line) for line in (desk / "out" / "anchors.jsonl").read_text(encoding="utf-8").splitlines()]
    assert anchors[-1]["report"] == f"guarded-90/{file}.html"
    assert {"sequence": anchors[-1]["sequence"], "sha256": anchors[-1]["sha256"]} == figures["head"]["anchor"]
    assert max(anchor["sequence"] for anchor in anchors) == 31, "the newest row of the book is not kept"
    assert insure("verify").code == 0


def test_a_comparison_of_a_later_span_begins_where_the_one_before_it_ended(insure: Insure, desk: Path) -> None:
    """Both spans and the whole through the command line: returns multiply, and each has one base."""
    spans: tuple[list[str], ...] = ([], ["--to", "2007-01-19"], ["--from", "2007-01-20"])
    found = []
    for span in spans:
        done = insure("report", "comparison", "guarded-90", *span, "--json")
        assert done.code == 0, done.json
        found.append(json.loads((desk / str(done.json["figures"])).read_text(encoding="utf-8")))
    glance = [{key: float(each["value"]) for key, each in report["glance"].items()} for report in found]
    whole, one, two = glance
    assert two["begun"] == one["nav"], "the second span begins elsewhere than the first ended"
    assert whole["begun"] == 100_000_000.0, "the first costs are left out"
    for each in glance:
        assert each["slippage"] == pytest.approx(each["nav"] - each["twin"], abs=0.1)
    for line in ("twin", "index"):
        both = one[line] / one["begun"] * two[line] / two["begun"]
        assert both == pytest.approx(whole[line] / whole["begun"], rel=1e-9), line
    earlier = one["slippage"] * two["twin"] / two["begun"]
    assert earlier + two["slippage"] == pytest.approx(whole["slippage"], abs=0.1)


def test_neighbouring_compliance_reports_add_up_to_slippage_so_far(insure: Insure, desk: Path) -> None:
    said = []
    for first, last in (("2007-01-03", "2007-01-31"), ("2007-02-01", "2007-02-14")):
        done = insure("report", "compliance", "guarded-90", "--from", first, "--to", last, "--json")
        said.append(json.loads((desk / str(done.json["figures"])).read_text(encoding="utf-8")))
    january, february = ({key: each["value"] for key, each in report["glance"].items()} for report in said)
    assert january["slippage_report"] == pytest.approx(january["slippage"], abs=0.01), "January is all there was"
    assert january["slippage"] + february["slippage_report"] == pytest.approx(february["slippage"], abs=0.01)
    causes = [row["report"]["value"] for row in said[1]["slippage"]["rows"]]
    assert sum(causes) == pytest.approx(february["slippage_report"], abs=0.1)


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


@pytest.mark.parametrize(
    "asked",
    [
        ["rebalance", "--date", "2007-01-10"],
        ["comparison", "--to", "2007-01-31"],
        ["compliance", "--month", "2007-01"],
        ["compliance", "--date", "2007-01-10"],
    ],
    ids=" ".join,
)
def test_a_report_made_again_when_the_book_has_grown_is_the_same_bytes(
    insure: Insure, desk: Path, asked: list[str]
) -> None:
    """No clock, no head of the book, no contract of today: only rows up to the report's own."""
    kind, *rest = asked
    first = insure("report", kind, "guarded-90", *rest, "--json").json
    page = desk / str(first["page"])
    before = page.read_bytes(), page.with_suffix(".json").read_bytes()
    for _ in range(3):
        assert insure("rebalance", "guarded-90").code == 0
    contract = desk / "funds" / "guarded-90.toml"
    contract.write_text(contract.read_text(encoding="utf-8").replace("Guarded Index", "Renamed"), encoding="utf-8")
    assert insure("rebalance", "guarded-90").code == 0
    again = insure("report", kind, "guarded-90", *rest, "--reason", "Asked again.", "--json").json
    assert (again["page"], again["version"], again["new"]) == (first["page"], 1, False)
    assert (page.read_bytes(), page.with_suffix(".json").read_bytes()) == before
    for path in (page, page.with_suffix(".json")):
        path.unlink()
    assert insure("report", kind, "guarded-90", *rest).code == 0
    assert (page.read_bytes(), page.with_suffix(".json").read_bytes()) == before, (
        "it cannot be made again from the book"
    )


def test_a_report_on_a_period_that_was_not_over_gets_a_new_version_and_both_stand_on_the_index(
    insure: Insure, desk: Path
) -> None:
    asked = ["report", "compliance", "guarded-90", "--month", "2007-02"]
    first = insure(*asked, "--json").json
    for _ in range(9):
        assert insure("rebalance", "guarded-90").code == 0
    second = insure(*asked, "--reason", "The month is over.", "--json").json
    assert (second["version"], second["new"]) == (2, True)
    page = (desk / str(second["page"])).read_text(encoding="utf-8")
    assert hashlib.sha256((desk / str(first["page"])).read_bytes()).hexdigest() in page
    assert "The month is over." in page
    assert insure("report", "index").code == 0
    figures = json.loads((desk / "out" / "index.json").read_text(encoding="utf-8"))
    assert [(row["path"], row["version"]) for row in figures["reports"]] == [
        ("guarded-90/compliance-2007-02-01-to-2007-02-28-v2.html", "2, in force"),
        ("guarded-90/compliance-2007-02-01-to-2007-02-28.html", "1, superseded"),
    ]
    assert insure("verify").code == 0


def test_a_changed_contract_is_told_key_by_key(insure: Insure, desk: Path) -> None:
    unchanged = insure("fund", "diff", "guarded-90", "--json").json
    assert unchanged["changes"] == []
    path = desk / "funds" / "guarded-90.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"width_weight = [\d.]+", "width_weight = 0.05", text), encoding="utf-8")
    changed = insure("fund", "diff", "guarded-90", "--json").json
    assert changed["from"] == unchanged["to"]
    [change] = changed["changes"] if isinstance(changed["changes"], list) else []
    assert (change["section"], change["key"], change["new"]) == ("band", "width_weight", "0.05")
    old = str(changed["from"])
    assert insure("fund", "diff", "guarded-90", "--against", old[:8], "--json").json["changes"] == [change]
    (desk / "proposal.toml").write_text(text, encoding="utf-8")
    back = insure("fund", "diff", "guarded-90", "--file", "proposal.toml", "--json").json["changes"]
    assert back == [{**change, "old": change["new"], "new": change["old"]}]
    refused = insure("fund", "diff", "guarded-90", "--against", "ffff", "--json")
    assert refused.code == 1
    assert "no contract of guarded-90 whose hash begins with 'ffff'" in str(refused.json["error"])
    assert insure("rebalance", "guarded-90").code == 0
    assert insure("report", "compliance", "guarded-90").code == 0
    page = (desk / "out" / "guarded-90" / "compliance-2007-02-15.html").read_text(encoding="utf-8")
    assert "band: width_weight" in page, "the compliance report does not show what changed"


def test_one_call_reports_on_every_fund_and_names_those_that_could_not_be(insure: Insure, desk: Path) -> None:
    text = (desk / "funds" / "guarded-90.toml").read_text(encoding="utf-8")
    for number in range(3):
        fund_id = f"late-{number}"
        (desk / "funds" / f"{fund_id}.toml").write_text(text.replace("guarded-90", fund_id, 1), encoding="utf-8")
    assert insure("rebalance", "late-0").code == insure("rebalance", "late-1").code == 0
    done = insure("report", "compliance", "--all", "--date", "2007-01-10", "--json")
    assert done.code == 1
    assert (done.json["funds"], done.json["made"], done.json["new"], done.json["verified"]) == (4, 3, 3, True)
    [failed] = done.json["failed"] if isinstance(done.json["failed"], list) else []
    assert failed["fund"] == "late-2"
    assert "no decision of late-2" in failed["error"]
    (desk / "funds" / "late-2.toml").unlink()
    again = insure("report", "compliance", "--all", "--date", "2007-01-10")
    assert again.code == 0
    assert "3 reports of 3 funds, 0 of them new" in again.out
    assert "Compliance reports" in again.err, "no progress was shown"
    both = insure("report", "compliance", "guarded-90", "--all", "--json")
    assert both.code == insure("report", "compliance", "--json").code == 2


def test_events_of_a_replay_are_reported_on_demand(insure: Insure, desk: Path) -> None:
    none = insure("report", "event", "guarded-90", "--json")
    assert none.code == 2
    assert "The chain holds no event of guarded-90" in str(none.json["error"])
    place = open_desk(desk)
    with place.book() as book:
        book.state("kill", "guarded-90", dt.datetime(2007, 2, 15, tzinfo=dt.UTC), {"sentence": "Stopped."})
        book.state("restore", "", dt.datetime(2007, 2, 16, tzinfo=dt.UTC), {"sentence": "Put back."})
    first = insure("report", "event", "guarded-90", "--json").json
    assert first["page"] == "out/guarded-90/event-32-2007-02-15.html"
    assert insure("report", "event", "guarded-90", "--sequence", "32", "--json").json == {**first, "new": False}
    assert insure("report", "event", "--json").json["page"] == "out/event-33-2007-02-16.html"
    for wrong in (["guarded-90", "--sequence", "33"], ["guarded-90", "--sequence", "5"]):
        assert insure("report", "event", *wrong, "--json").code == 2


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
