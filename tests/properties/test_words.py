"""Every word of people against the rule has its figure, held against funds that are lived here by other means."""

import datetime as dt
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest

from insure.book import Book, Record
from insure.book.duty import looking
from insure.broker import PaperBroker
from insure.controls import approvals
from insure.controls.approvals import Proposal, asks
from insure.controls.counterfactual import cost_of, rule_path, words_of
from insure.dates import year_fraction
from insure.decision import fund_calendar
from insure.feeds.feed import Row
from insure.flows import Flow, FlowKind
from insure.fund import Fund
from insure.slots import Slot, slots
from schedules.jobs import Tick, tick
from tests.contracts import ToldPrices, Toml, fund

MINUTE = dt.timedelta(minutes=1)
FIRST, LAST = dt.date(2007, 1, 3), dt.date(2007, 2, 9)
RATE = 0.04
Answer = Literal["yes", "no", "silence"]
ASKING: dict[str, Toml] = {"ask_change_weight": 0.02, "ask_buy_after_fall": 0, "largest_deposit_weight": 1.0}
COSTS: dict[str, Toml] = {"commission_bps": 2.0, "half_spread_bps": 3.0}
HOUR_BEFORE: dict[str, Toml] = {"slot": "close-60min", "deadline_minutes": 50}
STRATEGIES: dict[str, Toml] = {
    "cppi": {"kind": "cppi", "multiplier": 4.0},
    "synthetic_put": {"kind": "synthetic_put"},
    "constant_mix": {"kind": "constant_mix", "weight": 0.6},
    "buy_and_hold": {"kind": "buy_and_hold"},
}


@dataclass
class Life:
    """A fund with people beside it: their answers in the order they are asked, prices that move while they think."""

    of: Fund
    folder: Path
    answers: Callable[[], Answer] = lambda: "yes"
    overrides: Mapping[int, float | None] = field(default_factory=dict)
    flows: Mapping[int, int] = field(default_factory=dict)
    later: Callable[[], float] = lambda: 1.0
    """What the price is multiplied with while people think."""
    given: list[Answer] = field(default_factory=list)
    minutes: int = 1
    """After the slot, when it is decided; and what people take to answer."""

    def lived(self, levels: list[float], *, again: int = -1) -> list[Record]:
        """All decisions along the levels; the slot number ``again`` is decided a second time."""
        self.folder.mkdir(parents=True, exist_ok=True)
        told: list[Row] = []
        due = slots(self.of.schedule.timing, fund_calendar(self.of), FIRST, LAST)
        with Book.open(self.folder / "book.db") as book:
            for place, (slot, level) in enumerate(zip(due, levels, strict=False)):
                if told and told[-1].session == slot.session:
                    told.pop()
                told.append(Row(slot.session, Decimal(str(level)), RATE))
                self._said(book, place, slot)
                now = slot.at + dt.timedelta(minutes=self.minutes)
                self._answered(book, told, tick(book, self.of, slot, ToldPrices(told), PaperBroker(), now))
                if place == again:
                    more = Slot(slot.session, f"{slot.name}.again", now + 5 * MINUTE)
                    done = tick(book, self.of, more, ToldPrices(told), PaperBroker(), now + 5 * MINUTE)
                    self._answered(book, told, done)
            return list(book.records(self.of.id))

    def proposals(self) -> tuple[Proposal, ...]:
        with Book.open(self.folder / "book.db") as book, looking(book) as duty:
            return approvals.proposals(duty.statements(approvals.KINDS, self.of.id, subjects=("trade",)))

    def _said(self, book: Book, place: int, slot: Slot) -> None:
        if place in self.overrides:
            weight = self.overrides[place]
            content = {
                "slot": slot.key, "session": slot.session.isoformat(), "by": "Ada", "reason": "she knows better",
                "weight": "" if weight is None else repr(weight), "sentence": "Ada overrides.",
            }  # fmt: skip
            book.state("override", self.of.id, slot.at, content)
        if place in self.flows:
            money = self.flows[place]
            kind: FlowKind = "subscription" if money > 0 else "redemption"
            key = f"{self.of.id}:{slot.session}:flow:{place}"
            book.book_flow(Flow(key, self.of.id, slot.session, kind, Decimal(money)), slot.at)

    def _answered(self, book: Book, told: list[Row], done: Tick) -> None:
        while done.record is not None and asks(done.record.decision):
            answer = self.answers()
            self.given.append(answer)
            if answer == "silence":
                return
            with looking(book) as duty:
                said = duty.statements(approvals.KINDS, self.of.id, subjects=("trade",))
            one, now = approvals.proposals(said)[-1], done.record.written + self.minutes * MINUTE
            if answer == "no":
                book.state("rejection", self.of.id, now, approvals.reject(one, "Ben", "not today", now))
                return
            content = approvals.approve(one, "Ben", "", now, in_force=self.of.config_sha256)
            book.state("approval", self.of.id, now, content)
            level = float(told[-1].close) * self.later()
            told[-1] = Row(told[-1].session, Decimal(str(round(level, 2))), RATE)
            slot = Slot(done.record.session, approvals.approved_word(done.record.slot), now)
            done = tick(book, self.of, slot, ToldPrices(told), PaperBroker(), now)


def untouched(folder: Path, of: Fund, records: list[Record]) -> list[Record]:
    """The same contract at the same recorded moments and markets, as a fund that has nobody to ask and no override."""
    folder.mkdir(parents=True)
    told: list[Row] = []
    with Book.open(folder / "book.db") as book:
        for record in records:
            if told and told[-1].session == record.session:
                told.pop()
            told.append(Row(record.session, record.decision.snapshot.price, RATE))
            for each in record.flows:
                book.book_flow(Flow(each.key, of.id, record.session, each.kind, each.money), record.due)
            slot = Slot(record.session, record.slot, record.due)
            done = tick(book, of, slot, ToldPrices(told), PaperBroker(), record.written)
            assert done.record is not None, done.reason
        return list(book.records(of.id))


def contract(strategy: Toml, **terms: Toml) -> tuple[Fund, Fund]:
    """A fund with people, and the same without them."""
    whole = {"schedule": HOUR_BEFORE, "controls": ASKING, **terms}
    return fund(strategy=strategy, stage="paper", **whole), fund(strategy=strategy, stage="replay", **whole)


def contracts(of: Fund) -> dict[str, Fund]:
    return {of.config_sha256: of}


def walk(steps: int) -> list[float]:
    """A price that goes up and down by up to 6 % a session, never the same way twice."""
    return [round(100.0 * (1.0 + 0.06 * math.sin(2.4 * k) + 0.004 * k), 2) for k in range(steps)]


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("roll", [False, True], ids=["one period", "a roll"])
def test_words_of_every_kind_add_up_to_the_fund_less_the_fund_nobody_touched(
    tmp_path: Path, name: str, roll: bool
) -> None:
    more: dict[str, Toml] = {"protection": {"horizon_years": 1 / 12}} if roll else {}
    of, alone = contract(STRATEGIES[name], costs=COSTS, **more)
    turns: list[Answer] = ["yes", "no", "silence", "yes"]
    life = Life(
        of,
        tmp_path / "people",
        answers=lambda: turns[len(life.given) % 4],
        overrides={4: 0.2, 9: None, 14: 0.8},
        flows={7: 50_000, 12: -70_000},
        later=lambda: 1.0 + 0.03 * math.sin(len(life.given)),
    )
    records = life.lived(walk(25 if roll else 18), again=9)
    words = words_of(records)
    whole = rule_path(records, contracts(of), frozenset(words))
    for step, record in zip(whole, records, strict=True):
        assert step.holdings == record.after, f"{name}, {record.session}:{record.slot}: {step.holdings}, {record.after}"
    judged = cost_of(records, contracts(of), life.proposals())
    assert [one.row if one.kind == "override" else f"{one.session}:{one.slot}" for one in judged] == list(words)
    assert {"override"} < {one.kind for one in judged} or name == "buy_and_hold", "people were never asked"
    rule = untouched(tmp_path / "alone", alone, records)
    earned = [one.earned for one in judged]
    assert None not in earned, [one.failed for one in judged]
    together = sum((each for each in earned if each is not None), Decimal(0))
    assert together == records[-1].nav - rule[-1].nav, f"{name}: {earned}"
    assert together != 0, "words that changed nothing prove nothing"
    if roll:
        assert sum(record.decision.rolled for record in records) > 1, "no period ended within these sessions"


def test_what_people_did_stands_beside_each_figure(tmp_path: Path) -> None:
    of, _ = contract(STRATEGIES["constant_mix"], costs=COSTS)
    turns: list[Answer] = ["no", "silence", "yes", "yes", "silence"]
    life = Life(of, tmp_path, answers=lambda: turns[len(life.given)])
    life.later = lambda: 1.2 if len(life.given) == 3 else 1.0
    records = life.lived([100, 120, 121, 122, 147, 170])
    assert life.given == turns
    judged = cost_of(records, contracts(of), life.proposals())
    assert [one.answer for one in judged] == [
        "rejected by Ben",
        "unanswered",
        "approved by Ben, not carried out",
        "approved by Ben, carried out 1 min later",
        "unanswered",
    ]
    assert [one.by for one in judged] == ["Ben", "", "Ben", "Ben", ""]
    assert judged[0].reason == "not today"
    assert judged[0].instead.startswith("sell ")
    assert judged[0].instead.endswith(" at 120"), judged[0].instead
    assert [one.row for one in judged] == [one.number for one in life.proposals()]


@pytest.mark.parametrize("late", [1, 58], ids=["on time", "58 minutes late"])
def test_a_schedule_that_is_decided_late_is_priced_by_the_children_that_are_left(tmp_path: Path, late: int) -> None:
    of, alone = contract(
        STRATEGIES["cppi"],
        costs={"commission_bps": 2.0, "commission_per_trade_money": 25},
        schedule={"slot": "open+120min", "deadline_minutes": 90},
        execution={"schedule": "twap", "slices": 6, "time_limit_minutes": 60.0},
        controls={**ASKING, "ask_change_weight": 5.0},
        lots={"lot_units": 1},
    )
    life = Life(of, tmp_path / "people", overrides={4: 0.2}, minutes=late)
    records = life.lived([100, 101, 99, 96, 97, 92, 94, 98])
    assert max(len(record.orders) for record in records) == (6 if late == 1 else 2)
    [judged] = cost_of(records, contracts(of))
    assert judged.nav_with == records[-1].nav, f"on paper {judged.nav_with}, in the book {records[-1].nav}"
    assert judged.nav_without == untouched(tmp_path / "alone", alone, records)[-1].nav


def test_a_purchase_that_was_paused_is_still_to_come_on_the_path(tmp_path: Path) -> None:
    of, _ = contract(STRATEGIES["buy_and_hold"], execution={"widest_spread_bps": 20.0},
                     controls={**ASKING, "ask_change_weight": 5.0})  # fmt: skip
    wide, narrow = Decimal(1), Decimal("0.01")
    due = slots(of.schedule.timing, fund_calendar(of), FIRST, LAST)[:3]
    told = [
        Row(slot.session, Decimal(100 + place), RATE, bid=100 + place - half, ask=100 + place + half)
        for place, (slot, half) in enumerate(zip(due, (wide, narrow, narrow), strict=True))
    ]
    with Book.open(tmp_path / "book.db") as book:
        for slot in due:
            tick(book, of, slot, ToldPrices(told), PaperBroker(), slot.at)
        records = list(book.records(of.id))
    assert records[0].paused
    assert records[1].after.units > 0, "the fund buys when the market has narrowed"
    assert [step.holdings for step in rule_path(records, contracts(of))] == [record.after for record in records]


def test_an_answer_at_once_at_the_same_price_has_earned_nothing(tmp_path: Path) -> None:
    of, _ = contract(STRATEGIES["constant_mix"], lots={"lot_units": 1})
    records = Life(of, tmp_path).lived([100, 110, 110, 125])
    judged = cost_of(records, contracts(of))
    assert len(judged) == 2, [one.slot for one in judged]
    assert [one.earned for one in judged] == [Decimal(0), Decimal(0)]


def test_a_rejection_without_costs_is_units_times_price_moves_carried_with_interest(tmp_path: Path) -> None:
    of, _ = contract(STRATEGIES["constant_mix"], initial_money=1_000_000_000)
    life = Life(of, tmp_path)
    life.answers = lambda: "yes" if life.given else "no"
    records = life.lived([100, 112, 111, 118, 109, 125])
    judged = cost_of(records, contracts(of))[0]
    keys = words_of(records)
    place = next(place for place, record in enumerate(records) if asks(record.decision))
    with_it = rule_path(records[place:], contracts(of), frozenset(keys[:1]))
    without = rule_path(records[place:], contracts(of))
    carried, calendar = 0.0, fund_calendar(of)
    for i in range(len(with_it) - 1):
        years = year_fraction(of.schedule.day_count, calendar, with_it[i].session, with_it[i + 1].session)
        growth = math.exp(RATE * years)
        apart = float(with_it[i].holdings.units - without[i].holdings.units)
        before, after = (float(records[place + i + more].decision.snapshot.price) for more in (0, 1))
        carried = carried * growth + apart * (after - growth * before)
    assert judged.earned is not None
    assert judged.earned != 0
    assert abs(float(judged.earned) - carried) <= 1e-9 * 1_000_000_000, f"{judged.earned} and {carried}"


def test_an_override_and_the_no_to_it_are_two_figures(tmp_path: Path) -> None:
    of, alone = contract(STRATEGIES["constant_mix"], costs=COSTS, controls={**ASKING, "ask_change_weight": 0.25})
    life = Life(of, tmp_path / "people", answers=lambda: "no", overrides={3: 0.1})
    records = life.lived([100, 101, 103, 99, 94, 102])
    judged = cost_of(records, contracts(of), life.proposals())
    assert [(one.kind, one.slot) for one in judged] == [("override", "close-60min"), ("answer", "close-60min")]
    override, answer = judged
    assert (override.by, answer.by, answer.answer) == ("Ada", "Ben", "rejected by Ben")
    assert override.earned is not None
    assert answer.earned is not None
    rule = untouched(tmp_path / "alone", alone, records)
    assert override.earned + answer.earned == records[-1].nav - rule[-1].nav
    assert override.nav_without == rule[-1].nav
    assert override.nav_with == answer.nav_without, "the override as if it had been let through"
    assert min(abs(override.earned), abs(answer.earned)) > 1000, "an override to 10 % and its refusal both matter"


def test_a_path_that_cannot_pay_a_flow_has_no_figure_and_the_others_keep_theirs(tmp_path: Path) -> None:
    of, _ = contract({"kind": "constant_mix", "weight": 1.0}, controls={**ASKING, "ask_change_weight": 5.0})
    life = Life(of, tmp_path, overrides={1: 0.0, 2: None, 4: 0.5}, flows={3: -900_000})
    records = life.lived([100, 100, 50, 50, 50, 51])
    judged = cost_of(records, contracts(of))
    assert "takes more than the path holds" in judged[0].failed
    assert (judged[0].earned, judged[0].nav_without) == (None, None)
    assert judged[0].figures()["earned"] is None
    assert [one.failed for one in judged[1:]] == ["", ""], "these paths are out of stock before it falls"
    assert judged[2].nav_with == records[-1].nav


def test_a_path_that_begins_within_a_session_knows_what_was_ordered_before(tmp_path: Path) -> None:
    of, _ = contract(
        STRATEGIES["constant_mix"],
        schedule={"slot": "every 60min", "deadline_minutes": 10},
        controls={**ASKING, "ask_change_weight": 5.0, "largest_turnover_weight": 0.7},
    )
    life = Life(of, tmp_path, overrides={1: 0.5})
    records = life.lived([100, 100, 100])
    assert records[0].decision.trade is not None
    judged = cost_of(records, contracts(of))
    assert judged[0].nav_with == records[-1].nav
    steps = rule_path(records[1:], contracts(of), frozenset(words_of(records)))
    turnover = [
        {check.name: check.value for check in each.checks}["turnover of the day"]
        for each in (steps[0].decision, records[1].decision)
    ]
    assert turnover[0] == turnover[1] > 0.6, turnover


def test_answers_that_are_not_measured_change_no_other_figure(tmp_path: Path) -> None:
    of, _ = contract(STRATEGIES["constant_mix"])
    life = Life(of, tmp_path, answers=lambda: "no", overrides={4: 0.3})
    records = life.lived(walk(12))
    whole = cost_of(records, contracts(of), life.proposals())
    since = records[8].session
    some = cost_of(records, contracts(of), life.proposals(), answers_since=since)
    wanted = [one for one in whole if one.kind == "override" or one.session >= since]
    assert {one.kind for one in wanted} == {"override", "answer"}
    assert list(some) == wanted
    assert len(some) < len(whole)
