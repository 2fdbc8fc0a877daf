"""A fund that trades in the middle of its session, told prices and quotes, and a broker outside that does as asked."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

from insure.book import Book
from insure.broker import Broker, BrokerReport, PaperBroker
from insure.decision import fund_calendar
from insure.feeds.feed import Row
from insure.fund import Fund
from insure.money import money
from insure.orders import Fill, Order
from insure.slots import Slot, slots
from schedules.jobs import Tick, tick
from tests.contracts import ToldPrices, Toml, fund

FIRST = dt.date(2007, 1, 3)
MINUTE = dt.timedelta(minutes=1)


def intraday(schedule: str = "twap", broker: str = "blotter", **more: Toml) -> Fund:
    """Four slices in an hour, from half past two hours after the open."""
    execution: dict[str, Toml] = {"schedule": schedule, "slices": 4, "time_limit_minutes": 60.0, "broker": broker}
    changed = more.pop("execution", {})
    assert isinstance(changed, dict)
    return fund(
        schedule={"slot": "open+120min"},
        lots={"lot_units": Decimal(1)},
        execution={**execution, **changed},
        controls={"ask_change_weight": 5.0, "ask_buy_after_fall": 0.0, "largest_deposit_weight": 1.0},
        **more,
    )


def sessions(of: Fund, count: int) -> list[Slot]:
    """The first slots."""
    return slots(of.schedule.timing, fund_calendar(of), FIRST, FIRST + dt.timedelta(days=30))[:count]


def told(of: Fund, closes: list[str], **quote: Decimal | float) -> ToldPrices:
    """A price a session, each with the same quote."""
    bid, ask, depth = quote.get("bid"), quote.get("ask"), quote.get("depth")
    assert not isinstance(bid, float)
    assert not isinstance(ask, float)
    assert not isinstance(depth, Decimal)
    days = [slot.session for slot in sessions(of, len(closes))]
    return ToldPrices(
        [
            Row(day, Decimal(close), rate=0.03, bid=bid, ask=ask, depth=depth)
            for day, close in zip(days, closes, strict=True)
        ]
    )


def ticked(book: Book, of: Fund, slot: Slot, prices: ToldPrices, broker: Broker | None = None) -> Tick:
    """One slot at its own time."""
    return tick(book, of, slot, prices, broker or PaperBroker(), slot.at)


@dataclass
class Obedient:
    """A broker outside that executes what it gets at once, or only when told to; it remembers what it got when."""

    executes: bool = True
    name: str = "obedient"
    refuses_duplicates: bool = True
    orders: dict[str, Order] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)

    def send(self, order: Order) -> BrokerReport:
        """Take it, once."""
        self.orders.setdefault(order.key, order)
        return self._report(order.key)

    def look_up(self, order_key: str) -> BrokerReport | None:
        """What it is."""
        return self._report(order_key) if order_key in self.orders else None

    def cancel(self, order_key: str) -> BrokerReport | None:
        """End what is not executed."""
        if order_key not in self.orders:
            return None
        self.ended.add(order_key)
        return self._report(order_key)

    def _report(self, key: str) -> BrokerReport:
        if not self.executes:
            return BrokerReport("cancelled" if key in self.ended else "acked")
        return BrokerReport("filled", (executed(self.orders[key]),))


def executed(order: Order, price: Decimal | None = None) -> Fill:
    """The whole of an order, as a broker reports it."""
    paid = order.price if price is None else price
    at = order.not_before or order.good_until - dt.timedelta(minutes=60)
    value = money(abs(order.units) * paid)
    return Fill(order.key, f"desk:{order.key}", order.units, paid, value, Decimal(1), Decimal(0), at)
