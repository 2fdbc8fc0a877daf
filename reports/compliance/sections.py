"""The sections of a compliance report on what was promised, decided and done: facts in, judgement and figures out."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence

from insure.book.record import Record
from insure.compliance import Facts, Limit, Protection, SlotFact, after_trade, worst
from insure.compliance.approved import routine
from insure.compliance.flows import PeriodFlows
from insure.compliance.measures import promising
from insure.fund import Fund
from reports import filters
from reports.compliance import floor, flows, pictures, weeks
from reports.compliance.controls import count
from reports.compliance.operations import chain_entry
from reports.evidence import Evidence
from reports.figures import Chart, Figure, Line, NotComputed, Unit
from reports.sections import Row, Section, Table

_LEAST_FOR_CHART = 5
_MOST_ROWS = 31
"""Decisions that a page lists one by one: a month of them, one a day."""
UNDECIDED = "Not computed: nothing was decided in this period."
_CHECKED = "checks of each record"
_TEXT: Unit = "text"


def nav(record: Record) -> float:
    """Net asset value after the trade, money."""
    return after_trade(record)[1]


def protection(fund: Fund, facts: Facts, history: Sequence[Record], moved: PeriodFlows) -> Section:
    """Value against floor, and what the floor is computed from.

    Args:
        fund: the contract in force at the end of the period.
        facts: of the period.
        history: all decisions up to the end of the period, in order.
        moved: the flows of the period.
    """
    held = facts.protection
    if not facts.records:
        return Section("protection", "Protection", None, UNDECIDED)
    charts = pictures.protection(fund, facts, flows.in_words(fund, moved))
    if held is None:
        told = (floor.formulas(facts),)
        return Section("protection", "Protection", None, "No floor was in force.", charts=charts, paragraphs=told)
    last = [record for record in facts.records if promising(record) is not None][-1]
    memory = last.decision.memory
    coverage: float | NotComputed = NotComputed("the floor is zero") if held.coverage is None else held.coverage
    figures = {
        "nav": Figure("Net asset value", held.nav, "money", "stock + cash + options, at the end, after the trade"),
        "floor": Figure("Floor", held.floor, "money", floor.formulas(facts, adjusted=floor.adjusted(last, history))),
        "cushion": Figure("Cushion", held.cushion, "gain", "net asset value \u2212 floor"),
        "coverage": Figure("Coverage", coverage, "weight", "net asset value / floor"),
        **floor.figures(facts, last, history),
        "lowest_cushion": Figure(
            "Least cushion", held.lowest_cushion.value, "gain", f"on {filters.day(held.lowest_cushion.session)}"
        ),
        "below": Figure("Sessions below the floor", len(held.below), "count", f"of {len(facts.records)} decisions"),
        "below_since": Figure(
            "Below the floor since",
            NotComputed("it is not below it at the end") if held.below_since is None else held.below_since,
            "date",
            "first of the sessions in a row, before the period too",
        ),
    }
    if memory is not None:
        figures["horizon"] = Figure(
            "Horizon", memory.period.end, "date", f"contract and calendar, period {memory.period.number}"
        )
    return Section(
        "protection",
        "Protection",
        facts.floor_judgement,
        below_sentence(held),
        figures,
        charts=charts,
    )


def below_sentence(held: Protection) -> str:
    """Whether the floor held, and when it did not."""
    missed = f" The guarantee was missed at the horizon of {_days(held.missed)}." if held.missed else ""
    if held.below:
        count = f"{len(held.below)} session{'' if len(held.below) == 1 else 's'} ended below the floor"
        since = "" if held.below_since is None else f" It has stood below since {filters.day(held.below_since)}."
        return f"{count}, the first on {filters.day(held.below[0])}.{since}{missed}"
    return f"No session ended below the floor.{missed}"


def lowest_sentence(fund: Fund, held: Protection) -> str:
    """The least cushion of the period, and when."""
    lowest = held.lowest_cushion
    amount = filters.figure(lowest.value, "gain")
    return f"The cushion was smallest on {filters.day(lowest.session)}, at {amount} {fund.currency}."


def _days(days: Sequence[dt.date]) -> str:
    return ", ".join(filters.day(day) for day in days)


def exposure(fund: Fund, facts: Facts) -> Section:
    """How much stock was wanted and held."""
    held = facts.exposure
    if held is None:
        return Section("exposure", "Exposure", None, UNDECIDED)
    valuation = facts.records[-1].decision.valuation
    multiple = valuation.effective_multiple if valuation is not None else None
    figures = {
        "model": Figure("Asked for by the model", held.model, "weight", "rung model, last decision"),
        "target": Figure(
            "Decided", held.target, "weight", "after limits, band, throttle and lots; what was withheld is counted"
        ),
        "executed": Figure("Held", held.executed, "weight", "after the last trade, with the fills that came since"),
        "backlog": Figure("Hedge backlog", held.backlog, "points", "decided \u2212 held; below zero a sale is missing"),
        "band": Figure("Band", held.band, "weight", "half width at the last decision; beyond it a backlog is an alert"),
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
    judgement = worst(["alert" if held.locked else "kept", held.backlog_judgement])
    sentence = (
        f"{filters.percent(held.executed)} in stock at the end; {filters.percent(held.target)} were decided, and the "
        f"model asked for {filters.percent(held.model)}."
    )
    if held.backlog_judgement != "kept":
        what = "bought" if held.backlog > 0.0 else "sold"
        sentence += f" {filters.percent(abs(held.backlog))} of the fund were not {what}."
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


def decisions(fund: Fund, facts: Facts, evidence: Evidence) -> Section:
    """Every decision by its outcome; those that did not end OK one by one."""
    usual = routine(facts).held
    ran = (*facts.slots, *facts.unscheduled)
    outcomes = Counter(fact.outcome or "not run" for fact in ran)
    odd = [fact for fact in ran if fact.outcome not in {None, "OK"} and fact.slot.key not in usual]
    figures = {
        str(name): Figure(str(name), slots, "count", "slots that ended so") for name, slots in sorted(outcomes.items())
    }
    told = ", ".join(f"{slots} {name}" for name, slots in sorted(outcomes.items())) or "none was due"
    rows = tuple(_odd_row(fact, chain_entry(evidence, fact)) for fact in odd)
    return Section(
        "decisions",
        "Decisions",
        facts.decision_judgement,
        f"Slots by outcome: {told}.{_approved_sentence(len(usual))}",
        {
            **figures,
            "approved": Figure("HELD for approval, then carried out", len(usual), "count", "held, and run again"),
        }
        if usual
        else figures,
        (
            Table(
                "Slots that did not end OK.",
                "Slot",
                ("Outcome", "Reason"),
                rows,
                "None: every other slot ended OK." if usual else "None: every slot that ran ended OK.",
            ),
            _daily(facts, evidence) if len(facts.records) <= _MOST_ROWS else weeks.folded(fund, facts),
        ),
    )


def _approved_sentence(number: int) -> str:
    if not number:
        return ""
    was, trade = ("was", "trade") if number == 1 else ("were", "trades")
    return f" {number} of them {was} HELD for approval; it came, and the {trade} {was} carried out."


def _odd_row(fact: SlotFact, source: str) -> Row:
    return Row(
        f"{filters.day(fact.slot.session)} {fact.slot.name}",
        (Figure("Outcome", str(fact.outcome), _TEXT, source), Figure("Reason", fact.reason, _TEXT, source)),
        source,
        "breached" if fact.outcome == "FAILED" else "alert",
    )


def _daily(facts: Facts, evidence: Evidence) -> Table:
    """Each decision with its row on the chain: where every other figure of the report is read from."""
    rows = []
    for record in facts.records:
        source = _entry(evidence, record)
        sequence = evidence.entries.get((record.session, record.slot))
        entry: int | NotComputed = NotComputed("not handed in") if sequence is None else sequence
        equity, value = after_trade(record)
        ladder = record.ladder
        target: float | NotComputed = NotComputed("nothing was decided") if ladder is None else ladder["model"].weight
        rows.append(
            Row(
                f"{filters.day(record.session)} {record.slot}",
                (
                    Figure("Outcome", record.decision.outcome, _TEXT, source),
                    Figure("Index", record.decision.snapshot.price, "price", source),
                    Figure("Net asset value", value, "money", source),
                    Figure("Model", target, "weight", source),
                    Figure("Held", equity / value if value > 0.0 else 0.0, "weight", source),
                    Figure("Chain entry", entry, "count", source),
                ),
            )
        )
    columns = ("Outcome", "Index", "Net asset value", "Model", "Held", "Chain entry")
    return Table("Every decision, and its row on the chain.", "Slot", columns, tuple(rows), "Nothing was decided.")


def _entry(evidence: Evidence, record: Record) -> str:
    sequence = evidence.entries.get((record.session, record.slot))
    return "no entry of the chain" if sequence is None else f"chain entry {sequence}"


def checks(facts: Facts) -> Section:
    """Pre-trade checks with their least head-room."""
    none = NotComputed("never made in the period")
    usual = routine(facts).held
    approved = Counter(
        check.name
        for record in facts.records
        if f"{record.session}:{record.slot}" in usual
        for check in record.decision.checks
        if not check.passed
    )
    rows = tuple(
        Row(
            tally.name.capitalize(),
            (
                Figure("Made", tally.made, "count", _CHECKED),
                Figure("Not made", tally.missing, "count", _CHECKED),
                Figure("Approved", approved[tally.name], "count", "failed at a slot whose approval came"),
                Figure("Failed", tally.failed - approved[tally.name], "count", _CHECKED),
                Figure(
                    "Least head-room", tally.tightest.value if tally.tightest else none, tally.unit, "limit − value"
                ),
                Figure("On", tally.tightest.session if tally.tightest else none, "date", _CHECKED),
            ),
            judgement="alert" if tally.failed - approved[tally.name] else "kept",
        )
        for tally in facts.checks
    )
    failed = sum(tally.failed for tally in facts.checks) - approved.total()
    made, missing = (sum(getattr(tally, name) for tally in facts.checks) for name in ("made", "missing"))
    told = f", {missing} not made for want of a figure" if missing else ""
    told += f", {approved.total()} answered by people" if approved else ""
    return Section(
        "checks",
        "Checks before the trade",
        "alert" if failed else "kept",
        f"{made} checks made{told}, {failed} failed; what fails is held, not traded.",
        tables=(
            Table(
                "Checks of each record of the period.",
                "Check",
                ("Made", "Not made", "Approved", "Failed", "Least head-room", "On"),
                rows,
            ),
        ),
    )


def limits(facts: Facts) -> Section:
    """Limits of the contracts with head-room, kind and age of a breach."""
    bad = [limit for limit in facts.limits if limit.judgement != "kept"]
    told = "; ".join(f"{named(limit).lower()} {_how(limit)}" for limit in bad)
    return Section(
        "limits",
        "Limits",
        worst(limit.judgement for limit in facts.limits),
        f"{told[:1].upper()}{told[1:]}." if told else "Every limit was kept.",
        tables=(
            Table(
                "Limits of the fund file, each over the decisions made under it; a breach is active where our trade "
                "went past it, else passive.",
                "Limit",
                ("Limit", "Furthest", "On", "Head-room", "State", "Decisions past it", "In a row now", "Since"),
                tuple(_limit_row(limit) for limit in facts.limits),
                "Nothing was decided that a limit speaks of.",
            ),
        ),
    )


def named(limit: Limit) -> str:
    """A limit by its name, with the days that its bound was in force where the period had another."""
    span = filters.span(limit.since, limit.until)
    return f"{limit.name}, {span}" if span else limit.name


def _how(limit: Limit) -> str:
    state = f"{limit.breach} breach" if limit.breach else "alert"
    decisions = f"{limit.sessions} decision{'' if limit.sessions == 1 else 's'}"
    since = "" if limit.past_since is None else f", {limit.age} in a row now since {filters.day(limit.past_since)}"
    return f"({state}, {decisions}{since})"


def _limit_row(limit: Limit) -> Row:
    state = "kept" if limit.judgement == "kept" else f"{limit.breach} breach" if limit.breach else "alert"
    since = NotComputed("not past it at the end") if limit.past_since is None else limit.past_since
    return Row(
        named(limit),
        (
            Figure("Limit", limit.bound, limit.unit, "fund file, [limits]"),
            Figure("Furthest", limit.worst.value, limit.unit, "record of the session beside it"),
            Figure("On", limit.worst.session, "date", "record"),
            Figure("Head-room", limit.headroom, limit.unit, "distance from the limit"),
            Figure("State", state, _TEXT, "active: past it by our own trade"),
            Figure("Decisions past it", limit.sessions, "count", "records of the period"),
            Figure("In a row now", limit.age, "count", "records up to the last, before the period too"),
            Figure("Since", since, "date", "first of these records"),
        ),
        judgement=limit.judgement,
    )


def events(facts: Facts, evidence: Evidence) -> Section:
    """Everything that the decisions themselves said must be read."""
    rows = tuple(
        Row(
            filters.day(record.session),
            (
                Figure("Event", event.kind, _TEXT, _entry(evidence, record)),
                Figure("What", event.sentence, _TEXT, _entry(evidence, record)),
            ),
            _entry(evidence, record),
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
        f"{count(len(rows), 'event')}, and {count(low, 'decision')} that warned of a low gap budget.",
        tables=(Table("Events of the period.", "Session", ("Event", "What"), rows),),
    )
