"""The figures of a report are those of the records, and they hang together."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import get_args

import pytest

from insure.book.record import Record, sha256
from insure.compliance.trading import checks
from insure.decision.checks import Check, CheckUnit
from insure.errors import InvalidInput
from insure.fund import Fund
from insure.slippage import HEDGING
from reports import comparison, facts, filters, rebalance, slippage
from reports.fall import fall
from reports.figures import Figure, NotComputed
from reports.measures import measures
from reports.points import past
from tests.reports.lives import ANCHOR, CPPI, HOLD, PUT, contract, live, lived, prices

each_strategy = pytest.mark.parametrize("strategy", [PUT, CPPI, HOLD])


def _money(figure: Figure) -> float:
    assert isinstance(figure.value, int | float | Decimal), f"{figure.label} is {figure.value!r}"
    return float(figure.value)


def _report(fund: Fund, records: tuple[Record, ...], at: int = -1) -> rebalance.RebalanceReport:
    past = records[: len(records) + at + 1]
    return rebalance.build(fund, past[-1], past, ANCHOR)


@each_strategy
def test_rebalance_figures_are_the_books(strategy: str) -> None:
    fund, records = lived(strategy)
    record, report = records[-1], _report(fund, records)
    held = record.decision.holdings
    assert report.valuation["cash"].value == held.cash, "cash differs from the record"
    assert report.valuation["units"].value == held.units, "units differ from the record"
    assert report.valuation["nav"].value == held.cash + held.units * record.decision.snapshot.price, "NAV differs"
    assert report.glance["nav"].value == record.after.cash + record.after.units * record.decision.snapshot.price
    assert report.hashes["decision"].value == sha256(record.canonical()), "hash is not that of the record as kept"
    assert report.hashes["contract"].value == fund.config_sha256
    assert report.head.anchor is not None
    assert (report.head.anchor.sequence, report.head.anchor.sha256) == ANCHOR
    assert record.ladder is not None
    assert [row.stage for row in report.ladder[1:]] == [rung.stage for rung in record.ladder.rungs]


@each_strategy
def test_ladder_changes_lead_from_held_to_executed(strategy: str) -> None:
    fund, records = lived(strategy)
    for at in (-90, -50, -49, -30, -1):
        rows = _report(fund, records, at).ladder
        walked = _money(rows[0].weight) + sum(_money(row.change) for row in rows[1:] if row.change)
        assert walked == pytest.approx(_money(rows[-1].weight), abs=1e-12), f"changes lead to {walked}"


@each_strategy
def test_slippage_table_adds_up_both_ways_to_fund_minus_twin(strategy: str) -> None:
    fund, records = lived(strategy)
    report = _report(fund, records)
    table = report.slippage
    for place, total in enumerate(table.totals):
        column = sum(_money(row.periods[place]) for row in table.rows)
        # Causes below half a cent are left out of the table.
        assert column == pytest.approx(_money(total), abs=0.1), f"column {place} adds up to {column}"
    assert sum(_money(row.total) for row in table.rows) == pytest.approx(_money(table.total), abs=0.1)
    track = records[-1].track
    assert track is not None
    nav = _money(report.glance["nav"])
    assert nav - track.twin_value == pytest.approx(_money(table.totals[-1]), rel=1e-9, abs=1e-3), (
        "fund minus twin differs"
    )


def test_history_must_end_with_the_record() -> None:
    fund, records = lived()
    with pytest.raises(InvalidInput, match="must end with the decision"):
        rebalance.build(fund, records[3], records, ANCHOR)


def test_record_of_another_fund_is_refused() -> None:
    fund, records = lived()
    with pytest.raises(InvalidInput, match="record is of 'guarded'"):
        rebalance.build(replace(fund, id="other"), records[-1], records, ANCHOR)
    with pytest.raises(InvalidInput, match="records are of guarded"):
        comparison.build(replace(fund, id="other"), records, ANCHOR)
    with pytest.raises(InvalidInput, match="no decision yet"):
        comparison.build(fund, (), ANCHOR)


def test_crash_rows_agree_with_the_gap_budget() -> None:
    fund, records = lived(CPPI)
    for at in (-90, -60, -45, -1):
        report = _report(fund, records, at)
        budget = report.gap_budget.value
        for row in report.crashes:
            reaches = not isinstance(budget, NotComputed) and -_money(row.fall) > _money(report.gap_budget)
            assert row.survives == (not reaches), f"{row.day.value}: budget {budget}, fall {row.fall.value}"


def test_crash_that_happened_would_have_been_foretold() -> None:
    """The fall of the crash session, applied to the fund of the session before, gives the fund's value after it."""
    _, records = lived(PUT)
    before, crash = records[39], records[40]
    fall = float(crash.decision.snapshot.price / before.decision.snapshot.price) - 1.0
    equity, cash = float(before.after.units * before.decision.snapshot.price), float(before.after.cash)
    foretold = equity * (1.0 + fall) + cash + float(crash.accrual.interest)
    held = crash.decision.holdings
    assert foretold == pytest.approx(float(held.cash + held.units * crash.decision.snapshot.price), rel=1e-12)


def test_verdict_is_bad_below_the_floor() -> None:
    fund, records = lived(PUT)
    assert _report(fund, records, -90).verdict.mark == "good"
    crash = _report(fund, records, 40 - 90)
    assert crash.verdict.mark == "bad", crash.verdict
    assert any(event.kind == "floor breached" for event in crash.events), "the breach is not among the events"
    assert comparison.build(fund, records, ANCHOR).verdict.word == "Guarantee missed"


def test_a_missed_guarantee_is_told_where_its_period_ends() -> None:
    """The figures of the slot are those of the next period; what is short is of the one that ended."""
    fund, records = lived(PUT)
    place = next(i for i, record in enumerate(records) if record.closed is not None)
    record = records[place]
    ended, closed = record.decision.ended, record.closed
    assert ended is not None
    assert closed is not None
    report = _report(fund, records, place - len(records))
    assert report.verdict.word == "Guarantee missed", report.verdict
    assert report.horizon is not None
    figures = report.horizon.figures
    assert figures["guarantee"].value == ended.guarantee
    assert _money(figures["value"]) == ended.nav
    assert _money(figures["against_guarantee"]) == pytest.approx(ended.nav - ended.guarantee)
    assert figures["first_below"].value == records[40].session, "the floor was lost in the crash"
    causes = sum(_money(each) for each in report.horizon.causes.values())
    assert causes == pytest.approx(closed.total, abs=0.05), "the causes of the period do not add up"
    assert _report(fund, records, place + 1 - len(records)).horizon is None, "no period ended a session later"


def test_the_way_below_the_floor_is_told_step_by_step() -> None:
    _, records = lived(PUT)
    way = fall(records[:44], 1)
    assert way is not None
    assert way.first_below.value == records[40].session
    assert [row.session.value for row in way.rows] == [record.session for record in records[40:44]]
    first = way.rows[0]
    before = records[39]
    assert _money(first.move) == pytest.approx(
        float(records[40].decision.snapshot.price / before.decision.snapshot.price) - 1.0
    )
    assert _money(first.stock) == pytest.approx(float(before.equity / before.nav))
    assert _money(first.change) == pytest.approx(_money(first.nav) - float(before.nav))
    assert _money(first.cushion) < 0.0
    assert fall(records[:40], 1) is None, "above the floor there is no fall to tell"


def test_a_ladder_without_a_cushion_speaks_of_no_band_and_no_throttle() -> None:
    fund, records = lived(PUT)
    locked = records[40]
    assert locked.ladder is not None
    assert "500" in locked.ladder["throttle"].reason, "this test is about what the record says"
    told = {row.stage: row.reason for row in _report(fund, records, 40 - 90).ladder}
    assert told["throttle"].startswith("Does not apply")
    assert told["band"].startswith("Does not apply")
    assert "500" not in " ".join(told.values()), told
    usual = {row.stage: row.reason for row in _report(fund, records, 20 - 90).ladder}
    ladder = records[20].ladder
    assert ladder is not None
    assert usual["band"] == ladder["band"].reason


def test_a_fund_that_stays_in_cash_says_that_nothing_is_in_stock() -> None:
    fund, records = lived(PUT)
    assert "0.00% in stock stands" in records[45].decision.reason
    assert _report(fund, records, 45 - 90).verdict.sentence == "No trade; nothing is in stock."


def test_orders_and_fills_name_their_instrument_and_their_state() -> None:
    fund, records = lived(PUT)
    report = _report(fund, records, 0 - 90)
    assert [(row.instrument, row.state) for row in report.orders] == [(fund.instrument, "filled")]
    assert [row.instrument for row in report.fills] == [fund.instrument]
    assert [(row.state, row.detail) for row in report.lives] == [("new", "decided"), ("filled", "executed at once")]
    assert report.orders[0].figures["filled"].value == report.orders[0].figures["units"].value


def test_story_answers_its_question() -> None:
    fund, records = lived(CPPI)
    report = _report(fund, records, 40 - 90)
    assert report.question.startswith("Why did we sell "), report.question
    told = " ".join(report.story)
    assert "below its close of" in told, told
    assert records[40].decision.reason in report.story, "the decision's own reason is missing"
    assert "the worst session of the S&P 500 was \u221220.47% on 1987-10-19" in told, told


@each_strategy
def test_points_multiply_up_to_value_without_flows(strategy: str) -> None:
    fund, records = lived(strategy)
    row = past(fund, records).points
    grown = 1.0
    for point in row:
        grown *= point.fund_growth
    assert row[0].nav == float(fund.initial_money), "the first costs are left out"
    assert grown == pytest.approx(row[-1].nav / row[0].nav, rel=1e-12), "growth factors do not lead to the value"
    for point in row:
        if point.twin is not None:
            assert point.slippage == pytest.approx(point.nav - point.twin, rel=1e-6, abs=1e-3), f"{point.session}"
            assert sum(point.groups.values()) == pytest.approx(point.slippage, abs=1e-3), f"{point.session}"


def test_a_roll_has_two_points_on_one_session() -> None:
    fund, records = lived(CPPI)
    row = past(fund, records).points
    begins = [i for i, point in enumerate(row) if point.begins]
    assert len(begins) == 1, f"{len(begins)} rolls"
    ended, began = row[begins[0] - 1], row[begins[0]]
    assert ended.session == began.session == dt.date(2008, 12, 2)
    assert ended.floor == pytest.approx(90_000_000.0), "the old floor is the guarantee at its horizon"
    assert began.floor is not None
    assert began.floor < ended.nav, "the new floor is below the new beginning"
    assert began.twin == pytest.approx(ended.twin, rel=1e-9), "the true put goes on with what it is worth itself"


def test_index_reinvests_its_dividends_or_pays_them_out() -> None:
    closes = [Decimal(1000)] * 4
    reinvested = past(contract(), live(contract(), closes, dividend_every=2)).decided
    paid = contract(dividends="paid_out")
    distributed = past(paid, live(paid, closes, dividend_every=2)).decided
    assert reinvested[-1].index == pytest.approx(1e8 * 1.005), "5.00 on 1,000.00 buys half a per cent more"
    assert distributed[-1].index == pytest.approx(1e8), "a paid dividend leaves the value of the units alone"
    assert distributed[2].index_growth == pytest.approx(1.005), "but it is part of what the index earned"
    assert distributed[3].index_growth == pytest.approx(1.0)


def test_measures_of_the_index_against_itself_are_one() -> None:
    fund, records = lived(PUT)
    rows = {row.name: row for row in measures(records, past(fund, records))}
    for name in ("upside_capture", "downside_capture", "participation"):
        assert rows[name].index.value == pytest.approx(1.0), name
    assert rows["cost_of_insurance"].index.value == pytest.approx(0.0)
    assert rows["total_return"].fund.value == pytest.approx(float(records[-1].nav / fund.initial_money) - 1.0)


def test_measures_without_a_past_say_why() -> None:
    fund = contract()
    records = live(fund, prices(2))
    rows = measures(records, past(fund, records))
    for row in rows[:12]:
        assert row.fund.value == NotComputed("fewer than three decisions"), f"{row.label}: {row.fund.value!r}"


def test_causes_are_known_by_name_and_in_order() -> None:
    for name in (*HEDGING, "model", "limits", "band", "throttle", "lots", "execution", "commission", "funding"):
        assert slippage.cause(name).meaning, f"{name} has no meaning"
    assert slippage.in_order(["zeta", "gap", "model"]) == ["model", "gap", "zeta"]


def test_a_check_that_had_nothing_to_look_at_is_neither_passed_nor_a_figure() -> None:
    sentence = "Not computed: the feed tells no volume."
    row = facts.check_row(Check("share of volume", True, 0.0, 0.25, 0.25, "weight", sentence))
    assert row.state == "not made", row
    assert {each.value for each in (row.value, row.limit, row.headroom)} == {NotComputed("the feed tells no volume")}
    made = facts.check_row(Check("share of volume", True, 0.0, 0.25, 0.25, "weight", "The order is 0.00%."))
    assert (made.state, made.value.value) == ("passed", 0.0)


def test_a_check_that_was_never_made_has_no_head_room() -> None:
    _, records = lived(PUT)
    decision = records[3].decision
    unmade = Check("share of volume", True, 0.0, 0.25, 0.25, "weight", "Not computed: the feed tells no volume.")
    record = replace(records[3], decision=replace(decision, checks=(*decision.checks, unmade)))
    tally = {each.name: each for each in checks([record])}["share of volume"]
    assert (tally.made, tally.missing, tally.failed, tally.tightest) == (0, 1, 0, None), tally


@pytest.mark.parametrize("unit", get_args(CheckUnit))
def test_every_unit_of_a_check_is_one_that_pages_can_write(unit: CheckUnit) -> None:
    row = facts.check_row(Check("any", True, 1.0, 2.0, 1.0, unit, "Any."))
    assert filters.figure(row.value.value, row.value.unit).startswith(("1", "100")), row
