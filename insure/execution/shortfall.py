"""Implementation shortfall: what a decided trade cost against the paper portfolio that traded it all on arrival."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from insure.errors import InvalidInput

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Executed:
    """A part of an order as it was executed."""

    units: Decimal
    """Signed as the order's."""
    price: Decimal
    fees: Decimal
    """Commission and spread, money, zero or more."""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Paper portfolio minus real one, by cause; money, positive where the real one is worse."""

    decided: Decimal
    """Units, signed."""
    executed: Decimal
    arrival: Decimal
    """Price when it was decided."""
    average: Decimal | None
    """Mean price executed; None where nothing was."""
    price: Decimal
    """What fills at other prices than on arrival cost."""
    fees: Decimal
    opportunity: Decimal
    """What the part that was not executed would have gained since."""

    @property
    def total(self) -> Decimal:
        """All three."""
        return self.price + self.fees + self.opportunity

    @property
    def bps(self) -> float | None:
        """Of the value decided, at the arrival price; None where that is zero: an option that was worth nothing."""
        value = abs(self.decided) * self.arrival
        return float(self.total / value) * 10_000.0 if value else None


def shortfall(decided: Decimal, arrival: Decimal, fills: Sequence[Executed], last: Decimal) -> Shortfall:
    """The implementation shortfall of one order, child or parent.

    With X units decided (below zero for a sale) at the arrival price P0, fills x_i at P_i and the price P1 now, the
    paper portfolio gains X (P1 - P0); the real one sum x_i (P1 - P_i) - fees. Their difference is

        sum x_i (P_i - P0)  +  fees  +  (X - sum x_i) (P1 - P0)
            price               fees        opportunity

    Exact. Causes of children add up to those of their parent (tests/execution/test_shortfall.py).

    Args:
        decided: units, signed, not zero.
        arrival: price when it was decided.
        fills: what was executed of it.
        last: price now, at which what is left is judged.

    Prices are zero or more: an option may be worth nothing.

    Source: Perold (1988), "The implementation shortfall: paper versus reality", Journal of Portfolio Management 14(3).

    Raises:
        InvalidInput: nothing was decided, a price is below zero, or a fill goes the other way or beyond.
    """
    if not (decided.is_finite() and decided != 0):
        raise InvalidInput(f"decided is {decided}; it must be units other than zero.")
    for name, price in (("arrival", arrival), ("last", last), *(("price", fill.price) for fill in fills)):
        if not (price.is_finite() and price >= 0):
            raise InvalidInput(f"{name} is {price}; it must be a price, zero or more.")
    executed = sum((fill.units for fill in fills), _ZERO)
    if any(not fill.units * decided > 0 for fill in fills) or not abs(executed) <= abs(decided):
        raise InvalidInput(f"fills are {executed} units in all; they must be a part of the {decided} decided.")
    paid = sum((fill.units * fill.price for fill in fills), _ZERO)
    return Shortfall(
        decided=decided,
        executed=executed,
        arrival=arrival,
        average=paid / executed if executed else None,
        price=paid - executed * arrival,
        fees=sum((fill.fees for fill in fills), _ZERO),
        opportunity=(decided - executed) * (last - arrival),
    )
