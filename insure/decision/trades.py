"""From a weight to an order: the border where mathematics becomes exact money."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal, localcontext
from typing import Literal

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


def trade_between(fund: Fund, held: Decimal, wanted: Decimal, price: Decimal) -> Trade | None:
    """The trade from ``held`` to ``wanted`` units, priced and costed to the minor unit; None where they are equal."""
    units = wanted - held
    if units == 0:
        return None
    unit = minor_unit(fund.currency)
    with localcontext(prec=40):
        value = (abs(units) * price).quantize(unit, rounding=ROUND_HALF_EVEN)
        costs = fund.costs
        commission = value * Decimal(repr(costs.commission_bps)) * _BPS
        commission += costs.commission_per_trade_money + costs.commission_per_unit_money * abs(units)
        commission = max(commission, costs.commission_minimum_money).quantize(unit, rounding=ROUND_CEILING)
        spread = (value * Decimal(repr(fund.costs.half_spread_bps)) * _BPS).quantize(unit, rounding=ROUND_CEILING)
    return Trade(units=units, price=price, value=value, commission=commission, spread=spread)
