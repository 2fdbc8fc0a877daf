"""Losses against value at risk: what was really lost, exceptions over a year, and the tests of how many there are."""

import datetime as dt
import math
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import binom, chi2
from scipy.stats import norm as normal

from insure.book.record import Record
from insure.compliance.value_at_risk import (
    STEPS,
    VarTest,
    christoffersen,
    kupiec,
    lost,
    value_at_risk,
    var_test,
    zone,
)
from insure.decision import fund_calendar
from insure.decision.options import marked
from insure.slots import slots_between
from reports import compliance
from reports.evidence import Evidence
from reports.sections import Section
from schedules.desk import make_desk, open_desk
from schedules.history import live_through
from tests.reports.lives import ANCHOR, CPPI, HOLD, PUT, contract, live, lived, prices
from tests.reports.made import facts_of


@pytest.fixture(scope="module", params=["static_put", "delta_neutral"])
def optioned(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Record, ...]:
    """A quarter of the sample history of a fund that holds options."""
    folder = tmp_path_factory.mktemp(request.param)
    make_desk(folder, "Desk", (request.param,))
    place = open_desk(folder)
    [fund] = place.funds()
    start = dt.datetime.combine(fund.protection.start, dt.time(), dt.UTC)
    due = slots_between(fund.schedule.timing, fund_calendar(fund), start, start + dt.timedelta(days=90))
    with place.book() as book:
        live_through(book, fund, place.feed(fund), due)
        return tuple(book.records(fund.id))


def _steps(records: Sequence[Record]) -> list[tuple[Record, Record]]:
    return list(pairwise(records))


def _is_what_the_value_fell_by(then: Record, now: Record) -> None:
    grown = now.accrual.interest - now.accrual.distributed
    fell = float(then.nav - (now.nav_before - grown))
    assert lost(then, now) == pytest.approx(fell, abs=0.03), f"{now.session}: the loss is not what the value fell by"


@pytest.mark.parametrize("strategy", [PUT, CPPI, HOLD])
def test_a_loss_is_what_the_value_fell_by_interest_aside(strategy: str) -> None:
    _, records = lived(strategy)
    for then, now in _steps(records):
        _is_what_the_value_fell_by(then, now)


def test_a_loss_counts_the_options_that_were_held(optioned: tuple[Record, ...]) -> None:
    steps = [(then, now) for then, now in _steps(optioned) if then.after.options]
    assert len(steps) > 40, "the fund holds no options"
    for then, now in steps:
        _is_what_the_value_fell_by(then, now)
    alone = [
        -float(then.after.units * (now.decision.snapshot.price - then.decision.snapshot.price)) for then, now in steps
    ]
    assert any(abs(lost(then, now) - stock) > 1000.0 for (then, now), stock in zip(steps, alone, strict=True))


def test_value_at_risk_of_options_is_the_quantile_of_stock_and_options_together(optioned: tuple[Record, ...]) -> None:
    """Against the share of outcomes beyond it: moves whose loss is larger have a probability of one in a hundred."""
    record = next(each for each in optioned if each.after.options)
    years = 1.0 / 252.0
    seen, value = record.decision.snapshot, value_at_risk(record, years)
    deviation = seen.volatility.vol * math.sqrt(years)
    later = tuple(leg._replace(before_horizon=leg.before_horizon + years) for leg in record.option_legs)
    spot, units = float(seen.price), float(record.after.units)

    def beyond(z: float) -> float:
        moved = spot * (1.0 + deviation * z)
        return -(units * (moved - spot) + marked(later, seen, moved).value - float(record.options_money)) - value

    grid = np.linspace(-8.0, 8.0, 3201)
    signs = [beyond(float(z)) > 0.0 for z in grid]
    edges = [brentq(beyond, grid[i], grid[i + 1]) for i in range(len(grid) - 1) if signs[i] != signs[i + 1]]
    inside = [float(normal.cdf(edge)) for edge in edges]
    bounds = [0.0, *inside, 1.0]
    share = sum(bounds[i + 1] - bounds[i] for i in range(len(bounds) - 1) if signs[0] == (i % 2 == 0))
    assert share == pytest.approx(0.01, abs=2e-4), f"{share:.3%} of the outcomes lose more than the value at risk"


def test_value_at_risk_of_stock_alone_is_its_deviations() -> None:
    _, records = lived(HOLD)
    assert value_at_risk(records[5], 1.0 / 252.0) == pytest.approx(
        float(normal.ppf(0.99)) * 0.2 / math.sqrt(252.0) * float(records[5].equity), rel=1e-12
    )


def test_exceptions_are_counted_over_the_last_year_of_steps_and_those_of_the_period_are_marked() -> None:
    fund = contract(HOLD)
    closes = prices(300)
    for crash in (20, 100, 290):
        closes = [close * Decimal("0.9") if i >= crash else close for i, close in enumerate(closes)]
    records = live(fund, closes)
    found = var_test(records, records[280].session)
    assert (found.steps, found.within) == (STEPS, 20)
    assert found.first == records[50].session
    told = {each.session: each.within for each in found.exceptions}
    assert records[20].session not in told, "an exception of more than a year ago is counted"
    assert (told[records[100].session], told[records[290].session]) == (False, True)
    young = var_test(records[:60], records[40].session)
    assert (young.steps, young.within) == (59, 20)


def test_a_step_without_stock_or_options_is_none() -> None:
    _, records = lived(PUT)
    empty = [record for record in records if not record.after.units]
    assert empty, "the crash must lock the fund"
    found = var_test(records, records[0].session)
    assert found.steps == sum(1 for then, _ in _steps(records) if then.after.units)
    nothing = var_test([], dt.date(2008, 9, 2))
    assert nothing == VarTest(None, 0, 0, (), None, None, options=False)


@given(st.integers(1, 500), st.data())
def test_kupiec_is_the_likelihood_ratio_of_the_binomial(steps: int, data: st.DataObject) -> None:
    """Independent computation: log-probabilities of scipy's binomial at 1 % and at the share that was seen."""
    exceptions = data.draw(st.integers(0, steps))
    found = kupiec(steps, exceptions)
    seen = binom.logpmf(exceptions, steps, exceptions / steps)
    ratio = 2.0 * float(seen - binom.logpmf(exceptions, steps, 0.01))
    assert found.ratio == pytest.approx(max(ratio, 0.0), rel=1e-9, abs=1e-9)
    assert found.p_value == pytest.approx(float(chi2.sf(found.ratio, 1)), rel=1e-9)


def test_kupiec_has_the_values_of_his_table() -> None:
    """Non-rejection at 95 % in 255 steps at 1 %: fewer than 7 exceptions (Kupiec 1995, table 3)."""
    assert kupiec(255, 6).p_value > 0.05
    assert kupiec(255, 7).p_value < 0.05
    assert kupiec(250, 0).ratio == pytest.approx(-500.0 * math.log(0.99), rel=1e-12)


@given(st.lists(st.booleans(), max_size=300))
def test_christoffersen_is_the_likelihood_ratio_of_two_chains(beyond: list[bool]) -> None:
    """Independent computation: the likelihood multiplied up step by step."""
    pairs = list(pairwise(beyond))
    found = christoffersen(beyond)
    states = {before for before, _ in pairs}
    if states != {False, True}:
        assert found is None
        return
    assert found is not None
    follow = {state: [now for before, now in pairs if before is state] for state in (False, True)}

    def log_likelihood(share: dict[bool, float]) -> float:
        return sum(math.log(share[before] if now else 1.0 - share[before]) for before, now in pairs)

    own = {state: sum(came) / len(came) for state, came in follow.items()}
    same = dict.fromkeys((False, True), sum(now for _, now in pairs) / len(pairs))
    ratio = 2.0 * (log_likelihood(own) - log_likelihood(same))
    assert found.ratio == pytest.approx(max(ratio, 0.0), rel=1e-9, abs=1e-9)
    assert found.p_value == pytest.approx(float(chi2.sf(found.ratio, 1)), rel=1e-6)


def test_exceptions_in_a_row_are_not_independent() -> None:
    scattered = [i % 50 == 0 for i in range(250)]
    clustered = [100 <= i < 105 for i in range(250)]
    alone, together = christoffersen(scattered), christoffersen(clustered)
    assert alone is not None
    assert together is not None
    assert (together.p_value < 0.001, alone.p_value > 0.1) == (True, True)


def test_zones_are_those_of_the_basel_table() -> None:
    """Table 2: green to 4 exceptions in 250 steps, yellow from 5 to 9, red from 10."""
    assert [zone(250, count) for count in (0, 4, 5, 9, 10)] == ["green", "green", "yellow", "yellow", "red"]
    assert [zone(steps, 0) for steps in range(1, 20)] == ["green"] * 19
    assert zone(20, 1) == "yellow"


def _section(records: Sequence[Record], first: int) -> Section:
    fund = contract(HOLD)
    found = facts_of(fund, records, records[first].session, records[-1].session)
    report = compliance.build(fund, found, records, ANCHOR, Evidence())
    return next(each for each in report.sections if each.key == "var")


def test_the_page_says_how_many_steps_there_were_and_which_exceptions_are_of_the_period() -> None:
    _, records = lived(HOLD)
    section = _section(records[:60], 30)
    assert "in the last 59 steps, all that there are of 250, 1 of them in the period" in section.sentence
    assert section.judgement == "alert", "an exception of the month is nothing to be read"
    assert [row.cells[2].value for row in section.tables[0].rows] == ["yes"]
    after = _section(records[:60], 45)
    assert [row.cells[2].value for row in after.tables[0].rows] == ["before it"]
    assert (zone(59, 1), after.judgement) == ("green", "kept")
