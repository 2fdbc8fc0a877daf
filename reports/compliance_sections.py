"""The sections of a compliance report on what was promised, decided and done: facts in, judgement and figures out."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence

from insure.book.record import Record
from insure.compliance import Facts, Judgement, Limit, Protection, after_trade
from insure.fund import Fund
from insure.simulation.crises import worst_days
from reports import filters
from reports.figures import Chart, Figure, Line, NotComputed, Unit
from reports.sections import Row, Section, Table

_LEAST_FOR_CHART = 5
_TEXT: Unit = "text"
_UNITS: dict[str, Unit] = {"money": "money", "weight": "weight", "units": "units"}


def nav(record: Record) -> float:
    """Net asset value after the trade, money."""
    return after_trade(record)[1]


def protection(fund: Fund, facts: Facts) -> Section:
    """Value against floor."""
    held = facts.protection
    if held is None:
        return Section("protection", "Protection", None, "No floor was in force.", paragraphs=(_formula(fund),))
    memory = facts.records[-1].decision.memory
    coverage: float | NotComputed = NotComputed("the floor is zero") if held.coverage is None else held.coverage
    figures = {
        "nav": Figure("Net asset value", held.nav, "money", "at the end, after the trade"),
        "floor": Figure("Floor", held.floor, "money", _formula(fund)),
        "cushion": Figure("Cushion", held.cushion, "gain", "net asset value \u2212 floor"),
        "coverage": Figure("Coverage", coverage, "weight", "net asset value / floor"),
        "guarantee": Figure("Guarantee", held.guarantee, "money", "the floor at the horizon"),
        "lowest_cushion": Figure(
            "Least cushion", held.lowest_cushion.value, "gain", f"on {filters.day(held.lowest_cushion.session)}"
        ),
        "below": Figure("Sessions below the floor", len(held.below), "count", f"of {len(facts.records)} decisions"),
    }
    if memory is not None:
        figures["horizon"] = Figure("Horizon", memory.period.end, "date", f"of period {memory.period.number}")
    return Section(
        "protection",
        "Protection",
        facts.floor_judgement,
        below_sentence(held),
        figures,
        charts=_value_chart(fund, facts),
    )


def below_sentence(held: Protection) -> str:
    """Whether the floor held, and when it did not."""
    missed = f" The guarantee was missed at the horizon of {_days(held.missed)}." if held.missed else ""
    if held.below:
        return f"{len(held.below)} sessions ended below the floor, the first on {filters.day(held.below[0])}.{missed}"
    return f"No session ended below the floor.{missed}"


def lowest_sentence(fund: Fund, held: Protection) -> str:
    """The least cushion of the period, and when."""
    lowest = held.lowest_cushion
    amount = filters.figure(lowest.value, "gain")
    return f"The cushion was smallest on {filters.day(lowest.session)}, at {amount} {fund.currency}."


def _days(days: Sequence[dt.date]) -> str:
    return ", ".join(filters.day(day) for day in days)


def _formula(fund: Fund) -> str:
    """The floor's formula in words."""
    kind = fund.strategy.kind
    if not fund.protects:
        return "the strategy promises no floor"
    if kind == "tipp":
        return f"{filters.percent(fund.protection.floor_fraction, 1)} of the highest value so far"
    rule = getattr(fund.strategy, "floor_rule", "accreting")
    share = filters.percent(fund.protection.floor_fraction, 1)
    return f"{share} of the value at the start of the period, {str(rule).replace('_', ' ')} to the horizon"


def _value_chart(fund: Fund, facts: Facts) -> tuple[Chart, ...]:
    records = facts.records
    if len(records) < _LEAST_FOR_CHART:
        return ()
    dates = tuple(record.session for record in records)
    floors = tuple(
        record.decision.valuation.floor
        if record.decision.valuation is not None and record.decision.valuation.guarantee > 0.0
        else None
        for record in records
    )
    span = f"{filters.day(dates[0])} to {filters.day(dates[-1])}"
    return (
        Chart(
            "value",
            "Value and floor",
            f"Net asset value after each trade, and the floor of the day, {fund.currency}, {span}.",
            "money",
            dates,
            (Line("Fund", "fund", tuple(nav(record) for record in records)), Line("Floor", "floor", floors)),
        ),
    )


def exposure(fund: Fund, facts: Facts) -> Section:
    """How much stock was wanted and held."""
    held = facts.exposure
    if held is None:
        return Section("exposure", "Exposure", None, "Nothing was decided in this period.")
    valuation = facts.records[-1].decision.valuation
    multiple = valuation.effective_multiple if valuation is not None else None
    figures = {
        "target": Figure("Target of the model", held.target, "weight", "rung model, last decision"),
        "executed": Figure("Held", held.executed, "weight", "after the last trade"),
        "backlog": Figure("Hedge backlog", held.backlog, "points", "target \u2212 held"),
        "highest": Figure("Most in stock", held.highest.value, "weight", f"on {filters.day(held.highest.session)}"),
        "lowest": Figure("Least in stock", held.lowest.value, "weight", f"on {filters.day(held.lowest.session)}"),
        "multiple": Figure(
            "Effective multiple",
            NotComputed("there is no cushion to divide by") if multiple is None else multiple,
            "multiple",
            "equity / cushion, before the last trade",
        ),
        "locked": Figure("Decisions in cash-lock", held.locked, "count", "no cushion left"),
    }
    judgement: Judgement = "alert" if held.locked else "kept"
    sentence = (
        f"{filters.percent(held.executed)} in stock at the end; the model asked for {filters.percent(held.target)}."
    )
    if held.locked:
        sentence += f" {held.locked} decisions were made in cash-lock."
    charts: tuple[Chart, ...] = ()
    if len(facts.records) >= _LEAST_FOR_CHART:
        weights = tuple(after_trade(record)[0] / max(nav(record), 1e-300) for record in facts.records)
        charts = (
            Chart(
                "weight",
                "Share of the fund in stock",
                f"Equity weight after each decision, {fund.name}.",
                "weight",
                tuple(record.session for record in facts.records),
                (Line("In stock", "fund", weights, steps=True),),
                from_zero=True,
            ),
        )
    return Section("exposure", "Exposure", judgement, sentence, figures, charts=charts)


def gap(fund: Fund, facts: Facts) -> Section:
    """The instant fall that reaches the floor, and what real crash days would have done."""
    alert = next((limit for limit in facts.limits if limit.name == "Gap budget alert"), None)
    if facts.lowest_gap is None or facts.protection is None or alert is None:
        return Section("gap", "Gap budget", None, "No fall could reach a floor in this period.")
    last = facts.records[-1]
    lowest = facts.lowest_gap
    sentence = (
        f"The least gap budget was {filters.percent(lowest.value)} on {filters.day(lowest.session)}; "
        f"the alert stands at {filters.percent(fund.limits.gap_budget_alert)}."
    )
    return Section(
        "gap",
        "Gap budget",
        alert.judgement,
        sentence,
        {
            "lowest": Figure("Least gap budget", lowest.value, "weight", f"on {filters.day(lowest.session)}"),
            "alert": Figure("Alert", fund.limits.gap_budget_alert, "weight", "contract, gap_budget_alert"),
            "sessions": Figure("Decisions under the alert", alert.sessions, "count"),
        },
        (_stress_pack(facts, last),),
    )


def _stress_pack(facts: Facts, last: Record) -> Table:
    """Real crash days on the fund at the end of the period, beside the same at its beginning."""
    rows = []
    before = facts.opening
    for worst in worst_days()[:8]:
        now = _above_floor(last, worst.fall)
        then = _above_floor(before, worst.fall) if before is not None else None
        rows.append(
            Row(
                filters.day(worst.day),
                (
                    Figure("Index", worst.fall, "weight"),
                    Figure("Now", NotComputed("no floor") if now is None else now, "gain"),
                    Figure("Before", NotComputed("no decision or floor before") if then is None else then, "gain"),
                ),
                judgement="kept" if now is None or now >= 0.0 else "alert",
            )
        )
    caption = "Above the floor after each of the worst sessions of the S&P 500, at the end of the period and before it."
    return Table(caption, "Session", ("Index", "At the end", "Before the period"), tuple(rows))


def _above_floor(record: Record, fall: float) -> float | None:
    valuation = record.decision.valuation
    if valuation is None or not valuation.guarantee > 0.0:
        return None
    equity, value = after_trade(record)
    return value + equity * fall - valuation.floor


def decisions(facts: Facts) -> Section:
    """Every decision by its outcome; those that did not end OK one by one."""
    outcomes = Counter(fact.outcome or "not run" for fact in facts.slots)
    odd = [fact for fact in facts.slots if fact.outcome not in {None, "OK"}]
    rows = tuple(
        Row(
            f"{filters.day(fact.slot.session)} {fact.slot.name}",
            (Figure("Outcome", str(fact.outcome), _TEXT), Figure("Reason", fact.reason, _TEXT)),
            judgement="breached" if fact.outcome == "FAILED" else "alert",
        )
        for fact in odd
    )
    figures = {
        str(name): Figure(str(name), count, "count", "slots that ended so") for name, count in sorted(outcomes.items())
    }
    told = ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items())) or "none was due"
    return Section(
        "decisions",
        "Decisions",
        facts.decision_judgement,
        f"Slots by outcome: {told}.",
        figures,
        (Table("Slots that did not end OK.", "Slot", ("Outcome", "Reason"), rows, "Every slot that ran ended OK."),),
    )


def executions(fund: Fund, facts: Facts) -> Section:
    """Orders, fills and what they cost."""
    done = facts.trading
    judgement: Judgement = "alert" if done.unfilled_units else "kept"
    unfilled = (
        "everything was filled" if not done.unfilled_units else f"{filters.units(done.unfilled_units)} units open"
    )
    return Section(
        "executions",
        "Executions",
        judgement,
        f"{done.orders} orders, {done.fills} fills; {unfilled}.",
        {
            "orders": Figure("Orders", done.orders, "count"),
            "fills": Figure("Fills", done.fills, "count"),
            "unfilled": Figure("Units not filled", done.unfilled_units, "units", "ordered \u2212 filled"),
            "bought": Figure("Bought", done.bought, "money", f"value of fills, {fund.currency}"),
            "sold": Figure("Sold", done.sold, "money", f"value of fills, {fund.currency}"),
            "commission": Figure("Commission", done.commission, "money"),
            "spread": Figure("Spread", done.spread, "money"),
        },
    )


def checks(facts: Facts) -> Section:
    """Pre-trade checks with their least head-room."""
    rows = tuple(
        Row(
            tally.name.capitalize(),
            (
                Figure("Made", tally.made, "count"),
                Figure("Failed", tally.failed, "count"),
                Figure("Least head-room", tally.tightest.value, _UNITS.get(tally.unit, "number")),
                Figure("On", tally.tightest.session, "date"),
            ),
            judgement="alert" if tally.failed else "kept",
        )
        for tally in facts.checks
    )
    failed = sum(tally.failed for tally in facts.checks)
    made = sum(tally.made for tally in facts.checks)
    return Section(
        "checks",
        "Checks before the trade",
        "alert" if failed else "kept",
        f"{made} checks, {failed} failed; what fails is held, not traded.",
        tables=(Table("Checks of the period.", "Check", ("Made", "Failed", "Least head-room", "On"), rows),),
    )


def limits(facts: Facts) -> Section:
    """Limits of the contract with head-room, kind and age of a breach."""
    bad = [limit for limit in facts.limits if limit.judgement != "kept"]
    judgement: Judgement = (
        "breached" if any(limit.judgement == "breached" for limit in bad) else "alert" if bad else "kept"
    )
    told = "; ".join(f"{limit.name.lower()} {_how(limit)}" for limit in bad)
    return Section(
        "limits",
        "Limits",
        judgement,
        f"{told.capitalize()}." if told else "Every limit was kept.",
        tables=(
            Table(
                "Limits of the contract; a breach is active where our trade went past it, else passive.",
                "Limit",
                ("Limit", "Furthest", "On", "Head-room", "State", "Decisions past it", "In a row now"),
                tuple(_limit_row(limit) for limit in facts.limits),
                "Nothing was decided that a limit speaks of.",
            ),
        ),
    )


def _how(limit: Limit) -> str:
    state = f"{limit.breach} breach" if limit.breach else "alert"
    return f"({state}, {limit.sessions} decisions, {limit.age} in a row now)"


def _limit_row(limit: Limit) -> Row:
    state = "kept" if limit.judgement == "kept" else f"{limit.breach} breach" if limit.breach else "alert"
    return Row(
        limit.name,
        (
            Figure("Limit", limit.bound, limit.unit),
            Figure("Furthest", limit.worst.value, limit.unit),
            Figure("On", limit.worst.session, "date"),
            Figure("Head-room", limit.headroom, limit.unit),
            Figure("State", state, _TEXT),
            Figure("Decisions past it", limit.sessions, "count"),
            Figure("In a row now", limit.age, "count"),
        ),
        judgement=limit.judgement,
    )


def events(facts: Facts) -> Section:
    """Everything that the decisions themselves said must be read."""
    rows = tuple(
        Row(
            filters.day(record.session),
            (Figure("Event", event.kind, _TEXT), Figure("What", event.sentence, _TEXT)),
            judgement="breached" if event.kind == "floor breached" else "kept",
        )
        for record in facts.records
        for event in record.decision.events
        if event.kind != "gap budget low"
    )
    low = sum(event.kind == "gap budget low" for record in facts.records for event in record.decision.events)
    breached = any(row.judgement == "breached" for row in rows)
    return Section(
        "events",
        "Events",
        "breached" if breached else "kept",
        f"{len(rows)} events, and {low} decisions that warned of a low gap budget.",
        tables=(Table("Events of the period.", "Session", ("Event", "What"), rows),),
    )
