"""The charts of a compliance report over its period: value, cushion, coverage, slippage so far, losses."""

from collections.abc import Sequence

from insure.book.record import Record
from insure.compliance import Facts, after_trade
from insure.compliance.measures import promising
from insure.fund import Fund
from reports import filters
from reports.figures import Chart, Line

LEAST = 5
"""Decisions that a chart needs."""


def protection(fund: Fund, facts: Facts, moved: str) -> tuple[Chart, ...]:
    """Value and floor, cushion, and coverage after each trade; ``moved``: the flows of the period in words."""
    records = facts.records
    if len(records) < LEAST:
        return ()
    dates = tuple(record.session for record in records)
    values = tuple(after_trade(record)[1] for record in records)
    floors = tuple(None if (seen := promising(record)) is None else seen.floor for record in records)
    span = f"{filters.day(dates[0])} to {filters.day(dates[-1])}"
    cushions = tuple(None if floor is None else value - floor for value, floor in zip(values, floors, strict=True))
    coverages = tuple(value / floor if floor else None for value, floor in zip(values, floors, strict=True))
    value = Chart(
        "value",
        "Value and floor",
        f"Net asset value after each trade, and the floor of the day, {fund.currency}, {span}.{moved}",
        "money",
        dates,
        (Line("Fund", "fund", values), Line("Floor", "floor", floors)),
    )
    if all(floor is None for floor in floors):
        return (value,)
    cushion = Chart(
        "cushion",
        "Cushion",
        f"Net asset value after each trade minus the floor, {fund.currency}; below zero the floor is breached.{moved}",
        "money",
        dates,
        (Line("Cushion", "fund", cushions),),
        from_zero=True,
    )
    if all(coverage is None for coverage in coverages):
        return value, cushion
    covered = Chart(
        "coverage",
        "Coverage",
        "Net asset value after each trade as a share of the floor; at 100% no cushion is left.",
        "weight",
        dates,
        (Line("Coverage", "fund", coverages), Line("Floor", "floor", (1.0,) * len(dates))),
    )
    return value, cushion, covered


def slippage(fund: Fund, facts: Facts, history: Sequence[Record]) -> tuple[Chart, ...]:
    """Fund minus the true put since the first decision, at each decision of the period.

    Args:
        fund: for its currency.
        facts: of the period.
        history: all decisions up to the end of the period, in order.
    """
    records = facts.records
    if len(records) < LEAST:
        return ()
    closed, totals = 0.0, []
    for place, record in enumerate(history):
        if place and record.closed is not None and record.decision.memory_in is not None:
            closed += record.closed.total
        totals.append(None if record.track is None else closed + record.track.total)
    shown = tuple(totals[-len(records) :])
    if all(total is None for total in shown):
        return ()
    return (
        Chart(
            "slippage-so-far",
            "Slippage so far",
            f"Fund minus the same capital with a true put, all protection periods, {fund.currency}; below zero "
            "replication has cost more.",
            "money",
            tuple(record.session for record in records),
            (Line("Slippage", "fund", shown),),
            from_zero=True,
        ),
    )


def losses(facts: Facts) -> tuple[Chart, ...]:
    """Each step's loss as a point, against the value at risk that it had."""
    steps = facts.var_test.path
    if len(steps) < LEAST:
        return ()
    return (
        Chart(
            "losses",
            "Losses and value at risk",
            "What was held lost over each step, as points, below zero a gain; a point above the line of its value at "
            "risk is an exception.",
            "money",
            tuple(step.session for step in steps),
            (
                Line("Loss", "losses", tuple(step.loss for step in steps)),
                Line("Value at risk", "floor", tuple(step.value_at_risk for step in steps)),
            ),
            from_zero=True,
        ),
    )
