"""Orders one by one, decisions folded by week, and the charts of a compliance report."""

import datetime as dt
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from insure.compliance import after_trade
from insure.compliance.measures import weight
from insure.orders import OrderState
from reports import compliance
from reports.compliance.orders import COSTLIEST, MOST
from reports.evidence import Evidence
from reports.figures import Chart, NotComputed
from reports.html import render
from reports.sections import Row, Section, Table
from tests.conftest import Insure
from tests.controls.desks import SESSIONS, rows_of
from tests.journeys.test_settled_report import cell, filled, live_desk, order_of, sections
from tests.reports.lives import ANCHOR, CPPI, HOLD, PUT, contract, lived
from tests.reports.made import facts_of
from tests.reports.test_executions import BY_HAND, NOW, Lived, Part, lived_through

ZERO = Decimal(0)


def _section(strategy: str, key: str, first: int, last: int) -> Section:
    fund, records = lived(strategy)
    found = facts_of(fund, records, records[first].session, records[last].session)
    report = compliance.build(fund, found, records[: last + 1], ANCHOR, Evidence())
    return next(each for each in report.sections if each.key == key)


def _orders(life: Lived, last: int, states: dict[str, OrderState] | None = None) -> tuple[Table, str]:
    fund = contract(HOLD)
    report = compliance.build(fund, life.facts(0, last), life.records[: last + 1], ANCHOR, Evidence(orders=states))
    section = next(each for each in report.sections if each.key == "executions")
    return section.tables[1], render(report)


def _cells(row: Row) -> dict[str, object]:
    return {each.label: each.value for each in row.cells}


def test_orders_are_listed_with_children_under_their_trade() -> None:
    """By pencil: 600 of 600 at 100.50 and 100 of 400 at 101 make 700 at (600 × 100.50 + 100 × 101) / 700."""
    records = BY_HAND.records
    states: dict[str, OrderState] = {order.key: "cancelled" for record in records for order in record.orders}
    states |= {records[0].orders[0].key: "filled", records[3].orders[0].key: "acked"}
    table, page = _orders(BY_HAND, 3, states)
    days = [record.session for record in records]
    assert [row.label for row in table.rows] == [
        f"{days[0]} close",
        f"{days[0]} close, 1 of 2",
        f"{days[0]} close, 2 of 2",
        f"{days[1]} close",
        f"{days[2]} close",
        f"{days[3]} close",
    ]
    parent, whole, part, sale, _, last = map(_cells, table.rows)
    assert (parent["Units"], parent["Filled"], parent["State"]) == (1000, 700, "2 child orders")
    assert parent["Average price"] == (600 * Decimal("100.50") + 100 * Decimal(101)) / 700
    assert (parent["Commission"], parent["Spread"]) == (4, 7)
    assert (whole["Filled"], whole["Average price"], whole["State"]) == (600, Decimal("100.5"), "filled")
    assert (part["Units"], part["Filled"], part["Commission"], part["State"]) == (400, 100, 1, "cancelled")
    assert (sale["Order"], sale["Units"], sale["Filled"], sale["Average price"]) == ("sell", 500, ZERO, "")
    assert (sale["Decided at"], sale["Price limit"]) == (98, 98)
    assert sale["Good until"] == records[1].due + dt.timedelta(minutes=30)
    assert last["State"] == "acked"
    assert table.rows[1].source in page, "the order is not named by its key"


def test_states_that_nobody_looked_at_are_not_guessed() -> None:
    table, _ = _orders(BY_HAND, 3)
    assert isinstance(_cells(table.rows[-1])["State"], NotComputed)


@pytest.mark.parametrize("count", [MOST, MOST + 1])
def test_of_too_many_orders_the_costliest_are_shown_and_where_the_rest_is(count: int) -> None:
    """Three trades of many children: one order more than a page lists, and the children give way to their trades."""
    parts = tuple(Part(10, ((10, f"{100 + number % 7}", "1", "1", NOW),)) for number in range(count - 2))
    life = lived_through((parts, (Part(5),), (Part(-5),), ()))
    table, page = _orders(life, 3)
    if count == MOST:
        assert len(table.rows) == MOST + 1, "every order, and the trade that has children"
        assert "insure export" not in table.caption
        return
    shortfalls = [_cells(row)["Shortfall"] for row in table.rows]
    assert len(table.rows) == 3 <= COSTLIEST
    assert _cells(table.rows[0])["Shortfall"] == max(each.cost.total for each in life.found(0, 3).orders)
    assert shortfalls == sorted(shortfalls, key=lambda each: -Decimal(str(each))), "not the costliest first"
    span = f"--from {life.records[0].session} --to {life.records[3].session}"
    assert f"`insure export guarded --what orders {span}` lists every order" in table.caption
    assert "The 3 trades that cost most of 3" in page


def test_where_an_order_stands_is_that_of_the_anchor(tmp_path: Path, insure: Insure) -> None:
    """What is filled the day after is not in the report of the day."""
    desk = live_desk(tmp_path, insure)
    desk.slot(0)
    order = order_of(desk)
    desk.evening(0)
    day = ("--date", str(SESSIONS[0]))

    def listed() -> list[dict[str, object]]:
        tables = rows_of(sections(desk, *day)["executions"], "tables")
        return rows_of(tables[1], "rows")

    [open_order] = listed()
    assert cell(open_order, "State") == "acked"
    assert Decimal(str(cell(open_order, "Filled"))) == 0
    desk.evening(1)
    filled(desk, order, "next-day")
    assert listed() == [open_order], "a fill of the next day changed the report of this one"


def test_a_fill_of_the_day_fills_the_order(tmp_path: Path, insure: Insure) -> None:
    desk = live_desk(tmp_path, insure)
    desk.slot(0)
    order = order_of(desk)
    desk.evening(0)
    filled(desk, order, "same-day")
    tables = rows_of(sections(desk, "--date", str(SESSIONS[0]))["executions"], "tables")
    [row] = rows_of(tables[1], "rows")
    assert cell(row, "State") == "filled"
    assert Decimal(str(cell(row, "Filled"))) == Decimal(order["units"])
    assert Decimal(str(cell(row, "Average price"))) == Decimal(order["decided_price"])
    assert cell(row, "Commission") == "2.50"


@pytest.mark.parametrize("strategy", [PUT, HOLD])
def test_decisions_of_a_long_period_are_folded_by_week(strategy: str) -> None:
    _, records = lived(strategy)
    table = _section(strategy, "decisions", 0, 62).tables[1]
    weeks = defaultdict(list)
    for record in records[:63]:
        weeks[record.session - dt.timedelta(days=record.session.weekday())].append(record)
    assert len(table.rows) == len(weeks) > 10, "a long period lists nothing"
    for row, some in zip(table.rows, weeks.values(), strict=True):
        cells, weights = _cells(row), [weight(record) for record in some]
        assert row.label == str(some[0].session)
        assert cells["Decisions"] == len(some)
        assert cells["Trades"] == sum(bool(record.orders) for record in some)
        told = [cells[f"Weight, {which}"] for which in ("first", "last", "least", "greatest")]
        assert told == [weights[0], weights[-1], min(weights), max(weights)]
        if strategy == HOLD:
            assert "Cushion, least" not in cells
            continue
        floors = [each.decision.valuation.floor for each in some if each.decision.valuation is not None]
        cushions = [after_trade(each)[1] - floor for each, floor in zip(some, floors, strict=True)]
        assert (cells["Cushion, last"], cells["Cushion, least"]) == (cushions[-1], min(cushions))
    assert "`insure export guarded --what decisions" in table.caption
    assert len(_section(strategy, "decisions", 0, 30).tables[1].rows) == 31, "a month is not folded"


def test_many_weeks_are_folded_by_month() -> None:
    fund, records = lived(CPPI)
    stretched = [
        replace(each, session=each.session + dt.timedelta(days=7 * place)) for place, each in enumerate(records)
    ]
    found = replace(facts_of(fund, records, records[0].session, records[-1].session), records=tuple(stretched))
    report = compliance.build(fund, found, records, ANCHOR, Evidence())
    table = next(each for each in report.sections if each.key == "decisions").tables[1]
    months = {(each.session.year, each.session.month) for each in stretched}
    assert len(table.rows) == len(months) < 31
    assert "decisions by month" in table.caption


def _chart(section: Section, key: str) -> Chart:
    return next(each for each in section.charts if each.key == key)


def test_cushion_and_coverage_are_drawn_over_the_period() -> None:
    _, records = lived(PUT)
    section = _section(PUT, "protection", 0, 50)
    cushion, coverage = _chart(section, "cushion").lines[0].values, _chart(section, "coverage").lines[0].values
    for record, left, covered in zip(records[:51], cushion, coverage, strict=True):
        valuation, value = record.decision.valuation, after_trade(record)[1]
        assert valuation is not None
        assert left == value - valuation.floor
        assert covered == value / valuation.floor
    assert min(left for left in cushion if left is not None) == section.figures["lowest_cushion"].value
    assert [each.key for each in _section(HOLD, "protection", 0, 50).charts] == ["value"], "a cushion without a floor"


def test_slippage_so_far_ends_where_the_table_does() -> None:
    """Over a roll too: what a period ended with is carried on."""
    fund, records = lived(PUT)
    assert any(record.closed is not None for record in records[41:80]), "no period ends in this one"
    found = facts_of(fund, records, records[41].session, records[79].session)
    report = compliance.build(fund, found, records[:80], ANCHOR, Evidence())
    [chart] = report.slippage_charts
    assert len(chart.dates) == 39
    assert chart.lines[0].values[-1] == pytest.approx(report.slippage.total.value, abs=1e-6)
    before = compliance.build(
        fund, facts_of(fund, records, records[30].session, records[40].session), records[:41], ANCHOR, Evidence()
    )
    after = compliance.build(
        fund, facts_of(fund, records, records[40].session, records[50].session), records[:51], ANCHOR, Evidence()
    )
    assert before.slippage_charts[0].lines[0].values[-1] == after.slippage_charts[0].lines[0].values[0]


def test_losses_above_the_line_are_the_exceptions() -> None:
    fund, records = lived(PUT)
    found = facts_of(fund, records, records[20].session, records[60].session)
    chart = _chart(_section(PUT, "var", 20, 60), "losses")
    losses, limits = chart.lines
    assert len(chart.dates) == found.var_test.within
    beyond = {
        day
        for day, loss, limit in zip(chart.dates, losses.values, limits.values, strict=True)
        if loss is not None and limit is not None and loss > limit
    }
    assert beyond == {each.session for each in found.var_test.exceptions if each.within}
    assert records[40].session in beyond
