"""What is really executed of an order in a market that may be shut, thin, wide or below the index."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from insure.decision import Holdings, Trade
from insure.decision.trades import trade_between
from insure.fund import Fund
from insure.money import money
from insure.simulation.scenarios.path import Step

DISCOUNT = "futures discount"
"""The cause of what a sale through index futures fetched below the index."""

_NONE = Decimal(0)
_ROUNDING = Decimal("1e-9")
"""Of a lot: a third of 3 lots is 1, though 1/3 has no end as a float."""


@dataclass(frozen=True, slots=True)
class Execution:
    """One order as it was carried out."""

    after: Holdings
    units: Decimal
    """Signed units traded; 0 where nothing was."""
    costs: Mapping[str, float]
    """Money by cause: commission, spread, rounding, futures discount."""


def execute(fund: Fund, holdings: Holdings, wanted: Decimal, price: Decimal, step: Step, filled: float) -> Execution:
    """Go from ``holdings`` towards ``wanted`` units under the conditions of ``step``.

    Args:
        fund: for its price list and lots; half the spread is multiplied by the step's ``spread``.
        holdings: before the trade.
        wanted: units to be held if all is executed.
        price: index level of the step.
        step: ``spread`` widens the fund's own; a sale fetches ``price (1 + basis)`` where ``basis`` is below zero,
            because futures are what gets sold; a purchase takes no gain from it.
        filled: fraction of the order that is executed; a part is rounded down to whole lots.

    Nothing is executed that would leave cash below zero: a purchase is cut to what cash pays for, a sale that costs
    more than it brings is not made.
    """
    terms = fund
    if step.spread != 1.0 and fund.costs.half_spread_bps > 0.0:
        wider = min(fund.costs.half_spread_bps * step.spread, 10_000.0)
        terms = replace(fund, costs=replace(fund.costs, half_spread_bps=wider))
    target = wanted
    if filled < 1.0:
        lots = abs(wanted - holdings.units) * Decimal(repr(filled)) / fund.lots.lot_units
        part = (lots + _ROUNDING).to_integral_value(rounding=ROUND_FLOOR) * fund.lots.lot_units
        target = holdings.units + (part if wanted > holdings.units else -part)
    trade = trade_between(terms, holdings.units, target, price)
    while trade is not None and trade.units > 0 and trade.cash_after(holdings.cash) < 0:
        missing = -trade.cash_after(holdings.cash) / (price * fund.lots.lot_units)
        target -= fund.lots.lot_units * missing.to_integral_value(rounding=ROUND_CEILING)
        trade = trade_between(terms, holdings.units, max(target, holdings.units), price)
    if trade is None:
        return Execution(holdings, _NONE, {})
    lost = _discount(fund, trade, step)
    cash = trade.cash_after(holdings.cash) - lost
    if cash < 0:
        return Execution(holdings, _NONE, {})
    after = holdings.moved(units=trade.units, cash=cash - holdings.cash)
    commission, spread, discount = float(trade.commission), float(trade.spread), float(lost)
    spent = float((holdings.units - after.units) * price + holdings.cash - after.cash)
    costs = {"commission": commission, "spread": spread, "rounding": spent - commission - spread - discount}
    if lost:
        costs[DISCOUNT] = discount
    return Execution(after, trade.units, costs)


def _discount(fund: Fund, trade: Trade, step: Step) -> Decimal:
    if trade.units > 0 or not step.basis < 0.0:
        return _NONE
    return money(trade.value * Decimal(repr(-step.basis)), fund.currency)
