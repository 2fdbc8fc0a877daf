"""A broker on paper: fills every order at once, at the price it was decided on, at the fund's own cost terms."""

from dataclasses import dataclass

from insure.decision import Trade
from insure.market import Snapshot
from insure.orders import Fill, Order


@dataclass(frozen=True, slots=True)
class PaperBroker:
    """Immediate execution for replay and paper stages; ``name`` stands in reports and on every fill."""

    name: str = "paper"

    def execute(self, order: Order, trade: Trade, snapshot: Snapshot) -> tuple[Fill, ...]:
        """One fill for the whole order."""
        return (
            Fill(
                order_key=order.key,
                reference=f"{self.name}:{order.key}",
                units=trade.units,
                price=trade.price,
                value=trade.value,
                commission=trade.commission,
                spread=trade.spread,
                at=snapshot.at,
            ),
        )
