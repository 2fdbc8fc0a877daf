"""Rows of a fund as they are written out for other programs: each with its sequence on the chain, one at a time."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import ColumnElement, and_, select

from insure.book import outbox
from insure.book.alerts import HasEngine
from insure.book.engine import reading
from insure.book.record import Record
from insure.book.tables import audit, decisions, entries, fills, orders, runs
from insure.decision import Outcome
from insure.orders import Fill, Order, OrderState

_AT_ONCE = 200
"""Rows that are read from the database at a time."""


@dataclass(frozen=True, slots=True)
class Span:
    """Which rows: of one fund, of the slots of its sessions from ``first`` to ``last``."""

    fund_id: str
    first: dt.date
    last: dt.date

    @property
    def slots(self) -> ColumnElement[bool]:
        """The condition on ``runs``."""
        return and_(runs.c.fund_id == self.fund_id, runs.c.session >= self.first, runs.c.session <= self.last)


@dataclass(frozen=True, slots=True)
class ListedSlot:
    """A slot that ended."""

    sequence: int
    session: dt.date
    slot: str
    due: dt.datetime
    started: dt.datetime
    outcome: Outcome
    reason: str
    record: Record | None
    """None where no decision was reached."""


@dataclass(frozen=True, slots=True)
class ListedEntry:
    """One leg of a posting."""

    sequence: int
    session: dt.date
    posting: str
    account: str
    money: Decimal
    units: Decimal


def listed_slots(book: HasEngine, span: Span) -> Iterator[ListedSlot]:
    """Every slot of a span that ended, with its decision."""
    query = (
        select(runs, audit.c.sequence, decisions.c.record)
        .join(audit, audit.c.run_id == runs.c.id)
        .outerjoin(decisions, decisions.c.run_id == runs.c.id)
        .where(span.slots)
        .order_by(audit.c.sequence)
        .execution_options(yield_per=_AT_ONCE)
    )
    with reading(book.engine, book.where) as connection:
        for row in connection.execute(query):
            record = None if row.record is None else Record.read(row.record)
            yield ListedSlot(row.sequence, row.session, row.slot, row.due, row.started, row.outcome, row.reason, record)


def listed_orders(book: HasEngine, span: Span) -> Iterator[tuple[int, dt.date, Order, OrderState]]:
    """Every order that was decided in a span, with its session and where it stands."""
    query = (
        select(orders, runs.c.session, audit.c.sequence)
        .join(runs, runs.c.id == orders.c.run_id)
        .join(audit, audit.c.run_id == runs.c.id)
        .where(span.slots)
        .order_by(audit.c.sequence, orders.c.key)
        .execution_options(yield_per=_AT_ONCE)
    )
    with reading(book.engine, book.where) as connection:
        for row in connection.execute(query):
            yield row.sequence, row.session, outbox.order_of(row), row.state


def listed_fills(book: HasEngine, span: Span) -> Iterator[tuple[int, dt.date, Fill]]:
    """Every fill of the orders of a span; one that came later stands under its own row of the chain."""
    query = (
        select(fills, runs.c.session, audit.c.sequence)
        .join(orders, orders.c.key == fills.c.order_key)
        .join(runs, runs.c.id == orders.c.run_id)
        .join(audit, audit.c.run_id == runs.c.id)
        .where(span.slots)
        .order_by(audit.c.sequence, fills.c.at, fills.c.reference)
        .execution_options(yield_per=_AT_ONCE)
    )
    with reading(book.engine, book.where) as connection:
        late = _late(book, span.fund_id)
        for row in connection.execute(query):
            yield late.get(row.reference, row.sequence), row.session, outbox.fill_of(row)


def listed_entries(book: HasEngine, span: Span) -> Iterator[ListedEntry]:
    """Every leg that the slots of a span posted, then those of fills that came later."""
    own = (
        select(entries, runs.c.session, audit.c.sequence)
        .join(runs, runs.c.id == entries.c.run_id)
        .join(audit, audit.c.run_id == runs.c.id)
        .where(span.slots)
        .order_by(entries.c.id)
        .execution_options(yield_per=_AT_ONCE)
    )
    with reading(book.engine, book.where) as connection:
        for row in connection.execute(own):
            yield ListedEntry(row.sequence, row.session, row.posting, row.account, row.money, row.units)
        late = _late(book, span.fund_id)
        for reference, sequence in sorted(late.items(), key=lambda each: each[1]):
            legs = (
                select(entries, runs.c.session)
                .select_from(entries)
                .join(fills, fills.c.reference == reference)
                .join(orders, orders.c.key == fills.c.order_key)
                .join(runs, runs.c.id == orders.c.run_id)
                .where(entries.c.posting == f"fill:{reference}", span.slots)
                .order_by(entries.c.id)
            )
            for row in connection.execute(legs):
                yield ListedEntry(sequence, row.session, row.posting, row.account, row.money, row.units)


def _late(book: HasEngine, fund_id: str) -> dict[str, int]:
    """Sequence by reference of the fills of a fund that came after their decision."""
    query = select(audit.c.sequence, audit.c.content).where(audit.c.fund_id == fund_id, audit.c.kind == "fill")
    with reading(book.engine, book.where) as connection:
        return {outbox.reference_in(row.content): row.sequence for row in connection.execute(query)}
