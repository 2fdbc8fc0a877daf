"""Facts of a period: counted by hand on small lives, and lawful on all."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from insure.compliance import after_trade, facts, worst
from insure.compliance.controls import ControlsFacts, controls_facts, with_earnings
from insure.decision import fund_calendar
from insure.errors import InvalidInput
from insure.slots import slots
from reports import compliance
from reports.evidence import Evidence
from tests.reports.lives import ANCHOR, CPPI, HOLD, PUT, contract, live, lived, prices
from tests.reports.made import STATEMENTS, compliance_report, entry, facts_of, judged, runs_of


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
    report = compliance.build(fund, found, records[:10], ANCHOR, Evidence())
    sections = {section.key: section for section in report.sections}
    for key in ("controls", "reconciliation", "incidents", "lineage"):
        assert sections[key].judgement is None, f"{key} is judged without evidence"
    assert report.verdict.mark in {"good", "attention"}


def test_what_was_looked_at_and_not_found_says_so() -> None:
    fund, records = lived(CPPI)
    found = facts_of(fund, records, records[0].session, records[9].session)
    empty = Evidence(controls=ControlsFacts(), alerts=())
    sections = {each.key: each for each in compliance.build(fund, found, records[:10], ANCHOR, empty).sections}
    for key in ("controls", "reconciliation", "incidents"):
        assert sections[key].sentence == "None in the period.", f"{key} says {sections[key].sentence!r}"
        assert all(table.empty == "None in the period." for table in sections[key].tables)
    assert sections["controls"].judgement == "kept"


def test_rows_of_controls_fill_their_sections() -> None:
    sections = {section.key: section for section in compliance_report(CPPI, *[dt.date(2008, 10, 15)] * 2).sections}
    assert sections["reconciliation"].judgement == "breached", "a row that calls itself a breach is one"
    assert sections["controls"].judgement == "alert"
    rows = [row for table in sections["controls"].tables for row in table.rows if table.first == "At"]
    assert [row.source for row in rows] == [f"chain entry {number}" for number in (90, 91, 92, 93, 94)]
    assert {key: figure.value for key, figure in sections["controls"].figures.items()} == {"overrides": -1250.5}, (
        "what a kill cost is not added to what an override lost"
    )
    told = {row.cells[2].value for row in rows}
    assert {sentence for kind, _, sentence, _ in STATEMENTS if kind in {"kill", "lift", "breaker"}} <= told


def test_a_deficit_is_something_to_be_read_and_a_pause_is_told() -> None:
    found = controls_facts([entry("pause", {"sentence": "Paused."}, 100), entry("deficit", {"sentence": "Open."}, 101)])
    assert [(event.sequence, event.judgement) for event in (*found.pauses, *found.deficits)] == [
        (100, "kept"),
        (101, "alert"),
    ]


def test_of_a_wait_whose_cost_is_stated_again_and_again_the_last_row_counts() -> None:
    told = [
        entry("waiting", {"sentence": f"{minute} minutes.", "since": since, "money": money}, 100 + number)
        for number, (since, minute, money) in enumerate(
            [("10:00", 1, "-5.0"), ("10:00", 2, "-7.5"), ("14:00", 1, "2.0"), ("14:00", 2, "1.0")]
        )
    ]
    found = controls_facts([*told, entry("run", {}, 104)])
    assert [(event.sequence, event.money) for event in found.waits] == [(101, -7.5), (103, 1.0)]
    fund, records = lived(CPPI)
    period = facts_of(fund, records, records[0].session, records[9].session)
    report = compliance.build(fund, period, records[:10], ANCHOR, Evidence(controls=found, alerts=()))
    section = next(each for each in report.sections if each.key == "controls")
    assert section.figures["waits"].value == pytest.approx(-6.5), "a cost so far was counted more than once"


def test_an_override_of_before_is_told_as_long_as_its_path_holds_other_units() -> None:
    fund, records = lived(CPPI)
    found = controls_facts([entry("override", {"sentence": "Sold by hand.", "by": "A. Officer"}, 93)])
    judgements = (judged(60, "-42489.08"), judged(61, "17.5", units="9"), judged(93, "-1250.5"))
    evidence = Evidence(controls=with_earnings(found, judgements), judged=judgements, alerts=())
    period = facts_of(fund, records, records[0].session, records[9].session)
    report = compliance.build(fund, period, records[:10], ANCHOR, evidence)
    section = next(each for each in report.sections if each.key == "controls")
    tables = {table.caption: table for table in section.tables}
    own, earlier = (
        tables["Overrides."],
        tables["Overrides given earlier, whose path still differs from the rule\u2019s."],
    )
    assert own.columns[-1] == "Earned (+) or lost (\u2212), to 2008-10-27"
    assert [row.cells[-1].value for row in own.rows] == [-1250.5]
    assert [(row.source, row.cells[-1].value) for row in earlier.rows] == [("chain entry 60", Decimal("-42489.08"))], (
        "61 holds the rule's units again"
    )
    assert section.figures["overrides"].value == -1250.5, "the sum is that of the period's own"
    assert "counts the step after the slot alone" in " ".join(section.paragraphs)


def test_of_a_wait_that_began_before_the_period_only_what_came_in_it_counts() -> None:
    before = entry("waiting", {"sentence": "So far.", "since": "10:00", "money": "-102993.77"}, 90)
    same = entry("waiting", {"sentence": "Still.", "since": "10:00", "money": "-102993.77"}, 100)
    more = entry("waiting", {"sentence": "Still.", "since": "10:00", "money": "-103000.0"}, 101)
    other = entry("waiting", {"sentence": "Anew.", "since": "14:00", "money": "-7.0"}, 102)
    assert [event.money for event in controls_facts([same], before).waits] == [0.0], "nothing waited in the period"
    assert [event.money for event in controls_facts([same, more, other], before).waits] == [
        pytest.approx(-6.23),
        -7.0,
    ], "another wait has nothing to do with the one before"


def test_a_cost_that_is_no_number_is_not_counted() -> None:
    for text in ("", "nan", "inf", "a lot"):
        [event] = controls_facts([entry("kill", {"sentence": "Stopped.", "money": text})]).kills
        assert event.money is None, f"{text!r} was taken for money"


def test_alerts_of_class_a_are_incidents_with_whoever_acknowledged_them() -> None:
    section = next(
        each for each in compliance_report(PUT, *[dt.date(2008, 10, 27)] * 2).sections if each.key == "incidents"
    )
    assert section.judgement == "alert"
    closed, unread, other = section.tables[0].rows
    assert closed.cells[3].value == "A. Officer"
    assert unread.judgement == "breached"
    assert [cell.value for cell in unread.cells[2:]] == ["open when the period was over", "nobody"]
    assert other.judgement == "kept"
    assert [row.cells[0].value for row in section.tables[1].rows] == ["drill", "restore, whole desk"]


def test_a_changed_contract_is_shown_key_by_key_since_its_first_decision() -> None:
    _, records = lived(PUT)
    section = next(
        each
        for each in compliance_report(PUT, records[21].session, records[62].session).sections
        if each.key == "changes"
    )
    switches, keys = section.tables
    assert [row.label for row in switches.rows] == [str(records[30].session)]
    assert {(row.label, row.cells[1].value, row.cells[2].value) for row in keys.rows} == {
        ("limits: gap_budget_alert", "0.1", "0.0"),
        ("limits: highest_weight", "1.5", "1.0"),
    }
    assert {row.cells[0].value for row in keys.rows} == {records[30].written}
    assert section.judgement == "alert"


def test_equal_falls_reach_the_floor_exactly() -> None:
    _, records = lived(CPPI)
    report = compliance_report(CPPI, records[0].session, records[20].session)
    section = next(each for each in report.sections if each.key == "gap")
    table = next(each for each in section.tables if each.first == "Falls")
    last = records[20]
    assert last.decision.valuation is not None
    equity, nav = after_trade(last)
    for row, count in zip(table.rows, (1, 2, 5, 10), strict=True):
        fall = row.cells[0].value
        assert isinstance(fall, float)
        left = nav - equity + equity * (1.0 - fall) ** count
        assert left == pytest.approx(last.decision.valuation.floor, rel=1e-12), f"{row.label} does not reach the floor"


def test_a_late_fill_counts_for_its_order() -> None:
    fund, records = lived(CPPI)
    record = next(each for each in records if each.fills)
    fill = record.fills[0]
    unfilled = [replace(each, fills=()) if each is record else each for each in records]
    due = slots(fund.schedule.timing, fund_calendar(fund), record.session, record.session)
    span = record.session, record.session
    history = [each for each in unfilled if each.session <= record.session]
    early = facts(fund, history, runs_of(history), due, *span).trading
    late = facts(fund, history, runs_of(history), due, *span, [fill]).trading
    other = facts(fund, history, runs_of(history), due, *span, [replace(fill, order_key="another:order")]).trading
    assert (early.fills, early.unfilled_units) == (0, abs(fill.units))
    assert (late.fills, late.unfilled_units, late.commission) == (1, Decimal(0), fill.commission)
    assert other == early, "a fill of another period's order was counted"


def test_what_ran_beside_the_timetable_is_told_and_judged() -> None:
    fund, records = lived(PUT)
    first, last = records[0].session, records[3].session
    due = slots(fund.schedule.timing, fund_calendar(fund), first, last)
    runs = runs_of(records[:4])
    runs.append(replace(runs[3], slot="event-1", outcome="FAILED", reason="It broke."))
    found = facts(fund, records[:4], runs, due, first, last)
    assert [fact.slot.name for fact in found.unscheduled] == ["event-1"]
    assert found.decision_judgement == "breached"
    assert found.schedule_judgement == "kept"


def test_cash_lock_is_told_since_its_first_decision() -> None:
    fund, records = lived(PUT)
    locked = [record for record in records if record.decision.memory is not None and record.decision.memory.locked]
    assert locked, "the crash must lock the fund"
    day = locked[4].session
    held = facts_of(fund, [each for each in records if each.session <= day], records[0].session, day).exposure
    assert held is not None
    assert (held.locked_since, held.locked) == (locked[0].session, 5)
    calm = facts_of(fund, records[:40], records[0].session, records[39].session).exposure
    assert calm is not None
    assert (calm.locked_since, calm.locked) == (None, 0)
