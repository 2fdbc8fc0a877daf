"""Event triggers: each kind wakes the fund, on a slot of its own, debounced and bounded per day."""

from pathlib import Path

import pytest

from insure.book import Book
from insure.book.alerts import AlertBook
from insure.feeds.feed import Row
from schedules.serving.service import Service
from tests.schedules.world import Clock, at, outcomes, row, told_desk, write_fund


class Stage:
    """A fund that decided at the open of a session whose price is then told."""

    def __init__(self, folder: Path, book: Book, more: str, vol: str = "") -> None:
        self.clock = Clock(at("2026-11-23 15:00"))
        path = write_fund(folder, start="2026-11-23", slot="open+30min", more=more)
        if vol:
            text = path.read_text(encoding="utf-8").replace('kind = "fixed"\nvol = 0.2', vol)
            path.write_text(text, encoding="utf-8")
        self.rows: list[Row] = [row(f"2026-11-{day:02}", str(1000 + day % 2)) for day in (16, 17, 18, 19, 20)]
        self.book = book
        self.service = Service(told_desk(folder, self.rows, self.clock), book)
        self.at("15:00", "1000")

    def at(self, moment: str, close: str, day: str = "2026-11-23") -> None:
        self.rows[:] = [one for one in self.rows if str(one.session) != day]
        self.rows.append(row(day, close))
        self.clock.now = at(f"{day} {moment}")
        self.service.once()

    @property
    def events(self) -> list[str]:
        return [key.split(":")[1] for key in outcomes(self.book) if ":event-" in key]

    def alerts(self) -> list[str]:
        return [one.alert.kind for one in AlertBook(self.book).open()]


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book.open(tmp_path / "insure.db")


def test_a_price_move_gets_a_slot_of_its_own(tmp_path: Path, book: Book) -> None:
    stage = Stage(tmp_path, book, "[triggers]\nprice_move = 0.02")
    stage.at("15:20", "981")
    assert stage.events == [], "less than the trigger"
    stage.at("15:21", "980")
    assert stage.events == ["event-1"]
    run = book.runs("tested")[-1]
    assert (run.outcome, run.due) == ("OK", at("2026-11-23 15:21"))
    stage.at("16:00", "980")
    assert stage.events == ["event-1"], "the move is measured from the last decision"


@pytest.mark.parametrize(
    ("more", "vol", "close"),
    [
        ("[band]\nwidth_weight = 0.03\n[triggers]\nweight_drift = 0.01", "", "960"),
        (
            '[band]\nkind = "drift"\nwidth_weight = 0.025\nwidening_sigmas = 0.25\n[triggers]\nweight_drift = 0.01',
            "",
            "960",
        ),
        ("[triggers]\ngap_budget = 0.15", "", "960"),
        ("[triggers]\nvolatility_jump = 0.5", 'kind = "realised"\nwindow = 4', "985"),
    ],
)
def test_each_kind_triggers(tmp_path: Path, book: Book, more: str, vol: str, close: str) -> None:
    stage = Stage(tmp_path, book, more, vol)
    stage.at("15:20", "1000")
    assert stage.events == [], f"nothing happened yet: {book.runs('tested')[-1].reason}"
    stage.at("15:40", close)
    assert stage.events == ["event-1"]


def test_events_are_debounced(tmp_path: Path, book: Book) -> None:
    stage = Stage(tmp_path, book, "[triggers]\nprice_move = 0.01\ndebounce_minutes = 30")
    stage.at("15:29:59", "980")
    assert stage.events == [], "the scheduled slot is less than 30 minutes ago"
    stage.at("15:30", "980")
    stage.at("15:59", "960")
    assert stage.events == ["event-1"]
    stage.at("16:00", "960")
    assert stage.events == ["event-1", "event-2"]


def test_events_are_bounded_per_day_and_say_when_they_are_used_up(tmp_path: Path, book: Book) -> None:
    stage = Stage(tmp_path, book, "[triggers]\nprice_move = 0.01\ndebounce_minutes = 1\nmost_per_day = 2")
    for minute, close in enumerate(("980", "960", "940", "920", "900")):
        stage.at(f"16:{minute * 5:02}", close)
    assert stage.events == ["event-1", "event-2"]
    assert stage.alerts().count("event slots used up") == 1
    stage.at("15:00", "900", day="2026-11-24")
    stage.at("16:00", "880", day="2026-11-24")
    assert stage.events == ["event-1", "event-2", "event-1"], "the next day has slots of its own"


def test_nothing_is_watched_while_the_exchange_is_closed(tmp_path: Path, book: Book) -> None:
    stage = Stage(tmp_path, book, "[triggers]\nprice_move = 0.01")
    stage.at("21:30", "900")
    assert stage.events == []
    assert not stage.service.watched(stage.clock.now)


def test_a_bad_tick_between_slots_is_held_by_the_gate_and_asks_once(tmp_path: Path, book: Book) -> None:
    stage = Stage(tmp_path, book, "[triggers]\nprice_move = 0.02")
    units = book.standing("tested").holdings.units
    stage.at("15:30", "100")
    stage.at("15:30:30", "100")
    stage.at("15:40", "1000")
    found = outcomes(book)
    assert found["2026-11-23:event-1"] == "HELD"
    assert found["2026-11-23:event-1.again"] == "OK"
    assert abs(book.standing("tested").holdings.units - units) <= units / 100
    assert stage.events == ["event-1", "event-1.again"]


def test_two_services_see_one_event_once(tmp_path: Path, book: Book) -> None:
    stage = Stage(tmp_path, book, "[triggers]\nprice_move = 0.02")
    other = Service(told_desk(tmp_path, stage.rows, stage.clock), book)
    stage.at("15:30", "970")
    other.once()
    assert stage.events == ["event-1"]


def test_a_watch_that_sees_nothing_says_so_and_recovers(tmp_path: Path, book: Book) -> None:
    stage = Stage(tmp_path, book, "[triggers]\nprice_move = 0.02")
    del stage.rows[:]
    stage.clock.now = at("2026-11-23 15:30")
    stage.service.once()
    assert "not watched" in stage.alerts()
    stage.at("15:31", "1000")
    assert "not watched" not in stage.alerts()
