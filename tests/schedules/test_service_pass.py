"""One pass over what is due: caught up, skipped, failed, alerted; each once, whoever passes."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pytest

from insure.book import Book
from insure.book.alerts import AlertBook
from insure.feeds.feed import Observation, PriceFeed, Row
from insure.fund import Fund
from schedules.serving.service import Service
from tests.schedules.world import Clock, ToldDesk, at, flat_year, outcomes, row, told_desk, write_fund

WEEK = flat_year("2026-11-16", "2026-12-04")


@pytest.fixture
def clock() -> Clock:
    return Clock(at("2026-11-23 20:45"))


def open_alerts(book: Book) -> list[tuple[str, str, int]]:
    return [(one.alert.grade, one.alert.kind, one.count) for one in AlertBook(book).open()]


def test_a_due_slot_is_decided_once(tmp_path: Path, clock: Clock) -> None:
    write_fund(tmp_path, start="2026-11-23")
    with Book.open(tmp_path / "insure.db") as book:
        desk = told_desk(tmp_path, WEEK, clock)
        service = Service(desk, book)
        first, second = service.once(), service.once()
        assert [(one.slot.key, one.outcome) for one in first.ticks] == [("2026-11-23:close-15min", "OK")]
        assert second.ticks == []
        assert Service(desk, book).once().ticks == [], "a new service must find the slot in the book"


def test_after_downtime_one_catch_up_inside_its_window_and_every_other_slot_a_row_and_an_alert(
    tmp_path: Path, clock: Clock
) -> None:
    write_fund(tmp_path, start="2026-11-23", slot="every 60min", deadline=90)
    clock.now = at("2026-11-24 17:10")
    with Book.open(tmp_path / "insure.db") as book:
        done = Service(told_desk(tmp_path, WEEK, clock), book).once()
        found = outcomes(book)
        ok = [key for key, outcome in found.items() if outcome == "OK"]
        assert ok == ["2026-11-24:open+120min"], "only the latest open slot is run"
        assert len(found) == 6 + 2
        assert {found[key] for key in found if key not in ok} == {"SKIPPED"}
        assert open_alerts(book) == [("A", "slot missed", 7)]
        [run] = [one for one in book.runs("tested") if one.outcome == "OK"]
        assert run.started == clock.now
        assert len(done.ticks) == 8


def test_past_its_deadline_a_slot_is_skipped_and_not_traded(tmp_path: Path, clock: Clock) -> None:
    write_fund(tmp_path, start="2026-11-23", deadline=10)
    clock.now = at("2026-11-23 20:55:01")
    with Book.open(tmp_path / "insure.db") as book:
        [done] = Service(told_desk(tmp_path, WEEK, clock), book).once().ticks
        assert done.outcome == "SKIPPED"
        assert done.reason.endswith("with a deadline at 20:55; it is 2026-11-23 20:55 UTC. Not traded late.")
        assert book.standing("tested").last is None


class Broken(PriceFeed):
    """A feed with a defect of its own."""

    @property
    def rows(self) -> Sequence[Row]:
        raise ZeroDivisionError("a defect")

    def at(self, session: dt.date, tail: int) -> Observation:
        raise ZeroDivisionError(f"a defect at {session}, {tail}")


class HalfBroken(ToldDesk):
    """One fund's feed is broken, the other's is not."""

    def feed(self, fund: Fund) -> PriceFeed:
        return Broken() if fund.id == "broken" else ToldDesk.feed(self, fund)


def test_a_failure_is_a_row_and_an_alert_and_the_other_funds_run(tmp_path: Path, clock: Clock) -> None:
    write_fund(tmp_path, "broken", start="2026-11-23")
    write_fund(tmp_path, "sound", start="2026-11-23")
    with Book.open(tmp_path / "insure.db") as book:
        told = told_desk(tmp_path, WEEK, clock)
        desk = HalfBroken(told.folder, told.terms, told.clock, told.prices)
        Service(desk, book).once()
        assert outcomes(book, "broken") == {"2026-11-23:close-15min": "FAILED"}
        assert outcomes(book, "sound") == {"2026-11-23:close-15min": "OK"}
        assert open_alerts(book) == [("A", "slot failed", 1)]
        assert book.runs("broken")[0].reason == "Unforeseen ZeroDivisionError: a defect at 2026-11-23, 21"


def test_a_fund_file_that_became_unreadable_keeps_its_contract_and_says_so(tmp_path: Path, clock: Clock) -> None:
    path = write_fund(tmp_path, start="2026-11-23")
    with Book.open(tmp_path / "insure.db") as book:
        service = Service(told_desk(tmp_path, WEEK, clock), book)
        service.once()
        good = path.read_text(encoding="utf-8")
        path.write_text(good + "\nnonsense = 1\n", encoding="utf-8")
        clock.now = at("2026-11-24 20:45")
        service.once()
        assert outcomes(book)["2026-11-24:close-15min"] == "OK"
        assert open_alerts(book) == [("A", "fund file unreadable", 1)]
        path.write_text(good, encoding="utf-8")


def test_a_new_timetable_owes_only_its_own_slots(tmp_path: Path, clock: Clock) -> None:
    write_fund(tmp_path, start="2026-11-16")
    with Book.open(tmp_path / "insure.db") as book:
        desk = told_desk(tmp_path, WEEK, clock)
        clock.now = at("2026-11-16 20:46")
        service = Service(desk, book)
        for _ in range(3):
            service.once()
            clock.now += dt.timedelta(days=1)
        write_fund(tmp_path, start="2026-11-16", slot="close-30min")
        clock.now = at("2026-11-19 20:31")
        service = Service(desk, book)  # restarted: only the book knows what came before
        service.once()
        clock.now = at("2026-11-19 22:00")
        service.once()
        write_fund(tmp_path, start="2026-11-16")
        clock.now = at("2026-11-20 10:00")
        service.once()
        clock.now = at("2026-11-20 20:46")
        service.once()
        assert outcomes(book) == {
            "2026-11-16:close-15min": "OK",
            "2026-11-17:close-15min": "OK",
            "2026-11-18:close-15min": "OK",
            "2026-11-19:close-30min": "OK",
            "2026-11-20:close-15min": "OK",
        }, "a slot that only the other contract's timetable had is not missed"


def test_a_close_announced_in_the_file_while_the_service_runs_moves_the_slot(tmp_path: Path, clock: Clock) -> None:
    path = write_fund(tmp_path, start="2026-11-23")
    clock.now = at("2026-11-24 14:00")
    with Book.open(tmp_path / "insure.db") as book:
        service = Service(told_desk(tmp_path, WEEK, clock), book)
        service.once()
        assert service.next_wake(clock.now) == at("2026-11-24 20:45")
        text = path.read_text(encoding="utf-8")
        path.write_text(
            text.replace("deadline_minutes", "early_closes = [[2026-11-24, 12:00:00]]\ndeadline_minutes"), "utf-8"
        )
        service.once()
        assert service.next_wake(clock.now) == at("2026-11-24 16:45")


def test_a_slot_that_an_announced_close_moves_into_the_past_is_missed_and_not_forgotten(
    tmp_path: Path, clock: Clock
) -> None:
    path = write_fund(tmp_path, start="2026-11-24")
    clock.now = at("2026-11-24 17:30")
    with Book.open(tmp_path / "insure.db") as book:
        service = Service(told_desk(tmp_path, WEEK, clock), book)
        service.once()
        text = path.read_text(encoding="utf-8")
        path.write_text(
            text.replace("deadline_minutes", "early_closes = [[2026-11-24, 12:00:00]]\ndeadline_minutes"), "utf-8"
        )
        clock.move(30)
        service.once()
        assert outcomes(book) == {"2026-11-24:close-15min": "SKIPPED"}
        clock.now = at("2026-11-24 20:45")
        assert service.once().ticks == []


def test_a_calendar_that_ends_calls_a_person(tmp_path: Path, clock: Clock) -> None:
    write_fund(tmp_path, start="2026-12-30", exchange="XSHG")
    clock.now = at("2026-12-31 06:45")
    rows = [row("2026-12-30", "1000"), row("2026-12-31", "1001")]
    with Book.open(tmp_path / "insure.db") as book:
        Service(told_desk(tmp_path, rows, clock), book).once()
        # The last slot is run; it fails, since a protection of a year would end beyond the calendar.
        assert outcomes(book) == {"2026-12-30:close-15min": "SKIPPED", "2026-12-31:close-15min": "FAILED"}
        assert ("A", "calendar ends", 1) in open_alerts(book)


def test_a_replay_is_not_run_by_the_service(tmp_path: Path, clock: Clock) -> None:
    path = write_fund(tmp_path, start="2026-11-23")
    path.write_text(path.read_text(encoding="utf-8").replace('"paper"', '"replay"'), encoding="utf-8")
    with Book.open(tmp_path / "insure.db") as book:
        service = Service(told_desk(tmp_path, WEEK, clock), book)
        assert service.once().ticks == []
        assert service.funds == 0


def test_a_clock_set_back_repeats_nothing_and_set_forward_loses_nothing(tmp_path: Path, clock: Clock) -> None:
    write_fund(tmp_path, start="2026-11-23")
    with Book.open(tmp_path / "insure.db") as book:
        service = Service(told_desk(tmp_path, WEEK, clock), book)
        for moment in ("20:45:30", "20:44:30", "20:45:31", "20:46:31"):
            clock.now = at(f"2026-11-23 {moment}")
            service.once()
        clock.now = at("2026-11-24 20:44:30")
        service.once()
        clock.now = at("2026-11-24 20:45:30")
        service.once()
        assert outcomes(book) == {"2026-11-23:close-15min": "OK", "2026-11-24:close-15min": "OK"}


def test_a_stop_between_funds_leaves_the_rest_for_the_next_pass(tmp_path: Path, clock: Clock) -> None:
    for name in ("a", "b", "c"):
        write_fund(tmp_path, name, start="2026-11-23")
    with Book.open(tmp_path / "insure.db") as book:
        desk = told_desk(tmp_path, WEEK, clock)
        Service(desk, book, stopping=lambda: bool(book.runs("a"))).once()
        assert [bool(book.runs(name)) for name in "abc"] == [True, False, False]
        Service(desk, book).once()
        assert all(outcomes(book, name) == {"2026-11-23:close-15min": "OK"} for name in "abc")


def test_a_file_that_no_time_fits_stops_its_own_fund_alone(tmp_path: Path, clock: Clock) -> None:
    """A deadline of infinite minutes ended the whole pass in an OverflowError."""
    write_fund(tmp_path, start="2026-11-23")
    write_fund(tmp_path, "other", start="2026-11-23", deadline=float("inf"))
    with Book.open(tmp_path / "insure.db") as book:
        done = Service(told_desk(tmp_path, WEEK, clock), book).once()
        assert [(one.fund_id, one.outcome) for one in done.ticks] == [("tested", "OK")]
        [alert] = [one.alert for one in AlertBook(book).open()]
        assert (alert.fund_id, alert.grade, alert.kind) == ("other", "A", "fund file unreadable")
        assert "schedule.deadline_minutes is inf: Input should be a finite number" in alert.sentence


@pytest.mark.parametrize(
    ("where", "kind"), [("fund", "fund file unreadable"), ("broker", "fund not run"), ("outside", "slot failed")]
)
def test_what_nobody_foresaw_of_one_fund_stops_no_other(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, where: str, kind: str
) -> None:
    """Whatever reading or running one fund leads to: an alert of class A, and the others run."""
    for fund_id in ("astray", "tested"):
        write_fund(tmp_path, fund_id, start="2026-11-23")
    sound = getattr(ToldDesk, where)

    def astray(desk: ToldDesk, of: Fund | str) -> object:
        if "astray" in (of, getattr(of, "id", "")):
            raise OverflowError("date value out of range")
        return sound(desk, of)

    monkeypatch.setattr(ToldDesk, where, astray)
    with Book.open(tmp_path / "insure.db") as book:
        done = Service(told_desk(tmp_path, WEEK, clock), book).once()
        assert [one.outcome for one in done.ticks if one.fund_id == "tested"] == ["OK"]
        raised = {(one.alert.fund_id, one.alert.grade): one.alert for one in AlertBook(book).open()}
        assert {fund_id for fund_id, _ in raised} == {"astray"}
        kinds = {one.kind for one in raised.values()}
        assert kind in kinds or "slot failed" in kinds, kinds
        assert any("Unforeseen OverflowError: date value out of range" in one.sentence for one in raised.values())
