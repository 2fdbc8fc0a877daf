"""The watch over breakers inside the service: each trigger as a desk meets it, what waiting costs, and the way back."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from insure.book import Book
from insure.book.alerts import AlertBook
from insure.controls import breakers, breaks
from insure.controls.breakers import BreakerStanding
from insure.controls.gathering import Outside
from insure.feeds.feed import Observation, PriceFeed, Row
from insure.fund import Fund
from schedules.orders.sending import said
from schedules.people.approving import ask_code, speak
from schedules.people.killing import lift
from schedules.serving.heartbeat import Heartbeat, read_heartbeat, write_heartbeat
from schedules.serving.service import Pass, Service
from tests.book.market import execute
from tests.schedules.world import Clock, ToldDesk, at, flat_year, outcomes, row, told_desk, write_fund

DAYS = flat_year("2026-11-16", "2026-12-11")
CALM = [Row(one.session, Decimal(1000), rate=0.02) for one in DAYS]


class Stage:
    """A fund at a desk whose service is asked to pass at a moment."""

    def __init__(self, folder: Path, more: str = "", rows: Sequence[Row] = CALM, slot: str = "close-60min") -> None:
        # What asks people has tests of its own.
        controls = "[controls]\nask_change_weight = 5.0\nask_buy_after_fall = 0\nlargest_deposit_weight = 1.0"
        write_fund(folder, start="2026-11-23", slot=slot, deadline=55, more=f"{controls}\n{more}")
        self.clock = Clock(at("2026-11-23 20:00"))
        self.rows = list(rows)
        self.desk = told_desk(folder, self.rows, self.clock)
        self.book = Book.open(folder / "insure.db")
        self.service = Service(self.desk, self.book)

    def at(self, moment: str, *seen: Row) -> Pass:
        for each in seen:
            self.rows[:] = sorted([one for one in self.rows if one.session != each.session] + [each], key=_session)
        self.clock.now = at(moment)
        done = self.service.once()
        assert not done.troubles, f"the book refused: {done.troubles}"
        return done

    def stands(self, fund_id: str = "tested") -> BreakerStanding:
        return breakers.standing(said(self.book, fund_id), fund_id)

    def alerts(self) -> dict[str, str]:
        return {one.alert.kind: one.alert.grade for one in AlertBook(self.book).open()}

    def lift(self, fund_id: str = "tested") -> None:
        lift(self.desk, self.book, fund_id, ["Ada", "Ben"], "looked at", "NORMAL", self.clock.now)

    def trigger(self, fund_id: str = "tested") -> str:
        return self.book.statements(("breaker",), fund_id)[-1].content["trigger"]


def _session(one: Row) -> dt.date:
    return one.session


class Broken:
    """A feed with a defect of its own."""

    @property
    def rows(self) -> Sequence[Row]:
        raise ZeroDivisionError("a defect")

    def at(self, session: dt.date, tail: int) -> Observation:
        raise ZeroDivisionError(f"a defect at {session}, {tail}")


@dataclass(frozen=True, slots=True)
class BrokenDesk(ToldDesk):
    """A desk without a working feed."""

    def feed(self, fund: Fund) -> PriceFeed:  # noqa: ARG002 - no fund has one
        return Broken()


def test_a_quiet_fund_stands_at_normal_and_writes_nothing(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.at("2026-11-23 20:00")
    rows = stage.book.head()[0]
    for minute in range(1, 20):
        stage.at(f"2026-11-23 20:{minute:02d}")
    assert stage.stands().state == "NORMAL"
    assert stage.book.head()[0] == rows, "a quiet pass wrote a row"
    assert stage.alerts() == {}


def test_two_failures_in_a_row_reduce_and_a_person_begins_the_count_anew(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    broken = Service(BrokenDesk(tmp_path, stage.desk.terms, stage.clock), stage.book)

    def fail(day: str) -> None:
        stage.clock.now = at(f"2026-11-{day} 20:00")
        [one] = broken.once().ticks
        assert one.outcome == "FAILED"

    fail("23")
    assert stage.stands().state == "NORMAL", "one failure is not two in a row"
    fail("24")
    assert stage.stands().state == "REDUCE_ONLY"
    assert stage.trigger() == "two failures in a row"
    assert stage.alerts()["breaker moved"] == "A"
    stage.lift()
    fail("25")
    assert stage.stands().state == "NORMAL", "the failures before the lift were looked at"
    stage.clock.now = at("2026-11-27 17:00")
    broken.once()
    assert stage.stands().state == "REDUCE_ONLY"


def test_slots_without_a_price_that_can_be_trusted_reduce(tmp_path: Path) -> None:
    stage = Stage(tmp_path, rows=CALM[:6])  # up to 2026-11-23
    stage.at("2026-11-23 20:00")
    for day in ("24 20:00", "25 20:00"):
        stage.at(f"2026-11-{day}")
        assert stage.stands().state == "NORMAL"
    stage.at("2026-11-27 17:00")
    assert set(outcomes(stage.book).values()) == {"OK", "HELD"}
    assert stage.stands().state == "REDUCE_ONLY"
    assert stage.stands().reason == (
        "REDUCE_ONLY after NORMAL, by bad data: 3 slots in a row had no price that could be trusted; 3 trip the "
        "breaker."
    )


def test_a_price_in_between_ends_the_row(tmp_path: Path) -> None:
    stage = Stage(tmp_path, rows=CALM[:6])
    for moment, seen in (
        ("23 20:00", ()),
        ("24 20:00", ()),
        ("25 20:00", ()),
        ("27 17:00", CALM[8:9]),
        ("30 20:00", ()),
    ):
        stage.at(f"2026-11-{moment}", *seen)
    assert list(outcomes(stage.book).values()) == ["OK", "HELD", "HELD", "OK", "HELD"]
    assert stage.stands().state == "NORMAL"


def test_a_break_that_nobody_explains_reduces(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.at("2026-11-23 20:00")
    opened = breaks.opening("units", "index unit", Decimal(100), Decimal(90), dt.date(2026, 11, 23), "10 are missing.")
    stage.book.state("break", "tested", stage.clock.now, opened)
    stage.at("2026-11-23 20:01")
    assert (stage.stands().state, stage.trigger()) == ("REDUCE_ONLY", "reconciliation break")
    stage.lift()
    stage.at("2026-11-23 20:02")
    assert stage.stands().state == "NORMAL", "a person has looked at this break"
    stage.book.state("break", "tested", stage.clock.now, {**opened, "subject": "USD", "kind": "cash"})
    stage.at("2026-11-23 20:03")
    assert stage.stands().state == "REDUCE_ONLY", "another break is another case"


def test_a_fall_of_seven_per_cent_is_a_market_wide_halt(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.at("2026-11-23 20:00")
    stage.at("2026-11-24 16:00", row("2026-11-24", "935"))
    assert stage.stands().state == "NORMAL"
    stage.at("2026-11-24 16:05", row("2026-11-24", "929"))
    assert (stage.stands().state, stage.trigger()) == ("REDUCE_ONLY", "market-wide halt")
    assert "7.10% below its previous close: level 1 of a market-wide halt (7%)" in stage.stands().reason
    stage.lift()
    stage.at("2026-11-24 16:10")
    assert stage.stands().state == "NORMAL", "level 1 of this session was looked at"
    stage.at("2026-11-24 16:20", row("2026-11-24", "869"))
    assert stage.stands().state == "REDUCE_ONLY", "level 2 is worse"


def test_a_single_bad_tick_is_no_market_wide_halt(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.at("2026-11-23 20:00")
    stage.at("2026-11-24 16:00", row("2026-11-24", "100"))
    stage.at("2026-11-24 16:00:30")
    stage.at("2026-11-24 16:01", row("2026-11-24", "1000"))
    stage.at("2026-11-24 16:20")
    assert stage.stands().state == "NORMAL"
    stage.at("2026-11-24 16:30", row("2026-11-24", "500"))
    stage.at("2026-11-24 16:45")
    assert stage.stands().state == "REDUCE_ONLY", "it stood as long as a doubt waits: it is no bad tick"


def test_a_clock_that_jumps_reduces_the_whole_desk(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.at("2026-11-23 20:00")
    stage.service.clock_jumped(90.0)
    stage.at("2026-11-23 20:01")
    assert stage.stands("").state == "NORMAL"
    stage.service.clock_jumped(-3600.0)
    stage.at("2026-11-23 20:02")
    assert (stage.stands("").state, stage.trigger("")) == ("REDUCE_ONLY", "clock drift")
    assert stage.stands("tested").state == "REDUCE_ONLY", "a desk's breaker is every fund's"


def test_a_clock_behind_what_the_book_has_reduces_the_whole_desk(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.at("2026-11-23 20:00")
    stage.at("2026-11-23 20:01")
    stage.clock.now = at("2026-11-23 19:59")
    Service(stage.desk, stage.book).once()
    assert stage.stands("").state == "NORMAL", "two minutes are allowed"
    stage.clock.now = at("2026-11-23 19:57")
    Service(stage.desk, stage.book).once()
    assert (stage.stands("").state, stage.trigger("")) == ("REDUCE_ONLY", "clock drift")


def test_a_chain_that_does_not_hold_halts_the_whole_desk_at_once(tmp_path: Path) -> None:
    import sqlalchemy as sa  # noqa: PLC0415

    stage = Stage(tmp_path)
    stage.at("2026-11-23 20:00")
    execute(
        stage.book,
        sa.text("DROP TRIGGER audit_refuses_update"),
        sa.text("UPDATE audit SET content = replace(content, 'close', 'other') WHERE sequence = 2"),
    )
    fresh = Service(stage.desk, stage.book)
    stage.clock.now = at("2026-11-24 20:00")
    done = fresh.once()
    assert (stage.stands("").state, stage.trigger("")) == ("HALTED", "chain failure")
    assert "Row 2 of the chain (run of tested) is not as it was written." in stage.stands("").reason
    assert all(one.outcome != "OK" for one in done.ticks)
    stage.lift("")
    fresh.once()
    assert stage.stands("").state == "HALTED", "a broken chain cannot be lifted away"


def test_a_last_decision_that_was_changed_halts_the_desk_in_the_slot_that_finds_it(tmp_path: Path) -> None:
    import sqlalchemy as sa  # noqa: PLC0415

    stage = Stage(tmp_path)
    stage.at("2026-11-23 20:00")
    execute(
        stage.book,
        sa.text("DROP TRIGGER decisions_refuses_update"),
        sa.text("UPDATE decisions SET record = replace(record, 'tested', 'jested')"),
    )
    [one] = stage.at("2026-11-24 20:00").ticks
    assert one.outcome == "FAILED"
    assert (stage.stands("").state, stage.trigger("")) == ("HALTED", "chain failure")


def test_a_gap_budget_below_its_limit_reduces(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "breaker_gap_budget = 0.9")
    stage.at("2026-11-23 20:00")
    assert (stage.stands().state, stage.trigger()) == ("REDUCE_ONLY", "gap budget")
    held = stage.book.standing("tested").holdings.units
    [bought] = stage.at("2026-11-24 20:00", row("2026-11-24", "1050")).ticks
    assert bought.outcome == "HELD"
    assert "REDUCE_ONLY" in bought.reason
    [sold] = stage.at("2026-11-25 20:00", row("2026-11-25", "960")).ticks
    assert sold.outcome == "OK"
    assert stage.book.standing("tested").holdings.units < held, "what reduces risk goes on"


def test_slippage_beyond_the_models_own_reduces(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "breaker_gap_budget = 0\nmarket_halt_falls = []\n[quality]\njump_sigmas = 100")
    stage.at("2026-11-23 20:00")
    stage.at("2026-11-24 20:00")
    assert stage.stands().state == "NORMAL"
    stage.at("2026-11-25 20:00", row("2026-11-25", "890"))
    assert (stage.stands().state, stage.trigger()) == ("REDUCE_ONLY", "slippage"), "a gap of 11 % is no usual step"


def test_the_turnover_throttle_reduces(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.at("2026-11-23 20:00")
    file = tmp_path / "funds" / "tested.toml"
    file.write_text(file.read_text().replace("[controls]", "[controls]\nlargest_turnover_weight = 1e-9"))
    [one] = stage.at("2026-11-24 20:00", row("2026-11-24", "960")).ticks
    assert one.outcome == "HELD", "a sale of which the session leaves nothing asks a person"
    assert (stage.stands().state, stage.trigger()) == ("REDUCE_ONLY", "turnover throttle")


def test_code_that_is_not_the_approved_one_reduces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(tmp_path)
    stage.at("2026-11-23 20:00")
    speak(stage.desk, stage.book, ask_code(stage.desk, stage.book, "tested"), "approve", "Ada", "")
    stage.at("2026-11-24 20:00")
    assert stage.stands().state == "NORMAL"
    monkeypatch.setattr(ToldDesk, "outside", lambda *_: Outside(code_sha256="f" * 64))
    [one] = stage.at("2026-11-25 20:00").ticks
    assert one.outcome == "HELD"
    assert (stage.stands().state, stage.trigger()) == ("REDUCE_ONLY", "code mismatch")


def test_every_heartbeat_writes_what_waiting_costs_and_long_waiting_is_told_again(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "breaker_gap_budget = 0.9")
    stage.at("2026-11-23 19:59:50")
    stage.at("2026-11-23 20:00")
    assert stage.stands().state == "REDUCE_ONLY"

    def written() -> int:
        return len(stage.book.statements(("waiting",), "tested"))

    assert written() == 1, "the first is written at once"
    stage.at("2026-11-23 20:00:05")
    assert written() == 1, "a look between two heartbeats writes none"
    stage.at("2026-11-23 20:00:30")
    stage.at("2026-11-23 20:01:00", row("2026-11-23", "1020"))
    assert written() == 3
    last = stage.book.statements(("waiting",), "tested")[-1]
    for name in ("backlog_units", "backlog_money", "backlog_weight", "effective_multiple", "gap_budget", "to_floor",
                 "to_escalation", "money"):  # fmt: skip
        assert last.content[name], f"{name} is missing"
    assert float(last.content["backlog_units"]) > 0.0, "after a rise the rule buys, and may not"
    assert float(last.content["to_escalation"]) == pytest.approx(29.0)
    [one] = stage.service.waiting
    assert one.sentence == last.sentence
    stage.at("2026-11-23 20:29:59")
    assert "breaker stands (1)" not in stage.alerts()
    stage.at("2026-11-23 20:30")
    assert stage.alerts()["breaker stands (1)"] == "A"
    stage.at("2026-11-23 20:59")
    stage.at("2026-11-23 22:30")
    assert "breaker stands (5)" in stage.alerts(), "told again when the time has doubled"
    stage.at("2026-11-23 23:30")
    assert "breaker stands (7)" not in stage.alerts()
    closed = written()
    stage.at("2026-11-23 23:31")
    assert written() == closed, "while nobody can trade only the escalation is written"
    stage.lift()
    stage.at("2026-11-24 15:00")
    assert stage.service.waiting == ()
    assert written() == closed


def test_a_doubted_price_is_no_cost_of_waiting(tmp_path: Path) -> None:
    """While a question about the price is open nothing would be traded at NORMAL either."""
    stage = Stage(tmp_path, "breaker_gap_budget = 0.9")
    stage.at("2026-11-23 20:00")
    [one] = stage.at("2026-11-24 20:00", row("2026-11-24", "500")).ticks
    assert one.outcome == "HELD"
    [waits] = stage.service.waiting
    assert waits.unseen, "a price that is asked about is no price to value a trade at"
    assert (waits.backlog_units, waits.money) == (None, 0.0)
    stage.at("2026-11-24 20:05", row("2026-11-24", "1001"))
    [waits] = stage.service.waiting
    assert waits.unseen == ""
    assert waits.money == 0.0, "the bad tick was counted as a move of the market"


def test_the_heartbeat_file_holds_the_cost_of_waiting(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "breaker_gap_budget = 0.9")
    stage.at("2026-11-23 20:00")
    waits = tuple({"fund": one.fund_id, **one.content()} for one in stage.service.waiting)
    write_heartbeat(tmp_path, Heartbeat(stage.clock.now, "run", 30.0, 1, None, waits))
    beat = read_heartbeat(tmp_path)
    assert beat is not None
    assert beat.waiting == waits
    assert beat.waiting[0]["fund"] == "tested"


def test_a_flag_touched_by_hand_stops_the_desk_and_gets_its_row(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    (tmp_path / "kill").mkdir()
    (tmp_path / "kill" / "_desk").touch()
    [one] = stage.at("2026-11-23 20:00").ticks
    assert one.outcome == "HELD"
    assert "KILLED" in one.reason
    assert len(stage.book.statements(("kill",), "")) == 1
    assert stage.alerts()["killed"] == "A"
    assert stage.book.standing("tested").holdings.units == 0
    stage.at("2026-11-23 20:01")
    assert len(stage.book.statements(("kill",), "")) == 1
    stage.lift("")
    [one] = stage.at("2026-11-24 20:00").ticks
    assert one.outcome == "OK"
    assert stage.book.standing("tested").holdings.units > 0


def test_a_flag_thrown_while_a_slot_is_decided_holds_the_slot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(tmp_path)
    looks = [0]

    def outside(_: object, fund_id: str) -> Outside:
        looks[0] += 1
        return Outside("The kill switch stands.") if looks[0] >= 4 else Outside()

    monkeypatch.setattr(ToldDesk, "outside", outside)
    [one] = stage.at("2026-11-23 20:00").ticks
    assert looks[0] == 4, "it is read before the execution"
    assert (one.outcome, one.record) == ("HELD", None)
    assert one.reason.startswith("The kill switch stands.")
    assert stage.book.standing("tested").holdings.units == 0


def test_an_unknown_name_in_the_folder_of_flags_stops_nothing(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    (tmp_path / "kill").mkdir()
    (tmp_path / "kill" / "no-such-fund").touch()
    [one] = stage.at("2026-11-23 20:00").ticks
    assert one.outcome == "OK"
    assert stage.book.statements(("kill",)) == []
