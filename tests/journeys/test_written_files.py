"""Files of reports against their hashes beside the book: forged, lost, printed, or led out of the folder."""

import hashlib
import json
from pathlib import Path

import pytest

from insure.errors import InvalidInput
from reports.html import render
from schedules.publishing import versions
from tests.conftest import Insure
from tests.controls.desks import Desk, rows_of

DAY = ("--date", "2026-11-02")
KINDS = (("rebalance",), ("comparison",), ("compliance",))


@pytest.fixture
def desk(tmp_path: Path, insure: Insure, monkeypatch: pytest.MonkeyPatch) -> Desk:
    # Letters need Pango, which a machine may not have; tests/reports/test_pdf.py draws them.
    monkeypatch.setattr(
        "schedules.publishing.pages.pdf", lambda html: b"%PDF-" + hashlib.sha256(html.encode()).digest()
    )
    made = Desk(tmp_path, insure)
    made.slot(0)
    made.slot(1)
    made.evening(1)
    return made


def report(desk: Desk, *asked: str) -> dict[str, object]:
    return desk.json("report", "compliance", "tested", *DAY, *asked)


def path(desk: Desk, said: dict[str, object], name: str = "page") -> Path:
    return desk.folder / str(said[name])


def lines(desk: Desk) -> list[dict[str, object]]:
    text = (desk.folder / "out" / "anchors.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def findings(desk: Desk) -> list[str]:
    said = desk.run("verify", "--json")
    found = rows_of(said.json, "findings")
    assert said.code == (1 if found else 0)
    assert all(one["part"] == "pages" for one in found), f"not the pages alone are wrong: {found}"
    return [str(one["sentence"]) for one in found]


@pytest.mark.parametrize("name", ["page", "figures", "pdf"])
def test_a_file_changed_by_hand_is_found_though_nobody_signed_it(desk: Desk, name: str) -> None:
    file = path(desk, report(desk, "--pdf"), name)
    assert findings(desk) == []
    before = file.read_bytes()
    file.write_bytes(before.replace(before[-9:], b"forged!!!"))
    (sentence,) = findings(desk)
    assert sentence.startswith(f"tested/{file.name} is not the file that was written at 2026-11-03")
    assert hashlib.sha256(before).hexdigest()[:12] in sentence
    file.unlink()
    assert findings(desk) == [], "a file that is gone is no forgery"


def test_lines_of_older_versions_have_no_hashes_and_stay_valid(desk: Desk) -> None:
    said = report(desk)
    page = path(desk, said)
    file = desk.folder / "out" / "anchors.jsonl"
    old = [{name: value for name, value in line.items() if name != "files"} for line in lines(desk)]
    file.write_text("".join(json.dumps(line) + "\n" for line in old), encoding="utf-8")
    assert findings(desk) == []
    assert report(desk)["new"] is False
    assert lines(desk)[-1]["files"] == {
        f"tested/{one.name}": hashlib.sha256(one.read_bytes()).hexdigest() for one in (page, page.with_suffix(".json"))
    }, "a page that the book still makes is known from now on"
    count = len(lines(desk))
    assert report(desk)["new"] is False
    assert len(lines(desk)) == count, "and is told once"


def test_a_forged_pdf_is_neither_endorsed_nor_overwritten(desk: Desk) -> None:
    printed = path(desk, report(desk, "--pdf"), "pdf")
    printed.write_bytes(b"%PDF-forged")
    refused = desk.run("report", "compliance", "tested", *DAY, "--pdf", "--json")
    assert refused.code == 1, refused.out
    assert f"{printed.name} is not the PDF of" in str(refused.json["error"])
    assert printed.read_bytes() == b"%PDF-forged", "the forged file is evidence"
    printed.unlink()
    assert path(desk, report(desk, "--pdf"), "pdf").read_bytes() != b"%PDF-forged"


def test_a_pdf_that_another_release_printed_stays(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = path(desk, report(desk, "--pdf"), "pdf")
    before = printed.read_bytes()
    monkeypatch.setattr("schedules.publishing.pages.pdf", lambda _: b"%PDF-of another release")
    report(desk, "--pdf")
    assert printed.read_bytes() == before
    assert findings(desk) == []


def test_a_lost_page_comes_back_or_leaves_its_name_free(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    page = path(desk, report(desk))
    before = page.read_bytes()
    sha = hashlib.sha256(before).hexdigest()
    for file in (page, page.with_suffix(".json")):
        file.unlink()
    assert (report(desk)["version"], page.read_bytes()) == (1, before), "the same page, under its own name"
    for file in (page, page.with_suffix(".json")):
        file.unlink()
    monkeypatch.setattr(
        "schedules.publishing.versions.render", lambda made: render(made).replace("<h1", '<h1 class="other"', 1)
    )
    second = report(desk)
    assert second["version"] == 2, "another page has taken the name of the one that was lost"
    assert not page.exists()
    figures = json.loads(path(desk, second, "figures").read_text(encoding="utf-8"))
    assert figures["head"]["corrects"] == {
        "report": page.name,
        "sha256": sha,
        "reason": "That page is gone from the folder of the reports, and what is made now is not the same.",
    }
    assert findings(desk) == []


@pytest.mark.parametrize("kind", ["rebalance", "comparison", "compliance"])
def test_a_link_that_leads_out_of_the_folder_is_not_followed(desk: Desk, kind: str) -> None:
    elsewhere = desk.folder / "elsewhere"
    elsewhere.mkdir()
    (desk.folder / "out").mkdir(exist_ok=True)
    (desk.folder / "out" / "tested").symlink_to(elsewhere)
    refused = desk.run("report", kind, "tested", "--json")
    assert refused.code == 2
    assert "lies outside" in str(refused.json["error"])
    assert list(elsewhere.iterdir()) == [], "a report was written outside out/"


@pytest.mark.parametrize("name", ["../elsewhere/rebalance", "tested/../../rebalance", "/elsewhere/rebalance"])
def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match=r"lies outside .* Nothing was written"):
        versions.inside(tmp_path / "out", name)


@pytest.mark.parametrize("fund", ["../tested", "tested/../../x", "", ".", "..", "tested\n", "TESTED", "te sted"])
def test_a_fund_that_is_no_name_of_a_file_is_one_sentence_and_writes_nothing(desk: Desk, fund: str) -> None:
    before = sorted(desk.folder.rglob("*"))
    refused = desk.run("report", "rebalance", fund, "--json")
    assert refused.code != 0
    assert "has no fund" in str(refused.json["error"])
    assert sorted(desk.folder.rglob("*")) == before, "something was written"


@pytest.mark.parametrize("wrong", ["../x", "x/y", "Tested", "-x", "x_y", "x\\n", "a" * 64, "x y", "\\u202ex"])
def test_an_id_in_a_fund_file_is_refused_in_words(desk: Desk, wrong: str) -> None:
    file = desk.folder / "funds" / "tested.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('"tested"', f'"{wrong}"', 1), encoding="utf-8")
    refused = desk.run("report", "rebalance", "tested", "--json")
    assert refused.code != 0
    error = str(refused.json["error"])
    assert "lambda" not in error
    assert "Predicate" not in error
    assert "letters" in error


def test_one_fund_file_that_cannot_be_read_stops_neither_status_nor_the_front_page(desk: Desk) -> None:
    page = path(desk, report(desk)).name
    (desk.folder / "funds" / "broken.toml").write_text("id = [", encoding="utf-8")
    said = desk.run("status", "--json")
    assert said.code == 2
    (one,) = rows_of(said.json, "unreadable")
    assert (one["fund"], [row["fund_id"] for row in rows_of(said.json, "funds")]) == ("broken", ["tested"])
    assert "broken.toml" in desk.run("status").out
    assert desk.json("report", "index")["new"] is True
    figures = json.loads((desk.folder / "out" / "index.json").read_text(encoding="utf-8"))
    assert [row["fund_id"] for row in figures["funds"]] == ["tested"]
    assert any("broken.toml" in sentence for sentence in figures["waiting"])
    assert f"tested/{page}" in [row["path"] for row in figures["reports"]]


@pytest.mark.parametrize("name", ["\x1b[31mred", "a\u202eb", "two\nlines"])
def test_a_desk_whose_name_cannot_be_printed_is_refused(desk: Desk, name: str) -> None:
    (desk.folder / "desk.toml").write_text(f"name = {json.dumps(name)}\n", encoding="utf-8")
    refused = desk.run("status", "--json")
    assert refused.code == 2
    assert "expected one line of letters that can be printed" in str(refused.json["error"])
    assert name not in str(refused.json["error"]), "the terminal is told what it must not be told"
    assert desk.run("init", "other", "--name", name).code != 0
    assert not (desk.folder / "other").exists()


def test_front_page_and_backtest_are_printed_too(desk: Desk) -> None:
    for asked in (["report", "index"], ["backtest", "tested", "--from", "2026-11-02", "--to", "2026-11-06"]):
        assert path(desk, desk.json(*asked, "--pdf"), "pdf").read_bytes().startswith(b"%PDF-"), asked
