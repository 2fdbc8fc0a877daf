"""The life of the orders of a decision: what was done in its own slot, and the rows of the chain after it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from insure.book.outbox import FINAL
from insure.book.page import PAUSED
from insure.book.record import Record
from insure.book.trail import Entry
from insure.orders import Fill, OrderState

_STATES: Mapping[str, OrderState] = {
    "new": "new",
    "sending": "sending",
    "acked": "acked",
    "filled": "filled",
    "partly": "partly",
    "cancelled": "cancelled",
    "unknown": "unknown",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """One move of one order."""

    order_key: str
    state: OrderState
    at: dt.datetime
    detail: str
    """Why, in words."""
    sequence: int
    """Of its row on the chain; what was done in the slot itself stands in the row of the decision."""


def lives(record: Record, decided: int, rows: Sequence[Entry], late: Sequence[Fill]) -> tuple[Moment, ...]:
    """Every move of the orders of a decision, in the order that they were written.

    Args:
        record: the decision, whose orders began in its slot.
        decided: sequence of its row.
        rows: rows on its orders after it, as ``trail.on_orders`` gives them.
        late: the fills that these rows speak of, others beside them or not.
    """
    found: list[Moment] = []
    done: dict[str, Decimal] = {}
    wanted = {order.key: order.units for order in record.orders}
    for order in record.orders:
        found.append(Moment(order.key, "new", record.written, "decided", decided))
        own = [fill.units for fill in record.fills if fill.order_key == order.key]
        done[order.key] = sum(own, Decimal(0))
        if own:
            state: OrderState = "filled" if done[order.key] == order.units else "partly"
            found.append(Moment(order.key, state, record.written, "executed at once", decided))
        elif record.paused and order.trade_key == f"{record.fund_id}:{record.session}:{record.slot}:1":
            found.append(Moment(order.key, "cancelled", record.written, PAUSED, decided))
    units = {fill.reference: fill.units for fill in late}
    for row in rows:
        key = row.content["order_key"]
        if row.kind == "fill":
            reference = row.content["reference"]
            done[key] += units[reference]
            state = "filled" if done[key] == wanted[key] else "partly"
            found.append(Moment(key, state, row.at, f"fill {reference}", row.sequence))
        else:
            found.append(Moment(key, _STATES[row.content["state"]], row.at, row.content["detail"], row.sequence))
    return tuple(found)


def order_states(
    records: Sequence[Record], decided: Mapping[tuple[dt.date, str], int], rows: Sequence[Entry], late: Sequence[Fill]
) -> dict[str, OrderState]:
    """Where every order of some decisions stands after the last of ``rows``.

    Args:
        records: the decisions, as they were written.
        decided: sequence of the row of each slot.
        rows: rows on their orders after these, in order.
        late: the fills that the rows speak of, others beside them or not.
    """
    of_order: dict[str, list[Entry]] = {}
    for row in rows:
        of_order.setdefault(row.content["order_key"], []).append(row)
    found: dict[str, OrderState] = {}
    for record in records:
        own = [row for order in record.orders for row in of_order.get(order.key, ())]
        own.sort(key=lambda row: row.sequence)
        found |= states(lives(record, decided[record.session, record.slot], own, late))
    return found


def states(moments: Sequence[Moment]) -> dict[str, OrderState]:
    """Where each order stands after its last move."""
    return {each.order_key: each.state for each in moments}


def under_way(moments: Sequence[Moment]) -> tuple[str, ...]:
    """Orders that are not at their end, by key."""
    return tuple(key for key, state in states(moments).items() if state not in FINAL)
