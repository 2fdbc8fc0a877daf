"""The sections of a compliance report on what is left to lose: the cash-lock, and the falls that reach the floor."""

import math

from insure.book.record import Record
from insure.compliance import GAP_ALERT, Facts, Limit, worst
from insure.compliance.measures import gap as gap_of
from insure.compliance.measures import promising
from insure.fund import Fund
from insure.simulation.crises import worst_days
from reports import filters
from reports.compliance.sections import UNDECIDED
from reports.facts import after_fall, survives
from reports.figures import Chart, Figure, Line, NotComputed
from reports.sections import Row, Section, Table

_LEAST_FOR_CHART = 5
_FALLS = (1, 2, 5, 10)
_AFTER_FALL = "net asset value + stock \u00d7 fall + what its options gain \u2212 floor"


def cash_lock(fund: Fund, facts: Facts) -> Section:
    """Whether the cushion was used up, since when, and what ends it."""
    held = facts.exposure
    if not facts.records:
        return Section("lock", "Cash-lock", None, UNDECIDED)
    if held is None or facts.protection is None:
        return Section("lock", "Cash-lock", None, "No floor was in force, or nothing was decided.")
    since = NotComputed("the last decision was not locked") if held.locked_since is None else held.locked_since
    if held.locked_since is not None:
        sentence = f"Locked since {filters.day(held.locked_since)}: no cushion is left to take risk with."
    elif held.locked:
        sentence = f"Locked at {held.locked} decisions, and open again at the end."
    else:
        sentence = "The cushion was never used up."
    rule = "everything goes into cash" if fund.limits.no_cushion == "cash" else "the model goes on"
    ends = (
        "the next protection period begins a new floor" if fund.protection.roll == "at_horizon" else "nothing: it ends"
    )
    return Section(
        "lock",
        "Cash-lock",
        "alert" if held.locked else "kept",
        sentence,
        {
            "locked": Figure("Decisions in cash-lock", held.locked, "count", "memory of each record"),
            "share": Figure("Of all decisions", held.locked / len(facts.records), "weight", "locked / decisions"),
            "since": Figure("Locked since", since, "date", "first of the locked decisions in a row"),
            "rule": Figure("At or below the floor", rule, "text", "fund file, limits.no_cushion"),
            "ends": Figure("What ends it", ends, "text", "fund file, protection.roll"),
        },
    )


def gap(fund: Fund, facts: Facts) -> Section:
    """The instant fall that reaches the floor, what real crash days would have done, and what it takes in steps."""
    if not facts.records:
        return Section("gap", "Gap budget", None, UNDECIDED)
    alerts = [limit for limit in facts.limits if limit.name == GAP_ALERT]
    if facts.lowest_gap is None or facts.protection is None or not alerts:
        return Section("gap", "Gap budget", None, "No fall could reach a floor in this period.")
    last = facts.records[-1]
    lowest = facts.lowest_gap
    sentence = (
        f"The least gap budget was {filters.percent(lowest.value)} on {filters.day(lowest.session)}; "
        f"the alert stands at {filters.percent(alerts[-1].bound)}{_span(alerts[-1])}"
        f"{''.join(f', and stood at {filters.percent(each.bound)}{_span(each)}' for each in alerts[:-1])}."
    )
    return Section(
        "gap",
        "Gap budget",
        worst(alert.judgement for alert in alerts),
        sentence,
        {
            "lowest": Figure("Least gap budget", lowest.value, "weight", f"on {filters.day(lowest.session)}"),
            "alert": _alert(alerts[-1]),
            **{f"alert_{number}": _alert(each) for number, each in enumerate(alerts[:-1], start=1)},
            "sessions": Figure(
                "Decisions under the alert", sum(alert.sessions for alert in alerts), "count", "of the period"
            ),
        },
        (_stress_pack(facts, last), _falls_to_floor(last)),
        charts=_gap_chart(fund, facts),
    )


def _span(alert: Limit) -> str:
    span = filters.span(alert.since, alert.until)
    return f" {span}" if span else ""


def _alert(alert: Limit) -> Figure:
    return Figure(f"Alert{_span(alert)}", alert.bound, "weight", "fund file, limits.gap_budget_alert")


def _falls_to_floor(last: Record) -> Table:
    """The fall that it takes to reach the floor, at once or in so many equal falls without a trade."""
    budget = gap_of(last)
    missing = NotComputed("no fall of the index reaches the floor")
    bent = NotComputed("options are held: equal falls do not add up as stock does")
    deviation = last.decision.snapshot.volatility.vol / math.sqrt(252.0)
    rows = []
    for count in _FALLS:
        each: float | NotComputed = missing
        if budget is not None:
            each = bent if last.option_legs and count > 1 else 1.0 - (1.0 - min(max(budget, 0.0), 1.0)) ** (1.0 / count)
        still = NotComputed("the hedge volatility is zero")
        size = each if isinstance(each, NotComputed) else each / deviation if deviation > 0.0 else still
        rows.append(
            Row(
                "At once" if count == 1 else f"In {count} equal falls",
                (
                    Figure("Each fall", each, "weight", "1 − (1 − gap budget)^(1/falls)"),
                    Figure("In deviations", size, "multiple", "fall / (hedge volatility / √252)"),
                ),
            )
        )
    return Table(
        "Falls of the index that take the fund to its floor from how it stands at the end, without a "
        "trade and without interest.",
        "Falls",
        ("Each fall", "In standard deviations of a session"),
        tuple(rows),
    )


def _gap_chart(fund: Fund, facts: Facts) -> tuple[Chart, ...]:
    records = facts.records
    budgets = tuple(gap_of(record) for record in records)
    if len(records) < _LEAST_FOR_CHART or all(budget is None for budget in budgets):
        return ()
    dates = tuple(record.session for record in records)
    contracts = {each.config_sha256: each.fund for each in facts.contracts}
    alert = tuple(contracts[record.decision.config_sha256].limits.gap_budget_alert for record in records)
    return (
        Chart(
            "gap",
            "Gap budget",
            f"Instant fall of the index that reaches the floor, after each trade, and the alert, {fund.name}.",
            "weight",
            dates,
            (Line("Gap budget", "fund", budgets), Line("Alert", "floor", alert)),
            from_zero=True,
        ),
    )


def _stress_pack(facts: Facts, last: Record) -> Table:
    """Real crash days on the fund at the end of the period, beside the same at its beginning."""
    rows = []
    before = facts.opening
    for crash in worst_days()[:8]:
        now = _above_floor(last, crash.fall)
        then = _above_floor(before, crash.fall) if before is not None else None
        rows.append(
            Row(
                filters.day(crash.day),
                (
                    Figure("Index", crash.fall, "weight", f"{crash.index}, {crash.before:,.2f} to {crash.close:,.2f}"),
                    Figure("Now", NotComputed("no floor") if now is None else now, "gain", _AFTER_FALL),
                    Figure(
                        "Before",
                        NotComputed("no decision or floor before") if then is None else then,
                        "gain",
                        _AFTER_FALL,
                    ),
                ),
                f"{crash.index}, {crash.before:,.2f} to {crash.close:,.2f}",
                judgement="kept" if now is None or _survives(last, crash.fall) else "alert",
            )
        )
    caption = "Above the floor after each of the worst sessions of the S&P 500, at the end of the period and before it."
    return Table(caption, "Session", ("Index", "At the end", "Before the period"), tuple(rows))


def _above_floor(record: Record, fall: float) -> float | None:
    valuation = promising(record)
    return None if valuation is None else after_fall(record, fall) - valuation.floor


def _survives(record: Record, fall: float) -> bool:
    valuation = promising(record)
    return valuation is None or survives(record, fall, valuation.floor)
