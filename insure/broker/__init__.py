"""Who executes: orders go in, fills come out."""

from insure.broker.paper import PaperBroker
from insure.orders import Fill, Order, order_for

__all__ = ["Fill", "Order", "PaperBroker", "order_for"]
