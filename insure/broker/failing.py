"""A paper broker that fails as brokers do: it drops, delays, repeats, fills in parts and forgets. For tests and drills.

Its ``executed`` is the truth of the outside world that the book must end up with.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal

from insure.broker.protocol import BrokerReport, BrokerSilent
from insure.execution_terms import Execution
from insure.money import MILLIONTH, money
from insure.orders import Fill, Order

_LIFE = dt.timedelta(minutes=Execution().time_limit_minutes)
"""It executes an order at the instant of its slot: this long before the time limit that a contract has by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How often each fault happens, as probabilities."""

    drops: float = 0.0
    """The order never arrives, and no answer comes."""
    delays: float = 0.0
    """The order arrives, its answer does not."""
    silences: float = 0.0
    """The broker cannot be asked."""
    repeats: float = 0.0
    """A fill is told twice."""
    parts: float = 0.0
    """Half is executed at first, the rest when next asked."""
    cancels: float = 0.0
    """The rest of a partial fill is cancelled instead."""
    forgets: float = 0.0
    """The broker loses what it knew of an order, though not what it executed."""


@dataclass(slots=True)
class FailingBroker:
    """``chance`` answers with numbers in [0, 1): a seeded generator's ``random``."""

    faults: Faults
    chance: Callable[[], float]
    commission_bps: Decimal = Decimal(1)
    name: str = "failing paper"
    executed: dict[str, list[Fill]] = field(default_factory=dict)
    """By our reference: what was really executed."""
    arrivals: dict[str, int] = field(default_factory=dict)
    """By our reference: how often an order was executed anew; never more than once where all goes well."""
    _known: dict[str, Order] = field(default_factory=dict)
    _ended: set[str] = field(default_factory=set)

    @property
    def refuses_duplicates(self) -> bool:
        """It does, unless it may forget what it has had."""
        return not self.faults.forgets > 0.0

    def send(self, order: Order) -> BrokerReport:
        """Take an order, or fail to."""
        if self._happens(self.faults.drops):
            raise BrokerSilent(f"The {self.name} broker did not answer for {order.key}.")
        if order.key not in self._known:
            self._known[order.key] = order
            self.arrivals[order.key] = self.arrivals.get(order.key, 0) + 1
            part = self._happens(self.faults.parts)
            self._execute(order, _half(order.units) if part else order.units)
        report = self._report(order.key)
        if self._happens(self.faults.forgets):
            del self._known[order.key]
        if self._happens(self.faults.delays):
            raise BrokerSilent(f"The {self.name} broker did not answer for {order.key}.")
        return report

    def look_up(self, order_key: str) -> BrokerReport | None:
        """Answer for an order, finish or cancel its rest, or fail to."""
        if self._happens(self.faults.silences):
            raise BrokerSilent(f"The {self.name} broker cannot be asked for {order_key}.")
        order = self._known.get(order_key)
        if order is None:
            return None
        done = sum((fill.units for fill in self.executed[order_key]), Decimal(0))
        if done != order.units and order_key not in self._ended:
            if self._happens(self.faults.cancels):
                self._ended.add(order_key)
            else:
                self._execute(order, order.units - done)
        return self._report(order_key)

    def cancel(self, order_key: str) -> BrokerReport | None:
        """End what is not executed yet, or fail to: the wish is lost, or its answer is."""
        if self._happens(self.faults.drops):
            raise BrokerSilent(f"The {self.name} broker did not answer to the cancellation of {order_key}.")
        if order_key not in self._known:
            return None
        self._ended.add(order_key)
        if self._happens(self.faults.delays):
            raise BrokerSilent(f"The {self.name} broker did not answer to the cancellation of {order_key}.")
        return self._report(order_key)

    def _happens(self, probability: float) -> bool:
        return self.chance() < probability

    def _execute(self, order: Order, units: Decimal) -> None:
        if units == 0:
            self.executed.setdefault(order.key, [])
            return
        own = self.executed.setdefault(order.key, [])
        value = money(abs(units) * order.price)
        own.append(
            Fill(
                order_key=order.key,
                reference=f"{self.name}:{order.key}:{len(own) + 1}",
                units=units,
                price=order.price,
                value=value,
                commission=money(value * self.commission_bps / 10_000),
                spread=Decimal(0),
                at=order.not_before or order.good_until - _LIFE,
            )
        )

    def _report(self, key: str) -> BrokerReport:
        own = tuple(self.executed[key])
        done = sum((fill.units for fill in own), Decimal(0))
        told = own + own[-1:] if self._happens(self.faults.repeats) else own
        if done == self._known[key].units:
            return BrokerReport("filled", told)
        if key in self._ended:
            return BrokerReport("cancelled", told)
        return BrokerReport("partly" if own else "acked", told)


def _half(units: Decimal) -> Decimal:
    whole = (abs(units) / 2).quantize(MILLIONTH, rounding=ROUND_FLOOR)
    return whole if units > 0 else -whole
