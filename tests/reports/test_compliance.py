"""Facts of a period: counted by hand on small lives, and lawful on all."""

import datetime as dt
from dataclasses import replace

import pytest

from insure.compliance import after_trade, facts, worst
from insure.decision import fund_calendar
from insure.errors import InvalidInput
from insure.slots import slots
from reports import compliance
from reports.evidence import Evidence
from tests.reports.lives import ANCHOR, CPPI, HOLD, PUT, contract, live, lived, prices
from tests.reports.made import compliance_report, facts_of, runs_of


def test_floor_is_judged_session_by_session() -> None:
    fund, records = lived(PUT)
    whole = facts_of(fund, records, records[0].session, records[62].session)
    assert whole.protection is not None
    assert whole.protection.below[0] == records[40].session, "the crash session ended below the floor"
    assert whole.protection.below == tuple(
        record.session
        for record in records[:63]
        if record.decision.valuation is not None and after_trade(record)[1] < record.decision.valuation.floor
    )
    assert whole.floor_judgement == "breached"
    calm = facts_of(fund, records, records[0].session, records[39].session)
    assert calm.floor_judgement == "kept"
    assert calm.protection is not None
    assert calm.protection.below == ()


def test_missed_guarantee_is_told_at_its_horizon() -> None:
    fund, records = lived(PUT)
    whole = facts_of(fund, records, records[0].session, records[-1].session)
    assert whole.protection is not None
    assert whole.protection.missed == (dt.date(2008, 12, 2),)


def test_fund_without_promise_has_no_protection_to_judge() -> None:
    fund, records = lived(HOLD)
    found = facts_of(fund, records, records[0].session, records[-1].session)
    assert found.protection is None
    assert found.lowest_gap is None
    assert found.floor_judgement == "kept"


def test_money_traded_is_that_of_the_fills() -> None:
    fund, records = lived(CPPI)
    found = facts_of(fund, records, records[10].session, records[50].session).trading
    fills = [fill for record in records[10:51] for fill in record.fills]
    assert found.fills == len(fills) > 0
    assert found.bought - found.sold == sum(fill.value if fill.units > 0 else -fill.value for fill in fills)
    assert found.unfilled_units == 0


@pytest.mark.parametrize("strategy", [PUT, CPPI, HOLD])
def test_periods_add_up(strategy: str) -> None:
    """Two neighbouring periods have the fills, slots and steps of the whole."""
    fund, records = lived(strategy)
    parts = [
        facts_of(fund, records, records[0].session, records[44].session),
        facts_of(fund, records, records[45].session, records[-1].session),
    ]
    whole = facts_of(fund, records, records[0].session, records[-1].session)
    assert sum(part.trading.fills for part in parts) == whole.trading.fills
    assert sum(part.trading.commission for part in parts) == whole.trading.commission
    assert sum(len(part.slots) for part in parts) == len(whole.slots) == len(records)
    assert sum(part.var_test.steps for part in parts) == whole.var_test.steps
    assert (*parts[0].var_test.exceptions, *parts[1].var_test.exceptions) == whole.var_test.exceptions


def test_crash_is_an_exception_of_value_at_risk() -> None:
    fund, records = lived(PUT)
    test = facts_of(fund, records, records[0].session, records[-1].session).var_test
    assert records[40].session in {each.session for each in test.exceptions}
    assert test.expected == pytest.approx(test.steps / 100)


def test_schedule_tells_late_missed_and_never_run() -> None:
    fund, records = lived(PUT)
    some = records[:4]
    first, last = some[0].session, some[-1].session
    due = slots(fund.schedule.timing, fund_calendar(fund), first, last)
    runs = runs_of(some)
    runs[1] = replace(runs[1], started=runs[1].due + dt.timedelta(minutes=12))
    runs[2] = replace(runs[2], outcome="SKIPPED", reason="Started too late.")
    found = facts(fund, [some[0], some[1]], runs[:3], due, first, last)
    assert [fact.state for fact in found.slots] == ["on time", "late", "missed", "not run"]
    assert found.slots[1].late == dt.timedelta(minutes=12)
    assert found.schedule_judgement == "breached"
    assert found.judgement == "breached"


def test_drift_past_a_limit_is_passive_and_a_purchase_past_it_active() -> None:
    free, records = contract(HOLD), live(contract(HOLD), prices(30))
    rising = [record for record in records if after_trade(record)[0] / after_trade(record)[1] > 0.6]
    assert rising, "the mix never drifts above its beginning"
    strict = replace(free, limits=replace(free.limits, highest_weight=0.6))
    found = facts_of(strict, tuple(records), records[1].session, records[-1].session)
    limit = next(each for each in found.limits if each.name == "Highest equity weight")
    assert (limit.judgement, limit.breach) == ("breached", "passive"), limit
    assert limit.sessions == len([record for record in rising if record.session >= records[1].session])
    assert limit.headroom == pytest.approx(0.6 - limit.worst.value)
    tighter = replace(free, limits=replace(free.limits, highest_weight=0.5))
    bought = facts_of(tighter, tuple(records), records[0].session, records[-1].session)
    assert next(each for each in bought.limits if each.name == "Highest equity weight").breach == "active"


def test_gap_budget_below_its_alert_is_no_breach() -> None:
    fund, records = lived(CPPI)
    wary = replace(fund, limits=replace(fund.limits, gap_budget_alert=0.99))
    found = facts_of(wary, records, records[0].session, records[9].session)
    limit = next(each for each in found.limits if each.name == "Gap budget alert")
    assert (limit.judgement, limit.breach) == ("alert", "")
    assert limit.sessions == limit.age == 10


def test_worst_of_judgements() -> None:
    assert worst([]) == "kept"
    assert worst(["kept", "alert"]) == "alert"
    assert worst(["alert", "breached", "kept"]) == "breached"


def test_empty_span_and_empty_book_are_refused() -> None:
    fund, records = lived(PUT)
    with pytest.raises(InvalidInput, match="first is"):
        facts(fund, records, [], [], records[3].session, records[2].session)
    with pytest.raises(InvalidInput, match="nothing to judge"):
        facts(fund, [], [], [], records[0].session, records[1].session)


@pytest.mark.parametrize(
    ("first", "last", "title"),
    [
        (dt.date(2008, 10, 15), dt.date(2008, 10, 15), "Daily compliance report"),
        (dt.date(2008, 10, 1), dt.date(2008, 10, 31), "Monthly compliance report"),
        (dt.date(2008, 10, 1), dt.date(2008, 12, 31), "Quarterly compliance report"),
        (dt.date(2008, 10, 2), dt.date(2008, 10, 31), "Compliance report"),
    ],
)
def test_title_says_what_the_period_is(first: dt.date, last: dt.date, title: str) -> None:
    assert compliance_report(CPPI, first, last).head.title == title


def test_what_was_not_looked_at_says_so() -> None:
    fund, records = lived(CPPI)
    found = facts_of(fund, records, records[0].session, records[9].session)
    report = compliance.build(fund, found, records[:10], ANCHOR, Evidence(), corrects="ab" * 32)
    sections = {section.key: section for section in report.sections}
    for key in ("controls", "reconciliation", "lineage"):
        assert sections[key].judgement is None, f"{key} is judged without evidence"
    assert report.corrects == "ab" * 32
    assert report.verdict.mark in {"good", "attention"}


def test_a_difference_of_positions_is_a_breach() -> None:
    sections = {section.key: section for section in compliance_report(CPPI, *[dt.date(2008, 10, 15)] * 2).sections}
    assert sections["reconciliation"].judgement == "breached"
    assert sections["controls"].judgement == "alert"
