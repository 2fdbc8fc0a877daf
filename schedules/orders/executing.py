"""From a decision to its orders, and to the fills of a broker that executes at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from insure.broker import Broker, ImmediateBroker
from insure.decision import Decision
from insure.execution import Quote, wide_or_thin
from insure.fund import Fund
from insure.market import Snapshot
from insure.orders import Fill, Order, order_for, orders_for, paid_for
from insure.slots import Slot


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of a decision in its own slot."""

    orders: tuple[Order, ...]
    """Stock first, as child orders where the contract spreads a trade."""
    fills: tuple[Fill, ...]
    paused: str
    """Why a purchase was not executed; empty where nothing was paused."""
    went_on: str
    """In what market a sale was executed, or a structure of options begun; empty in an ordinary one."""


def carried_out(
    fund: Fund, slot: Slot, decision: Decision, snapshot: Snapshot, broker: Broker, first_leg: int
) -> Carried:
    """The orders of a decision, and what a broker that executes at once has filled of them.

    Such a broker executes all children at once at the decided price. In a market too wide or too thin to buy in it
    executes no purchase of stock; a sale goes on, and so does a structure of stock and options, which begins whole.
    Orders for a broker outside are paused when they are sent (``schedules.orders.sending``).
    """
    now = None if decision.circumstances is None else decision.circumstances.now
    stock = () if decision.trade is None else orders_for(fund, slot, decision.trade, snapshot, now)
    options = tuple(
        (order_for(fund, slot, each.trade, snapshot, leg, each.option), each.trade)
        for leg, each in enumerate(decision.option_trades, start=first_leg)
    )
    orders = tuple(order for order, _ in (*stock, *options))
    if not isinstance(broker, ImmediateBroker):
        return Carried(paid_for((*stock, *options), decision.holdings.cash), (), "", "")
    doubt = wide_or_thin(fund.execution, Quote(snapshot.bid, snapshot.ask, snapshot.depth_units)) if orders else ""
    pauses = bool(doubt) and not options and decision.trade is not None and decision.trade.units > 0
    executes = () if pauses else (*stock, *options)
    fills = tuple(fill for order, trade in executes for fill in broker.execute(order, trade, snapshot))
    return Carried(orders, fills, doubt if pauses else "", "" if pauses else doubt)


def executed_reason(decision: Decision, fills: Sequence[Fill], orders: Sequence[Order], paused: str) -> str:
    """What was executed in the slot, in words; under a held decision: what paid for flows."""
    if not fills:
        if decision.outcome == "HELD":
            return "Held: nothing was sent."
        if paused:
            return f"Buying is paused: {paused}"
        return "Nothing to execute." if decision.trade is None else "Sent; nothing is executed yet."
    options = {each.option.instrument for each in decision.option_trades}
    by_key = {order.key: order for order in orders}
    trades: dict[str, list[Fill]] = {}
    for fill in fills:
        trades.setdefault(by_key[fill.order_key].trade_key, []).append(fill)
    said = [] if decision.outcome == "OK" else ["Nothing of the decision was sent; what paid for flows was."]
    for parts in trades.values():
        side = "Bought" if parts[0].units > 0 else "Sold"
        instrument = by_key[parts[0].order_key].instrument
        what = instrument if instrument in options else "units"
        spread = f" in {len(parts)} orders" if len(parts) > 1 else ""
        said.append(
            f"{side} {sum(abs(part.units) for part in parts):,f} {what}{spread} at {parts[0].price:,f}, "
            f"costs {sum(part.commission + part.spread for part in parts):,.2f}."
        )
    return " ".join(said)
