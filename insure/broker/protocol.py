"""What a broker is to the book: one that executes at once, or one outside that answers later, perhaps."""

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from insure.decision import Trade
from insure.errors import InsureError
from insure.market import Snapshot
from insure.orders import Fill, Order


class BrokerSilent(InsureError):
    """No answer came: the order may have arrived, or not."""


@dataclass(frozen=True, slots=True)
class BrokerReport:
    """What a broker says of one order, by our own reference."""

    state: Literal["acked", "partly", "filled", "cancelled"]
    fills: tuple[Fill, ...] = ()
    """All that it ever executed of the order; the same fill may be told more than once."""


@runtime_checkable
class ImmediateBroker(Protocol):
    """Executes while the slot is open: its fills stand in the same transaction as the decision."""

    @property
    def name(self) -> str:
        """As it stands in reports and on every fill."""
        ...

    def execute(self, order: Order, trade: Trade, snapshot: Snapshot) -> tuple[Fill, ...]:
        """Carry out one order."""
        ...


@runtime_checkable
class OutsideBroker(Protocol):
    """Takes orders once they are committed, and answers later."""

    @property
    def name(self) -> str:
        """As it stands in reports."""
        ...

    @property
    def refuses_duplicates(self) -> bool:
        """Whether it never executes a second order with the same reference of ours, however late it comes.

        Only then may an order that it does not know be sent again without a person.
        """
        ...

    def send(self, order: Order) -> BrokerReport:
        """Hand over one order.

        Raises:
            BrokerSilent: no answer came; the order may have arrived all the same.
        """
        ...

    def look_up(self, order_key: str) -> BrokerReport | None:
        """What became of an order, by our reference; None where the broker does not know it.

        Raises:
            BrokerSilent: it cannot be asked.
        """
        ...

    def cancel(self, order_key: str) -> BrokerReport | None:
        """Ask that nothing more is executed of an order: what it is then; None where the broker does not know it.

        Only ``cancelled`` and ``filled`` are an end. Any other state says that the wish was handed over, and that it
        must be asked what came of it. Asked again, it changes nothing.

        Raises:
            BrokerSilent: no answer came; the wish may have arrived all the same.
        """
        ...


Broker = ImmediateBroker | OutsideBroker
