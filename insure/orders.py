"""Orders and fills: what is asked of a broker, and what comes back."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Literal

from insure.decision import Holdings, OptionHeld, OptionTrade, Trade
from insure.decision.trades import child_trades
from insure.execution import planned
from insure.fund import Fund
from insure.market import Snapshot
from insure.money import MILLIONTH
from insure.slots import Slot

OrderState = Literal["new", "sending", "acked", "filled", "partly", "cancelled", "unknown"]


@dataclass(frozen=True, slots=True)
class Order:
    """One order with the three bounds that every order in a crash needs: price, time and volume."""

    key: str
    """``fund:session:slot:leg``, of a child ``fund:session:slot:leg.number``: our own reference; it never expires."""
    fund_id: str
    instrument: str
    units: Decimal
    """Positive to buy, negative to sell."""
    price: Decimal
    """The price that it was decided on."""
    price_limit: Decimal
    good_until: dt.datetime
    volume_cap_fraction: float
    """Largest share of the market's volume while it works."""
    not_before: dt.datetime | None = None
    """A child of a schedule is not sent before; None: at once."""
    venue: str = ""
    """Where it goes; empty for no venue in particular."""
    parent: str = ""
    """Key of the trade that it is a part of; empty where it is the whole of one."""

    @property
    def trade_key(self) -> str:
        """Key of the trade decided, whether it is one order or many."""
        return self.parent or self.key


@dataclass(frozen=True, slots=True)
class Fill:
    """What was executed of an order."""

    order_key: str
    reference: str
    """The broker's own reference of this fill."""
    units: Decimal
    """Signed as the order's."""
    price: Decimal
    """Market price before the spread."""
    value: Decimal
    """Money for the units at ``price``, positive."""
    commission: Decimal
    spread: Decimal
    at: dt.datetime

    @property
    def cash(self) -> Decimal:
        """Change of cash."""
        return (-self.value if self.units > 0 else self.value) - self.commission - self.spread


def order_for(
    fund: Fund, slot: Slot, trade: Trade, snapshot: Snapshot, leg: int = 1, option: OptionHeld | None = None
) -> Order:
    """The order that carries out a decided trade, in the fund's index or in an ``option``."""
    away = Decimal(repr(fund.execution.price_limit_bps)) * Decimal("0.0001")
    limit = trade.price * (1 + away if trade.units > 0 else 1 - away)
    return Order(
        key=f"{fund.id}:{slot.session}:{slot.name}:{leg}",
        fund_id=fund.id,
        instrument=fund.instrument if option is None else option.instrument,
        units=trade.units,
        price=trade.price,
        price_limit=limit.quantize(MILLIONTH, rounding=ROUND_HALF_EVEN),
        good_until=snapshot.at + dt.timedelta(minutes=fund.execution.time_limit_minutes),
        volume_cap_fraction=fund.execution.volume_cap_fraction,
    )


def orders_for(
    fund: Fund, slot: Slot, trade: Trade, snapshot: Snapshot, now: dt.datetime | None = None
) -> tuple[tuple[Order, Trade], ...]:
    """The orders that carry out the decided trade in the fund's index: one, or the child orders of its schedule.

    They add up to the trade, to the unit and to the minor unit of money; ``now`` as ``planned`` takes it.
    """
    whole, plan = order_for(fund, slot, trade, snapshot), planned(fund, snapshot, now)
    if plan.single:
        return ((replace(whole, venue=plan.venues[0].name), trade),)
    parts = child_trades(fund, trade.units, trade.price, plan)
    digits = len(str(len(parts)))
    return tuple(
        (
            replace(
                whole,
                key=f"{whole.key}.{number:0{digits}}",
                units=child.units,
                good_until=child.ends,
                volume_cap_fraction=child.volume_cap_fraction,
                not_before=child.begins,
                venue=child.venue,
                parent=whole.key,
            ),
            part,
        )
        for number, (child, part) in enumerate(parts, start=1)
    )


def paid_for(pairs: Sequence[tuple[Order, Trade]], cash: Decimal) -> tuple[Order, ...]:
    """Orders whose price limit is no further away than cash pays for: a fund borrows nothing for a bad fill.

    A purchase was checked at the decided price; filled anywhere up to its limit it might cost more than there is. Costs
    are taken as at the far limit. At the decided price itself every order may be filled.

    Args:
        pairs: each order with its trade; they are filled together.
        cash: before any of them.
    """
    bought = sum((order.units for order, _ in pairs if order.units > 0), Decimal(0))
    if not bought > 0:
        return tuple(order for order, _ in pairs)
    costs = sum((trade.cost * order.price_limit / order.price for order, trade in pairs if order.units > 0), Decimal(0))
    reach = ((cash - costs) / bought).quantize(MILLIONTH, rounding=ROUND_FLOOR)
    return tuple(
        replace(order, price_limit=min(order.price_limit, max(order.price, reach))) if order.units > 0 else order
        for order, _ in pairs
    )


def after_fills(
    holdings: Holdings, orders: Sequence[Order], fills: Sequence[Fill], options: Sequence[OptionTrade] = ()
) -> Holdings:
    """Holdings once ``fills`` of ``orders`` are booked, all at once; ``options`` are the option trades decided."""
    traded = {each.option.instrument: each.option for each in options}
    instruments = {order.key: order.instrument for order in orders}
    units, cash = Decimal(0), Decimal(0)
    came: list[OptionHeld] = []
    for fill in fills:
        option = traded.get(instruments[fill.order_key])
        cash += fill.cash
        if option is None:
            units += fill.units
        else:
            came.append(option.changed(fill.units))
    return holdings.moved(units=units, cash=cash, options=tuple(came))
