"""The data gate at a slot: a bad tick never trades, never freezes the fund, and its clock runs out in words."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from insure.book import Book
from insure.book.alerts import AlertBook
from insure.book.duty import looking
from insure.feeds.feed import Row
from schedules.serving.service import Service
from tests.schedules.world import Clock, at, outcomes, row, told_desk, write_fund

CALM = [row("2026-11-23", "1000"), row("2026-11-24", "1002")]
FALLEN = row("2026-11-25", "600")
SLOT = "2026-11-25:close-60min"


class Stage:
    """A fund that decided on two calm days, and a third day on which its price is told."""

    def __init__(self, folder: Path, book: Book, more: str = "", calm: Sequence[Row] = CALM) -> None:
        # These ask people.
        more += "\n[controls]\nask_change_weight = 5.0\nask_buy_after_fall = 0\nprice_collar_bps = 5000"
        more += "\nmarket_halt_falls = []\nbreaker_gap_budget = 0\nbreaker_bad_prices = 99\nbreaker_slippage_sigmas = 0"
        self.clock = Clock(at("2026-11-23 20:00"))
        write_fund(folder, start="2026-11-23", slot="close-60min", deadline=55, more=more)
        self.rows: list[Row] = []
        self.book = book
        self.service = Service(told_desk(folder, self.rows, self.clock), book)
        for day, seen in zip(("23", "24"), calm, strict=True):
            self.at(f"2026-11-{day} 20:00", seen)
        assert set(outcomes(book).values()) == {"OK"}

    def at(self, moment: str, seen: Row | None = None) -> None:
        if seen is not None:
            self.rows[:] = [one for one in self.rows if one.session != seen.session]
            self.rows.append(seen)
        self.clock.now = at(moment)
        self.service.once()

    @property
    def question(self) -> str:
        with looking(self.book) as duty:
            asked = duty.question("tested")
        return "" if asked is None else asked.question.sentence

    def reason(self, key: str) -> str:
        [run] = [one for one in self.book.runs("tested") if f"{one.session}:{one.slot}" == key]
        return run.reason

    @property
    def units(self) -> Decimal:
        return self.book.standing("tested").holdings.units


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book.open(tmp_path / "insure.db")


def test_a_single_bad_tick_asks_and_is_gone(tmp_path: Path, book: Book) -> None:
    stage = Stage(tmp_path, book)
    before = stage.units
    stage.at("2026-11-25 20:00", FALLEN)
    assert outcomes(book)[SLOT] == "HELD"
    assert stage.question == (
        "The price is 600.000000 after 1002.000000 on 2026-11-24: -40.12%, 40.7 standard deviations; no second source "
        "confirms it. Is it real? Nothing is traded; if it still stands at 20:15:00 UTC, the fund sells on it but does "
        "not buy."
    ).replace("600.000000", "600").replace("1002.000000", "1,002")
    stage.at("2026-11-25 20:00:30", row("2026-11-25", "1003"))
    found = outcomes(book)
    assert (found[SLOT], found[f"{SLOT}.again"]) == ("HELD", "OK")
    assert stage.question == ""
    [event] = [one for one in book.runs("tested") if one.slot.endswith(".again")]
    assert event.started == at("2026-11-25 20:00:30")
    assert abs(stage.units - before) < before / 50, "the bad tick must not have been traded on"
    assert [one.alert.kind for one in AlertBook(book).open()] == [], "what is over is closed"


def test_a_price_that_stands_through_the_window_is_sold_on(tmp_path: Path, book: Book) -> None:
    stage = Stage(tmp_path, book)
    before = stage.units
    stage.at("2026-11-25 20:00", FALLEN)
    stage.at("2026-11-25 20:14:59")
    assert f"{SLOT}.again" not in outcomes(book), "the clock has not run out"
    assert stage.service.next_wake(stage.clock.now) == at("2026-11-25 20:15"), "the service must wake for the clock"
    stage.at("2026-11-25 20:15")
    assert outcomes(book)[f"{SLOT}.again"] == "OK"
    assert "Nobody confirmed it within 15 minutes." in stage.reason(f"{SLOT}.again")
    assert stage.units < before, "below the floor everything is sold"
    kinds = {one.alert.kind: one.alert.grade for one in AlertBook(book).open()}
    assert kinds == {"floor breached": "A", "cash-lock": "A", "fallback acted": "B"}


def test_a_rise_that_stands_through_the_window_is_not_bought(tmp_path: Path, book: Book) -> None:
    stage = Stage(tmp_path, book)
    before = stage.units
    stage.at("2026-11-25 20:00", row("2026-11-25", "1400"))
    stage.at("2026-11-25 20:15")
    assert outcomes(book)[f"{SLOT}.again"] == "HELD"
    assert "Reduce-only:" in stage.reason(f"{SLOT}.again")
    assert stage.units == before
    stage.at("2026-11-27 17:00", row("2026-11-27", "1401"))
    assert outcomes(book)["2026-11-27:close-60min"] == "OK", "the price was decided on: it is no jump any more"
    assert stage.units > before


def test_fallback_hold_holds_one_slot_and_takes_the_price_from_then_on(tmp_path: Path, book: Book) -> None:
    stage = Stage(tmp_path, book, '[quality]\nfallback = "hold"')
    before = stage.units
    stage.at("2026-11-25 20:00", FALLEN)
    stage.at("2026-11-25 20:15")
    assert outcomes(book)[f"{SLOT}.again"] == "HELD"
    assert stage.reason(f"{SLOT}.again").endswith("By contract this slot is held.")
    assert stage.units == before
    stage.at("2026-11-27 17:00", row("2026-11-27", "601"))
    assert outcomes(book)["2026-11-27:close-60min"] == "OK", "the fund must not stay frozen"


def test_fallback_trade_buys_too(tmp_path: Path, book: Book) -> None:
    stage = Stage(tmp_path, book, '[quality]\nfallback = "trade"')
    before = stage.units
    stage.at("2026-11-25 20:00", row("2026-11-25", "1400"))
    stage.at("2026-11-25 20:15")
    assert outcomes(book)[f"{SLOT}.again"] == "OK"
    assert stage.units > before


def test_another_bad_tick_does_not_borrow_the_clock(tmp_path: Path, book: Book) -> None:
    stage = Stage(tmp_path, book)
    before = stage.units
    stage.at("2026-11-25 20:00", FALLEN)
    stage.at("2026-11-25 20:15", row("2026-11-25", "100"))
    assert f"{SLOT}.again" not in outcomes(book)
    assert "20:30:00 UTC" in stage.question
    assert stage.units == before


def test_a_second_source_confirms_a_crash_at_once(tmp_path: Path, book: Book) -> None:
    (tmp_path / "future.csv").write_text("date,close\n2026-11-24,5010\n2026-11-25,3100\n", encoding="utf-8")
    stage = Stage(tmp_path, book, '[quality]\nsecond_file = "future.csv"')
    stage.at("2026-11-25 20:00", FALLEN)
    assert outcomes(book)[SLOT] == "OK"


def test_a_second_source_that_did_not_move_says_so(tmp_path: Path, book: Book) -> None:
    (tmp_path / "future.csv").write_text("date,close\n2026-11-24,5010\n2026-11-25,5000\n", encoding="utf-8")
    stage = Stage(tmp_path, book, '[quality]\nsecond_file = "future.csv"')
    stage.at("2026-11-25 20:00", FALLEN)
    assert outcomes(book)[SLOT] == "HELD"
    assert "future.csv went -0.20% meanwhile" in stage.question


def test_an_open_day_without_a_quote_overrules_the_calendar(tmp_path: Path, book: Book) -> None:
    stage = Stage(tmp_path, book)
    stage.at("2026-11-25 20:00")
    assert outcomes(book)[SLOT] == "HELD"
    assert "XNYS should have traded on 2026-11-25 since 14:30 UTC. Is the exchange closed" in stage.question
    stage.at("2026-11-25 20:40")
    assert f"{SLOT}.again" not in outcomes(book), "no fallback acts on a price that is not there"
    stage.at("2026-11-25 20:41", row("2026-11-25", "1001"))
    assert outcomes(book)[f"{SLOT}.again"] == "OK", "the first fresh quote is taken"


def test_a_quote_that_comes_after_the_window_waits_for_the_next_slot(tmp_path: Path, book: Book) -> None:
    stage = Stage(tmp_path, book)
    stage.at("2026-11-25 20:00")
    stage.at("2026-11-25 20:56", row("2026-11-25", "1001"))
    assert f"{SLOT}.again" not in outcomes(book)
    stage.at("2026-11-27 17:00", row("2026-11-27", "1001"))
    assert outcomes(book)["2026-11-27:close-60min"] == "OK"
    assert stage.question == ""


@pytest.mark.parametrize(
    ("bid", "ask", "said"),
    [
        ("1003", "1001", "crossed"),
        ("1001", "1001", "locked"),
        ("0", "1001", "above zero"),
        ("-1", "1001", "above zero"),
    ],
)
def test_quotes_that_cannot_be_are_asked_about(tmp_path: Path, book: Book, bid: str, ask: str, said: str) -> None:
    stage = Stage(tmp_path, book)
    stage.at("2026-11-25 20:00", row("2026-11-25", "1001", bid=Decimal(bid), ask=Decimal(ask)))
    assert outcomes(book)[SLOT] == "HELD"
    assert said in stage.question


def test_an_old_quote_is_asked_about(tmp_path: Path, book: Book) -> None:
    calm = [replace(one, at=at(f"{one.session} 19:59")) for one in CALM]
    stage = Stage(tmp_path, book, "[quality]\nmax_age_minutes = 10", calm)
    stage.at("2026-11-25 20:00", row("2026-11-25", "1001", at=at("2026-11-25 19:40")))
    assert outcomes(book)[SLOT] == "HELD"
    assert stage.question.startswith("The newest quote is of 2026-11-25 19:40 UTC, 20 minutes old; 10 are allowed.")
    stage.at("2026-11-25 20:05", row("2026-11-25", "1001", at=at("2026-11-25 20:04")))
    assert outcomes(book)[f"{SLOT}.again"] == "OK"


def test_a_decision_on_a_doubted_price_is_made_again_bit_for_bit(tmp_path: Path, book: Book) -> None:
    from insure.decision import decide  # noqa: PLC0415
    from insure.fund import load_fund  # noqa: PLC0415

    stage = Stage(tmp_path, book)
    stage.at("2026-11-25 20:00", row("2026-11-25", "1400"))
    stage.at("2026-11-25 20:15")
    kept = book.record("tested").decision
    fund = load_fund(tmp_path / "funds" / "tested.toml")
    assert kept.snapshot.doubt is not None
    assert decide(fund, kept.holdings, kept.memory_in, kept.snapshot, kept.circumstances) == kept
