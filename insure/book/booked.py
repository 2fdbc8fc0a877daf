"""What the book holds to be a fund's at an instant, and what it knows to be under way: for a reconciliation."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from sqlalchemy import Connection, select

from insure.book import page
from insure.book.record import Record
from insure.book.tables import decisions, entries, fills, flows, order_events, orders, runs
from insure.decision import option_account
from insure.decision.holdings import OPTION_PREFIX
from insure.flows import Flow
from insure.orders import OrderState

_ZERO = Decimal(0)
_GONE_OUT: tuple[OrderState, ...] = ("sending", "acked", "partly", "filled", "unknown")
_FILL = "fill:"


@dataclass(frozen=True, slots=True)
class Moved:
    """One leg of a posting that moved what the fund holds."""

    key: str
    """Of the posting."""
    at: dt.datetime
    """When it was executed, or its slot started."""
    kind: Literal["fill", "flow", "other"]
    instrument: str
    """Empty for cash."""
    amount: Decimal
    """Units, or money."""


@dataclass(frozen=True, slots=True)
class OrderLife:
    """One order of the book: what was decided, what went out, what was executed; all signed."""

    key: str
    instrument: str
    session: dt.date
    decided: Decimal
    """Units, as the decision on the chain has them; zero where it has no such order."""
    sent: Decimal
    """Units handed over, or executed at once; zero where it never went out."""
    fills: tuple[tuple[dt.datetime, Decimal], ...]
    """When how many units were executed."""
    state: OrderState
    price: Decimal
    """That it was decided on."""

    @property
    def filled(self) -> Decimal:
        """Units executed, as far as the book knows."""
        return sum((units for _, units in self.fills), _ZERO)

    def filled_at(self, at: dt.datetime) -> Decimal:
        """Units executed by an instant."""
        return sum((units for moment, units in self.fills if moment <= at), _ZERO)

    @property
    def open(self) -> bool:
        """Whether more of it may be executed than the book knows."""
        return self.sent != 0 and self.state not in {"filled", "cancelled"}


@dataclass(frozen=True, slots=True)
class Booked:
    """A fund as the book has it."""

    moved: tuple[Moved, ...]
    """Everything that ever moved units of an instrument, or cash, in the order it was written."""
    orders: tuple[OrderLife, ...]
    waiting: tuple[Flow, ...]
    """Flows that are ordered and not dealt."""

    def held(self, instrument: str, at: dt.datetime) -> Decimal:
        """Units of an instrument (of cash: money, under an empty name) at an instant."""
        return sum((one.amount for one in self.moved if one.instrument == instrument and one.at <= at), _ZERO)

    def instruments(self, at: dt.datetime) -> list[str]:
        """What is held at an instant, cash apart."""
        names = dict.fromkeys(one.instrument for one in self.moved if one.instrument)
        return [name for name in names if self.held(name, at) != 0]


def booked(
    connection: Connection, fund_id: str, instrument: str, since: dt.date | None, keys: Collection[str] = ()
) -> Booked:
    """A fund as the book has it.

    Args:
        connection: to read through.
        fund_id: whose.
        instrument: the index that it holds.
        since: orders of earlier sessions are left out, but for those that are open; None for all.
        keys: orders that are wanted whatever their session.
    """
    lives = _orders(connection, fund_id, since, keys)
    waiting = tuple(flow for flow, _ in page.waiting_flows(connection, fund_id, dt.date.max))
    return Booked(_moved(connection, fund_id, instrument), lives, waiting)


def _moved(connection: Connection, fund_id: str, instrument: str) -> tuple[Moved, ...]:
    traded = connection.execute(select(orders.c.instrument).where(orders.c.fund_id == fund_id).distinct()).scalars()
    names = {"cash": "", "equity": instrument, **{option_account(name): name for name in traded if name != instrument}}
    ordered = set(connection.execute(select(flows.c.key).where(flows.c.fund_id == fund_id)).scalars())
    executed = select(fills.c.reference, fills.c.at).join(orders, orders.c.key == fills.c.order_key)
    at_of = {row.reference: row.at for row in connection.execute(executed.where(orders.c.fund_id == fund_id))}
    query = (
        select(entries.c.posting, entries.c.account, entries.c.money, entries.c.units, runs.c.started)
        .outerjoin(runs, runs.c.id == entries.c.run_id)
        .where(
            entries.c.fund_id == fund_id,
            entries.c.account.in_(("cash", "equity")) | entries.c.account.startswith(OPTION_PREFIX),
        )
        .order_by(entries.c.id)
    )
    found = []
    for row in connection.execute(query):
        kind: Literal["fill", "flow", "other"] = "flow" if row.posting in ordered else "other"
        at = row.started
        if row.posting.startswith(_FILL):
            kind, at = "fill", at_of[row.posting.removeprefix(_FILL)]
        amount = row.money if row.account == "cash" else row.units
        found.append(Moved(row.posting, at, kind, names.get(row.account, row.account), amount))
    return tuple(found)


def _orders(
    connection: Connection, fund_id: str, since: dt.date | None, keys: Collection[str]
) -> tuple[OrderLife, ...]:
    rows = connection.execute(
        select(orders, runs.c.session)
        .join(runs, runs.c.id == orders.c.run_id)
        .where(orders.c.fund_id == fund_id)
        .order_by(orders.c.run_id, orders.c.key)
    ).all()
    wanted = [
        row
        for row in rows
        if since is None or row.session >= since or row.key in keys or row.state not in {"filled", "cancelled"}
    ]
    own = orders.c.fund_id == fund_id
    gone = select(order_events.c.order_key).join(orders, orders.c.key == order_events.c.order_key)
    out = set(connection.execute(gone.where(own, order_events.c.state.in_(_GONE_OUT))).scalars())
    executed = connection.execute(
        select(fills.c.order_key, fills.c.at, fills.c.units)
        .join(orders, orders.c.key == fills.c.order_key)
        .where(own)
        .order_by(fills.c.at, fills.c.reference)
    )
    filled: dict[str, list[tuple[dt.datetime, Decimal]]] = {}
    for row in executed:
        filled.setdefault(row.order_key, []).append((row.at, row.units))
    decided: dict[str, Decimal] = {}
    for run_id in dict.fromkeys(row.run_id for row in wanted):
        kept = connection.execute(select(decisions.c.record).where(decisions.c.run_id == run_id)).scalar()
        if kept is not None:
            decided |= {order.key: order.units for order in Record.read(kept).orders}
    return tuple(
        OrderLife(
            key=row.key,
            instrument=row.instrument,
            session=row.session,
            decided=decided.get(row.key, _ZERO),
            sent=row.units if row.key in out else _ZERO,
            fills=tuple(filled.get(row.key, ())),
            state=row.state,
            price=row.price,
        )
        for row in wanted
    )
