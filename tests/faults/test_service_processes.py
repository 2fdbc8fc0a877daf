"""The service as real processes: two on one book, stopped, killed, suspended."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from insure.book import Book
from insure.book.alerts import AlertBook
from insure.dates import calendar
from insure.slots import parse, slots
from schedules.serving.heartbeat import read_heartbeat
from schedules.serving.service import Service
from tests.conftest import REPOSITORY
from tests.schedules.world import Clock, at, flat_year, outcomes, told_desk, write_fund

DRIVER = REPOSITORY / "tests" / "faults" / "service_driver.py"
PATIENCE = 120.0
"""Seconds until a process that does not do what is waited for fails its test: two shared cores keep no time."""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start the driver; whatever still runs at the end of the test is killed by its own number."""
    running: list[subprocess.Popen[str]] = []

    def one(*arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, str(DRIVER), *arguments],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield one
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_for(what: str, true: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        if process.poll() is not None:
            pytest.fail(f"the service ended with {process.returncode} before {what}:\n{process.communicate()[1]}")
        if time.monotonic() > end:
            pytest.fail(f"the service runs and {what} did not come")
        time.sleep(0.02)


def has_run(folder: Path) -> Callable[[], bool]:
    def found() -> bool:
        if not (folder / "insure.db").exists():
            return False
        with Book.open(folder / "insure.db") as book:
            return bool(book.runs("tested"))

    return found


def test_two_services_on_one_book_end_every_slot_once(tmp_path: Path, start: Start) -> None:
    first, last = "2026-11-16", "2026-11-30"
    for name in ("other", "tested"):
        # Each process has a clock of its own here, days apart: nobody looks at that.
        write_fund(tmp_path, name, start=first, more="[controls]\nbreaker_clock_seconds = 1e9")
    racing = [start("simulate", str(tmp_path), first, last) for _ in range(2)]
    for process in racing:
        _, said = process.communicate(timeout=PATIENCE * 2)
        assert process.returncode == 0, said
    expected = [slot.key for slot in slots(parse("close-15min"), calendar("XNYS"), at(first).date(), at(last).date())]
    with Book.open(tmp_path / "insure.db") as book:
        for name in ("other", "tested"):
            found = outcomes(book, name)
            assert sorted(found) == expected, f"{name}: every slot once"
            assert set(found.values()) == {"OK"}, found
        assert AlertBook(book).all() == []


def test_sigterm_in_mid_tick_finishes_the_tick(tmp_path: Path, start: Start) -> None:
    write_fund(tmp_path, start="2026-11-25")
    process = start("slow", str(tmp_path), "2026-11-25 20:45:00")
    wait_for("the feed was asked", (tmp_path / "asked").exists, process)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    with Book.open(tmp_path / "insure.db") as book:
        assert outcomes(book) == {"2026-11-25:close-15min": "OK"}


def test_a_kill_in_mid_tick_takes_it_back_whole_and_the_next_service_runs_it(tmp_path: Path, start: Start) -> None:
    write_fund(tmp_path, start="2026-11-25")
    process = start("slow", str(tmp_path), "2026-11-25 20:45:00")
    wait_for("the feed was asked", (tmp_path / "asked").exists, process)
    process.kill()
    process.wait(timeout=PATIENCE)
    with Book.open(tmp_path / "insure.db") as book:
        assert outcomes(book) == {}
        assert book.head()[0] == 0, "nothing of the killed slot may be on the chain"
        desk = told_desk(tmp_path, flat_year("2026-11-02", "2026-12-04"), Clock(at("2026-11-25 20:47")))
        Service(desk, book).once()
        assert outcomes(book) == {"2026-11-25:close-15min": "OK"}


def prices(folder: Path) -> None:
    rows = [f"{row.session},{row.close}" for row in flat_year("2026-11-02", "2026-12-04")]
    (folder / "prices.csv").write_text("\n".join(["date,close", *rows]) + "\n", encoding="utf-8")


def csv_desk(folder: Path, deadline: float = 15) -> None:
    (folder / "desk.toml").write_text('name = "Tested desk"\n[alerts]\nfile = "alerts.jsonl"\n', encoding="utf-8")
    path = write_fund(folder, start="2026-11-25", deadline=deadline)
    text = path.read_text(encoding="utf-8").replace('kind = "sample"', 'kind = "csv"\nfile = "prices.csv"')
    path.write_text(text, encoding="utf-8")
    prices(folder)


def test_insure_run_wakes_decides_beats_and_stops(tmp_path: Path, start: Start) -> None:
    csv_desk(tmp_path)
    process = start("insure", "2026-11-25 20:44:58", "run", "--desk", str(tmp_path), "--beat", "1", "--json-logs")
    wait_for("the slot", has_run(tmp_path), process)
    wait_for("a heartbeat", lambda: read_heartbeat(tmp_path) is not None, process)
    beat = read_heartbeat(tmp_path)
    assert beat is not None
    assert beat.funds == 1
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    logged = [json.loads(line) for line in said.splitlines()]
    assert {line["run"] for line in logged} == {beat.run}
    assert any("2026-11-25:close-15min: OK" in str(line["message"]) for line in logged), said
    assert "stopped" in str(logged[-1]["message"])


def test_a_suspended_machine_judges_the_slot_that_passed_meanwhile(tmp_path: Path, start: Start) -> None:
    csv_desk(tmp_path, deadline=0.02)
    process = start("insure", "2026-11-25 20:44:56", "run", "--desk", str(tmp_path), "--beat", "1")
    wait_for("a heartbeat", lambda: read_heartbeat(tmp_path) is not None, process)
    process.send_signal(signal.SIGSTOP)
    time.sleep(5.5)
    process.send_signal(signal.SIGCONT)
    wait_for("the slot", has_run(tmp_path), process)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    with Book.open(tmp_path / "insure.db") as book:
        assert outcomes(book) == {"2026-11-25:close-15min": "SKIPPED"}, said
        assert ("A", "slot missed") in [(one.alert.grade, one.alert.kind) for one in AlertBook(book).open()]
    told = [json.loads(line) for line in (tmp_path / "alerts.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["kind"] for line in told].count("slot missed") == 1


def test_insure_run_watches_between_the_slots(tmp_path: Path, start: Start) -> None:
    csv_desk(tmp_path)
    path = tmp_path / "funds" / "tested.toml"
    text = path.read_text(encoding="utf-8").replace('"close-15min"', '"open+30min"')
    path.write_text(f"{text}\n[triggers]\nprice_move = 0.03\ndebounce_minutes = 0.01\n", encoding="utf-8")
    process = start("insure", "2026-11-25 15:00:00", "run", "--desk", str(tmp_path), "--beat", "1")
    wait_for("the slot", has_run(tmp_path), process)
    old = (tmp_path / "prices.csv").read_text(encoding="utf-8").splitlines()
    new = ["2026-11-25,950" if line.startswith("2026-11-25") else line for line in old]
    draft = tmp_path / "prices.draft"
    draft.write_text("\n".join(new) + "\n", encoding="utf-8")
    draft.replace(tmp_path / "prices.csv")

    def event() -> bool:
        with Book.open(tmp_path / "insure.db") as book:
            return len(book.runs("tested")) > 1

    wait_for("the event", event, process)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    with Book.open(tmp_path / "insure.db") as book:
        assert outcomes(book) == {"2026-11-25:open+30min": "OK", "2026-11-25:event-1": "OK"}, said


def test_a_kill_from_another_process_stops_a_running_service(tmp_path: Path, start: Start) -> None:
    csv_desk(tmp_path)
    service = start("insure", "2026-11-25 20:44:40", "run", "--desk", str(tmp_path), "--beat", "1")
    wait_for("a heartbeat", lambda: read_heartbeat(tmp_path) is not None, service)
    killing = start(
        "insure", "2026-11-25 20:44:50", "kill", "--desk", str(tmp_path), "--reason", "a bug", "--by", "Ada"
    )
    _, said = killing.communicate(timeout=PATIENCE)
    assert killing.returncode == 0, said
    wait_for("the slot", has_run(tmp_path), service)
    service.send_signal(signal.SIGTERM)
    _, said = service.communicate(timeout=PATIENCE)
    assert service.returncode == 0, said
    with Book.open(tmp_path / "insure.db") as book:
        assert set(outcomes(book).values()) == {"HELD"}, said
        assert [one.content["reason"] for one in book.statements(("kill",))] == ["a bug"], "the row of the kill, once"
        assert book.open_orders() == [], "nothing was decided to be sent"
