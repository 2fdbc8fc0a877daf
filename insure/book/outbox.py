"""Orders on their way: new, sending, acked, then filled, partly, cancelled, or unknown until a person decides.

Every move is a row that stays. An order is sent after it is committed and marked ``sending`` before it is sent, so that
a crash at any moment leaves a state from which the broker can be asked by our own reference.
"""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection, Row, func, insert, select, update

from insure.book import chain, execution_breaches, ledger
from insure.book.execution_breaches import Accepted
from insure.book.tables import fills, order_events, orders
from insure.errors import BookError
from insure.orders import Fill, Order, OrderState

MOVES: Mapping[OrderState, frozenset[OrderState]] = {
    "new": frozenset({"sending", "filled", "partly", "cancelled"}),
    "sending": frozenset({"sending", "acked", "filled", "partly", "cancelled", "unknown"}),
    "acked": frozenset({"filled", "partly", "cancelled", "unknown"}),
    "partly": frozenset({"partly", "filled", "cancelled", "unknown"}),
    "unknown": frozenset({"acked", "partly", "filled", "cancelled"}),
    "cancelled": frozenset({"filled", "partly", "cancelled"}),  # a fill that came late is real all the same
    "filled": frozenset({"filled"}),  # executed beyond what was ordered, accepted by a person
}
FINAL: tuple[OrderState, ...] = ("filled", "cancelled")


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order that is not at its end."""

    order: Order
    state: OrderState
    filled: Decimal
    """Units executed so far, signed as the order's."""

    @property
    def waits_for_its_time(self) -> bool:
        """Whether it is a child of a schedule that was not sent yet."""
        return self.state == "new" and self.order.not_before is not None


def put(connection: Connection, run_id: int, order: Order, at: dt.datetime) -> None:
    """A new order, in the transaction that decided it."""
    connection.execute(
        insert(orders).values(
            key=order.key,
            run_id=run_id,
            fund_id=order.fund_id,
            instrument=order.instrument,
            units=order.units,
            price=order.price,
            price_limit=order.price_limit,
            good_until=order.good_until,
            volume_cap_fraction=order.volume_cap_fraction,
            state="new",
            not_before=order.not_before,
            venue=order.venue,
            parent=order.parent,
        )
    )
    _event(connection, order.key, "new", at, "decided")


def move(connection: Connection, key: str, state: OrderState, at: dt.datetime, detail: str) -> None:
    """Take an order to a state, with the reason.

    Raises:
        BookError: there is no such order, or it cannot go there from where it is.
    """
    now: OrderState | None = connection.execute(select(orders.c.state).where(orders.c.key == key)).scalar()
    if now is None:
        raise BookError(f"The book holds no order {key}.")
    if state not in MOVES.get(now, frozenset()):
        raise BookError(f"The order {key} is {now}; it cannot become {state}.")
    connection.execute(update(orders).where(orders.c.key == key).values(state=state))
    _event(connection, key, state, at, detail)


def open_orders(connection: Connection, fund_id: str | None = None) -> list[OpenOrder]:
    """Orders that are not at their end, of one fund or of all, in the order of their runs."""
    query = select(orders).where(orders.c.state.not_in(FINAL)).order_by(orders.c.run_id, orders.c.key)
    if fund_id is not None:
        query = query.where(orders.c.fund_id == fund_id)
    return [
        OpenOrder(order_of(row), row.state, filled_units(connection, row.key))
        for row in connection.execute(query).all()
    ]


def find(connection: Connection, key: str) -> OpenOrder:
    """One order by our reference, at its end or not.

    Raises:
        BookError: there is none.
    """
    row = connection.execute(select(orders).where(orders.c.key == key)).first()
    if row is None:
        raise BookError(f"The book holds no order {key}.")
    return OpenOrder(order_of(row), row.state, filled_units(connection, key))


def keep_fill(connection: Connection, fill: Fill) -> bool:
    """Keep a fill; False where the same one is kept already.

    Raises:
        BookError: the reference is taken by a fill with other content.
    """
    kept = connection.execute(select(fills).where(fills.c.reference == fill.reference)).first()
    if kept is not None:
        if fill_of(kept) != fill:
            raise BookError(f"The fill {fill.reference} is booked already with other content: {_sentence(kept)}.")
        return False
    connection.execute(
        insert(fills).values(
            reference=fill.reference,
            order_key=fill.order_key,
            units=fill.units,
            price=fill.price,
            value=fill.value,
            commission=fill.commission,
            spread=fill.spread,
            at=fill.at,
        )
    )
    return True


def book_fill(connection: Connection, fill: Fill, at: dt.datetime, accepted: Accepted | None = None) -> bool:
    """Book a fill that came after its decision: fill, entries, state and chain; False where it is booked already.

    Args:
        connection: to write through.
        fill: what was executed.
        at: our clock.
        accepted: who takes a fill beyond its order for what was really executed, and why; None for nobody.

    Raises:
        BookError: no such order, it can be no fill of it, it is more than the fund holds, or it passes the order's
            price limit, units or time limit and nobody accepts that.
    """
    open_order = find(connection, fill.order_key)
    order = open_order.order
    if not keep_fill(connection, fill):
        return False
    if doubt := execution_breaches.impossible(connection, order, fill, at):
        raise BookError(doubt)
    passed = execution_breaches.beyond(connection, order, open_order.filled, fill)
    if passed and accepted is None:
        raise BookError(
            f"The fill {fill.reference} does not fit the order {order.key}: {'; '.join(passed)}. If it was really "
            "executed, import it with --accept-breach --by NAME --reason TEXT."
        )
    done = open_order.filled + fill.units
    before, _ = ledger.balances(connection, order.fund_id)
    if before.units + fill.units < 0 or before.cash + fill.cash < 0:
        raise BookError(
            f"The fill {fill.reference} moves {fill.units} units and {fill.cash} in cash; {order.fund_id} holds "
            f"{before.units} units and {before.cash}."
        )
    posting = ledger.filled(fill)
    written = ledger.write(connection, order.fund_id, None, [posting])
    state: OrderState = "filled" if abs(done) >= abs(order.units) else "partly"
    move(connection, order.key, state, at, f"fill {fill.reference}")
    chain.append(
        connection,
        at,
        order.fund_id,
        None,
        "fill",
        {
            "reference": fill.reference,
            "order_key": fill.order_key,
            "posting": posting.key,
            "fill": fill_text(fill),
            "entries_sha256": written,
        },
    )
    if passed and accepted is not None:
        execution_breaches.state(connection, order, fill, passed, accepted, at)
    return True


def book_move(
    connection: Connection, key: str, state: OrderState, at: dt.datetime, detail: str, was: OrderState | None = None
) -> bool:
    """Move an order outside its own slot: on the chain too; False where it is no longer in the state ``was``.

    Raises:
        BookError: as ``move``.
    """
    found = find(connection, key)
    if was is not None and found.state != was:
        return False
    order = found.order
    move(connection, key, state, at, detail)
    chain.append(connection, at, order.fund_id, None, "order", {"order_key": key, "state": state, "detail": detail})
    return True


def reference_in(content: str) -> str:
    """The fill that an audit row speaks of.

    Raises:
        BookError: it is no such row.
    """
    try:
        return str(json.loads(content)["reference"])
    except (ValueError, KeyError, TypeError) as error:
        raise BookError("A row of the chain about a fill cannot be read; the book is damaged.") from error


def fill_text(fill: Fill) -> str:
    """A fill with one spelling."""
    return chain.canonical(
        [
            fill.order_key,
            fill.reference,
            f"{fill.units:.6f}",
            f"{fill.price:.6f}",
            f"{fill.value:.2f}",
            f"{fill.commission:.2f}",
            f"{fill.spread:.2f}",
            fill.at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        ]
    )


def filled_units(connection: Connection, key: str) -> Decimal:
    """Units executed of an order."""
    return connection.execute(select(func.sum(fills.c.units)).where(fills.c.order_key == key)).scalar() or Decimal(0)


def order_of(row: Row[tuple[object, ...]]) -> Order:
    """An order out of its row."""
    return Order(
        row.key,
        row.fund_id,
        row.instrument,
        row.units,
        row.price,
        row.price_limit,
        row.good_until,
        row.volume_cap_fraction,
        row.not_before,
        row.venue,
        row.parent,
    )


def fill_of(row: Row[tuple[object, ...]]) -> Fill:
    """A fill out of its row."""
    return Fill(row.order_key, row.reference, row.units, row.price, row.value, row.commission, row.spread, row.at)


def _sentence(row: Row[tuple[object, ...]]) -> str:
    return f"{row.units} units at {row.price} of {row.order_key}"


def _event(connection: Connection, key: str, state: OrderState, at: dt.datetime, detail: str) -> None:
    connection.execute(insert(order_events).values(order_key=key, at=at, state=state, detail=detail))
