"""Who executes: orders go in, fills come out."""

from insure.broker.blotter import BlotterBroker, read_fills
from insure.broker.failing import FailingBroker, Faults
from insure.broker.guarded import GuardedBroker
from insure.broker.paper import PaperBroker
from insure.broker.protocol import Broker, BrokerReport, BrokerSilent, ImmediateBroker, OutsideBroker
from insure.orders import Fill, Order, order_for

__all__ = [
    "BlotterBroker",
    "Broker",
    "BrokerReport",
    "BrokerSilent",
    "FailingBroker",
    "Faults",
    "Fill",
    "GuardedBroker",
    "ImmediateBroker",
    "Order",
    "OutsideBroker",
    "PaperBroker",
    "order_for",
    "read_fills",
]
