"""What an override came to, against paths that are lived here by other means."""

import dataclasses
import datetime as dt
import math
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insure.book import Book, Record
from insure.broker import PaperBroker
from insure.controls.counterfactual import cost_of, rule_path
from insure.controls.rehearsal import rehearse
from insure.dates import year_fraction
from insure.decision import fund_calendar
from insure.feeds.feed import Row
from insure.flows import Flow, FlowKind
from insure.fund import Fund
from insure.slots import slots
from schedules.jobs import tick
from tests.contracts import ToldPrices, Toml, fund

START = dt.date(2007, 1, 3)
DAYS = fund_calendar(fund()).sessions(START, dt.date(2007, 2, 9))
RATE = 0.04
LEVELS = [
    100,
    101,
    99,
    96,
    97,
    92,
    94,
    98,
    101,
    103,
    99,
    97,
    93,
    90,
    95,
    97,
    99,
    104,
    101,
    98,
    97,
    96,
    99,
    100,
    102,
    101,
]
COSTS: dict[str, Toml] = {"commission_bps": 2.0, "half_spread_bps": 3.0}
OPEN: dict[str, Toml] = {"ask_change_weight": 5.0, "ask_buy_after_fall": 0, "price_collar_bps": 5000}


def lived(
    folder: Path,
    of: Fund,
    overrides: Mapping[int, float | None],
    flows: Mapping[int, int] | None = None,
    levels: list[int] | None = None,
) -> list[Record]:
    """A fund along the levels, with a person's word at some closes and money of holders at others."""
    chosen = LEVELS if levels is None else levels
    rows = [Row(day, Decimal(level), RATE) for day, level in zip(DAYS, chosen, strict=False)]
    feed = ToldPrices(rows)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "book.db"
    path.unlink(missing_ok=True)
    with Book.open(path) as book:
        due = slots(of.schedule.timing, fund_calendar(of), rows[0].session, rows[-1].session)
        for place, slot in enumerate(due):
            if place in overrides:
                weight = overrides[place]
                content = {
                    "slot": slot.key,
                    "weight": "" if weight is None else repr(weight),
                    "by": "Ada",
                    "reason": "she knows better",
                    "sentence": "Ada overrides.",
                }
                book.state("override", of.id, slot.at, content)
            if flows and place in flows:
                money = flows[place]
                kind: FlowKind = "subscription" if money > 0 else "redemption"
                flow = Flow(f"{of.id}:{slot.session}:flow:{place}", of.id, slot.session, kind, Decimal(money))
                book.book_flow(flow, slot.at)
            done = tick(book, of, slot, feed, PaperBroker(), slot.at)
            assert done.record is not None, done.reason
        return list(book.records(of.id))


def contracts(of: Fund) -> dict[str, Fund]:
    return {of.config_sha256: of}


STRATEGIES: dict[str, Toml] = {
    "cppi": {"kind": "cppi", "multiplier": 4.0},
    "synthetic_put": {"kind": "synthetic_put"},
    "constant_mix": {"kind": "constant_mix", "weight": 0.6},
    "hybrid": {"kind": "hybrid", "bought_fraction": 0.5},
}


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_path_with_every_override_kept_is_the_fund_itself(tmp_path: Path, name: str) -> None:
    of = fund(strategy=STRATEGIES[name], costs=COSTS, controls=OPEN, band={"width_weight": 0.01})
    records = lived(tmp_path, of, {4: 0.2, 9: None}, {7: 50_000, 12: -70_000} if name != "hybrid" else {})
    kept = frozenset(one.row for one in cost_of(records, contracts(of)))
    assert len(kept) == 2
    for step, record in zip(rule_path(records, contracts(of), kept), records, strict=True):
        assert step.holdings == record.after, (
            f"{name}, {record.session}: on paper {step.holdings}, in the book {record.after}"
        )
        assert step.nav == record.nav


@pytest.mark.parametrize("name", STRATEGIES)
def test_an_override_that_says_what_the_rule_says_costs_nothing(tmp_path: Path, name: str) -> None:
    of = fund(strategy=STRATEGIES[name], costs=COSTS, controls=OPEN)
    plain = lived(tmp_path / "plain", of, {})
    ladder = plain[6].decision.ladder
    assert ladder is not None
    records = lived(tmp_path / "said", of, {6: ladder["throttle"].weight})
    [judged] = cost_of(records, contracts(of))
    assert judged.earned == 0, f"{name}: the same word earned {judged.earned}"
    assert records[-1].after == plain[-1].after


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_path_without_is_the_fund_that_nobody_overrode(tmp_path: Path, name: str) -> None:
    of = fund(strategy=STRATEGIES[name], costs=COSTS, controls=OPEN, lots={"lot_units": 1})
    plain = lived(tmp_path / "plain", of, {})
    records = lived(tmp_path / "said", of, {5: 0.1})
    [judged] = cost_of(records, contracts(of))
    assert judged.nav_without == plain[-1].nav
    assert judged.nav_with == records[-1].nav
    assert judged.earned == records[-1].nav - plain[-1].nav
    assert judged.earned != 0, "an override to 10 % that changed nothing proves nothing"


def test_overrides_add_up_to_the_fund_less_the_fund_without_any(tmp_path: Path) -> None:
    of = fund(strategy=STRATEGIES["cppi"], costs=COSTS, controls=OPEN)
    plain = lived(tmp_path / "plain", of, {})
    records = lived(tmp_path / "said", of, {3: 0.1, 8: None, 9: 0.9, 20: 0.0})
    judged = cost_of(records, contracts(of))
    assert [one.session for one in judged] == [DAYS[place] for place in (3, 8, 9, 20)]
    assert sum(one.earned or 0 for one in judged) == records[-1].nav - plain[-1].nav


@settings(max_examples=8)
@given(
    weight=st.one_of(st.none(), st.floats(0.0, 1.0)),
    place=st.integers(1, 10),
    levels=st.lists(st.integers(60, 140), min_size=12, max_size=14),
)
def test_without_costs_the_difference_is_units_times_price_moves_carried_with_interest(
    tmp_path_factory: pytest.TempPathFactory, weight: float | None, place: int, levels: list[int]
) -> None:
    of = fund(strategy=STRATEGIES["constant_mix"], controls=OPEN, initial_money=1_000_000_000)
    records = lived(tmp_path_factory.mktemp("lived"), of, {place: weight}, levels=levels)
    [judged] = cost_of(records, contracts(of))
    with_it = rule_path(records[place:], contracts(of), frozenset({judged.row}))
    without = rule_path(records[place:], contracts(of))
    carried, calendar = 0.0, fund_calendar(of)
    for i in range(len(with_it) - 1):
        years = year_fraction(of.schedule.day_count, calendar, with_it[i].session, with_it[i + 1].session)
        growth = math.exp(RATE * years)
        apart = float(with_it[i].holdings.units - without[i].holdings.units)
        before, after = (float(records[place + i + more].decision.snapshot.price) for more in (0, 1))
        carried = carried * growth + apart * (after - growth * before)
    assert judged.earned is not None
    assert abs(float(judged.earned) - carried) <= 1e-9 * 1_000_000_000, f"{judged.earned} and {carried}"


def test_a_hold_that_people_left_unanswered_is_no_fault_of_the_override(tmp_path: Path) -> None:
    of = fund(stage="paper", strategy=STRATEGIES["constant_mix"], costs=COSTS, controls={"ask_change_weight": 0.25})
    records = lived(tmp_path, of, {5: 0.1})
    assert records[5].decision.outcome == "HELD", "the override asks: 60 % to 10 %"
    override, answer = cost_of(records, contracts(of))
    assert (override.kind, answer.kind) == ("override", "answer")
    assert answer.nav_with == records[-1].nav
    assert None not in {override.earned, answer.earned, override.nav_without}
    together = (override.earned or 0) + (answer.earned or 0)
    assert together == records[-1].nav - (override.nav_without or 0), "people undid what the override did"


def test_a_replay_of_the_same_contract_twice_is_the_same_twice(tmp_path: Path) -> None:
    of = fund(strategy=STRATEGIES["cppi"], costs=COSTS, controls=OPEN)
    records = lived(tmp_path, of, {})
    found = rehearse(of, of, records[1:])
    assert found is not None
    assert found.old == found.new
    assert found.old.nav == records[-1].nav, "the contract in force lives the sessions as the book has them"
    assert "go on" in found.note


def test_a_replay_shows_what_another_contract_would_have_done(tmp_path: Path) -> None:
    old = fund(strategy=STRATEGIES["cppi"], costs=COSTS, controls=OPEN)
    records = lived(tmp_path, old, {})
    banded = fund(
        strategy=STRATEGIES["cppi"], costs=COSTS, controls={"ask_change_weight": 0.01}, band={"width_weight": 0.05}
    )
    found = rehearse(old, banded, records[1:])
    assert found is not None
    assert found.new.turnover < found.old.turnover
    assert found.new.trades < found.old.trades
    assert (found.old.asked, found.new.asked > 0) == (0, True)
    assert found.old.slippage is not None
    assert found.new.slippage is not None
    other = fund(strategy=STRATEGIES["synthetic_put"], costs=COSTS, controls=OPEN)
    found = rehearse(old, other, records[1:])
    assert found is not None
    assert "begin a protection period there" in found.note
    assert found.new.failed == ""
    assert len(found.new.steps) == len(records) - 1
    figures = found.figures()["new"]
    assert isinstance(figures, dict)
    assert len(figures["steps"]) == len(records) - 1


def test_slippage_of_a_replay_is_that_of_the_book_from_the_first_period_on(tmp_path: Path) -> None:
    of = fund(strategy=STRATEGIES["cppi"], costs=COSTS, controls=OPEN)
    records = lived(tmp_path, of, {}, {7: 50_000})
    found = rehearse(of, dataclasses.replace(of, name="Another name"), records)
    assert found is not None
    assert "begin" in found.note
    track = records[-1].track
    assert track is not None
    assert found.old.slippage is not None
    assert math.isclose(found.old.slippage, track.total, abs_tol=1e-9 * 1_000_000), (found.old.slippage, track.total)


def test_nothing_recorded_is_no_replay() -> None:
    assert rehearse(fund(), fund(), []) is None


@pytest.mark.parametrize("name", ["cppi", "hybrid"])
def test_paths_go_on_through_the_end_of_a_period(tmp_path: Path, name: str) -> None:
    of = fund(strategy=STRATEGIES[name], costs=COSTS, controls=OPEN, protection={"horizon_years": 1 / 12})
    records = lived(tmp_path, of, {3: 0.3})
    rolls = [record for record in records[1:] if record.decision.rolled]
    assert rolls, "no period ended within these sessions"
    [judged] = cost_of(records, contracts(of))
    steps = rule_path(records, contracts(of), frozenset({judged.row}))
    assert [step.holdings for step in steps] == [record.after for record in records]
    plain = lived(tmp_path / "plain", of, {})
    told = rehearse(of, of, plain)
    assert told is not None
    last = plain[-1].track
    assert last is not None
    closed = sum(record.closed.total for record in plain if record.closed is not None)
    assert told.old.slippage is not None
    apart = told.old.slippage - closed - last.total
    # The gap of a period that has ended earns interest from then on, where the path carries it.
    assert abs(apart) <= abs(closed) * 0.01 + 1e-3, (told.old.slippage, closed, last.total)
