"""From a weight to an order: the border where mathematics becomes exact money."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal, localcontext
from typing import Literal

from insure.costs import impact
from insure.execution import Child, Plan
from insure.fund import Costs, Fund
from insure.money import minor_unit, whole_lots

Side = Literal["buy", "sell"]
_BPS = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Trade:
    """What should be done: signed units at the price they were decided on, and what that is expected to cost."""

    units: Decimal
    """Positive to buy, negative to sell."""
    price: Decimal
    value: Decimal
    """Money traded, positive."""
    commission: Decimal
    spread: Decimal
    """Half the distance of bid and ask, and the impact on the market."""

    @property
    def side(self) -> Side:
        """Which way."""
        return "buy" if self.units > 0 else "sell"

    @property
    def cost(self) -> Decimal:
        """All expected costs, money."""
        return self.commission + self.spread

    def cash_after(self, cash: Decimal) -> Decimal:
        """Cash once the trade is paid for."""
        return cash - (self.value if self.units > 0 else -self.value) - self.cost


def cost_fraction(costs: Costs) -> float:
    """Proportional costs as a fraction of the value traded."""
    return (costs.commission_bps + costs.half_spread_bps) * 1e-4


def lot_units(fund: Fund, units: float, held: Decimal) -> Decimal:
    """Whole lots not above ``units``; what is held already where less than a lot lies between, unless all is sold."""
    if not units > 0.0:
        return Decimal(0)
    lot = fund.lots.lot_units
    wanted = whole_lots(units, lot)
    return held if wanted <= held and float(held) - units < float(lot) else wanted


def trade_between(fund: Fund, held: Decimal, wanted: Decimal, price: Decimal, plan: Plan | None = None) -> Trade | None:
    """The trade from ``held`` to ``wanted`` units, priced and costed to the minor unit; None where they are equal.

    With a ``plan`` it is the sum of its child orders, each a ticket of its own: a commission per ticket, and its
    minimum, count for each of them.
    """
    units = wanted - held
    if units == 0:
        return None
    if plan is None or plan.single:
        return _ticket(fund, units, price, units)
    return _together([part for _, part in child_trades(fund, units, price, plan)])


def child_trades(fund: Fund, units: Decimal, price: Decimal, plan: Plan) -> tuple[tuple[Child, Trade], ...]:
    """The child orders of so many units with what each is expected to cost; they add up to ``trade_between``'s."""
    return tuple((child, _ticket(fund, child.units, price, units)) for child in plan.children(units))


def _together(parts: Sequence[Trade]) -> Trade:
    return Trade(
        units=sum((part.units for part in parts), Decimal(0)),
        price=parts[0].price,
        value=sum((part.value for part in parts), Decimal(0)),
        commission=sum((part.commission for part in parts), Decimal(0)),
        spread=sum((part.spread for part in parts), Decimal(0)),
    )


def _ticket(fund: Fund, units: Decimal, price: Decimal, whole: Decimal) -> Trade:
    """One ticket out of a trade of ``whole`` units: the market gives way to the whole of it."""
    unit = minor_unit(fund.currency)
    with localcontext(prec=40):
        value = (abs(units) * price).quantize(unit, rounding=ROUND_HALF_EVEN)
        costs = fund.costs
        commission = value * Decimal(repr(costs.commission_bps)) * _BPS
        commission += costs.commission_per_trade_money + costs.commission_per_unit_money * abs(units)
        commission = max(commission, costs.commission_minimum_money).quantize(unit, rounding=ROUND_CEILING)
        spread = value * Decimal(repr(costs.half_spread_bps)) * _BPS
        if costs.impact_coefficient > 0.0:
            size = abs(float(whole))
            moved = impact(size, 1.0, costs.impact_coefficient, costs.impact_daily_vol, costs.daily_volume_units)
            spread += value * Decimal(repr(moved / size))
        spread = spread.quantize(unit, rounding=ROUND_CEILING)
    return Trade(units=units, price=price, value=value, commission=commission, spread=spread)
