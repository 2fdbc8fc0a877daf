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
    """Run a pack, see it in the month's report; run another, and see it against the first; touch it, and be told."""
    folder = Path("out/guarded-90")
    for key in ("stress", "reverse"):
        told = _section(insure, "2007-01", key)["sentence"]
        assert told == f"{filters.missing(NotComputed(_NONE))}.", "no command to run is named"
    assert insure("report", "stress", "guarded-90", "--date", "2007-01-31", *_FEW).code == 0
    assert str(_section(insure, "2007-01", "stress")["sentence"]).endswith("no stress pack was run before the period.")
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
    pack = _section(insure, "2007-02", "stress")["figures"]
    assert isinstance(pack, dict)
    assert (pack["pack"]["value"], pack["before"]["value"]) == (
        page.with_suffix(".json").name,
        "stress-2007-01-31.json",
    )
    page.with_suffix(".json").write_bytes(figures.replace(b"0.", b"1.", 1))
    spoiled = _section(insure, "2007-02", "stress")
    assert spoiled["judgement"] == "breached"
    assert "is not the report that was written" in str(spoiled["sentence"])
    page.with_suffix(".json").write_bytes(figures)
    _see_another_seed(insure, page, html)
    assert insure("report", "index").code == 0
    assert f'href="guarded-90/{page.name}"' in Path("out/index.html").read_text(encoding="utf-8")
    assert insure("verify").code == 0


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
