"""The floor of a compliance report in words and in numbers, so that anybody can compute it again by hand."""

import datetime as dt
from collections.abc import Sequence

from insure.book.record import Record
from insure.compliance import Facts
from insure.decision import Memory, Valuation
from insure.flows import OF_HOLDERS
from insure.fund import Fund
from insure.strategies.cppi import step_in_force, zero_rate
from insure.strategy_terms import CppiTerms
from reports import filters
from reports.figures import Figure, Figures

_MONEY_PLACES = 6
"""Decimals of money in a formula: what is computed from it is right to the cent."""


def formulas(facts: Facts, *, adjusted: bool = False) -> str:
    """The floor's formula in words, each with the days that it was in force where there was more than one.

    ``adjusted``: whether holders came or went in the protection period at the end.
    """
    told: list[tuple[str, dt.date | None, dt.date | None]] = []
    for each in facts.contracts:
        words = _words(each.fund)
        if told and told[-1][0] == words:
            told[-1] = (words, told[-1][1], each.until)
        else:
            told.append((words, each.since, each.until))
    said = "; ".join(f"{filters.span(since, until)}: {words}".removeprefix(": ") for words, since, until in told)
    return f"{said}; adjusted for flows" if adjusted else said


def adjusted(record: Record, history: Sequence[Record]) -> bool:
    """Whether holders came or went since the protection period of a record began."""
    return any(flow.kind in OF_HOLDERS for each in _since_it_began(record, history) for flow in each.flows)


def figures(facts: Facts, record: Record, history: Sequence[Record]) -> Figures:
    """What the floor of a record is computed from, and the formula with these numbers in it.

    Args:
        facts: of the period, for the contract of the record.
        record: the last decision of the period in which a floor was promised.
        history: all decisions up to the end of the period, in order.
    """
    memory, valuation = record.decision.memory, record.decision.valuation
    if memory is None or valuation is None:
        return {}
    fund = next(each.fund for each in facts.contracts if each.config_sha256 == record.decision.config_sha256)
    period, guarantee = memory.period, memory.start.guarantee
    changed = adjusted(record, history)
    share = f"{filters.precise(guarantee / period.value)} \u00d7 value at the start"
    found = {
        "start": Figure("Start of the protection period", period.start, "date", f"period {period.number}"),
        "start_value": Figure(
            f"Value at the start{', adjusted for flows' if changed else ''}",
            period.value,
            "money",
            "net asset value when the period began" + (" \u00d7 flows since" if changed else ""),
        ),
    }
    if changed:
        first = _first_value(record, history)
        found["start_value_then"] = Figure("Value at the start, as it was", first, "money", "record of the first slot")
        found["flows"] = Figure(
            "Flows since", period.value / first, "number", "product of 1 + flow / value of the fund before it"
        )
    found["guarantee"] = Figure(
        f"Guarantee{', adjusted for flows' if changed else ''}",
        guarantee,
        "money",
        f"the floor at the horizon: {share}",
    )
    found |= _inputs(fund, record, memory, valuation)
    return found


def _since_it_began(record: Record, history: Sequence[Record]) -> list[Record]:
    """Decisions that found the record's protection period in force: their flows have moved its promise."""
    memory = record.decision.memory
    return [
        each
        for each in history
        if memory is not None
        and each.decision.memory_in is not None
        and each.decision.memory_in.period.number == memory.period.number
    ]


def _first_value(record: Record, history: Sequence[Record]) -> float:
    memory = record.decision.memory
    return next(
        each.decision.memory.period.value
        for each in history
        if each.decision.memory is not None
        and memory is not None
        and each.decision.memory.period.number == memory.period.number
    )


def _inputs(fund: Fund, record: Record, memory: Memory, valuation: Valuation) -> dict[str, Figure]:
    """Rate, time, curve, step or peak, whichever the rule takes, and the formula."""
    terms, left = fund.strategy, valuation.years_left
    guarantee = filters.precise(memory.start.guarantee, _MONEY_PLACES)
    years = {"years_left": Figure("Time to the horizon", left, "years", f"{fund.schedule.day_count}, at the last slot")}
    rule = terms.floor_rule if isinstance(terms, CppiTerms) else "ratchet" if terms.kind == "tipp" else "accreting"
    if rule == "ratchet":
        peak, protect = memory.start.state.peak, memory.start.terms[0]
        more = {"peak": Figure("Highest value so far", peak, "money", "before the trade of any slot of the period")}
        return years | more | _formula(f"{filters.precise(protect)} \u00d7 {_money(peak)}", valuation)
    if isinstance(terms, CppiTerms) and rule == "stepped":
        since, fraction = step_in_force(terms.step_fractions, valuation.elapsed)
        elapsed = {"elapsed": Figure("Time since the start", valuation.elapsed, "years", fund.schedule.day_count)}
        step = {"step": Figure("Step in force", fraction, "weight", f"fund file, step of year {since:g}")}
        value = _money(memory.period.value)
        return elapsed | step | _formula(f"{filters.precise(fraction)} \u00d7 {value}", valuation)
    if rule == "fixed":
        return years | _formula(guarantee, valuation)
    if isinstance(terms, CppiTerms) and rule == "zero_coupon":
        rate = zero_rate(terms.zero_rates, left)
        shown = Figure("Zero rate", rate, "per_year", "curve of the fund file, strategy.zero_rates, at this time")
    else:
        rate = record.decision.snapshot.rate
        shown = Figure("Rate", rate, "per_year", "continuously compounded, as seen at the last slot")
    power = filters.precise(rate) if rate >= 0.0 else f"({filters.precise(rate)})"
    text = f"{guarantee} \u00d7 e^(\u2212{power} \u00d7 {filters.precise(left)})"
    return years | {"rate": shown} | _formula(text, valuation)


def _formula(text: str, valuation: Valuation) -> dict[str, Figure]:
    said = f"{text} = {filters.money(valuation.floor)}"
    return {"formula": Figure("Floor, computed", said, "text", "the formula above with its numbers")}


def _money(value: float) -> str:
    return filters.precise(value, _MONEY_PLACES)


def _words(fund: Fund) -> str:
    kind = fund.strategy.kind
    if not fund.protects:
        return "the strategy promises no floor"
    if kind == "tipp":
        return f"{filters.percent(fund.protection.floor_fraction, 1)} of the highest value so far"
    rule = getattr(fund.strategy, "floor_rule", "accreting")
    share = filters.percent(fund.protection.floor_fraction, 1)
    return f"{share} of the value at the start of the period, {str(rule).replace('_', ' ')} to the horizon"
