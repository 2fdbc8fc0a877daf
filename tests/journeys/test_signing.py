"""A report is read, signed by three people, corrected, signed anew; the front page says at every step what waits."""

import json
from pathlib import Path

import pytest

from tests.conftest import Insure
from tests.controls.desks import Desk

PEOPLE = 'name = "Tested desk"\npeople = ["Ada", "Ben", "Cleo"]\n'
DAY = ("--date", "2026-11-02")


@pytest.fixture
def desk(tmp_path: Path, insure: Insure) -> Desk:
    made = Desk(tmp_path, insure)
    (tmp_path / "desk.toml").write_text(PEOPLE, encoding="utf-8")
    made.slot(0)
    made.evening(0)
    return made


def shelf(desk: Desk) -> dict[str, object]:
    assert desk.run("report", "index").code == 0
    figures = json.loads((desk.folder / "out" / "index.json").read_text(encoding="utf-8"))
    assert isinstance(figures, dict)
    return figures


def signature(desk: Desk, day: str = "2026-11-02") -> str:
    rows = shelf(desk)["reports"]
    assert isinstance(rows, list)
    (row,) = [one for one in rows if f"compliance-{day}" in one["path"] and not one["version"].endswith("superseded")]
    return str(row["signed"])


def test_what_was_made_only_now_is_not_signed(desk: Desk) -> None:
    said = desk.run("sign", "tested", *DAY, "--as", "prepared", "--by", "Ada")
    assert said.code == 2
    assert "stands there since this moment: read it, then sign. Nothing was signed." in said.err
    assert desk.json("sign", "--list")["signatures"] == []


def test_three_people_sign_and_no_page_changes_by_it(desk: Desk) -> None:
    page = Path(str(desk.json("report", "compliance", "tested", *DAY)["page"]))
    before = page.read_bytes()
    assert signature(desk) == "to be signed as prepared and reviewed and approved"
    for role, by, left in (("prepared", "Ada", ["reviewed", "approved"]), ("approved", "ben", ["reviewed"]),
                           ("reviewed", "Cleo", [])):  # fmt: skip
        assert desk.json("sign", "tested", *DAY, "--as", role, "--by", by)["missing"] == left
        assert page.read_bytes() == before, "a signature changes no report"
    assert desk.json("report", "compliance", "tested", *DAY)["new"] is False, "made again it is the same bytes"
    assert signature(desk) == "signed: prepared by Ada, approved by Ben, reviewed by Cleo"
    assert desk.json("verify")["signatures"] == {"stands": 3, "gone": 0, "changed": 0}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--as", "boss", "--by", "Ada"), "--as is 'boss'; a report is signed as prepared, reviewed, approved."),
        (("--as", "prepared", "--by", "Mallory"), "by is 'Mallory'; desk.toml lists Ada, Ben, Cleo and nobody else."),
        (("--as", "prepared"), "by is ''"),
        (("--as", "approved", "--by", "Ada"), "nobody reviews or approves what they prepared"),
        (("--as", "reviewed", "--by", "Ben", "--remark", "two\nlines"), "remark is 'two\\nlines'"),
    ],
)
def test_who_may_not_sign_is_told_why(desk: Desk, arguments: tuple[str, ...], sentence: str) -> None:
    desk.run("report", "compliance", "tested", *DAY)
    assert desk.run("sign", "tested", *DAY, "--as", "prepared", "--by", "Ada").code == 0
    said = desk.run("sign", "tested", *DAY, *arguments)
    assert said.code == 2
    assert sentence in said.err
    found = desk.json("sign", "--list")["signatures"]
    assert isinstance(found, list)
    assert len(found) == 1, "nothing was signed"


def test_a_page_that_was_changed_is_found_and_not_signed_further(desk: Desk) -> None:
    page = Path(str(desk.json("report", "compliance", "tested", *DAY)["page"]))
    assert desk.run("sign", "tested", *DAY, "--as", "prepared", "--by", "Ada").code == 0
    page.write_text(page.read_text(encoding="utf-8").replace("Kept", "Kept well"), encoding="utf-8")
    found = desk.json("verify", code=1)
    assert found["sound"] is False
    assert "is not the page that was signed" in str(found["findings"])
    assert signature(desk).startswith("changed since it was signed: prepared by Ada")
    assert "another one than was signed" in str(shelf(desk)["waiting"])
    said = desk.run("sign", "tested", *DAY, "--as", "approved", "--by", "Ben")
    assert "has replaced the one before only now: read it, then sign." in said.err
    assert desk.run("sign", "tested", *DAY, "--as", "approved", "--by", "Ben").code == 0, "the page that the book makes"


def test_a_correction_wants_its_own_signatures(desk: Desk) -> None:
    desk.run("report", "compliance", "tested", *DAY)
    assert desk.run("sign", "tested", *DAY, "--as", "prepared", "--by", "Ada").code == 0
    desk.run("override", "tested", "--weight", "0.5", "--by", "Ada", "--reason", "a row on the same day")
    second = desk.json("report", "compliance", "tested", *DAY)
    assert (second["version"], second["new"]) == (2, True)
    assert signature(desk) == "to be signed as prepared and reviewed and approved"
    assert desk.json("sign", "tested", *DAY, "--as", "prepared", "--by", "Ben")["report"] == (
        "tested/compliance-2026-11-02-v2.html"
    )


def test_the_front_page_names_all_that_waits(desk: Desk) -> None:
    desk.run("report", "compliance", "tested", *DAY)
    desk.run("kill", "--reason", "a bug", "--by", "Ada")
    figures = shelf(desk)
    assert figures["verdict"]["mark"] == "bad", figures["verdict"]  # type: ignore[index]
    waiting = str(figures["waiting"])
    for wanted in ("KILLED", "class A", "1 compliance report waits for signatures", "insure lift"):
        assert wanted in waiting, f"{wanted!r} is missing: {waiting}"
