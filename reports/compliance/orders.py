"""Every order of a compliance report's period with its bounds, its fills and where it stood at the end."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from insure.book.record import Record
from insure.compliance import Facts, OrderCost
from insure.fund import Fund
from insure.orders import Fill, Order, OrderState
from reports import filters
from reports.compliance.holdings import price_unit
from reports.figures import Figure, NotComputed, Unit, Value
from reports.sections import Row, Table

MOST = 62
"""Orders that a page lists one by one, child orders counted."""
COSTLIEST = 10
"""Trades that it lists of more."""
_BOUNDS = ("Order", "Units", "Decided at", "Price limit", "Good until")
_DONE = ("Filled", "Average price", "Commission", "Spread")
_LISTED = (*_BOUNDS, *_DONE, "State")
_COSTLY = (*_BOUNDS[:-1], *_DONE, "Shortfall", "State")
_TEXT: Unit = "text"


@dataclass(frozen=True, slots=True)
class _Trade:
    """One trade decided, with the orders that carried it out."""

    record: Record
    orders: tuple[Order, ...]
    cost: OrderCost

    @property
    def fills(self) -> list[Fill]:
        keys = {order.key for order in self.orders}
        return [fill for fill in self.record.fills if fill.order_key in keys]


def orders(fund: Fund, facts: Facts, states: Mapping[str, OrderState] | None) -> Table:
    """Every order of the period, child orders under their trade; of too many the trades that cost most.

    Args:
        fund: for its name and currency.
        facts: of the period.
        states: of each order at the last row of the chain that the report depends on; None where nobody looked.
    """
    trades = _trades(facts)
    named = f"in {fund.instrument} where nothing else is named"
    if sum(len(each.orders) for each in trades) <= MOST:
        rows = [row for each in trades for row in _rows(fund, each, states)]
        caption = f"Every order of the period, {fund.currency}; {named}."
        return Table(caption, "Slot", _LISTED, tuple(_of(row, _LISTED) for row in rows), "None.")
    costliest = sorted(trades, key=lambda each: -each.cost.cost.total)[:COSTLIEST]
    export = f"`insure export {fund.id} --what orders --from {facts.first} --to {facts.last}`"
    return Table(
        f"The {len(costliest)} trades that cost most of {len(trades)} decided in the period, {fund.currency}; {named}; "
        f"{export} lists every order.",
        "Slot",
        _COSTLY,
        tuple(_of(_whole(fund, each, states), _COSTLY) for each in costliest),
    )


def _of(row: Row, columns: Sequence[str]) -> Row:
    """The row with the cells of some columns; paper has no room for all."""
    return replace(row, cells=tuple(cell for cell in row.cells if cell.label in columns))


def _trades(facts: Facts) -> list[_Trade]:
    costs = {each.key: each for each in facts.executions.orders}
    found = []
    for record in facts.records:
        parts: dict[str, list[Order]] = {}
        for order in record.orders:
            parts.setdefault(order.trade_key, []).append(order)
        found += [_Trade(record, tuple(some), costs[key]) for key, some in parts.items()]
    return found


def _rows(fund: Fund, trade: _Trade, states: Mapping[str, OrderState] | None) -> list[Row]:
    if len(trade.orders) == 1:
        return [_whole(fund, trade, states)]
    children = [_child(fund, trade, number, order, states) for number, order in enumerate(trade.orders, start=1)]
    return [_whole(fund, trade, states), *children]


def _whole(fund: Fund, trade: _Trade, states: Mapping[str, OrderState] | None) -> Row:
    one, cost = trade.orders[0], trade.cost
    single = len(trade.orders) == 1
    unfinished = "; the rest is not judged yet" if cost.open_units else ""
    shortfall = Figure("Shortfall", cost.cost.total, "money", f"price + fees + opportunity{unfinished}")
    state: Value = f"{len(trade.orders)} child orders"
    if single:
        state = _state(one, states)
    latest = max(order.good_until for order in trade.orders)
    limit: Value = one.price_limit if len({order.price_limit for order in trade.orders}) == 1 else "of each child order"
    label = f"{filters.day(trade.record.session)} {trade.record.slot}"
    return _row(fund, label, cost.key, one, cost.decided, limit, latest, trade.fills, shortfall, state)


def _child(fund: Fund, trade: _Trade, number: int, order: Order, states: Mapping[str, OrderState] | None) -> Row:
    fills = [fill for fill in trade.record.fills if fill.order_key == order.key]
    shortfall = Figure("Shortfall", "", _TEXT, "counted with its trade")
    label = f"{filters.day(trade.record.session)} {trade.record.slot}, {number} of {len(trade.orders)}"
    until, limit = order.good_until, order.price_limit
    return _row(fund, label, order.key, order, order.units, limit, until, fills, shortfall, _state(order, states))


def _state(order: Order, states: Mapping[str, OrderState] | None) -> Value:
    if states is None or order.key not in states:
        return NotComputed("the lives of the orders were not looked at")
    return states[order.key]


def _row(
    fund: Fund,
    label: str,
    key: str,
    order: Order,
    units: Decimal,
    limit: Value,
    until: Value,
    fills: Sequence[Fill],
    shortfall: Figure,
    state: Value,
) -> Row:
    source = f"order {key}"
    what = "" if order.instrument == fund.instrument else f" {order.instrument}"
    filled = sum((abs(fill.units) for fill in fills), Decimal(0))
    paid = sum((abs(fill.units) * fill.price for fill in fills), Decimal(0))
    average = paid / filled if filled else None
    return Row(
        label,
        (
            Figure("Order", f"{'buy' if units > 0 else 'sell'}{what}", _TEXT, source),
            Figure("Units", abs(units), "units", source),
            Figure("Decided at", order.price, "price", source),
            Figure("Price limit", limit, "price", source),
            Figure("Good until", until, "instant", source),
            Figure("Filled", filled, "units", "sum of its fills"),
            Figure("Average price", "" if average is None else average, price_unit(average), "of its fills, by units"),
            Figure("Commission", _sum(fill.commission for fill in fills), "money", "sum of its fills"),
            Figure("Spread", _sum(fill.spread for fill in fills), "money", "sum of its fills"),
            shortfall,
            Figure("State", state, _TEXT, "last row of the chain on it"),
        ),
        source,
        "kept" if filled == abs(units) else "alert",
    )


def _sum(money: Iterable[Decimal]) -> Decimal:
    return sum(money, Decimal(0))
