"""Every kind of slot that can wait for people: of the timetable, of an event, taken up again; and the code's state."""

from pathlib import Path

import pytest

from insure.book import Book
from insure.book.alerts import AlertBook
from insure.book.duty import looking
from insure.feeds.feed import Row
from schedules.desk import open_desk
from schedules.every_fund import rebalance_all
from schedules.people.approving import speak, waiting
from schedules.serving.service import Service
from schedules.sources import code_sha256, tree_sha256
from tests.schedules.world import Clock, ToldDesk, at, outcomes, row, told_desk, write_fund

CONTROLS = (
    "[controls]\nmarket_halt_falls = []\nbreaker_gap_budget = 0\nbreaker_bad_prices = 100\n"
    "breaker_slippage_sigmas = 0\nask_change_weight = 0.02\n"
)


class Stage:
    """A fund that decided at the open of a session whose price is then told; changes beyond two points ask."""

    def __init__(self, folder: Path, book: Book, more: str = "") -> None:
        self.clock = Clock(at("2026-11-23 15:00"))
        write_fund(folder, start="2026-11-23", slot="open+30min", deadline=30, more=f"{more}\n{CONTROLS}")
        self.rows: list[Row] = [row("2026-11-20", "1000")]
        self.book = book
        self.desk: ToldDesk = told_desk(folder, self.rows, self.clock)
        self.service = Service(self.desk, book)
        self.at("23 15:00", "1000")

    def at(self, moment: str, close: str) -> None:
        day = f"2026-11-{moment[:2]}"
        self.rows[:] = [one for one in self.rows if str(one.session) != day]
        self.rows.append(row(day, close))
        self.clock.now = at(f"2026-11-{moment}")
        done = self.service.once()
        assert not done.troubles

    def approve(self) -> None:
        with looking(self.book) as duty:
            found = waiting(duty, self.clock.now).proposals
            [number] = [one.number for one in found if one.state(self.clock.now) == "waits"]
        speak(self.desk, self.book, number, "approve", "Ada", "")

    @property
    def found(self) -> dict[str, str]:
        return {key.partition(":")[2]: outcome for key, outcome in outcomes(self.book).items()}


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book.open(tmp_path / "insure.db")


def test_an_event_that_asks_is_approved_and_counts_once(tmp_path: Path, book: Book) -> None:
    stage = Stage(tmp_path, book, "[triggers]\nprice_move = 0.02\ndebounce_minutes = 5\nmost_per_day = 2")
    before = book.standing("tested").holdings.units
    stage.at("23 15:20", "975")
    assert stage.found == {"open+30min": "OK", "event-1": "HELD"}
    assert {one.alert.kind: one.alert.grade for one in AlertBook(book).open()} == {"waits for approval": "B"}
    stage.approve()
    stage.at("23 15:21", "975")
    assert stage.found["event-1.approved"] == "OK"
    assert book.standing("tested").holdings.units < before
    assert AlertBook(book).open() == []
    stage.at("23 15:40", "940")
    assert "event-2" in stage.found, "an approved event is no second event"


def test_a_slot_taken_up_again_that_asks_is_approved(tmp_path: Path, book: Book) -> None:
    stage = Stage(tmp_path, book)
    stage.at("24 15:00", "800")
    assert stage.found["open+30min"] == "HELD", "a fall of a fifth is doubted"
    stage.at("24 15:15", "800")
    assert stage.found["open+30min.again"] == "HELD"
    stage.approve()
    stage.at("24 15:16", "800")
    assert stage.found["open+30min.again.approved"] == "OK"


def test_a_price_that_is_doubted_when_the_approved_slot_is_run_holds_it_and_it_is_taken_up_again(
    tmp_path: Path, book: Book
) -> None:
    stage = Stage(tmp_path, book)
    stage.at("24 15:00", "960")
    assert stage.found["open+30min"] == "HELD"
    stage.approve()
    stage.at("24 15:05", "560")
    assert stage.found["open+30min.approved"] == "HELD"
    assert book.runs("tested")[-1].reason.startswith("The price is 560")
    stage.at("24 15:06", "960")
    assert stage.found["open+30min.approved.again"] == "OK", "the approval stands until it expires"


def test_a_replay_has_nobody_to_ask(tmp_path: Path, book: Book) -> None:
    path = write_fund(tmp_path, more=f'{CONTROLS}approval = "four_eyes"')
    path.write_text(path.read_text(encoding="utf-8").replace('stage = "paper"', 'stage = "replay"'), encoding="utf-8")
    stage_desk = told_desk(
        tmp_path, [row("2026-01-02", "1000"), row("2026-01-05", "990")], Clock(at("2026-11-23 15:00"))
    )
    for _ in range(2):
        done = rebalance_all(stage_desk, book, None)
        assert [tick.outcome for tick in done.ticks] == ["OK"], done.refused
    checks = [check for check in book.record("tested").decision.checks if check.name == "approval"]
    assert checks, "the second slot should trade"
    assert all("A replay has nobody to ask" in check.sentence for check in checks)
    with looking(book) as duty:
        assert duty.statements(("proposal",)) == []


def test_the_hash_of_the_code_follows_every_source_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "inner" / "__pycache__").mkdir(parents=True)
    (tmp_path / "one.py").write_text("a = 1\n", encoding="utf-8")
    (tmp_path / "inner" / "page.j2").write_text("{{ a }}", encoding="utf-8")

    def now(name: str = "insure") -> str:
        return tree_sha256([(name, tmp_path)])

    first = now()
    (tmp_path / "inner" / "__pycache__" / "one.py").write_text("", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    assert now() == first, "what is not read to decide is no code"
    assert now("reports") != first, "the place of a file belongs to it"
    (tmp_path / "one.py").write_text("a = 2\n", encoding="utf-8")
    assert now() != first
    (tmp_path / "one.py").rename(tmp_path / "two.py")
    assert now() != first
    assert code_sha256() == code_sha256()
    assert len(code_sha256()) == 64


def test_a_desk_knows_its_people_its_code_and_its_flags(tmp_path: Path) -> None:
    (tmp_path / "desk.toml").write_text('name = "x"\npeople = ["Ada", "Ben"]\n', encoding="utf-8")
    desk = open_desk(tmp_path)
    seen = desk.outside("tested")
    assert (seen.people, seen.code_sha256, seen.killed) == (("Ada", "Ben"), code_sha256(), "")
    (tmp_path / "kill").mkdir()
    (tmp_path / "kill" / "_desk").touch()
    assert "kill switch of the whole desk" in desk.outside("tested").killed


def test_a_file_that_is_put_back_calls_nobody_any_more(tmp_path: Path, book: Book) -> None:
    clock = Clock(at("2026-11-23 14:00"))
    path = write_fund(
        tmp_path, start="2026-11-23", slot="open+30min", deadline=30, more=f'{CONTROLS}approval = "approve"'
    )
    rows = [row(f"2026-11-{day}", "1000") for day in (20, 23, 24, 25, 27, 30)]
    desk = told_desk(tmp_path, rows, clock)
    service = Service(desk, book)
    service.once()
    speak(desk, book, 1, "approve", "Ada", "")
    agreed = path.read_text(encoding="utf-8")
    clock.move(60)
    assert service.once().raised == []
    assert AlertBook(book).open() == []
    path.write_text(agreed.replace("floor_fraction = 0.9", "floor_fraction = 0.75"), encoding="utf-8")
    clock.move(60)
    assert [one.alert.kind for one in service.once().raised] == ["contract waits for approval"]
    clock.move(60)
    assert service.once().raised == [], "people are called once"
    path.write_text(agreed, encoding="utf-8")
    clock.move(60)
    service.once()
    assert AlertBook(book).open() == []
    clock.now = at("2026-11-30 14:10")
    kinds = {one.alert.kind for one in service.once().raised}
    assert "proposal expired" not in kinds, kinds
