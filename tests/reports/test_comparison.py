"""A comparison has one base: its sentence, glance, charts, table and measures agree, and spans add up to the whole."""

import math
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from markupsafe import escape

from insure.book import Book
from insure.book.record import Record
from insure.errors import InvalidInput
from insure.flows import Flow, FlowKind
from insure.fund import Fund
from reports import beside, comparison, filters, slippage
from reports.comparison import ComparisonReport
from reports.figures import Figure, NotComputed
from reports.html import render
from reports.points import past
from tests.book.market import a_fund, first_slots, run
from tests.reports.lives import ANCHOR, CPPI, HOLD, PUT, contract, live, lived, prices

each_strategy = pytest.mark.parametrize("strategy", [PUT, CPPI, HOLD])
SPANS = {
    "whole": (0, 90),
    "inner": (20, 50),
    "over the roll": (50, 80),
    "the roll itself": (62, 65),
    "later": (70, 90),
}
each_span = pytest.mark.parametrize("span", SPANS)


def _money(figure: Figure) -> float:
    assert isinstance(figure.value, int | float | Decimal), f"{figure.label} is {figure.value!r}"
    return float(figure.value)


def _compared(fund: Fund, records: Sequence[Record], first: int, end: int) -> ComparisonReport:
    return comparison.build(fund, records[first:end], ANCHOR, records[first - 1] if first else None)


def _line(report: ComparisonReport, chart: str, line: str) -> tuple[float | None, ...]:
    found = next(each for each in report.charts if each.key == chart)
    return next(each.values for each in found.lines if each.name == line)


def _returns(report: ComparisonReport) -> tuple[float, float, float]:
    row = report.metrics[0]
    assert row.name == "total_return"
    return _money(row.fund), _money(row.twin), _money(row.index)


@each_strategy
@each_span
def test_sentence_glance_charts_and_table_have_one_base(strategy: str, span: str) -> None:
    fund, records = lived(strategy)
    report = _compared(fund, records, *SPANS[span])
    begun, nav, twin, index = (_money(report.glance[key]) for key in ("begun", "nav", "twin", "index"))
    near = 1e-9 * begun
    for name, value in (("Fund", nav), ("With true put", twin), ("Index", index)):
        drawn = _line(report, "value", name)
        assert drawn[0] == pytest.approx(begun, abs=near), f"{name} begins at {drawn[0]}, the fund at {begun}"
        assert drawn[-1] == pytest.approx(value, abs=near), f"{name} ends at {drawn[-1]}, the glance says {value}"
    # The lives reinvest dividends and have no flows: growth is the ratio of values.
    for said, value in zip(_returns(report), (nav, twin, index), strict=True):
        assert said == pytest.approx(value / begun - 1.0, abs=1e-9), f"a return of {said} leads to {value}"
        assert filters.percent(said) in report.verdict.sentence, report.verdict.sentence
    apart = _line(report, "slippage", "Slippage")
    assert apart[0] == 0.0, f"slippage begins at {apart[0]}"
    assert apart[-1] == pytest.approx(nav - twin, abs=near)
    assert _money(report.glance["slippage"]) == pytest.approx(nav - twin, abs=near)
    assert _money(report.slippage.total) == pytest.approx(nav - twin, abs=near)
    for place, total in enumerate(report.slippage.totals):
        column = sum(_money(row.periods[place]) for row in report.slippage.rows)
        assert column == pytest.approx(_money(total), abs=0.1), f"column {place} adds up to {column}"
    assert sum(_money(total) for total in report.slippage.totals) == pytest.approx(nav - twin, abs=near)
    groups = [line.values[-1] for line in report.charts[-1].lines if line.name != "Slippage"]
    assert sum(money for money in groups if money is not None) == pytest.approx(nav - twin, abs=0.1)


@each_strategy
@pytest.mark.parametrize("cuts", [(0, 30, 90), (0, 63, 90), (0, 64, 90), (20, 45, 60), (40, 70, 90)])
def test_spans_add_up(strategy: str, cuts: tuple[int, int, int]) -> None:
    """Returns multiply; what lay between the two after the first span moves with the true put in the second."""
    fund, records = lived(strategy)
    first, middle, end = cuts
    whole, one, two = (_compared(fund, records, *span) for span in ((first, end), (first, middle), (middle, end)))
    for together, a, b in zip(_returns(whole), _returns(one), _returns(two), strict=True):
        assert (1.0 + a) * (1.0 + b) == pytest.approx(1.0 + together, rel=1e-9)
    assert _money(one.glance["nav"]) == _money(two.glance["begun"]), "the second begins where the first ended"
    grown = _money(one.slippage.total) * (1.0 + _returns(two)[1])
    assert grown + _money(two.slippage.total) == pytest.approx(_money(whole.slippage.total), rel=1e-9, abs=0.1)


@each_span
def test_measures_are_those_of_the_growth_that_the_page_shows(span: str) -> None:
    """Ratios see the fund beside cash, and the tracking error the fund beside the true put, step by step."""
    fund, records = lived(PUT)
    first, end = SPANS[span]
    report = _compared(fund, records, first, end)
    rows = {row.name: row for row in report.metrics}
    drawn = _line(report, "value", "Fund"), _line(report, "value", "With true put")
    # A session with two points is a roll or the first trade: its later point is where it ends.
    places = {day: place for place, day in enumerate(report.charts[0].dates)}
    if first == 0:
        places[records[0].session] = 0
    own, twin = (np.array([line[place] for place in places.values()], dtype=np.float64) for line in drawn)
    r, b = own[1:] / own[:-1] - 1.0, twin[1:] / twin[:-1] - 1.0
    steps = records[1:end] if first == 0 else records[first:end]
    per_year = len(steps) / sum(record.accrual.years for record in steps)
    cash = np.array([math.expm1(0.02 * record.accrual.years) for record in steps])
    assert len(r) == len(steps), "a step is lost, or counted twice"
    expected = {
        "volatility": np.std(r, ddof=1) * math.sqrt(per_year),
        "sharpe": np.mean(r - cash) / np.std(r - cash, ddof=1) * math.sqrt(per_year),
        "sortino": np.mean(r - cash) / math.sqrt(np.mean(np.minimum(r - cash, 0.0) ** 2)) * math.sqrt(per_year),
        "tracking_error": np.std(r - b, ddof=1) * math.sqrt(per_year),
        "time_under_water": np.mean(own[1:] < np.maximum.accumulate(own)[1:]),
    }
    for name, value in expected.items():
        figure = rows[name].fund
        if isinstance(figure.value, NotComputed):
            assert len(r) < 2, f"{name}: {figure.value}"
            continue
        assert _money(figure) == pytest.approx(value, rel=1e-6), name
    if len(r) >= 2:
        assert _money(rows["tracking_error"].twin) == 0.0
    assert min(value for value in _line(report, "drawdown", "With true put") if value is not None) <= 0.0


def test_every_measure_says_what_it_is_on_demand_and_on_paper() -> None:
    fund, records = lived(PUT)
    report = _compared(fund, records, 0, 90)
    html = render(report)
    glossary = html.partition('<details class="glossary">')[2].partition("</details>")[0]
    for row in report.metrics:
        assert row.formula.endswith("."), row.name
        written = str(escape(row.formula))
        assert written in glossary, f"{row.label} is not in the glossary"
        assert html.count(written) >= 2, f"{row.label} has no definition on paper, where nothing opens"
    assert "Sharpe (1994)" in glossary


def test_the_first_costs_count() -> None:
    fund, records = lived(CPPI)
    report = _compared(fund, records, 0, 90)
    assert _money(report.glance["begun"]) == float(fund.initial_money)
    assert _returns(report)[0] == pytest.approx(float(records[-1].nav / fund.initial_money) - 1.0, rel=1e-12)
    assert report.charts[0].dates[:2] == (records[0].session, records[0].session), "before and after the first trade"


def test_a_later_span_begins_with_the_decision_before_it() -> None:
    fund, records = lived(CPPI)
    roll = next(i for i, record in enumerate(records) if record.closed is not None)
    report = _compared(fund, records, roll + 1, 90)
    assert len(report.slippage.periods) == 1, "a period that ended before the span is counted"
    assert report.charts[0].dates[0] == records[roll].session
    assert report.charts[0].starts == (), "the first session is no roll"
    with pytest.raises(InvalidInput, match=f"before {records[20].session} is missing"):
        comparison.build(fund, records[20:], ANCHOR)


@each_strategy
def test_causes_of_neighbouring_spans_are_those_of_both(strategy: str) -> None:
    """Within a protection period: the first span's causes, carried over the second, and the second's."""
    _, records = lived(strategy)
    whole, one, two = (
        beside.over(records[first:end], records[first - 1]).parts[0] for first, end in ((10, 50), (10, 35), (35, 50))
    )
    steps = pairwise(records[34:50])
    carry = math.exp(sum(a.track.mark.rate * b.accrual.years for a, b in steps if a.track is not None))
    for name, money in whole.causes.items():
        both = one.causes.get(name, 0.0) * carry + two.causes.get(name, 0.0)
        assert both == pytest.approx(money, rel=1e-9, abs=1e-3), f"{name}: {both}"


@each_strategy
@pytest.mark.parametrize("first", [0, 1, 30, 60, 64, 89])
def test_the_column_of_a_report_is_the_change_of_the_sum_of_all_periods(strategy: str, first: int) -> None:
    _, records = lived(strategy)
    table = slippage.table(records, records[first].session)
    before = _money(slippage.table(records[:first]).total) if first else 0.0
    assert table.report is not None
    change = _money(table.total) - before
    assert _money(table.report) == pytest.approx(change, rel=1e-9, abs=1e-3), f"from decision {first}"
    causes = [_money(row.report) for row in table.rows if row.report is not None]
    assert len(causes) == len(table.rows)
    assert sum(causes) == pytest.approx(change, abs=0.1), "the causes do not add up to the change"
    traded = -sum(float(fill.commission) for record in records[first:] for fill in record.fills)
    paid = next(_money(row.report) for row in table.rows if row.name == "commission" and row.report is not None)
    assert paid == pytest.approx(traded, rel=0.02), (
        "commission is that of the report's own fills, and a little interest"
    )


def test_interest_on_what_stood_before_has_a_line_of_its_own() -> None:
    _, records = lived(PUT)
    table = slippage.table(records[:60], records[45].session)
    before = records[44].track
    assert before is not None
    steps = pairwise(records[44:60])
    growth = math.exp(sum(a.track.mark.rate * b.accrual.years for a, b in steps if a.track is not None))
    row = next(each for each in table.rows if each.name == "interest")
    assert row.report is not None
    assert _money(row.report) == pytest.approx(before.total * (growth - 1.0), rel=1e-9)
    assert "interest" not in {each.name for each in slippage.table(records[:60]).rows}


def test_a_report_without_a_span_of_time_has_no_column_for_it() -> None:
    _, records = lived(PUT)
    table = slippage.table(records)
    assert table.report is None
    assert {row.report for row in table.rows} == {None}


def test_flows_reach_fund_true_put_and_index(tmp_path: Path) -> None:
    """Fund minus true put is the table's total through a subscription, a fee and the end of a span; returns are not."""
    fund = a_fund()
    due = first_slots(12)
    with Book.open(tmp_path / "insure.db") as book:
        dealt: tuple[tuple[int, FlowKind, int], ...] = ((4, "subscription", 700_000), (8, "management fee", -20_000))
        for number, kind, money in dealt:
            session = due[number].session
            key = f"{fund.id}:{session}:flow:{number}"
            book.book_flow(Flow(key, fund.id, session, kind, Decimal(money)), due[0].at)
        records = [done.record for done in run(book, fund, 12) if done.record is not None]
    assert [len(record.flows) for record in records].count(1) == 2, "the flows were not dealt"
    for first in (0, 3, 6):
        seen = past(fund, records[first:], records[first - 1] if first else None)
        last = seen.points[-1]
        assert last.twin is not None
        table = slippage.over_span(seen.span, records[first:])
        assert _money(table.total) == pytest.approx(last.nav - last.twin, abs=1e-9 * last.nav), f"from {first}"
        grown = math.prod(point.fund_growth for point in seen.points)
        subscribed = 700_000.0 if first <= 4 else 0.0
        assert (last.nav - subscribed) / seen.points[0].nav == pytest.approx(grown, rel=0.02)
        if subscribed:
            assert grown < 1.5 < last.nav / seen.points[0].nav, "a subscription is no return"


def test_dividends_paid_out_are_earned_by_all_three() -> None:
    fund = contract(dividends="paid_out")
    records = live(fund, prices(40), dividend_every=10)
    for first in (0, 15):
        report = _compared(fund, records, first, 40)
        nav, twin = _money(report.glance["nav"]), _money(report.glance["twin"])
        assert _money(report.slippage.total) == pytest.approx(nav - twin, abs=1e-9 * nav)
        fund_return, twin_return, _ = _returns(report)
        begun = _money(report.glance["begun"])
        assert fund_return > nav / begun - 1.0, "what the fund paid out is not counted"
        assert twin_return > twin / begun - 1.0, "what the true put's stock paid out is not counted"


def test_a_premium_from_outside_is_part_of_what_the_true_put_earned() -> None:
    """Somebody else pays the put: it is ahead from the start, and the table says so under its own cause."""
    fund = contract()
    fund = replace(fund, protection=replace(fund.protection, financing="external"))
    records = live(fund, prices(90))
    for first in (0, 30):
        report = _compared(fund, records, first, 90)
        nav, twin, begun = (_money(report.glance[key]) for key in ("nav", "twin", "begun"))
        assert _money(report.slippage.total) == pytest.approx(nav - twin, abs=1e-9 * nav)
        assert _returns(report)[1] == pytest.approx(twin / begun - 1.0, abs=1e-9)
        financing = next(row for row in report.slippage.rows if row.name == "financing")
        assert [_money(each) < -1.0 for each in financing.periods] == ([True, True] if first == 0 else [False, True])


def test_without_a_true_put_every_place_says_why() -> None:
    fund = contract()
    records = lived(PUT)[1][:10]
    gone = [_without_track(record) if i == 5 else record for i, record in enumerate(records)]
    report = comparison.build(fund, gone, ANCHOR)
    for figure in (report.glance["twin"], report.glance["slippage"], report.slippage.total, report.metrics[0].twin):
        assert isinstance(figure.value, NotComputed), figure
        assert str(gone[5].session) in figure.value.not_computed, figure
    assert "true put" not in report.verdict.sentence


def test_a_backtest_says_that_nobody_lived_it() -> None:
    fund, records = lived(CPPI)
    report = comparison.build(fund, records, None)
    assert (report.head.kind, report.head.title) == ("backtest", "Backtest")
    assert report.head.watermark == "HYPOTHETICAL"
    html = render(report).partition("</style>")[2]
    assert "<span>HYPOTHETICAL</span>" in html
    for words in ("Audit chain", "Chain entry", "ignature", "REPLAY"):
        assert words not in html, f"a backtest prints {words!r}"
    assert "Chain entry" not in render(report), "the PDF of a backtest prints an entry of a chain"
    assert "Audit chain" in render(comparison.build(fund, records, ANCHOR))


def _without_track(record: Record) -> Record:
    return replace(record, track=None, track_missing="the true put cannot be afforded")
