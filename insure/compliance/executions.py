"""Implementation shortfall of a period: what the orders decided in it cost against trading them whole and at once."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from insure.book.record import Record
from insure.compliance.measures import Contracts, contract_of
from insure.decision import OptionHeld
from insure.decision.options import traded_at_mark
from insure.execution import Executed, shortfall
from insure.fund import Fund
from insure.orders import Fill, Order

_ZERO = Decimal(0)
_DIGITS = 60
"""Enough for units and prices of any size that a book holds: no product and no sum is rounded."""


@dataclass(frozen=True, slots=True)
class Causes:
    """Shortfall by cause, money; above zero it cost the fund."""

    price: Decimal = _ZERO
    """Fills at other prices than the order was decided on."""
    fees: Decimal = _ZERO
    """Commission and spread."""
    opportunity: Decimal = _ZERO
    """What was not executed, judged at the next decision."""

    @property
    def total(self) -> Decimal:
        """All three."""
        with localcontext(prec=_DIGITS):
            return self.price + self.fees + self.opportunity

    def plus(self, other: "Causes") -> "Causes":
        """Cause by cause."""
        with localcontext(prec=_DIGITS):
            return Causes(self.price + other.price, self.fees + other.fees, self.opportunity + other.opportunity)

    def minus(self, other: "Causes") -> "Causes":
        """Cause by cause."""
        with localcontext(prec=_DIGITS):
            return Causes(self.price - other.price, self.fees - other.fees, self.opportunity - other.opportunity)


@dataclass(frozen=True, slots=True)
class OrderCost:
    """One order as it was decided, its child orders counted together."""

    session: dt.date
    slot: str
    key: str
    """Of the trade decided: the parent's, where child orders carried it out."""
    instrument: str
    decided: Decimal
    """Units, signed."""
    value: Decimal
    """Money in these units at the price they were decided on, positive."""
    executed: Decimal
    """Units, signed."""
    cost: Causes
    open_units: Decimal
    """What was not executed and what no later decision has judged yet, signed; its opportunity is not in the cost."""


@dataclass(frozen=True, slots=True)
class Executions:
    """The orders of a period with what they cost."""

    orders: tuple[OrderCost, ...]
    """Those decided in the period, in order."""
    earlier_orders: int
    """Orders decided before the period of which something became known in it: a fill, or the price of their rest."""
    earlier: Causes
    """What became known of them."""

    @property
    def value(self) -> Decimal:
        """Money decided in the period, at the prices of the decisions."""
        return _sum(order.value for order in self.orders)

    @property
    def cost(self) -> Causes:
        """Of the orders decided in the period."""
        found = Causes()
        for order in self.orders:
            found = found.plus(order.cost)
        return found

    @property
    def worst(self) -> OrderCost | None:
        """The order that cost most money, the first of equals; None without orders."""
        return max(self.orders, key=lambda order: order.cost.total, default=None)

    @property
    def open(self) -> tuple[OrderCost, ...]:
        """Orders of which a part is neither executed nor judged."""
        return tuple(order for order in self.orders if order.open_units)


def executions(
    contracts: Contracts,
    before: Sequence[Record],
    within: Sequence[Record],
    late: Sequence[Fill] = (),
    known: Sequence[Fill] = (),
) -> Executions:
    """What the orders decided in a period cost, and what became known in it of orders decided before.

    An order's arrival price is the price of its decision. Perold's paper portfolio holds what was not executed up to
    the end of the trading horizon (Kissell's P_n): here that is the next decision, which decides on the rest anew at a
    price of its own. A later price would count the same units twice, once in this order and once in the next. A
    dividend paid on a unit of the index until then belongs to the paper portfolio and is added to the price; a rest of
    options is judged at their mark, or at what they pay where they expire there.

    Where the period has no later decision, the rest stays open: no price has judged it, and its opportunity is counted
    in the period of the decision that does, among ``earlier``, as are fills that come after the period. So the costs of
    neighbouring periods add up to those of the whole, exactly. A fill counts units times its price; the book rounds
    that money to the minor unit, which differs by half of one at most.

    Args:
        contracts: by their hash; the day count of its own marks the options of a decision.
        before: decisions before the period, in order.
        within: decisions of the period, in order.
        late: fills that came after their decision, those known when the period was over; in any order.
        known: those of them that were known when the period before was over.

    Sources: Perold (1988), Journal of Portfolio Management 14(3); Kissell (2013), *The Science of Algorithmic Trading
    and Portfolio Management*. Held by tests/reports/test_executions.py.
    """
    history = [*before, *within]
    fills, fills_then = _by_order(late), _by_order(known)
    first = len(before)
    orders = [one for place in range(first, len(history)) for one in _of_record(contracts, history, place, fills)]
    references = {fill.reference for fill in known}
    came = {fill.order_key for fill in late if fill.reference not in references}
    count, earlier = 0, Causes()
    for place, record in enumerate(before):
        # Of a decision that was not the last, only a new fill can change what is known.
        if place != first - 1 and not any(order.key in came for order in record.orders):
            continue
        now = _of_record(contracts, history, place, fills)
        then = _of_record(contracts, before, place, fills_then)
        for new, old in zip(now, then, strict=True):
            if new != old:
                count += 1
                earlier = earlier.plus(new.cost.minus(old.cost))
    return Executions(tuple(orders), count, earlier)


def bps(cost: Decimal, value: Decimal) -> float | None:
    """A cost in basis points of the value decided; None where that is zero, as of an option that was worth nothing."""
    return float(cost / value) * 10_000.0 if value else None


def _by_order(fills: Sequence[Fill]) -> Mapping[str, list[Fill]]:
    found: dict[str, list[Fill]] = defaultdict(list)
    for fill in fills:
        found[fill.order_key].append(fill)
    return found


def _of_record(
    contracts: Contracts, history: Sequence[Record], place: int, late: Mapping[str, Sequence[Fill]]
) -> list[OrderCost]:
    """The orders of one decision, judged at the one after it."""
    record = history[place]
    fund = contract_of(contracts, record)
    following = history[place + 1] if place + 1 < len(history) else None
    trades: dict[str, list[Order]] = defaultdict(list)
    for order in record.orders:
        trades[order.trade_key].append(order)
    return [_cost(fund, record, key, parts, late, following) for key, parts in trades.items()]


def _cost(
    fund: Fund,
    record: Record,
    key: str,
    parts: Sequence[Order],
    late: Mapping[str, Sequence[Fill]],
    following: Record | None,
) -> OrderCost:
    keys = {order.key for order in parts}
    fills = [fill for fill in record.fills if fill.order_key in keys]
    fills += [fill for order in parts for fill in late.get(order.key, ())]
    arrival, instrument = parts[0].price, parts[0].instrument
    options = {each.option.instrument: each.option for each in record.decision.option_trades}
    last = _last(fund, options.get(instrument), following)
    with localcontext(prec=_DIGITS):
        decided = _sum(order.units for order in parts)
        executed = [Executed(fill.units, fill.price, fill.commission + fill.spread) for fill in fills]
        found = shortfall(decided, arrival, executed, arrival if last is None else last)
        return OrderCost(
            session=record.session,
            slot=record.slot,
            key=key,
            instrument=instrument,
            decided=decided,
            value=abs(decided) * arrival,
            executed=found.executed,
            cost=Causes(found.price, found.fees, found.opportunity + _ZERO),  # nothing times a fall is -0
            open_units=decided - found.executed if last is None else _ZERO,
        )


def _last(fund: Fund, option: OptionHeld | None, following: Record | None) -> Decimal | None:
    """What one unit is worth at the next decision; None where there is none, or the option expired before it."""
    if following is None:
        return None
    seen = following.decision.snapshot
    if option is None:
        return seen.price + seen.dividend
    if seen.session < option.expiry:
        return traded_at_mark(fund, option, seen).trade.price
    return option.changed(Decimal(1)).payoff(seen.price) if seen.session == option.expiry else None


def _sum(values: Iterable[Decimal]) -> Decimal:
    with localcontext(prec=_DIGITS):
        return sum(values, _ZERO)
