"""A risk manager's month: the standard pack as a page that can be made again, and what the compliance officer reads."""

import json
from pathlib import Path

import pytest

from insure.decision import fund_calendar
from insure.slots import slots
from reports import filters
from reports.figures import NotComputed
from reports.stress import intact
from schedules.desk import open_desk
from schedules.history import live_through
from tests.conftest import Insure

_FEW = ("--paths", "256")


@pytest.fixture
def desk(insure: Insure, tmp_path: Path) -> Path:
    """A desk whose fund has lived through the days around the turn of January."""
    assert insure("init").code == 0
    place = open_desk(tmp_path)
    fund = place.fund("guarded-90")
    calendar = fund_calendar(fund)
    start = fund.protection.start
    due = slots(fund.schedule.timing, calendar, start, calendar.offset(calendar.on_or_after(start), 22))
    with place.book() as book:
        live_through(book, fund, place.feed(fund), due)
    return tmp_path


def test_a_month_of_stress(insure: Insure, desk: Path) -> None:
    """Run a pack, see it in the month's report; run another, and see it against the first; make it again."""
    folder = Path("out/guarded-90")
    assert _section(insure, "2007-01", "stress")["sentence"] == f"{filters.missing(NotComputed(_NONE))}."
    assert insure("report", "stress", "guarded-90", "--date", "2007-01-31", *_FEW).code == 0
    assert str(_section(insure, "2007-01", "stress")["sentence"]).endswith("No pack was run before the period.")
    done = insure("report", "stress", "guarded-90", *_FEW, "--json")
    assert done.code == 0, done.json
    page = folder / "stress-2007-02-05.html"
    assert (Path(str(done.json["page"])), done.json["version"]) == (page, 1)
    html, figures = page.read_bytes(), page.with_suffix(".json").read_bytes()
    _see_the_standard_pack(html, figures)
    page.unlink()
    page.with_suffix(".json").unlink()
    assert insure("report", "stress", "guarded-90", *_FEW, "--workers", "1").code == 0
    assert (page.read_bytes(), page.with_suffix(".json").read_bytes()) == (html, figures), "made again: other bytes"
    with open_desk(desk).book() as book:
        assert len(book.statements(("stress",))) == 2, "the same pack was stated twice"
    pack = _section(insure, "2007-02", "stress")["figures"]
    assert isinstance(pack, dict)
    assert (pack["pack"]["value"], pack["before"]["value"]) == (page.name, "stress-2007-01-31.html")
    assert pack["pack_sha256"]["value"] == json.loads(figures)["sha256"]
    _see_another_seed(insure, page, html)
    assert insure("report", "index").code == 0
    assert f'href="guarded-90/{page.name}"' in Path("out/index.html").read_text(encoding="utf-8")
    assert insure("verify").code == 0


def test_a_pack_that_is_lost_or_changed_makes_no_other_compliance_report(insure: Insure, desk: Path) -> None:
    """The page is made of the chain alone; verification tells of the file, with the hash that was stated."""
    for date in ("2007-01-31", "2007-02-05"):
        assert insure("report", "stress", "guarded-90", "--date", date, *_FEW).code == 0
    months = {month: _made(insure, month) for month in ("2007-01", "2007-02")}
    assert {each["version"] for each in months.values()} == {1}
    pages = {month: Path(str(each["page"])).read_bytes() for month, each in months.items()}
    pack = Path("out/guarded-90/stress-2007-01-31.json")
    content, sha256 = pack.read_bytes(), json.loads(pack.read_bytes())["sha256"]
    pack.write_bytes(content.replace(b"0.", b"1.", 1))
    spoiled = insure("verify", "--json")
    assert spoiled.code == 1
    findings = spoiled.json["findings"]
    assert isinstance(findings, list)
    finding, written = findings
    assert (written["part"], pack.name in written["sentence"]) == ("pages", True), "the anchors know the file too"
    assert (finding["part"], sha256 in finding["sentence"]) == ("stress", True), finding
    assert finding["sentence"].endswith("is changed."), finding
    for path in Path("out/guarded-90").glob("stress-2007-*"):
        path.unlink()
    gone = insure("verify")
    assert gone.code == 0, "a page that can be made again is no damage of the book"
    assert f"SHA-256 {sha256}, is missing" in gone.out, gone.out
    for month, html in pages.items():
        again = _made(insure, month)
        assert (again["version"], again["new"]) == (1, False), f"{month} became another report without its pack"
        assert Path(str(again["page"])).read_bytes() == html


def test_a_pack_that_is_run_later_is_a_reason_for_a_new_version(insure: Insure, desk: Path) -> None:
    """It counts by the session that it is of, whenever it was run; and it moves the end of no report."""
    january, day = _made(insure, "2007-01"), insure("report", "compliance", "guarded-90", "--json")
    assert (january["version"], day.json["version"]) == (1, 1)
    assert insure("report", "stress", "guarded-90", "--date", "2007-01-31", *_FEW).code == 0
    later = _made(insure, "2007-01")
    assert (later["version"], later["new"]) == (2, True)
    assert (_made(insure, "2007-01")["version"], _made(insure, "2007-01")["new"]) == (2, False)
    heads = [json.loads(Path(str(each["figures"])).read_text(encoding="utf-8"))["head"] for each in (january, later)]
    assert heads[0]["anchor"] == heads[1]["anchor"], "the row of the pack became the end of the month"
    again = insure("report", "compliance", "guarded-90", "--json")
    assert (again.json["version"], again.json["new"]) == (1, False), "a pack changed the report on a day"


def _made(insure: Insure, month: str) -> dict[str, object]:
    done = insure("report", "compliance", "guarded-90", "--month", month, "--json")
    assert done.code == 0, done.json
    return done.json


_NONE = "no stress pack was run in the period; `insure report stress guarded-90` runs one"


def _section(insure: Insure, month: str, key: str) -> dict[str, object]:
    """One section of the month's compliance report."""
    done = insure("report", "compliance", "guarded-90", "--month", month, "--json")
    assert done.code == 0, done.json
    found = json.loads(Path(str(done.json["figures"])).read_text(encoding="utf-8"))
    (wanted,) = [each for each in found["sections"] if each["key"] == key]
    assert isinstance(wanted, dict)
    return wanted


def _see_the_standard_pack(html: bytes, figures: bytes) -> None:
    assert b"SIMULATED" in html
    assert len(html) < 1_000_000, f"{len(html)} bytes"
    kept = json.loads(figures)
    assert intact(kept), "the kept figures are not those that their hash was made of"
    assert kept["glance"]["broken"]["label"] == "Floor broken, of 25 scenarios", "it is not the standard pack"


def _see_another_seed(insure: Insure, page: Path, html: bytes) -> None:
    other = insure("report", "stress", "guarded-90", *_FEW, "--seed", "2", "--json")
    assert other.json["version"] == 2, "another seed replaced what stood there"
    assert page.read_bytes() == html
    newer = json.loads(Path(str(other.json["figures"])).read_text(encoding="utf-8"))
    assert intact(newer)
    assert newer["head"]["corrects"]["report"] == page.name


@pytest.mark.parametrize(
    ("asked", "code", "expected"),
    [
        (("guarded-90",), 1, "holds no decision of guarded-90"),
        (("nobody",), 2, "has no fund 'nobody'"),
    ],
)
def test_what_cannot_be_stressed_is_one_sentence(
    insure: Insure, tmp_path: Path, asked: tuple[str, ...], code: int, expected: str
) -> None:
    assert insure("init").code == 0
    said = insure("report", "stress", *asked, "--json")
    assert said.code == code
    assert expected in str(said.json["error"])


def test_an_unknown_model_lists_the_known(insure: Insure, desk: Path) -> None:
    said = insure("report", "stress", "guarded-90", "--model", "tulips", "--json")
    assert said.code == 2
    assert "gbm" in str(said.json["error"])
    assert not list((desk / "out").glob("guarded-90/stress-*")), "something was written all the same"
