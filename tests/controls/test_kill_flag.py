"""The flag of the kill switch: a file that stops, whatever it holds and whatever else is broken."""

import datetime as dt
import errno
import json
import os
from pathlib import Path

import pytest

from insure.controls import kill_flag
from insure.errors import InvalidInput, Killed
from tests.faults.killing import NEVER, Moments, in_a_child

NOW = dt.datetime(2026, 11, 23, 15, 0, 0, 123456, tzinfo=dt.UTC)


def test_nothing_stands_in_a_new_folder(tmp_path: Path) -> None:
    assert kill_flag.standing(tmp_path, "one") is None
    assert kill_flag.standing(tmp_path, "") is None
    assert kill_flag.all_standing(tmp_path) == []


def test_a_flag_of_a_fund_stops_that_fund_and_one_of_the_desk_stops_all(tmp_path: Path) -> None:
    own = kill_flag.throw(tmp_path, "one", "Ada", "a bug", NOW)
    assert kill_flag.standing(tmp_path, "one") == own
    assert kill_flag.standing(tmp_path, "two") is None
    desk = kill_flag.throw(tmp_path, "", "", "all of it", NOW)
    assert kill_flag.standing(tmp_path, "two") == desk
    assert kill_flag.standing(tmp_path, "one") == desk, "the desk's is the graver one"
    assert kill_flag.all_standing(tmp_path) == [desk, own]
    assert own.sentence == "The kill switch of one stands since 2026-11-23 15:00:00 UTC (Ada): a bug."
    assert "of the whole desk" in desk.sentence
    assert "(nobody is named)" in desk.sentence


def test_a_flag_that_stands_is_left_as_it_is(tmp_path: Path) -> None:
    first = kill_flag.throw(tmp_path, "one", "Ada", "a bug", NOW)
    again = kill_flag.throw(tmp_path, "one", "Ben", "another", NOW + dt.timedelta(hours=1))
    assert again == first


@pytest.mark.parametrize("content", ["", "not json", "[]", '{"at": 1}', "\x00\xff"])
def test_whatever_the_file_holds_it_stops(tmp_path: Path, content: str) -> None:
    (tmp_path / "kill").mkdir()
    (tmp_path / "kill" / "_desk").write_text(content, encoding="latin-1")
    flag = kill_flag.standing(tmp_path, "one")
    assert flag is not None
    assert flag.reason.endswith("stands and says nothing, which stops as well.")
    assert flag == kill_flag.standing(tmp_path, "two"), "its mark is that of the file"


def test_a_folder_in_its_place_stops_and_cannot_be_lifted(tmp_path: Path) -> None:
    (tmp_path / "kill" / "_desk").mkdir(parents=True)
    flag = kill_flag.standing(tmp_path, "one")
    assert flag is not None
    assert not flag.legible
    with pytest.raises(InvalidInput, match="cannot be removed"):
        kill_flag.take_down(tmp_path, flag)


def test_a_file_in_the_place_of_the_folder_stops_everything(tmp_path: Path) -> None:
    (tmp_path / "kill").write_text("", encoding="utf-8")
    flag = kill_flag.standing(tmp_path, "one")
    assert flag is not None
    assert "which stops as well" in flag.reason
    assert [each.legible for each in kill_flag.all_standing(tmp_path)] == [False]
    assert not kill_flag.throw(tmp_path, "one", "Ada", "a bug", NOW).legible


def test_an_empty_file_is_enough_where_a_line_finds_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write

    def full(number: int, content: bytes) -> int:
        if content:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(number, content)

    monkeypatch.setattr(os, "write", full)
    flag = kill_flag.throw(tmp_path, "one", "Ada", "a bug", NOW)
    assert flag.reason.endswith("stands and says nothing, which stops as well.")
    assert kill_flag.standing(tmp_path, "one") == flag


def test_without_hard_links_it_stands_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert kill_flag.throw(tmp_path, "", "Ada", "a bug", NOW).legible


def test_a_folder_that_takes_no_file_says_what_else_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(Killed, match=r"\(Read-only file system\): nothing is stopped\. Stop the service"):
        kill_flag.throw(tmp_path, "", "Ada", "a bug", NOW)


@pytest.mark.parametrize(
    ("reason", "by", "told"),
    [
        ("", "Ada", "(Ada): no reason given."),
        ("  ", "Ada", "(Ada): no reason given."),
        ("two\nlines", "Ada", "(Ada): two lines."),
        ("pasted\u00a0text", "A\u00a0B", "(A B): pasted text."),
        ("ok", "A\x07da", "(A da): ok."),
        ("x" * 200_000, "y" * 1_000, f"({'y' * 100}): {'x' * 500}."),
    ],
)
def test_a_kill_waits_for_no_wording(tmp_path: Path, reason: str, by: str, told: str) -> None:
    kill_flag.throw(tmp_path, "", by, reason, NOW)
    flag = kill_flag.standing(tmp_path, "")
    assert flag is not None, "a reason that cannot be printed must not keep a kill from standing"
    assert flag.sentence.endswith(told), flag.sentence[-60:]


def test_a_link_that_leads_nowhere_stops_as_well(tmp_path: Path) -> None:
    (tmp_path / kill_flag.FOLDER).mkdir()
    (tmp_path / kill_flag.FOLDER / kill_flag.DESK).symlink_to(tmp_path / "nowhere")
    flag = kill_flag.standing(tmp_path, "any")
    assert flag is not None, "somebody put it there"
    assert not flag.legible


def test_only_the_flag_that_was_lifted_is_taken_down(tmp_path: Path) -> None:
    first = kill_flag.throw(tmp_path, "one", "Ada", "a bug", NOW)
    assert kill_flag.take_down(tmp_path, first)
    assert kill_flag.standing(tmp_path, "one") is None
    assert kill_flag.take_down(tmp_path, first), "it is down already"
    second = kill_flag.throw(tmp_path, "one", "Ben", "another bug", NOW + dt.timedelta(seconds=1))
    assert not kill_flag.take_down(tmp_path, first), "that one was lifted, this one was not"
    assert kill_flag.standing(tmp_path, "one") == second


def test_killed_at_any_moment_of_its_making_it_stands_whole_or_not_at_all(tmp_path: Path) -> None:
    def throwing(folder: Path) -> object:
        def journey(moments: Moments) -> None:
            for name in ("open", "write", "fsync", "link", "mkdir"):
                _passing(name, moments)
            kill_flag.throw(folder, "one", "Ada", "a bug", NOW)

        return journey

    killed, count = in_a_child(throwing(tmp_path / "undisturbed"), NEVER)  # type: ignore[arg-type]  # a journey
    assert not killed
    assert count >= 10
    seen = set()
    for fatal in range(count):
        folder = tmp_path / f"killed-{fatal}"
        folder.mkdir()
        in_a_child(throwing(folder), fatal)  # type: ignore[arg-type]  # as above
        flag = kill_flag.standing(folder, "one")
        seen.add(flag is not None)
        assert flag is None or flag.reason == "a bug", "half a flag stands"
        assert len(kill_flag.all_standing(folder)) <= 1, "a draft was taken for a flag"
        assert json.loads((folder / "kill" / "one").read_text())["by"] == "Ada" if flag else True
    assert seen == {True, False}


def _passing(name: str, moments: Moments) -> None:
    """Count a moment before and after a call of ``os``; in a child that ends with it."""
    real = getattr(os, name)

    def counted(*arguments: object, **more: object) -> object:
        moments.pass_one()
        answer = real(*arguments, **more)
        moments.pass_one()
        return answer

    setattr(os, name, counted)
