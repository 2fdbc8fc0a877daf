"""Flows of holders and fees at a slot: what is dealt, what is sold to pay for it, and what has to wait."""

from dataclasses import dataclass
from decimal import Decimal

from insure import flows
from insure.book import SlotPage
from insure.broker import Broker, ImmediateBroker
from insure.decision import Holdings
from insure.errors import InvalidInput
from insure.fund import Fund
from insure.market import Snapshot
from insure.orders import Fill, Order, after_fills, order_for
from insure.slots import Slot


@dataclass(frozen=True, slots=True)
class Dealing:
    """What the flows of one slot came to."""

    holdings: Holdings
    """After them."""
    flows: tuple[flows.Dealt, ...]
    orders: tuple[Order, ...]
    """Sales that paid for them; their keys count on from leg 2."""
    fills: tuple[Fill, ...]


def dealt(
    page: SlotPage,
    fund: Fund,
    slot: Slot,
    holdings: Holdings,
    shares: Decimal,
    snapshot: Snapshot,
    broker: Broker,
    *,
    sells: bool = True,
) -> Dealing:
    """Deal every flow that is due and can be paid; one that cannot stays in the book and waits for a later slot.

    Where cash does not cover a flow, as much stock is sold as it needs. A broker outside fills later, so that there a
    flow waits until cash covers it, and so it does where ``sells`` is False: a breaker stands. Of a fund that holds
    options all flows wait until these are settled.
    """
    if holdings.options:
        return Dealing(holdings, (), (), ())
    done: list[flows.Dealt] = []
    orders: list[Order] = []
    fills: list[Fill] = []
    for flow, taken_back in page.flows():
        try:
            one = flows.deal(flow, holdings, shares, snapshot.price, taken_back)
        except InvalidInput:
            continue  # it takes the whole fund: it waits, and `insure status` shows that it does
        missing = -(holdings.cash + one.money)
        if missing > 0:
            sale = flows.sale_for(fund, holdings, missing, snapshot.price)
            if sale is None or not sells or not isinstance(broker, ImmediateBroker):
                continue
            order = order_for(fund, slot, sale, snapshot, leg=2 + len(orders))
            executed = broker.execute(order, sale, snapshot)
            orders.append(order)
            fills.extend(executed)
            holdings = after_fills(holdings, [order], executed)
        holdings = flows.after(holdings, one)
        shares += one.shares
        page.deal(one)
        done.append(one)
    return Dealing(holdings, tuple(done), tuple(orders), tuple(fills))
