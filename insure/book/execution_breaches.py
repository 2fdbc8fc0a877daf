"""Fills beyond their order: what cannot be a fill of it at all, and what is one that nobody ordered so.

What was really executed has to stand in the book, also where a trading desk passed a limit. So a fill beyond the price
limit, the units or the time limit of its order is refused until a person accepts it as a breach, by name and with a
reason; what contradicts the clock or the order's own life is no fill of it, and nobody can accept it.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection, select

from insure.book import alerts, statements
from insure.book.alerts import Alert
from insure.book.tables import order_events
from insure.decision.market_checks import AHEAD_MINUTES
from insure.orders import Fill, Order

KIND = "execution breach"
"""Of the statement on the chain, and of the alert."""
_CLOCKS = dt.timedelta(minutes=AHEAD_MINUTES)
_WHY = f"{AHEAD_MINUTES:g} minutes are a difference of clocks"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A person's word that fills beyond their orders are what was really executed."""

    by: str
    reason: str


def impossible(connection: Connection, order: Order, fill: Fill, now: dt.datetime) -> str:
    """Why this can be no fill of the order, whatever anybody says; empty where it can.

    Args:
        connection: of the book, for the life of the order.
        order: that it names.
        fill: as it was reported.
        now: our clock.
    """
    if not fill.units * order.units > 0:
        return f"The fill {fill.reference} of {fill.units} units goes another way than {order.key} for {order.units}."
    if not fill.price > 0:
        return f"The fill {fill.reference} has the price {fill.price}; it must be above zero."
    if not (fill.value >= 0 and fill.commission >= 0 and fill.spread >= 0):
        return f"The fill {fill.reference} has a value or a cost below zero."
    if fill.at > now + _CLOCKS:
        return f"The fill {fill.reference} is of {_utc(fill.at)}, and the clock says {_utc(now)}: {_WHY}."
    began, how = _began(connection, order.key)
    if fill.at < began - _CLOCKS:
        return f"The fill {fill.reference} is of {_utc(fill.at)}; {order.key} was {how} at {_utc(began)}: {_WHY}."
    return ""


def beyond(connection: Connection, order: Order, filled: Decimal, fill: Fill) -> list[str]:
    """What of the order's bounds a fill passes, a phrase each with figure and bound; none where it keeps them all.

    Args:
        connection: of the book.
        order: what was ordered.
        filled: units executed of it before, signed.
        fill: as it was reported.
    """
    found, done = [], filled + fill.units
    if not abs(done) <= abs(order.units):
        found.append(
            f"it brings {_plain(done)} units to an order for {_plain(order.units)}, {_plain(filled)} of them filled"
        )
    past = fill.price > order.price_limit if order.units > 0 else fill.price < order.price_limit
    if past:
        found.append(f"its price {_plain(fill.price)} lies beyond the price limit {_plain(order.price_limit)}")
    if fill.at > order.good_until + _CLOCKS:
        found.append(f"it is of {_utc(fill.at)}, and the time limit was {_utc(order.good_until)} ({_WHY})")
    if not _sent(connection, order.key):
        found.append("the order was never sent")
    return found


def state(
    connection: Connection, order: Order, fill: Fill, passed: list[str], accepted: Accepted, now: dt.datetime
) -> None:
    """State an accepted breach on the chain, with an alert of class A."""
    sentence = (
        f"{accepted.by} accepts the fill {fill.reference} of {order.key} beyond its order ({'; '.join(passed)}): "
        f"{accepted.reason}"
    )
    content = {
        "order_key": order.key,
        "reference": fill.reference,
        "by": accepted.by,
        "reason": accepted.reason,
        "sentence": sentence,
        "judgement": "breached",
        "open": "Ask the trading desk why, and who pays for it.",
    }
    statements.state(connection, KIND, order.fund_id, now, content)
    alerts.raise_alert(connection, Alert(order.fund_id, "A", KIND, sentence), now)


def _sent(connection: Connection, key: str) -> dt.datetime | None:
    first = select(order_events.c.at).where(order_events.c.order_key == key, order_events.c.state == "sending")
    at: dt.datetime | None = connection.execute(first.order_by(order_events.c.id).limit(1)).scalar()
    return at


def _began(connection: Connection, key: str) -> tuple[dt.datetime, str]:
    """When an order was first sent, or decided where it never was."""
    sent = _sent(connection, key)
    if sent is not None:
        return sent, "sent"
    first = select(order_events.c.at).where(order_events.c.order_key == key).order_by(order_events.c.id).limit(1)
    decided: dt.datetime = connection.execute(first).scalar_one()
    return decided, "decided"


def _plain(figure: Decimal) -> str:
    return f"{figure.normalize():f}"


def _utc(at: dt.datetime) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
