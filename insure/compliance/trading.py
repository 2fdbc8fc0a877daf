"""Orders, fills, checks and losses of a period."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from insure.book.record import Record
from insure.compliance.measures import Extreme, after_trade, extreme
from insure.decision.checks import CheckUnit

VAR_CONFIDENCE = 0.99
_VAR_DEVIATIONS = 2.3263478740408408
"""Standard deviations that a normal loss exceeds once in a hundred."""


@dataclass(frozen=True, slots=True)
class Trading:
    """Orders and fills of the period, exact money."""

    orders: int
    fills: int
    unfilled_units: Decimal
    bought: Decimal
    sold: Decimal
    commission: Decimal
    spread: Decimal


@dataclass(frozen=True, slots=True)
class CheckTally:
    """One pre-trade check over the period."""

    name: str
    made: int
    missing: int
    """Those that had nothing to look at, so that nothing was measured."""
    failed: int
    tightest: Extreme | None
    """Least head-room; None where the check was never made."""
    unit: CheckUnit


@dataclass(frozen=True, slots=True)
class VarException:
    """A step on which the fund lost more than its value at risk of the step before."""

    session: dt.date
    loss: float
    value_at_risk: float


@dataclass(frozen=True, slots=True)
class VarTest:
    """Value at risk (99 %, one step, normal at the hedge volatility) against what was really lost to the index."""

    steps: int
    exceptions: tuple[VarException, ...]

    @property
    def expected(self) -> float:
        """Exceptions that a correct model has on average."""
        return self.steps * (1.0 - VAR_CONFIDENCE)


def trading(records: Sequence[Record]) -> Trading:
    """What the orders of some decisions came to, these settled."""
    orders = [order for record in records for order in record.orders]
    fills = [fill for record in records for fill in record.fills]
    zero = Decimal(0)
    ordered = sum((abs(order.units) for order in orders), zero)
    filled = sum((abs(fill.units) for fill in fills), zero)
    return Trading(
        orders=len(orders),
        fills=len(fills),
        unfilled_units=ordered - filled,
        bought=sum((fill.value for fill in fills if fill.units > 0), zero),
        sold=sum((fill.value for fill in fills if fill.units < 0), zero),
        commission=sum((fill.commission for fill in fills), zero),
        spread=sum((fill.spread for fill in fills), zero),
    )


def checks(records: Sequence[Record]) -> tuple[CheckTally, ...]:
    """Every check of some decisions, by name."""
    names = dict.fromkeys(check.name for record in records for check in record.decision.checks)
    tallies = []
    for name in names:
        made = [(r.session, check) for r in records for check in r.decision.checks if check.name == name]
        measured = [(session, check.headroom) for session, check in made if not check.missing]
        failed = sum(not check.passed for _, check in made)
        missing = len(made) - len(measured)
        tallies.append(CheckTally(name, len(measured), missing, failed, extreme(measured, min), made[-1][1].unit))
    return tuple(tallies)


def var_test(records: Sequence[Record]) -> VarTest:
    """Losses of the stock held from one decision to the next, against 2.326 standard deviations of it."""
    exceptions = []
    steps = 0
    for then, now in pairwise(records):
        equity = after_trade(then)[0]
        if not equity > 0.0 or not now.accrual.years > 0.0:
            continue
        steps += 1
        deviation = then.decision.snapshot.volatility.vol * math.sqrt(now.accrual.years)
        at_risk = _VAR_DEVIATIONS * deviation * equity
        before, after = float(then.decision.snapshot.price), float(now.decision.snapshot.price)
        loss = -equity * (after / before - 1.0)
        if loss > at_risk:
            exceptions.append(VarException(now.session, loss, at_risk))
    return VarTest(steps, tuple(exceptions))
