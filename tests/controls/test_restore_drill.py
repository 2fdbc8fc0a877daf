"""`insure drill restore`: a copy is put back beside the book, verified, and held against it."""

from pathlib import Path

import pytest

from tests.conftest import Insure
from tests.controls.desks import Desk


@pytest.fixture
def desk(tmp_path: Path, insure: Insure) -> Desk:
    """A fund that has run two sessions."""
    made = Desk(tmp_path, insure)
    made.slot(0)
    made.slot(1)
    return made


def _said(desk: Desk) -> list[tuple[str, str]]:
    with desk.book() as book:
        return [(one.content["drill"], one.by) for one in book.statements(("drill",))]


def test_a_backup_of_the_moment_is_put_back_and_agrees(desk: Desk) -> None:
    with desk.book() as book:
        head = book.head()
    said = desk.json("drill", "restore", "--by", "Ada")
    assert (said["passed"], said["decisions"], said["behind"]) == (True, 2, 0)
    assert said["head"] == {"sequence": head[0], "sha256": head[1]}
    assert _said(desk) == [("restore", "Ada")]
    assert desk.json("verify")["sound"] is True


def test_an_older_backup_is_held_against_what_the_book_was(desk: Desk) -> None:
    desk.json("backup", "kept.db")
    desk.slot(2)
    said = desk.json("drill", "restore", "--by", "Ada", "--copy", str(desk.folder / "kept.db"))
    assert (said["passed"], said["decisions"], said["behind"]) == (True, 2, 1)
    assert "1 rows of the book came after it" in str(said["sentence"])


def test_a_copy_that_is_damaged_or_of_another_book_fails_and_counts_for_nothing(
    desk: Desk, tmp_path: Path, insure: Insure
) -> None:
    desk.json("backup", "kept.db")
    damaged = desk.folder / "damaged.db"
    damaged.write_bytes((desk.folder / "kept.db").read_bytes()[:8192])
    said = desk.json("drill", "restore", "--by", "Ada", "--copy", str(damaged), code=1)
    assert "FAILED" in str(said["sentence"])
    (tmp_path / "other").mkdir()
    other = Desk(tmp_path / "other", insure)
    other.now = desk.now
    other_book = tmp_path / "other.db"
    assert other.run("rebalance", "tested", "--desk", str(tmp_path / "other")).code in {0, 1, 3}
    assert other.run("backup", str(other_book), "--desk", str(tmp_path / "other")).code == 0
    said = desk.json("drill", "restore", "--by", "Ada", "--copy", str(other_book), code=1)
    assert "is no copy of the book of Tested desk" in str(said["sentence"])
    assert [kind for kind, _ in _said(desk)] == ["restore, failed"] * 2
    assert desk.run("drill", "restore", "--by", " ").code == 2
