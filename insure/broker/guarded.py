"""A broker that executes at once, behind the kill switch: the flag is read before every execution."""

from collections.abc import Callable
from dataclasses import dataclass

from insure.broker.protocol import ImmediateBroker
from insure.decision import Trade
from insure.errors import Killed
from insure.market import Snapshot
from insure.orders import Fill, Order


@dataclass(frozen=True, slots=True)
class GuardedBroker:
    """``killed`` says why nothing may be executed at this moment; empty where it may."""

    inner: ImmediateBroker
    killed: Callable[[], str]

    @property
    def name(self) -> str:
        """Of the broker that executes."""
        return self.inner.name

    def execute(self, order: Order, trade: Trade, snapshot: Snapshot) -> tuple[Fill, ...]:
        """Carry out one order.

        Raises:
            Killed: the kill switch stands; nothing was executed.
        """
        why = self.killed()
        if why:
            raise Killed(f"{why} {order.key} was not executed.")
        return self.inner.execute(order, trade, snapshot)
