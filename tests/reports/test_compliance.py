"""Facts of a period: counted by hand on small lives, and lawful on all."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from insure.band_terms import FixedBandTerms
from insure.book.record import Record
from insure.compliance import LateFill, after_trade, facts, settled, worst
from insure.compliance.controls import ControlsFacts, controls_facts, with_earnings
from insure.compliance.measures import gap
from insure.decision import fund_calendar
from insure.errors import InvalidInput
from insure.fund import Fund
from insure.slots import slots
from reports import compliance
from reports.evidence import Evidence
from reports.figures import NotComputed
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
    assert sum(part.var_test.within for part in parts) == whole.var_test.within == whole.var_test.steps
    fresh = [each for part in parts for each in part.var_test.exceptions if each.within]
    assert tuple(fresh) == whole.var_test.exceptions


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
    found = facts(fund.id, {fund.config_sha256: fund}, [some[0], some[1]], runs[:3], due, first, last)
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


def _tightened(records: Sequence[Record], place: int, new: Fund, old: Fund) -> tuple[list[Record], dict[str, Fund]]:
    """The same decisions, those before ``place`` made under another contract; and both contracts."""
    history = [
        replace(each, decision=replace(each.decision, config_sha256=old.config_sha256)) if i < place else each
        for i, each in enumerate(records)
    ]
    return history, {old.config_sha256: old, new.config_sha256: new}


def test_each_decision_is_judged_under_its_own_contract() -> None:
    """A weight that was lawful until the contract was tightened is no breach of the tighter one."""
    fund, records = lived(CPPI)
    peak = max(range(1, 40), key=lambda i: after_trade(records[i])[0] / after_trade(records[i])[1])
    most = max(after_trade(each)[0] / after_trade(each)[1] for each in records[peak + 1 : 60])
    free = replace(fund, limits=replace(fund.limits, highest_weight=1.5, gap_budget_alert=0.99))
    tight = replace(fund, limits=replace(fund.limits, highest_weight=most + 1e-6, gap_budget_alert=0.0))
    history, contracts = _tightened(
        [replace(each, decision=replace(each.decision, config_sha256=tight.config_sha256)) for each in records[:60]],
        peak + 1,
        tight,
        free,
    )
    first, last = history[0].session, history[-1].session
    found = facts_of(tight, history, first, last, contracts)
    before, now = [each for each in found.limits if each.name == "Highest equity weight"]
    assert (before.bound, before.judgement, now.judgement) == (1.5, "kept", "kept"), "lawful weights read as a breach"
    assert before.worst.session == history[peak].session
    assert now.since == history[peak + 1].session
    assert before.until == now.since - dt.timedelta(days=1)
    [early, late] = [each for each in found.limits if each.name == "Gap budget alert"]
    assert (early.judgement, early.sessions, early.age) == ("alert", peak + 1, 0)
    assert late.judgement == "kept"
    sections = {each.key: each for each in compliance.build(tight, found, history, ANCHOR, Evidence()).sections}
    labels = [row.label for row in sections["limits"].tables[0].rows if row.label.startswith("Highest")]
    assert labels == [
        f"Highest equity weight, to {before.until}",
        f"Highest equity weight, from {now.since}",
    ]
    assert f"and stood at 99.00% to {before.until}" in sections["gap"].sentence


def test_a_decision_under_a_contract_that_was_not_handed_in_is_refused() -> None:
    fund, records = lived(CPPI)
    with pytest.raises(InvalidInput, match="is not among the 1 handed in"):
        facts_of(fund, records, records[0].session, records[9].session, {"0" * 64: fund})


def test_floor_formula_and_model_card_tell_every_contract_of_the_period() -> None:
    fund, records = lived(CPPI)
    other = contract('kind = "cppi"\nmultiplier = 2.0')
    other = replace(other, protection=replace(other.protection, floor_fraction=0.8))
    history, contracts = _tightened(records[:20], 10, fund, other)
    found = facts_of(fund, history, history[0].session, history[-1].session, contracts)
    sections = {each.key: each for each in compliance.build(fund, found, history, ANCHOR, Evidence()).sections}
    until, since = history[10].session - dt.timedelta(days=1), history[10].session
    source = sections["protection"].figures["floor"].source
    assert source.startswith(f"to {until}: 80.0% of the value"), source
    assert f"; from {since}: 90.0% of the value" in source
    *_, table = sections["model"].tables
    assert table.columns == (f"To {until}", f"From {since}")
    assert {row.label: [cell.value for cell in row.cells] for row in table.rows}["Multiplier"] == ["2", "4"]


def test_the_age_of_a_breach_and_of_a_lock_reaches_back_before_the_period() -> None:
    """The day after a crash that lasts says since when, not that it began today."""
    fund, records = lived(PUT)
    locked = [each for each in records if each.decision.memory is not None and each.decision.memory.locked]
    day = locked[4].session
    history = [each for each in records if each.session <= day]
    strict = replace(fund, limits=replace(fund.limits, gap_budget_alert=0.05))
    contracts = {records[0].decision.config_sha256: strict}
    found = facts_of(strict, history, day, day, contracts)
    assert found.exposure is not None
    assert (found.exposure.locked_since, found.exposure.locked) == (locked[0].session, 1)
    assert found.protection is not None
    assert found.protection.below_since == records[40].session
    limit = next(each for each in found.limits if each.name == "Gap budget alert")
    low = [budget is not None and budget < 0.05 for budget in map(gap, history)]
    past = len(history) - max(i for i, under in enumerate(low) if not under) - 1
    since = history[-past].session
    assert since <= records[40].session
    assert (limit.sessions, limit.age, limit.past_since) == (1, past, since)
    sections = {each.key: each for each in compliance.build(strict, found, history, ANCHOR, Evidence()).sections}
    assert f"{past} in a row now since {since}" in sections["limits"].sentence
    assert f"It has stood below since {records[40].session}." in sections["protection"].sentence
    assert f"Locked since {locked[0].session}" in sections["lock"].sentence


def test_a_fund_that_its_contract_takes_to_cash_breaks_no_limit_on_the_way() -> None:
    """Without a cushion neither the least weight nor the throttle binds the decision: see ``decision.ladder``."""
    free = contract(PUT)
    fund = replace(free, limits=replace(free.limits, lowest_weight=0.1, largest_change_weight=0.25))
    records = live(fund, prices(30, crash_at=20))
    sold = next(each for each in records if each.decision.memory is not None and each.decision.memory.locked)
    assert after_trade(sold)[0] == 0.0, "the contract does not take the fund to cash"
    found = facts_of(fund, records, records[0].session, records[-1].session)
    limits = {each.name: each for each in found.limits}
    for name in ("Lowest equity weight", "Largest change in a slot"):
        assert limits[name].judgement == "kept", f"{name}: a lawful sale reads as a breach"
    going_on = replace(fund, limits=replace(fund.limits, no_cushion="model"))
    bound = facts_of(going_on, records, records[0].session, records[-1].session)
    assert {each.name: each.breach for each in bound.limits}["Lowest equity weight"] == "active"


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
        facts(fund.id, {fund.config_sha256: fund}, records, [], [], records[3].session, records[2].session)
    with pytest.raises(InvalidInput, match="nothing to judge"):
        facts(fund.id, {fund.config_sha256: fund}, [], [], [], records[0].session, records[1].session)


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
        tables["Overrides, and those taken back."],
        tables["Overrides given earlier, whose path still differs from the one without."],
    )
    assert own.columns[-1] == "Earned (+) or lost (\u2212), to 2008-10-27"
    assert [row.cells[-1].value for row in own.rows] == [-1250.5]
    assert [(row.source, row.cells[-1].value) for row in earlier.rows] == [("chain entry 60", Decimal("-42489.08"))], (
        "61 holds the rule's units again"
    )
    assert section.figures["overrides"].value == -1250.5, "the sum is that of the period's own"
    assert "counts the step after the slot alone" in " ".join(section.paragraphs)


def test_a_word_whose_path_cannot_be_lived_says_why_instead_of_a_figure() -> None:
    fund, records = lived(CPPI)
    why = "The path cannot pay 500.00 USD."
    broken = replace(
        judged(93, "0"), earned=None, nav_with=None, nav_without=None, units_with=None, units_without=None, failed=why
    )
    before = replace(broken, row=60)
    asked = [
        entry("override", {"sentence": "Sold by hand.", "by": "A. Officer"}, 93),
        entry("proposal", {"sentence": "Sell 9 units."}, 95),
        entry("proposal", {"sentence": "Sell 8 units."}, 97),
        entry("lapse", {"sentence": "Nobody answered."}, 96),
    ]
    late = replace(judged(95, "-12.5"), kind="answer", answer="nobody answered", by="", reason="")
    judgements = (before, broken, late)
    evidence = Evidence(controls=with_earnings(controls_facts(asked), judgements), judged=judgements, alerts=())
    period = facts_of(fund, records, records[0].session, records[9].session)
    report = compliance.build(fund, period, records[:10], ANCHOR, evidence)
    section = next(each for each in report.sections if each.key == "controls")
    tables = {table.caption: table for table in section.tables}
    assert [row.cells[-1].value for row in tables["Overrides, and those taken back."].rows] == [NotComputed(why)]
    earlier = tables["Overrides given earlier, whose path still differs from the one without."]
    assert [cell.value for cell in earlier.rows[0].cells[-2:]] == [NotComputed(why)] * 2, "unknown reads as none"
    voices = tables["Questions put to people, and what they said."].rows
    assert [row.cells[-1].value for row in voices] == [
        -12.5,
        NotComputed("counted at its question"),
        NotComputed("it held back no trade of the rule"),
    ]
    assert (section.figures["answers"].value, "overrides" in section.figures) == (-12.5, False)
    assert "question that nobody answered" in section.sentence


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


def _filled_later(record: Record) -> Record:
    """The record as it is written where the broker is outside: before its order is filled."""
    assert record.ladder is not None
    before = record.decision.holdings
    return replace(record, fills=(), after=before, ladder=record.ladder.executed(before, "Nothing filled yet."))


def test_a_late_fill_counts_for_its_order() -> None:
    fund, records = lived(CPPI)
    place = next(i for i, each in enumerate(records) if each.fills)
    record = records[place]
    fill = record.fills[0]
    history = [*records[:place], _filled_later(record)]
    due = slots(fund.schedule.timing, fund_calendar(fund), record.session, record.session)
    rows = {(each.session, each.slot): 10 * i for i, each in enumerate(history)}
    told = (fund.id, {fund.config_sha256: fund}, history, runs_of(history), due, record.session, record.session)
    early = facts(*told).trading
    late = facts(*told, [LateFill(10 * place + 1, fill)], rows).trading
    other = facts(*told, [LateFill(10 * place + 1, replace(fill, order_key="another:order"))], rows).trading
    assert (early.fills, early.unfilled_units) == (0, abs(fill.units))
    assert (late.fills, late.unfilled_units, late.commission) == (1, Decimal(0), fill.commission)
    assert other == early, "a fill of another period's order was counted"


@pytest.mark.parametrize("strategy", [PUT, CPPI, HOLD])
def test_a_fund_whose_fills_come_later_is_judged_as_one_that_fills_at_once(strategy: str) -> None:
    """Every figure of the facts, where each fill is booked between its decision and the next."""
    fund, records = lived(strategy)
    written = [_filled_later(record) for record in records]
    rows = {(each.session, each.slot): 10 * i for i, each in enumerate(records)}
    late = [LateFill(10 * i + 1, fill) for i, record in enumerate(records) for fill in record.fills]
    assert late, "nothing was traded"
    first, last = records[30].session, records[70].session
    due = slots(fund.schedule.timing, fund_calendar(fund), first, last)
    known = [each for each in late if each.sequence <= 10 * 70 + 1]
    at_once = facts(fund.id, {fund.config_sha256: fund}, records[:71], runs_of(records), due, first, last)
    later = facts(
        fund.id, {fund.config_sha256: fund}, written[:71], runs_of(records), due, first, last, known, rows, 10 * 29 + 1
    )
    assert [record.after for record in later.records] == [record.after for record in at_once.records]
    assert later.opening is not None
    assert later.opening.after == records[29].after
    for name in ("protection", "exposure", "lowest_gap", "trading", "executions", "limits", "var_test", "days_to_cash"):
        assert getattr(later, name) == getattr(at_once, name), f"{name} stands on other holdings"


def test_a_fill_that_comes_after_the_next_decision_is_held_from_then_on_and_belongs_to_its_own_order() -> None:
    _, records = lived(CPPI)
    place = next(i for i, each in enumerate(records) if each.fills)
    fill = records[place].fills[0]
    history = [_filled_later(records[place]), replace(_filled_later(records[place + 1]), orders=())]
    rows = {(each.session, each.slot): 10 * i for i, each in enumerate(history)}
    first, second = settled(history, rows, [LateFill(11, fill)])
    assert (first.fills, first.after) == ((fill,), history[0].after)
    assert (second.fills, second.after.units) == ((), history[1].after.units + fill.units)


def test_what_ran_beside_the_timetable_is_told_and_judged() -> None:
    fund, records = lived(PUT)
    first, last = records[0].session, records[3].session
    due = slots(fund.schedule.timing, fund_calendar(fund), first, last)
    runs = runs_of(records[:4])
    runs.append(replace(runs[3], slot="event-1", outcome="FAILED", reason="It broke."))
    found = facts(fund.id, {fund.config_sha256: fund}, records[:4], runs, due, first, last)
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


def test_a_fund_that_holds_what_was_decided_has_no_backlog_whatever_its_model_asks_for() -> None:
    """A model that asks for more than the contract lets through leaves nothing undone."""
    free = contract(CPPI)
    fund = replace(free, limits=replace(free.limits, highest_weight=0.3))
    records = live(fund, prices(10))
    held = facts_of(fund, records, records[0].session, records[-1].session).exposure
    assert held is not None
    assert held.model - held.executed > 0.05, "the contract lets through what the model asks for"
    assert (held.backlog, held.backlog_judgement) == (0.0, "kept")


def test_a_backlog_is_what_was_decided_and_is_not_held_and_is_judged_against_the_band() -> None:
    fund, records = lived(CPPI)
    place = max(i for i, each in enumerate(records[:40]) if each.decision.trade is not None)
    traded = records[place]
    assert traded.decision.trade is not None
    span = traded.session, traded.session
    waiting = facts_of(fund, [*records[:place], _filled_later(traded)], *span).exposure
    assert waiting is not None
    wanted = float(traded.decision.trade.units * traded.decision.snapshot.price) / float(_filled_later(traded).nav)
    assert waiting.backlog == pytest.approx(wanted, rel=1e-9)
    assert waiting.band == 0.01, "the band of the contract"
    assert waiting.backlog_judgement == "alert", f"{wanted:.2%} of the fund are outstanding, beyond the band of 1%"
    decision = replace(traded.decision, trade=None, withheld=traded.decision.trade, outcome="HELD")
    kept_back = facts_of(fund, [*records[:place], replace(_filled_later(traded), decision=decision)], *span).exposure
    assert kept_back is not None
    assert kept_back.backlog == waiting.backlog, "what a held decision withheld is no backlog"
    wide = replace(fund, band=FixedBandTerms(width_weight=abs(wanted)))
    inside = facts_of(wide, [*records[:place], _filled_later(traded)], *span).exposure
    assert inside is not None
    assert inside.backlog_judgement == "kept"
    done = facts_of(fund, records[: place + 1], *span).exposure
    assert done is not None
    assert done.backlog == 0.0
