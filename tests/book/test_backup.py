"""Backups are whole, verified and never in the way; a restored book is the one that was."""

import datetime as dt
import threading
from pathlib import Path

import pytest

from insure.book import Book, anchors
from insure.book.backup import back_up, restore
from insure.book.trail import entry
from insure.book.verify import verify
from insure.errors import BookError
from tests.book.market import a_fund, first_slots, run

NOW = dt.datetime(2007, 3, 1, 9, 30, tzinfo=dt.UTC)


def test_a_backup_taken_while_the_book_is_written_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "insure.db"
    with Book.open(path) as book:
        run(book, a_fund(), 3)

        def write_on() -> None:
            with Book.open(path) as own:
                run(own, a_fund(), 25, first=3)

        writer = threading.Thread(target=write_on)
        writer.start()
        copies = [back_up(path, tmp_path / f"copy-{number}.db") for number in range(3)]
        writer.join()
    assert all(copy.findings == () for copy in copies)
    assert [copy.decisions for copy in copies] == sorted(copy.decisions for copy in copies)


def test_a_backup_overwrites_nothing_and_leaves_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "insure.db"
    with Book.open(path) as book:
        run(book, a_fund(), 2)
    target = tmp_path / "copies" / "copy.db"
    target.parent.mkdir()
    target.write_text("another file", encoding="utf-8")
    with pytest.raises(BookError, match="never overwrites"):
        back_up(path, target)
    with pytest.raises(BookError, match="cannot be written"):
        back_up(path, tmp_path / "nowhere" / "copy.db")
    with pytest.raises(BookError, match="nothing to copy"):
        back_up(tmp_path / "none.db", tmp_path / "copy.db")
    assert [each.name for each in target.parent.iterdir()] == ["copy.db"]


def test_a_damaged_book_does_not_become_a_backup(tmp_path: Path) -> None:
    path = tmp_path / "insure.db"
    with Book.open(path) as book:
        run(book, a_fund(), 4)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"No trade", b"No trady").replace(b"Buy ", b"Bux "))
    with pytest.raises(BookError, match="not sound and was not kept"):
        back_up(path, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_a_restored_book_goes_on_where_the_backup_ended(tmp_path: Path) -> None:
    path, copy = tmp_path / "insure.db", tmp_path / "copy.db"
    with Book.open(path) as book:
        run(book, a_fund(), 5)
        head = book.head()
    back_up(path, copy)
    with pytest.raises(BookError, match="move it away first"):
        restore(copy, path, at=NOW)
    path.unlink()
    restore(copy, path, at=NOW)
    with Book.open(path) as book:
        assert book.hash_at(head[0]) == head[1], "the restored book is not the one that was backed up"
        told = entry(book, head[0] + 1)
        assert (told.kind, told.fund_id, told.at) == ("restore", None, NOW), (
            "the chain does not say that it was put back"
        )
        assert told.content["head_sha256"] == head[1]
        run(book, a_fund(), 7, first=5)
        assert verify(book).findings == ()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_backup_older_than_a_report_is_not_restored_unasked(tmp_path: Path) -> None:
    path, copy, out = tmp_path / "insure.db", tmp_path / "copy.db", tmp_path / "out"
    with Book.open(path) as book:
        run(book, a_fund(), 3)
    back_up(path, copy)
    with Book.open(path) as book:
        run(book, a_fund(), 5, first=3)
        anchors.keep(out, book.head(), "guarded/rebalance.html", first_slots(5)[4].at)
    path.unlink()
    with pytest.raises(BookError, match="its end was cut off"):
        restore(copy, path, out=out, at=NOW)
    assert not path.exists()
    restore(copy, path, at=NOW)
