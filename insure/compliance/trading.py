"""Orders, fills and checks of a period."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from insure.book.record import Record
from insure.compliance.measures import Extreme, extreme
from insure.decision.checks import CheckUnit


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
