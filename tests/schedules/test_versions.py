"""A report that stands is never overwritten: the same changes nothing, and other content is a version beside it."""

import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from insure.errors import InvalidInput
from reports import rebalance
from reports.figures import Correction
from reports.html import Report
from schedules.publishing.versions import Standing, keep, replace_file, version_of, versions
from tests.reports.lives import ANCHOR, PUT, lived

NAME = "guarded/rebalance-2008-10-01"


def making(decision: int = 20, anchor: tuple[int, str] = ANCHOR) -> Callable[[int, Correction | None], Report]:
    """Makes the report of a decision, without pictures."""
    fund, records = lived(PUT)
    past = records[: decision + 1]
    report = replace(rebalance.build(fund, past[-1], past, anchor), charts=())

    def made(version: int, corrects: Correction | None) -> Report:
        return replace(report, head=replace(report.head, version=version, corrects=corrects))

    return made


def content(standing: Standing) -> tuple[bytes, bytes]:
    return standing.page.read_bytes(), standing.json.read_bytes()


def head(standing: Standing) -> dict[str, object]:
    found = json.loads(standing.json.read_text(encoding="utf-8"))["head"]
    assert isinstance(found, dict)
    return found


def test_the_same_content_changes_nothing(tmp_path: Path) -> None:
    first = keep(tmp_path, NAME, making())
    before = content(first), first.page.stat().st_mtime_ns
    again = keep(tmp_path, NAME, making(), "Somebody asked again.")
    assert (again.page, again.version, again.new) == (first.page, 1, False)
    assert (content(again), again.page.stat().st_mtime_ns) == before
    assert [path for path in first.page.parent.iterdir() if path.name.startswith(".")] == [], "a draft was left"


def test_other_content_is_a_version_that_names_the_old_one_by_its_hash(tmp_path: Path) -> None:
    first = keep(tmp_path, NAME, making())
    before = content(first)
    second = keep(tmp_path, NAME, making(21), "The price was corrected.")
    assert content(first) == before, "the first version was touched"
    assert (second.version, second.new, second.page.name) == (2, True, "rebalance-2008-10-01-v2.html")
    sha = hashlib.sha256(before[0]).hexdigest()
    assert head(second)["corrects"] == {
        "report": "rebalance-2008-10-01.html",
        "sha256": sha,
        "reason": "The price was corrected.",
    }
    page = second.page.read_text(encoding="utf-8")
    assert sha in page
    assert "The price was corrected." in page
    assert sha not in before[0].decode()
    third = keep(tmp_path, NAME, making(22), "Once more.")
    assert head(third)["corrects"] == {
        "report": second.page.name,
        "sha256": hashlib.sha256(second.page.read_bytes()).hexdigest(),
        "reason": "Once more.",
    }
    assert versions(tmp_path, NAME) == [(1, first.page), (2, second.page), (3, third.page)]


def test_making_the_newest_version_again_changes_nothing_whoever_asks_for_whatever_reason(tmp_path: Path) -> None:
    keep(tmp_path, NAME, making())
    second = keep(tmp_path, NAME, making(21), "The price was corrected.")
    before = content(second)
    again = keep(tmp_path, NAME, making(21), "Another reason.")
    assert (again.page, again.new) == (second.page, False)
    assert content(again) == before


@pytest.mark.parametrize(
    ("anchor", "expected"),
    [
        ((1600, "5e" * 32), "The book has grown from entry 1512 to entry 1600 of its chain."),
        ((1512, "6f" * 32), "Entry 1512 of the chain is another one: the book was put back from a backup."),
        (ANCHOR, "The program, its libraries or the page are of another version, or the file was changed."),
    ],
    ids=["grown", "restored", "program"],
)
def test_without_a_reason_the_page_says_what_differs(tmp_path: Path, anchor: tuple[int, str], expected: str) -> None:
    keep(tmp_path, NAME, making())
    corrects = head(keep(tmp_path, NAME, making(21, anchor)))["corrects"]
    assert isinstance(corrects, dict)
    assert corrects["reason"] == expected


@pytest.mark.parametrize("suffix", [".html", ".json"])
def test_a_file_that_was_changed_is_not_taken_for_the_report(tmp_path: Path, suffix: str) -> None:
    first = keep(tmp_path, NAME, making())
    path = first.page.with_suffix(suffix)
    path.write_bytes(path.read_bytes().replace(b"guarded", b"forged!", 1))
    second = keep(tmp_path, NAME, making())
    assert second.version == 2, "a forged file stands as the report"
    assert path.read_bytes().count(b"forged!") == 1, "the forged file is evidence, and stays"


def test_figures_that_were_lost_come_back_beside_their_page(tmp_path: Path) -> None:
    first = keep(tmp_path, NAME, making())
    figures = first.json.read_bytes()
    first.json.unlink()
    again = keep(tmp_path, NAME, making())
    assert (again.version, again.new, again.json.read_bytes()) == (1, False, figures)


def test_a_stop_between_the_two_files_leaves_no_report(tmp_path: Path) -> None:
    """The page comes last: figures without a page are what a killed process left behind."""
    first = keep(tmp_path, NAME, making())
    before = content(first)
    first.page.unlink()
    again = keep(tmp_path, NAME, making())
    assert (again.version, again.new) == (1, True)
    assert content(again) == before


def test_a_page_that_another_process_put_there_meanwhile_is_compared_not_replaced(tmp_path: Path) -> None:
    calm = making()
    raced: list[Standing] = []

    def slow(version: int, corrects: Correction | None) -> Report:
        report = calm(version, corrects)
        if not raced:
            raced.append(keep(tmp_path, NAME, calm))
        return report

    late = keep(tmp_path, NAME, slow)
    assert raced[0].new
    assert (late.page, late.version, late.new) == (raced[0].page, 1, False)


def test_page_and_figures_are_of_one_making_when_two_processes_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one comes between figures and page: it has to wait, and finds the page."""
    others: list[Standing] = []
    other = threading.Thread(target=lambda: others.append(keep(tmp_path, NAME, making(21, (1600, "6f" * 32)))))

    def replaced(path: Path, content: bytes) -> None:
        replace_file(path, content)
        if not other.ident:
            other.start()
            other.join(timeout=2)

    monkeypatch.setattr("schedules.publishing.versions.replace_file", replaced)
    first = keep(tmp_path, NAME, making())
    other.join()
    assert (first.version, [one.version for one in others]) == (1, [2]), "one of them took the other's place"
    for standing, sha in ((first, ANCHOR[1]), (others[0], "6f" * 32)):
        assert head(standing)["anchor"] == {"sequence": 1600 if sha != ANCHOR[1] else ANCHOR[0], "sha256": sha}
        assert sha in standing.page.read_text(encoding="utf-8"), f"{standing.page.name} has the figures of another"


@pytest.mark.parametrize("reason", ["two\nlines", "\x1b[31mred", "a" * 301])
def test_a_reason_that_cannot_be_printed_is_refused_before_anything_is_written(tmp_path: Path, reason: str) -> None:
    with pytest.raises(InvalidInput, match="one line of at most 300 letters"):
        keep(tmp_path, NAME, making(), reason)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("rebalance-2008-10-15", ("rebalance-2008-10-15", 1)),
        ("rebalance-2008-10-15-v2", ("rebalance-2008-10-15", 2)),
        ("rebalance-2008-10-15-v12", ("rebalance-2008-10-15", 12)),
        ("rebalance-2008-10-15-v1", ("rebalance-2008-10-15-v1", 1)),
        ("rebalance-2008-10-15-v02", ("rebalance-2008-10-15-v02", 1)),
    ],
)
def test_a_version_is_read_from_its_name(stem: str, expected: tuple[str, int]) -> None:
    assert version_of(stem) == expected
