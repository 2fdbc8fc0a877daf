"""Rules that readers ask about: whether each applies to the fund, and the figure that it looks at.

What applies follows from the regimes that the fund file names; what is not named is a benchmark. A line says what the
figures show, never that anybody complies.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from insure.compliance import Facts
from insure.fund import Fund, Regime
from reports.evidence import Evidence
from reports.figures import Figure, NotComputed, Unit, Value
from reports.sections import Row, Section, Table

NAMES: Mapping[Regime, str] = MappingProxyType(
    {
        "ucits": "UCITS Directive 2009/65/EC",
        "aifmd": "AIFM Directive 2011/61/EU",
        "rts-6": "Delegated Regulation (EU) 2017/589 (RTS 6)",
        "15c3-5": "SEC Rule 15c3-5",
        "18f-4": "SEC Rule 18f-4",
    }
)
"""Regimes as pages write them."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One rule and what the report shows of it."""

    regime: Regime
    article: str
    unit: Unit
    source: str
    figure: Callable[[Fund, Facts, Evidence], Value]
    options_only: bool = False
    """Whether it speaks of derivatives alone."""


def regulation(fund: Fund, facts: Facts, evidence: Evidence) -> Section:
    """Every line with its state (applies, benchmark, not applicable and why) and its figure."""
    named = [NAMES[regime] for regime in fund.regimes]
    told = f"The fund stands under {' and '.join(named)}" if named else "The fund file names no regime"
    rows = tuple(_row(line, fund, facts, evidence) for line in _LINES)
    return Section(
        "regulation",
        "Regulatory lines",
        None,
        f"{told}; each line says whether it applies and what the report shows of it.",
        tables=(Table("Rules and the figures that they look at.", "Rule", ("State", "Figure"), rows),),
        paragraphs=(
            f"These lines are orientation for {fund.name}, not legal advice.",
            "The controls support the rules named; whether an arrangement complies is for those who answer for it.",
        ),
    )


def _row(line: _Line, fund: Fund, facts: Facts, evidence: Evidence) -> Row:
    none = line.options_only and not fund.holds_options
    state = "not applicable: the fund holds stock and cash, no derivatives" if none else _state(line.regime, fund)
    value = NotComputed("not applicable") if none else line.figure(fund, facts, evidence)
    return Row(
        f"{NAMES[line.regime]}, {line.article}",
        (
            Figure("State", state, "text", "fund file, regimes"),
            Figure("Figure", value, line.unit, line.source),
        ),
        line.source,
    )


def _state(regime: Regime, fund: Fund) -> str:
    if regime in fund.regimes:
        return "applies"
    if not fund.regimes:
        return "benchmark: the fund file names no regime"
    return f"benchmark: the fund file names {', '.join(fund.regimes)}"


def _options(_: Fund, facts: Facts, __: Evidence) -> Value:
    last = facts.records[-1] if facts.records else facts.opening
    if last is None or not last.nav:
        return NotComputed("the fund is empty")
    return float(last.options_money / last.nav)


def _deposits(_: Fund, facts: Facts, __: Evidence) -> Value:
    found = [check.value for record in facts.records for check in record.decision.checks if check.name == "deposits"]
    return max(found) if found else NotComputed("no decision was checked")


def _breaches(_: Fund, facts: Facts, __: Evidence) -> Value:
    kinds = [limit.breach for limit in facts.limits]
    return f"{kinds.count('active')} active, {kinds.count('passive')} passive"


def _kills(_: Fund, __: Facts, evidence: Evidence) -> Value:
    if evidence.controls is None:
        return NotComputed("not looked at for this report")
    drills = [each for each in evidence.controls.drills if "kill" in each.sentence]
    return f"{len(evidence.controls.kills)} kills, {len(drills)} drills of the kill switch"


def _bounded(_: Fund, facts: Facts, __: Evidence) -> Value:
    return sum(len(record.orders) for record in facts.records)


def _checks(_: Fund, facts: Facts, __: Evidence) -> Value:
    failed = sum(tally.failed for tally in facts.checks)
    return f"{sum(tally.made for tally in facts.checks)} made, {failed} failed"


def _alerts(_: Fund, __: Facts, evidence: Evidence) -> Value:
    return NotComputed("not looked at for this report") if evidence.alerts is None else len(evidence.alerts)


def _reconciled(_: Fund, __: Facts, evidence: Evidence) -> Value:
    if evidence.controls is None:
        return NotComputed("not looked at for this report")
    return len(evidence.controls.reconciliations)


def _access(_: Fund, __: Facts, ___: Evidence) -> Value:
    return NotComputed("who may log in is the machine's business, not the book's")


def _liquidity(_: Fund, facts: Facts, __: Evidence) -> Value:
    return NotComputed("the feed tells no volume") if facts.days_to_cash is None else facts.days_to_cash


def _stressed(_: Fund, __: Facts, evidence: Evidence) -> Value:
    pack = None if evidence.stress is None else evidence.stress.now
    return "a stress pack was run in the period" if pack is not None else NotComputed("no stress pack was run")


_LINES: tuple[_Line, ...] = (
    _Line("ucits", "art. 51(3): global exposure", "weight", "options at their mark / net asset value", _options, True),
    _Line(
        "ucits",
        "art. 52(1): deposits with one body",
        "weight",
        "largest share of the period, check deposits",
        _deposits,
    ),
    _Line("ucits", "art. 57: limits passed by ourselves or by the market", "text", "limits of the period", _breaches),
    _Line("aifmd", "art. 15(3): stress tests", "text", "reports of the period", _stressed),
    _Line("aifmd", "art. 16: liquidity", "sessions", "time that selling all stock takes", _liquidity),
    _Line("rts-6", "art. 12: kill functionality", "text", "rows of the chain", _kills),
    _Line("rts-6", "art. 15: pre-trade controls", "text", "checks of each record", _checks),
    _Line("rts-6", "art. 15(1): orders with price, time and volume bounds", "count", "orders of each record", _bounded),
    _Line("rts-6", "art. 16: monitoring", "count", "alerts of the period", _alerts),
    _Line("rts-6", "art. 17: post-trade controls", "count", "reconciliations of the period", _reconciled),
    _Line("rts-6", "art. 18: limits to access", "text", "none", _access),
    _Line("15c3-5", "(c)(1): thresholds before the order", "text", "checks of each record", _checks),
    _Line("18f-4", "derivatives risk", "weight", "options at their mark / net asset value", _options, True),
)
