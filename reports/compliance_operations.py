"""The sections of a compliance report on how the fund was run: controls, data, schedule, model, versions."""

from collections import Counter
from dataclasses import asdict
from itertools import pairwise

from insure.book.record import Record
from insure.compliance import Facts, Judgement
from insure.fund import Fund
from reports import filters
from reports.evidence import Control, Evidence
from reports.figures import Figure, NotComputed, Unit
from reports.sections import Row, Section, Table

_TEXT: Unit = "text"
_BASEL_GREEN, _BASEL_YELLOW = 4, 9
"""Exceptions in 250 steps (Basel Committee 1996, Supervisory framework for the use of backtesting, table 2)."""
_LEAST_STEPS = 50
"""Below this many steps a single exception, scaled to 250, would already count as too many."""


def controls(evidence: Evidence) -> Section:
    """Breakers, kills, overrides and approvals with what they cost."""
    if evidence.controls is None:
        return Section("controls", "Controls and overrides", None, "Not looked at for this report.")
    judgement: Judgement = "alert" if evidence.controls else "kept"
    told = f"{len(evidence.controls)} were recorded." if evidence.controls else "None was recorded."
    return Section(
        "controls",
        "Controls and overrides",
        judgement,
        told,
        tables=(
            Table(
                "Breakers, kills, lifts, overrides, approvals and rejections.",
                "At",
                ("What", "By", "Why", "Cost"),
                tuple(_control_row(control) for control in evidence.controls),
            ),
        ),
    )


def _control_row(control: Control) -> Row:
    cost = NotComputed("nobody has measured it") if control.cost is None else control.cost
    return Row(
        filters.instant(control.at),
        (
            Figure("What", control.kind, _TEXT),
            Figure("By", control.by, _TEXT),
            Figure("Why", control.sentence, _TEXT),
            Figure("Cost", cost, "gain"),
        ),
    )


def data_quality(facts: Facts) -> Section:
    """Slots at which the market could not be seen, and estimates that were bounded or smoothed."""
    unseen = [fact for fact in facts.slots if fact.outcome == "HELD" and not fact.decided]
    notes = [record for record in facts.records if record.decision.snapshot.volatility.note]
    doubted = [record for record in facts.records if record.decision.snapshot.doubt is not None]
    rows = [
        Row(filters.day(fact.slot.session), (Figure("What", fact.reason, _TEXT),), judgement="alert") for fact in unseen
    ]
    rows += [
        Row(filters.day(record.session), (Figure("What", doubt.sentence, _TEXT),), judgement="alert")
        for record in doubted
        if (doubt := record.decision.snapshot.doubt) is not None
    ]
    return Section(
        "data",
        "Data quality",
        "alert" if rows else "kept",
        f"The market could not be seen at {len(unseen)} slots; {len(doubted)} prices were doubted; "
        f"{len(notes)} estimates of volatility were bounded or smoothed.",
        {
            "unseen": Figure("Slots without a market", len(unseen), "count", "held, nothing traded"),
            "doubted": Figure("Prices doubted", len(doubted), "count", "acted on as the contract says"),
            "bounded": Figure("Volatilities bounded or smoothed", len(notes), "count", "floor, cap or smoothing"),
        },
        (Table("Findings.", "Session", ("What",), tuple(rows)),),
    )


def reconciliation(evidence: Evidence) -> Section:
    """The book's positions against the custodian's."""
    found = evidence.reconciliations
    if found is None:
        return Section("reconciliation", "Reconciliation", None, "No positions were reconciled for this report.")
    broken = [each for each in found if each.difference != 0]
    rows = tuple(
        Row(
            f"{filters.instant(each.at)} {each.position}",
            (
                Figure("Book", each.book, "units"),
                Figure("Custodian", each.custodian, "units"),
                Figure("Difference", each.difference, "units"),
            ),
            judgement="breached" if each.difference != 0 else "kept",
        )
        for each in found
    )
    return Section(
        "reconciliation",
        "Reconciliation",
        "breached" if broken else "kept",
        f"{len(found)} positions compared, {len(broken)} differ.",
        tables=(Table("Positions.", "Position", ("Book", "Custodian", "Difference"), rows),),
    )


def schedule(facts: Facts) -> Section:
    """What was due, and what became of it."""
    states = Counter(fact.state for fact in facts.slots)
    late = [fact for fact in facts.slots if fact.state != "on time"]
    rows = tuple(
        Row(
            f"{filters.day(fact.slot.session)} {fact.slot.name}",
            (
                Figure("Due", fact.slot.at, "instant"),
                Figure("State", fact.state, _TEXT),
                Figure("Minutes late", fact.late.total_seconds() / 60.0, "number"),
                Figure("Reason", fact.reason, _TEXT),
            ),
            judgement="alert" if fact.state == "late" else "breached",
        )
        for fact in late
    )
    told = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none"
    figures = {str(state): Figure(state.capitalize(), count, "count") for state, count in sorted(states.items())}
    return Section(
        "schedule",
        "Schedule",
        facts.schedule_judgement,
        f"{len(facts.slots)} slots were due: {told}.",
        {"due": Figure("Slots due", len(facts.slots), "count"), **figures},
        (Table("Slots that did not start on time.", "Slot", ("Due", "State", "Minutes late", "Reason"), rows),),
    )


def value_at_risk(facts: Facts) -> Section:
    """Value at risk back-test over the period."""
    test = facts.var_test
    title = "Value at risk, back-tested"
    if test.steps == 0:
        return Section("var", title, None, "No step with stock held lies in this period.")
    scaled = len(test.exceptions) / test.steps * 250.0
    judgement: Judgement = "kept" if scaled <= _BASEL_GREEN else "alert" if scaled <= _BASEL_YELLOW else "breached"
    if test.steps < _LEAST_STEPS:
        judgement = "alert" if test.exceptions else "kept"
    rows = tuple(
        Row(
            filters.day(each.session),
            (Figure("Loss", each.loss, "money"), Figure("Value at risk", each.value_at_risk, "money")),
            judgement="alert",
        )
        for each in test.exceptions
    )
    return Section(
        "var",
        title,
        judgement,
        f"{len(test.exceptions)} exceptions in {test.steps} steps; {filters.number(test.expected, 1)} are expected.",
        {
            "steps": Figure("Steps", test.steps, "count", "decisions with stock held before them"),
            "exceptions": Figure("Exceptions", len(test.exceptions), "count", "loss beyond value at risk"),
            "expected": Figure("Expected", test.expected, "number", "1% of the steps"),
            "method": Figure("Method", "99%, one step, normal, at the hedge volatility", _TEXT),
        },
        (Table("Exceptions.", "Session", ("Loss", "Value at risk"), rows),),
    )


def liquidity(facts: Facts) -> Section:
    """How long selling everything would take."""
    days = facts.days_to_cash
    if days is None:
        return Section("liquidity", "Liquidity", None, "The feed tells no volume: days to cash are not computed.")
    return Section(
        "liquidity",
        "Liquidity",
        "kept" if days <= 1.0 else "alert",
        f"Selling all stock takes {filters.number(days, 4)} sessions at the share of volume that orders may take.",
        {"days": Figure("Sessions to cash", days, "number", "units / (volume cap × average volume)")},
    )


def model_card(fund: Fund, last: Record) -> Section:
    """What decides, with which parameters."""
    terms = {name: value for name, value in asdict(fund.strategy).items() if name != "kind"}
    figures = {
        "strategy": Figure("Strategy", fund.strategy.kind.replace("_", " "), _TEXT),
        **{name: Figure(name.replace("_", " ").capitalize(), _written(value), _TEXT) for name, value in terms.items()},
        "volatility": Figure("Volatility", last.decision.snapshot.volatility.method, _TEXT, "last estimate"),
        "put_vol": Figure("The true put is marked at", last.decision.snapshot.put_vol_source, _TEXT),
        "day_count": Figure("Day count", fund.schedule.day_count, _TEXT),
        "tracking": Figure("Contract", last.decision.config_sha256, "hash"),
    }
    return Section("model", "Model card", None, f"{fund.strategy.kind.replace('_', ' ').capitalize()}.", figures)


def _written(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value in (None, (), "") else str(value)


def changes(facts: Facts) -> Section:
    """Contracts and versions in force, and when they changed."""
    records = ([facts.opening] if facts.opening is not None else []) + list(facts.records)
    rows = []
    for before, now in pairwise(records):
        if before.decision.config_sha256 != now.decision.config_sha256:
            rows.append(_change_row(now, "contract", before.decision.config_sha256, now.decision.config_sha256))
        if before.code_version != now.code_version:
            rows.append(_change_row(now, "program", before.code_version, now.code_version))
    return Section(
        "changes",
        "Changes",
        "alert" if rows else "kept",
        f"{len(rows)} changes of contract or program." if rows else "Contract and program stayed the same.",
        tables=(Table("Changes.", "Session", ("What", "From", "To"), tuple(rows)),),
    )


def _change_row(record: Record, what: str, before: str, after: str) -> Row:
    cells = (Figure("What", what, _TEXT), Figure("From", before, "hash"), Figure("To", after, "hash"))
    return Row(filters.day(record.session), cells, judgement="alert")


def regulation(fund: Fund, facts: Facts) -> Section:
    """Rules that readers ask about: whether they apply, and the figure that they look at."""
    held = facts.exposure
    most: float | NotComputed = held.highest.value if held else NotComputed("nothing was decided")
    bounded = sum(len(record.orders) for record in facts.records)
    benchmark = "benchmark: the contract does not name the law that the fund stands under"
    rows = (
        Row(
            "UCITS Directive 2009/65/EC, art. 51(3): global exposure",
            (
                Figure("State", "not applicable: the fund holds stock and cash, no derivatives", _TEXT),
                Figure("Figure", most, "weight"),
            ),
            "most in stock / net asset value",
        ),
        Row(
            "UCITS Directive 2009/65/EC, art. 57: active and passive breaches",
            (
                Figure("State", benchmark, _TEXT),
                Figure("Figure", sum(1 for limit in facts.limits if limit.judgement == "breached"), "count"),
            ),
            "limits breached in the period",
        ),
        Row(
            "Delegated Regulation (EU) 2017/589, art. 15: price collars, order value and volume",
            (Figure("State", benchmark, _TEXT), Figure("Figure", bounded, "count")),
            "orders sent with price, time and volume bounds",
        ),
        Row(
            "SEC rule 18f-4: derivatives risk",
            (
                Figure("State", "not applicable: the fund holds no derivatives", _TEXT),
                Figure("Figure", NotComputed("not applicable"), "count"),
            ),
        ),
    )
    return Section(
        "regulation",
        "Regulatory lines",
        None,
        "Each says whether it applies; the contract names no jurisdiction, so none is asserted to.",
        tables=(Table("Rules and the figures they look at.", "Rule", ("State", "Figure"), rows),),
        paragraphs=(f"These lines are orientation for {fund.name}, not legal advice.",),
    )


def lineage(facts: Facts, anchor: tuple[int, str], evidence: Evidence) -> Section:
    """Versions, chain and verification."""
    versions = sorted({record.code_version for record in facts.records}) or ["none in this period"]
    judgement: Judgement | None = None if evidence.verified is None else "kept" if evidence.verified else "breached"
    figures = {
        "program": Figure("Program", ", ".join(versions), _TEXT, "that made the decisions"),
        "chain_sequence": Figure("Chain head, entry", anchor[0], "count"),
        "chain_head": Figure("Chain head, hash", anchor[1], "hash"),
        "calendar": Figure(
            "Calendar", evidence.calendar_release or NotComputed("it was not handed in"), _TEXT, "release"
        ),
        **{name: Figure(name, version, _TEXT, "library") for name, version in sorted(evidence.libraries.items())},
    }
    return Section("lineage", "Versions and lineage", judgement, f"{evidence.verification.capitalize()}.", figures)
