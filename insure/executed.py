"""A decision as it stands once fills that came after its slot are counted: what reports on it show.

The record itself stays as it was written; with a broker outside it knows of no fill at all.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from insure.book.record import Record
from insure.orders import Fill, Order
from insure.tracking import execution_costs


def executed(record: Record, late: Sequence[Fill]) -> Record:
    """The decision with its own fills among ``late``: holdings, ladder and slippage are those after them.

    The rung ``executed`` keeps its reason where no fill came.
    """
    keys = {order.key for order in record.orders}
    own = tuple(fill for fill in late if fill.order_key in keys)
    if not own:
        return record
    # Options are executed at once: what came later was stock.
    after = record.after.moved(
        units=sum((fill.units for fill in own), Decimal(0)), cash=sum((fill.cash for fill in own), Decimal(0))
    )
    price = record.decision.snapshot.price
    track = record.track
    if track is not None:
        track = track.charged(execution_costs(record.after, after, own, price, late=True))
    fills = (*record.fills, *own)
    ladder = None if record.ladder is None else record.ladder.executed(after, _said(record.orders, fills))
    return replace(record, fills=fills, after=after, track=track, ladder=ladder)


def executed_all(records: Sequence[Record], late: Sequence[Fill]) -> list[Record]:
    """Decisions that followed each other, each with its own fills among ``late``."""
    return [executed(record, late) for record in records] if late else list(records)


def _said(orders: Sequence[Order], fills: Sequence[Fill]) -> str:
    """What was executed by then of each trade, in words."""
    trade_of = {order.key: order.trade_key for order in orders}
    trades: dict[str, list[Fill]] = {}
    for fill in fills:
        trades.setdefault(trade_of[fill.order_key], []).append(fill)
    said = []
    for parts in trades.values():
        units = abs(sum((fill.units for fill in parts), Decimal(0)))
        value = sum((fill.value for fill in parts), Decimal(0))
        costs = sum((fill.commission + fill.spread for fill in parts), Decimal(0))
        said.append(
            f"{'Bought' if parts[0].units > 0 else 'Sold'} {units.normalize():,f} units in {len(parts)} "
            f"fill{'s' if len(parts) > 1 else ''} at {value / units:,.2f}, costs {costs:,.2f}; the last at "
            f"{max(fill.at for fill in parts).astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC."
        )
    return " ".join(said)
