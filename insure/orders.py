"""Orders and fills: what is asked of a broker, and what comes back."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

from insure.decision import Holdings, OptionHeld, OptionTrade, Trade
from insure.fund import Fund
from insure.market import Snapshot
from insure.money import MILLIONTH
from insure.slots import Slot

OrderState = Literal["new", "sending", "acked", "filled", "partly", "cancelled", "unknown"]


@dataclass(frozen=True, slots=True)
class Order:
    """One order with the three bounds that every order in a crash needs: price, time and volume."""

    key: str
    """``fund:session:slot:leg``: our own reference; it never expires."""
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
