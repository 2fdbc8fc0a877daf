"""Proposals that nobody answers, and rows that nobody can read: said once, whoever runs the desk and however often."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from insure.book import Book, Statement
from insure.book.alerts import AlertBook
from insure.feeds.feed import Row
from schedules.desk import DeskTerms
from schedules.people.approving import ask_code, speak
from schedules.serving.service import Service
from tests.schedules.world import Clock, ToldDesk, at, outcomes, row, write_fund

CONTROLS = "[controls]\nmarket_halt_falls = []\nbreaker_gap_budget = 0\nbreaker_slippage_sigmas = 0\n"
ASKING = f"{CONTROLS}ask_change_weight = 0.01\nask_buy_after_fall = 0\n"
DAY = "2026-11-25"


@dataclass
class Place:
    """A desk of two people whose service is thrown away after every pass, as under cron, or stays."""

    folder: Path
    book: Book
    stays: bool
    clock: Clock = field(default_factory=lambda: Clock(at(f"{DAY} 15:00")))
    rows: list[Row] = field(default_factory=lambda: [row("2026-11-24", "1000"), row(DAY, "1000")])
    service: Service | None = None

    @property
    def desk(self) -> ToldDesk:
        return ToldDesk(self.folder, DeskTerms(name="Tested", people=("Ada", "Ben")), self.clock, lambda _: self.rows)

    def at(self, moment: str, close: str = "") -> list[tuple[str, str]]:
        """A pass at a moment; the class and kind of what it raised, where it was not open before."""
        self.clock.now = at(moment)
        if close:
            day = moment[:10]
            self.rows[:] = [each for each in self.rows if str(each.session) != day] + [row(day, close)]
        service = self.service or Service(self.desk, self.book)
        self.service = service if self.stays else None
        done = service.once()
        assert not done.troubles
        return [(one.alert.grade, one.alert.kind) for one in done.raised if one.count == 1]

    def said(self, *kinds: str) -> list[Statement]:
        return self.book.statements(kinds, "tested")

    def open(self) -> set[str]:
        return {one.alert.kind for one in AlertBook(self.book).open()}


@pytest.fixture(params=[True, False], ids=["a service that stays", "a process for every pass"])
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    write_fund(tmp_path, start="2026-11-24", slot="close-60min", deadline=30, more=ASKING)
    place = Place(tmp_path, Book.open(tmp_path / "insure.db"), request.param)
    place.at("2026-11-24 20:00")
    return place


def test_a_sale_that_nobody_answers_is_said_once_with_the_deficit_it_leaves(place: Place) -> None:
    assert place.at(f"{DAY} 20:00", "900") == [("B", "waits for approval")]
    [asked] = place.said("proposal")
    assert place.at(f"{DAY} 20:59") == []
    assert place.at(f"{DAY} 21:00:01") == [("A", "proposal expired")]
    [lapsed] = place.said("lapse")
    assert (lapsed.content["proposal"], lapsed.content["subject"]) == (str(asked.sequence), "trade")
    assert lapsed.sentence.startswith(f"Proposal {asked.sequence} lapsed. Nobody answered in time: {DAY}:close-60min: ")
    [deficit] = place.said("deficit")
    assert deficit.content["slot"] == f"{DAY}:close-60min"
    assert Decimal(deficit.content["units"]) == -Decimal(asked.content["units"]), "what was to be sold is missing"
    assert "waits for approval" not in place.open(), "nothing waits any more"
    for minute in ("21:00:02", "22:00"):
        assert place.at(f"{DAY} {minute}") == []
    assert len(place.said("lapse", "deficit")) == 2


def test_a_service_that_was_down_when_a_proposal_expired_calls_people_later(place: Place) -> None:
    place.at(f"{DAY} 20:00", "900")
    assert ("A", "proposal expired") in place.at("2026-11-27 14:40"), "before the next slot"
    assert len(place.said("lapse")) == 1


def test_the_next_slot_lapses_what_nobody_had_answered(tmp_path: Path) -> None:
    write_fund(tmp_path, start="2026-11-24", slot="every 60min", deadline=5, more=f"{ASKING}proposal_minutes = 10000\n")
    with Book.open(tmp_path / "insure.db") as book:
        place = Place(tmp_path, book, stays=False)
        place.at("2026-11-24 20:30")
        place.at(f"{DAY} 15:30", "900")
        [asked] = place.said("proposal")
        assert ("A", "proposal expired") in place.at(f"{DAY} 16:30", "890")
        [lapsed] = place.said("lapse")
        assert lapsed.content["proposal"] == str(asked.sequence)
        assert f"tested has decided at {DAY}:open+120min since." in lapsed.sentence
        assert place.said("deficit") == [], "the slot that came has stated its own"


def test_a_rejected_sale_states_the_deficit_it_leaves(place: Place) -> None:
    place.at(f"{DAY} 20:00", "900")
    [asked] = place.said("proposal")
    place.clock.move(60)
    speak(place.desk, place.book, asked.sequence, "reject", "Ada", "not today")
    [deficit] = place.said("deficit")
    assert deficit.at == place.clock.now
    place.at(f"{DAY} 21:00:01")
    assert place.said("lapse") == [], "it was answered"


def test_a_rejected_purchase_leaves_no_protection_missing(place: Place) -> None:
    place.at(f"{DAY} 20:00", "1100")
    [asked] = place.said("proposal")
    assert Decimal(asked.content["units"]) > 0
    speak(place.desk, place.book, asked.sequence, "reject", "Ada", "not today")
    assert place.said("deficit") == []


@pytest.mark.parametrize("voices", [0, 1])
def test_a_contract_that_nobody_approves_calls_people_and_is_proposed_anew(tmp_path: Path, voices: int) -> None:
    write_fund(tmp_path, start="2026-12-28", slot="close-60min", deadline=30, more=f'{CONTROLS}approval = "four_eyes"')
    with Book.open(tmp_path / "insure.db") as book:
        place = Place(tmp_path, book, stays=False)
        assert place.at("2026-11-25 15:00") == [("B", "contract waits for approval")]
        for by in ("Ada", "Ben")[:voices]:
            speak(place.desk, book, 1, "approve", by, "")
        assert place.at("2026-12-02 15:00") == []
        assert place.at("2026-12-02 15:00:01") == [("A", "proposal expired")]
        assert [one.content["subject"] for one in place.said("lapse")] == ["contract"]
        assert len(place.said("proposal")) == 2, "it is asked again"
        assert place.at("2026-12-02 16:00") == []
        assert "contract waits for approval" in place.open(), "the new one waits"


def test_a_contract_whose_file_has_changed_again_calls_nobody(tmp_path: Path) -> None:
    write_fund(tmp_path, start="2026-12-28", slot="close-60min", deadline=30, more=f'{CONTROLS}approval = "approve"')
    with Book.open(tmp_path / "insure.db") as book:
        place = Place(tmp_path, book, stays=False)
        place.at("2026-11-25 15:00")
        path = tmp_path / "funds" / "tested.toml"
        path.write_text(path.read_text("utf-8").replace("2026-12-28", "2026-12-29"), encoding="utf-8")
        place.at("2026-11-26 15:00")
        assert place.at("2026-12-02 15:00:01") == []
        assert [one.content["proposal"] for one in place.said("lapse")] == ["1"]


def test_a_binding_to_code_that_nobody_approves_calls_people(place: Place) -> None:
    place.clock.now = at(f"{DAY} 15:00")
    number = ask_code(place.desk, place.book, "tested")
    place.at(f"{DAY} 15:01")
    place.at(f"{DAY} 20:00")
    assert ("A", "proposal expired") in place.at("2026-12-02 15:00:01")
    assert [one.content["proposal"] for one in place.said("lapse") if one.content["subject"] == "code"] == [str(number)]


# Rows that cannot be read.

GOOD = {
    "subject": "trade", "wanted": "1", "expires": f"{DAY}T21:00:00+00:00", "config_sha256": "a" * 64,
    "slot": f"{DAY}:close-60min", "session": DAY, "units": "10", "price": "100", "value": "1000", "options": "{}",
    "sentence": "10 units wait.",
}  # fmt: skip
BROKEN: Sequence[dict[str, str]] = [
    {"units": "ten"},
    {"units": "NaN"},
    {"price": ""},
    {"value": "Infinity"},
    {"options": "[]"},
    {"options": '{"put": {}}'},
    {"options": "{"},
    {"session": "yesterday"},
    {"slot": "nowhere"},
    {"wanted": "-1"},
    {"wanted": ""},
    {"expires": "soon"},
    {"expires": "2026-11-25T21:00:00"},
    {"subject": "weather"},
    {"config_sha256": ""},
]


@pytest.mark.parametrize("change", BROKEN, ids=lambda change: "=".join(*change.items()))
def test_a_row_that_cannot_be_read_holds_its_own_fund_and_no_other(tmp_path: Path, change: dict[str, str]) -> None:
    for fund_id in ("other", "tested"):
        write_fund(tmp_path, fund_id, start="2026-11-24", slot="close-60min", deadline=30, more=ASKING)
    with Book.open(tmp_path / "insure.db") as book:
        place = Place(tmp_path, book, stays=False)
        place.at("2026-11-24 20:00")
        bad = book.state("proposal", "tested", at(f"{DAY} 15:00"), {**GOOD, **change})
        assert ("A", "row unreadable") in place.at(f"{DAY} 20:00")
        assert outcomes(book)[f"{DAY}:close-60min"] == "HELD"
        assert outcomes(book, "other")[f"{DAY}:close-60min"] == "OK"
        [alert] = [one.alert for one in AlertBook(book).open() if one.alert.kind == "row unreadable"]
        assert alert.fund_id == "tested"
        assert alert.sentence.startswith(f"Row {bad.sequence} of the chain "), alert.sentence


def test_a_row_that_cannot_be_read_is_no_doubt_once_no_proposal_could_wait_so_long(tmp_path: Path) -> None:
    write_fund(tmp_path, start="2026-11-24", slot="close-60min", deadline=30, more=ASKING)
    with Book.open(tmp_path / "insure.db") as book:
        place = Place(tmp_path, book, stays=True)
        place.at("2026-11-24 20:00")
        book.state("proposal", "tested", at(f"{DAY} 15:00"), {**GOOD, "units": "ten"})
        place.at(f"{DAY} 20:00")
        place.at("2026-12-02 20:00")
        assert outcomes(book)["2026-12-02:close-60min"] == "HELD", "the price of a week ago"
        assert "cannot be read" not in book.runs("tested")[-1].reason
        assert book.runs("tested")[-1].started - at(f"{DAY} 15:00") > dt.timedelta(days=7)
