"""The commands of the service, as a user types them, at instants that the test says."""

from pathlib import Path

import pytest
import time_machine

from insure.book import Book
from insure.book.alerts import Alert, AlertBook
from schedules.serving.heartbeat import Heartbeat, read_heartbeat, write_heartbeat
from tests.conftest import Insure, Said
from tests.schedules.world import at, flat_year, outcomes, write_fund


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "desk.toml").write_text('name = "Tested desk"\n[alerts]\nfile = "alerts.jsonl"\n', encoding="utf-8")
    path = write_fund(folder, start="2026-11-25")
    text = path.read_text(encoding="utf-8").replace('kind = "sample"', 'kind = "csv"\nfile = "prices.csv"')
    path.write_text(text, encoding="utf-8")
    rows = [f"{row.session},{row.close}" for row in flat_year("2026-11-02", "2026-12-04")]
    (folder / "prices.csv").write_text("\n".join(["date,close", *rows]) + "\n", encoding="utf-8")
    return folder


def said_at(insure: Insure, moment: str, *arguments: str) -> Said:
    with time_machine.travel(at(moment), tick=False):
        return insure(*arguments)


def test_run_once_does_the_pass_and_answers_with_its_exit_code(insure: Insure, desk: Path) -> None:
    def once(moment: str) -> Said:
        return said_at(insure, f"2026-{moment}", "run-once", "--desk", str(desk), "--json")

    codes = [once(f"11-25 {moment}").code for moment in ("12:00", "20:46", "20:47")]
    assert codes == [5, 0, 5], "nothing due, done, nothing due"
    later = once("12-01 20:46")
    assert later.code == 1, "two slots were missed"
    slots, alerts = later.json["slots"], later.json["alerts"]
    assert isinstance(slots, list)
    assert isinstance(alerts, list)
    assert [(slot["session"], slot["outcome"]) for slot in slots] == [
        ("2026-11-27", "SKIPPED"), ("2026-11-30", "SKIPPED"), ("2026-12-01", "OK"),
    ]  # fmt: skip
    assert [(one["kind"], one["count"]) for one in alerts] == [("slot missed", 2)]


def test_a_bad_tick_asked_for_by_hand_is_gated_too(insure: Insure, desk: Path) -> None:
    first = said_at(insure, "2026-11-25 20:46", "rebalance", "tested", "--desk", str(desk))
    assert first.code == 0, first.err
    text = (desk / "prices.csv").read_text(encoding="utf-8").splitlines()
    bad = [line if not line.startswith("2026-11-27") else "2026-11-27,300" for line in text]
    (desk / "prices.csv").write_text("\n".join(bad) + "\n", encoding="utf-8")
    held = said_at(insure, "2026-11-27 17:46", "rebalance", "tested", "--desk", str(desk), "--json")
    assert (held.code, held.json["outcome"]) == (4, "HELD")
    assert "Is it real?" in str(held.json["reason"])


def test_a_bad_tick_is_gated_for_every_fund_of_a_batch(insure: Insure, desk: Path) -> None:
    assert said_at(insure, "2026-11-25 20:46", "rebalance", "--all", "--desk", str(desk)).code == 0
    text = (desk / "prices.csv").read_text(encoding="utf-8").splitlines()
    bad = [line if not line.startswith("2026-11-27") else "2026-11-27,300" for line in text]
    (desk / "prices.csv").write_text("\n".join(bad) + "\n", encoding="utf-8")
    assert said_at(insure, "2026-11-27 17:46", "rebalance", "--all", "--desk", str(desk)).code == 4
    with Book.open(desk / "insure.db") as book:
        assert outcomes(book) == {"2026-11-25:close-15min": "OK", "2026-11-27:close-15min": "HELD"}
        assert [one.alert.kind for one in AlertBook(book).open()] == ["price doubted"]


def test_status_shows_alerts_questions_and_the_heartbeat(insure: Insure, desk: Path) -> None:
    said_at(insure, "2026-11-25 22:00", "run-once", "--desk", str(desk))
    (desk / "prices.csv").write_text("date,close\n2026-11-02,1000\n", encoding="utf-8")
    said_at(insure, "2026-11-27 17:46", "run-once", "--desk", str(desk))
    shown = said_at(insure, "2026-11-27 17:46:30", "status", "--desk", str(desk))
    assert "slot missed" in shown.out
    assert "Is the exchange closed, or the feed down?" in " ".join(shown.out.split())
    assert "no heartbeat" in shown.out
    write_heartbeat(desk, Heartbeat(at("2026-11-27 17:46"), "run-1", 30.0, 1, None))
    for moment, silent in (("17:46:30", False), ("17:48", True)):
        answer = said_at(insure, f"2026-11-27 {moment}", "status", "--desk", str(desk), "--json").json
        assert answer["heartbeat"] == {"at": "2026-11-27T17:46:00+00:00", "silent": silent}
    acknowledged = said_at(insure, "2026-11-27 18:00", "ack", "1", "--by", "Ada", "--desk", str(desk), "--json")
    assert (acknowledged.code, acknowledged.json["closed_by"]) == (0, "Ada")


def test_status_watch_shows_it_again_until_stopped(insure: Insure, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", nap)
    said = insure("status", "--watch", "--every", "2", "--desk", str(desk))
    assert (said.code, naps) == (0, [2.0, 2.0, 2.0])
    assert said.out.count("Tested desk") == 3


def test_the_schedule_of_the_coming_days_says_when_and_why(insure: Insure, desk: Path) -> None:
    answer = said_at(
        insure, "2026-11-25 21:00", "schedule", "show", "tested", "--days", "6", "--desk", str(desk), "--json"
    ).json
    slots = answer["slots"]
    assert isinstance(slots, list)
    assert [(one["slot"], one["local"]) for one in slots] == [
        ("2026-11-27:close-15min", "2026-11-27T12:45:00-05:00"),
        ("2026-11-30:close-15min", "2026-11-30T15:45:00-05:00"),
        ("2026-12-01:close-15min", "2026-12-01T15:45:00-05:00"),
    ]
    assert (slots[0]["utc"], slots[0]["deadline"]) == ("2026-11-27T17:45:00+00:00", "2026-11-27T18:00:00+00:00")
    assert "half day: the exchange closes at 13:00 local" in slots[0]["why"]
    table = said_at(insure, "2026-11-25 21:00", "schedule", "show", "tested", "--days", "6", "--desk", str(desk))
    assert "half day" in table.out


def test_an_alert_that_is_not_there_is_one_sentence(insure: Insure, desk: Path) -> None:
    said = insure("ack", "3", "--by", "Ada", "--desk", str(desk))
    assert said.code == 1
    assert said.err == "insure: There is no alert 3; `insure status` lists those that are open.\n"


def test_a_heartbeat_reads_back_and_a_broken_one_is_none(tmp_path: Path) -> None:
    beat = Heartbeat(at("2026-11-27 17:46"), "run-1", 30.0, 2, at("2026-11-30 20:45"))
    write_heartbeat(tmp_path, beat)
    assert read_heartbeat(tmp_path) == beat
    (tmp_path / "heartbeat.json").write_text("{", encoding="utf-8")
    assert read_heartbeat(tmp_path) is None
    assert [path.name for path in tmp_path.iterdir()] == ["heartbeat.json"], "no draft may stay behind"


def test_alerts_survive_in_the_book(desk: Path) -> None:
    with Book.open(desk / "insure.db") as book:
        AlertBook(book).raise_alert(Alert("", "A", "clock jumped", "It jumped."), at("2026-11-25 12:00"))
    with Book.open(desk / "insure.db") as book:
        assert [one.alert.sentence for one in AlertBook(book).open()] == ["It jumped."]
        assert outcomes(book) == {}
