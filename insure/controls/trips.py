"""What trips a breaker: a pure function from what was observed to where the breaker must go, and why.

Every comparison is written so that NaN trips. All but a broken chain lead to REDUCE_ONLY: for an insured fund standing
still is a position too, and a fall that is not traded makes it a worse one (docs/theory.md, "Breakers"). What may not
be sold either is refused by the gate itself.
"""

import datetime as dt
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from insure.decision import Breaker
from insure.fund import Controls

Trigger = Literal[
    "bad data",
    "reconciliation break",
    "two failures in a row",
    "turnover throttle",
    "slippage",
    "gap budget",
    "market-wide halt",
    "clock drift",
    "chain failure",
    "code mismatch",
]
FAILURES_IN_A_ROW = 2
LAST_MINUTES = 35.0
"""From so long before the close on NYSE Rule 7.12 halts at its last level alone: 3:25 p.m., or 12:25 of a half day."""
WORST = 1000.0
"""Severity of what has no measure: a budget of nothing, a figure that is no number."""


@dataclass(frozen=True, slots=True)
class Trip:
    """A breaker must move."""

    trigger: Trigger
    to: Breaker
    case: str
    """What exactly: the same case is not told twice, and stays quiet for a while once a person has lifted it."""
    severity: float
    """Value over limit, above 1: how much worse than allowed."""
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observations:
    """What was seen of a fund, or of the desk; what nobody looked at stays as it is here, and trips nothing."""

    bad_prices: int = 0
    """Slots in a row, up to the last, without a price that could be trusted."""
    failures: int = 0
    """Slots in a row, up to the last, that failed."""
    breaks: int = 0
    """Differences of the last reconciliation that nobody has explained."""
    reconciliation: str = ""
    """Names that reconciliation."""
    turnover_weight: float | None = None
    """Traded in the session with what was decided last, of NAV."""
    session: str = ""
    """Or another name of the moment, where there is no session."""
    slippage_deviations: float | None = None
    """Slippage of the hedge in the model's own standard deviations."""
    gap_budget: float | None = None
    """Instant fall that reaches the floor; None where none does."""
    index_fall: float | None = None
    """Of the index below its previous close; below zero for a rise."""
    minutes_to_close: float = math.inf
    clock_seconds: float = 0.0
    """How far the clock jumped, or stands behind the newest row of the book."""
    chain: str = ""
    """What is wrong with the chain; empty where nothing is."""
    code: str = ""
    """Why the code in use is not the approved one; empty where it is."""


def _bad_data(controls: Controls, seen: Observations) -> Trip | None:
    most = controls.breaker_bad_prices
    if seen.bad_prices < most:
        return None
    sentence = f"{seen.bad_prices} slots in a row had no price that could be trusted; {most} trip the breaker."
    return Trip("bad data", "REDUCE_ONLY", f"bad data {seen.session}", seen.bad_prices / most, sentence)


def _reconciliation(_: Controls, seen: Observations) -> Trip | None:
    if seen.breaks == 0:
        return None
    differ = "1 difference" if seen.breaks == 1 else f"{seen.breaks} differences"
    are = "is" if seen.breaks == 1 else "are"
    sentence = f"{differ} ({seen.reconciliation}) {are} not explained; none is allowed."
    return Trip("reconciliation break", "REDUCE_ONLY", seen.reconciliation, float(seen.breaks), sentence)


def _failures(_: Controls, seen: Observations) -> Trip | None:
    if seen.failures < FAILURES_IN_A_ROW:
        return None
    sentence = f"{seen.failures} slots in a row failed; {FAILURES_IN_A_ROW} trip the breaker."
    case = f"two failures in a row {seen.session}"
    return Trip("two failures in a row", "REDUCE_ONLY", case, seen.failures / FAILURES_IN_A_ROW, sentence)


def _turnover(controls: Controls, seen: Observations) -> Trip | None:
    value, limit = seen.turnover_weight, controls.largest_turnover_weight
    if value is None or value <= limit:
        return None
    sentence = f"{value:.2%} of the fund would be traded in the session; at most {limit:.2%}."
    return Trip("turnover throttle", "REDUCE_ONLY", f"turnover {seen.session}", _over(value, limit), sentence)


def _slippage(controls: Controls, seen: Observations) -> Trip | None:
    value, limit = seen.slippage_deviations, controls.breaker_slippage_sigmas
    if value is None or limit == 0.0 or abs(value) <= limit:
        return None
    sentence = f"Slippage of the hedge is {value:+.1f} standard deviations of the model's own; at most {limit:g}."
    return Trip("slippage", "REDUCE_ONLY", "slippage", _over(abs(value), limit), sentence)


def _gap_budget(controls: Controls, seen: Observations) -> Trip | None:
    value, limit = seen.gap_budget, controls.breaker_gap_budget
    if value is None or limit == 0.0 or value >= limit:
        return None
    sentence = f"An instant fall of {value:.2%} reaches the floor; {limit:.2%} is the least."
    severity = _over(limit, value) if value > 0.0 else WORST
    return Trip("gap budget", "REDUCE_ONLY", "gap budget", severity, sentence)


def _market_halt(controls: Controls, seen: Observations) -> Trip | None:
    levels, fall = controls.market_halt_falls, seen.index_fall
    if not levels or fall is None:
        return None
    reached = sum(not fall < level for level in levels)
    late = not seen.minutes_to_close > LAST_MINUTES
    if reached == 0 or (late and reached < len(levels)):
        return None
    sentence = (
        f"The index stands {fall:.2%} below its previous close: level {reached} of a market-wide halt "
        f"({levels[reached - 1]:.0%})."
    )
    return Trip("market-wide halt", "REDUCE_ONLY", f"market-wide halt {seen.session}", float(reached), sentence)


def _clock(controls: Controls, seen: Observations) -> Trip | None:
    value, limit = abs(seen.clock_seconds), controls.breaker_clock_seconds
    if value <= limit:
        return None
    sentence = (
        f"The clock jumped by {seen.clock_seconds:+,.0f} s, stands behind the book, or the machine slept; at most "
        f"{limit:g} s."
    )
    return Trip("clock drift", "REDUCE_ONLY", f"clock drift {seen.session}", _over(value, limit), sentence)


def _chain(_: Controls, seen: Observations) -> Trip | None:
    if not seen.chain:
        return None
    return Trip("chain failure", "HALTED", "chain failure", WORST, f"The book is doubtful: {seen.chain}")


def _code(_: Controls, seen: Observations) -> Trip | None:
    return Trip("code mismatch", "REDUCE_ONLY", "code mismatch", WORST, seen.code) if seen.code else None


TRIGGERS: Mapping[Trigger, Callable[[Controls, Observations], Trip | None]] = MappingProxyType(
    {
        "chain failure": _chain,
        "code mismatch": _code,
        "two failures in a row": _failures,
        "bad data": _bad_data,
        "reconciliation break": _reconciliation,
        "turnover throttle": _turnover,
        "slippage": _slippage,
        "gap budget": _gap_budget,
        "market-wide halt": _market_halt,
        "clock drift": _clock,
    }
)
"""Each trigger with its judgement, the gravest first."""


def tripped(controls: Controls, seen: Observations) -> tuple[Trip, ...]:
    """Everything that trips, the gravest first.

    Args:
        controls: limits of the contract.
        seen: what was observed.
    """
    found = (judge(controls, seen) for judge in TRIGGERS.values())
    return tuple(trip for trip in found if trip is not None)


def _over(value: float, limit: float) -> float:
    ratio = value / limit
    return min(ratio, WORST) if math.isfinite(ratio) else WORST


def last_minutes(now: dt.datetime, closes: dt.datetime) -> float:
    """Minutes to the close of a session; below zero after it."""
    return (closes - now).total_seconds() / 60.0
