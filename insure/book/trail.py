"""Rows of the chain as reports read them: what happened, in which order, under which sequence."""

import datetime as dt
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, or_, select

from insure.book import outbox
from insure.book.alerts import HasEngine
from insure.book.chain import GENESIS
from insure.book.engine import reading
from insure.book.record import Record
from insure.book.tables import audit, decisions, fills, orders, runs
from insure.errors import BookError
from insure.orders import Fill

_BREACHED = '%"kind":"floor breached"%'
_FAILED = '%"outcome":"FAILED"%'
_SKIPPED = '%"outcome":"SKIPPED"%'
_ENDED_OK = '%"outcome":"OK"%'
_DECIDED = '%"decision_sha256":%'
_OF_REPORTS = ("signature", "stress")
"""Kinds that speak of reports: no report's end is moved by them."""
_Query = Select[*tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the chain."""

    sequence: int
    sha256: str
    at: dt.datetime
    fund_id: str | None
    """None for what concerns the whole desk."""
    kind: str
    content: Mapping[str, str]

    @property
    def anchor(self) -> tuple[int, str]:
        """Sequence and hash, as a report prints them."""
        return self.sequence, self.sha256


def entry(book: HasEngine, sequence: int) -> Entry:
    """One row by its sequence.

    Raises:
        BookError: the chain does not reach it.
    """
    found = _read(book, select(audit).where(audit.c.sequence == sequence))
    if not found:
        raise BookError(f"The chain has no entry {sequence}.")
    return found[0]


def ended(book: HasEngine, fund_id: str, session: dt.date, slot: str) -> Entry:
    """The row of a slot that ended.

    Raises:
        BookError: there is none.
    """
    query = (
        select(audit)
        .join(runs, runs.c.id == audit.c.run_id)
        .where(runs.c.fund_id == fund_id, runs.c.session == session, runs.c.slot == slot)
    )
    found = _read(book, query)
    if not found:
        raise BookError(f"The chain has no entry of the slot {session} {slot} of {fund_id}.")
    return found[0]


def sequences(book: HasEngine, fund_id: str, first: dt.date, last: dt.date) -> dict[tuple[dt.date, str], int]:
    """Sequence by session and slot of the slots that ended, from session ``first`` to ``last``."""
    query = (
        select(runs.c.session, runs.c.slot, audit.c.sequence)
        .join(audit, audit.c.run_id == runs.c.id)
        .where(runs.c.fund_id == fund_id, runs.c.session >= first, runs.c.session <= last)
    )
    with reading(book.engine, book.where) as connection:
        return {(row.session, row.slot): row.sequence for row in connection.execute(query)}


def last_of(book: HasEngine, fund_id: str, last: dt.date, until: dt.datetime) -> tuple[int, str]:
    """The last row that a report on a period speaks of: sequence and hash; 0 and the genesis where there is none.

    It is the last that was written on the fund or the whole desk before the instant ``until`` at which the period was
    over, or the row of the last slot of a session up to ``last``, where that was written later. Signatures and stress
    packs are passed over: no report depends on who has signed it, and a pack counts by the session that it is of.
    """
    own, desk = audit.c.fund_id == fund_id, audit.c.fund_id.is_(None)
    newest = (
        select(audit.c.sequence, audit.c.sha256)
        .where(audit.c.kind.not_in(_OF_REPORTS))
        .order_by(audit.c.sequence.desc())
        .limit(1)
    )
    queries = (
        newest.where(own, audit.c.at < until),
        newest.where(desk, audit.c.at < until),
        newest.join(runs, runs.c.id == audit.c.run_id).where(own, runs.c.session <= last),
    )
    found = [(0, GENESIS)]
    with reading(book.engine, book.where) as connection:
        for query in queries:
            found.extend((row.sequence, row.sha256) for row in connection.execute(query))
    return max(found)


def of_kinds(
    book: HasEngine, fund_id: str, kinds: Sequence[str], first: dt.datetime | None, until: dt.datetime, last: int
) -> list[Entry]:
    """Rows of some kinds on a fund or the whole desk, written from ``first`` on and before ``until``, up to a row.

    None for ``first`` reads them from the first row of the chain on.
    """
    query = (
        select(audit)
        .where(
            or_(audit.c.fund_id == fund_id, audit.c.fund_id.is_(None)),
            audit.c.kind.in_(kinds),
            audit.c.at < until,
            audit.c.sequence <= last,
        )
        .order_by(audit.c.sequence)
    )
    return _read(book, query if first is None else query.where(audit.c.at >= first))


def newest(book: HasEngine, fund_id: str, kind: str, until: dt.datetime) -> Entry | None:
    """The newest row of a kind on a fund that was written before an instant; None where there is none."""
    query = select(audit).where(audit.c.fund_id == fund_id, audit.c.kind == kind, audit.c.at < until)
    found = _read(book, query.order_by(audit.c.sequence.desc()).limit(1))
    return found[0] if found else None


def before(
    book: HasEngine, fund_id: str | None, sequence: int, most: int, leaving_out: Sequence[str] = ()
) -> list[Entry]:
    """The last rows on a fund and on the whole desk, up to a row and with it, in order; at most so many.

    Rows of the kinds in ``leaving_out`` are not counted, nor are slots that ended OK and sent nothing.
    """
    sent = select(orders.c.run_id).where(orders.c.run_id == audit.c.run_id).exists()
    tells = or_(audit.c.kind != "run", ~audit.c.content.like(_ENDED_OK), sent, audit.c.sequence == sequence)
    told = and_(audit.c.sequence <= sequence, audit.c.kind.not_in(leaving_out), tells)
    newest = select(audit).where(told).order_by(audit.c.sequence.desc()).limit(most)
    found = _read(book, newest.where(audit.c.fund_id.is_(None)))
    if fund_id is not None:
        found += _read(book, newest.where(audit.c.fund_id == fund_id))
    return sorted(found, key=lambda each: each.sequence)[-most:]


def after(book: HasEngine, fund_id: str | None, sequence: int, kinds: Sequence[str]) -> list[Entry]:
    """Rows of some kinds that came after a row, in order: on one fund, or (None) on the desk and every fund of it."""
    query = select(audit).where(audit.c.sequence > sequence, audit.c.kind.in_(kinds)).order_by(audit.c.sequence)
    return _read(book, query if fund_id is None else query.where(audit.c.fund_id == fund_id))


def own(book: HasEngine, fund_id: str | None, kinds: Sequence[str]) -> list[Entry]:
    """Every row of some kinds on a fund alone, or (None) on the whole desk alone, in order."""
    whose = audit.c.fund_id.is_(None) if fund_id is None else audit.c.fund_id == fund_id
    return _read(book, select(audit).where(whose, audit.c.kind.in_(kinds)).order_by(audit.c.sequence))


def last_on(book: HasEngine, fund_id: str, kind: str, sequence: int) -> Entry | None:
    """The last row of a kind on a fund up to a row; None where there is none."""
    query = select(audit).where(audit.c.fund_id == fund_id, audit.c.kind == kind, audit.c.sequence <= sequence)
    found = _read(book, query.order_by(audit.c.sequence.desc()).limit(1))
    return found[0] if found else None


def last_before(book: HasEngine, fund_id: str | None, entry: Entry) -> Entry | None:
    """The last row on a fund or the whole desk that was written at an earlier instant than ``entry``, and before it."""
    desk = audit.c.fund_id.is_(None)
    whose = desk if fund_id is None else or_(desk, audit.c.fund_id == fund_id)
    query = select(audit).where(whose, audit.c.sequence < entry.sequence, audit.c.at < entry.at)
    found = _read(book, query.order_by(audit.c.sequence.desc()).limit(1))
    return found[0] if found else None


def decided_by(book: HasEngine, sequence: int) -> list[str]:
    """Funds that had decided something by a row of the chain."""
    query = (
        select(audit.c.fund_id)
        .where(audit.c.kind == "run", audit.c.sequence <= sequence, audit.c.content.like(_DECIDED))
        .distinct()
        .order_by(audit.c.fund_id)
    )
    with reading(book.engine, book.where) as connection:
        return list(connection.execute(query).scalars())


def records_after(book: HasEngine, fund_id: str, sequence: int) -> Iterator[tuple[Entry, Record]]:
    """Decisions of a fund that stand on the chain after a row, each with its own, in order."""
    for each in after(book, fund_id, sequence, ("run",)):
        if "decision_sha256" in each.content:
            yield each, records_up_to(book, fund_id, each.sequence, 1)[-1]


def records_up_to(book: HasEngine, fund_id: str, sequence: int, most: int) -> list[Record]:
    """The last decisions of a fund that stand on the chain up to a row, in order; at most so many."""
    query = (
        select(decisions.c.record)
        .join(audit, audit.c.run_id == decisions.c.run_id)
        .where(audit.c.fund_id == fund_id, audit.c.kind == "run", audit.c.sequence <= sequence)
        .order_by(audit.c.sequence.desc())
        .limit(most)
    )
    with reading(book.engine, book.where) as connection:
        texts = list(connection.execute(query).scalars())
    return [Record.read(text) for text in reversed(texts)]


def happenings(book: HasEngine, kinds: Sequence[str], after: int, last: int) -> list[Entry]:
    """Rows that an event report is due for, in order: rows of ``kinds``, and slots missed, failed or below the floor.

    Args:
        book: whose chain.
        kinds: kinds that are events by themselves.
        after: rows up to this sequence are left out.
        last: rows beyond this sequence are left out.
    """
    span = and_(audit.c.sequence > after, audit.c.sequence <= last)
    return _read(book, select(audit).where(_event(kinds), span).order_by(audit.c.sequence))


def last_happening(book: HasEngine, fund_id: str | None, kinds: Sequence[str]) -> Entry | None:
    """The newest row that an event report is due for, of one fund or of the whole desk; None where there is none."""
    own = audit.c.fund_id.is_(None) if fund_id is None else audit.c.fund_id == fund_id
    found = _read(book, select(audit).where(own, _event(kinds)).order_by(audit.c.sequence.desc()).limit(1))
    return found[0] if found else None


def late_fills(book: HasEngine, fund_id: str, last: int) -> list[tuple[Entry, Fill]]:
    """Fills that came after their decision, with their rows, up to a row of the chain, in order."""
    query = (
        select(audit)
        .where(audit.c.fund_id == fund_id, audit.c.kind == "fill", audit.c.sequence <= last)
        .order_by(audit.c.sequence)
    )
    rows = _read(book, query)
    return list(zip(rows, fills_in(book, rows), strict=True))


def fills_in(book: HasEngine, rows: Sequence[Entry]) -> list[Fill]:
    """The fills that some rows speak of, in their order; rows of other kinds are passed over."""
    with reading(book.engine, book.where) as connection:
        return [_fill(connection, each) for each in rows if each.kind == "fill"]


def on_orders(book: HasEngine, fund_id: str, after: int, keys: Collection[str], last: int | None = None) -> list[Entry]:
    """Rows on orders that came after a row: how each moved, and what was executed of it, in order.

    Args:
        book: whose chain.
        fund_id: whose orders.
        after: rows up to this sequence are left out; that of the decision leaves what was done in its own slot.
        keys: the orders.
        last: rows beyond this sequence are left out; None for none.
    """
    if not keys:
        return []
    told = and_(audit.c.fund_id == fund_id, audit.c.sequence > after, audit.c.kind.in_(("order", "fill")))
    if last is not None:
        told = and_(told, audit.c.sequence <= last)
    return [
        each
        for each in _read(book, select(audit).where(told).order_by(audit.c.sequence))
        if each.content.get("order_key") in keys
    ]


def _fill(connection: Connection, each: Entry) -> Fill:
    row = connection.execute(select(fills).where(fills.c.reference == each.content["reference"])).first()
    if row is None:
        raise BookError(f"The chain speaks of the fill {each.content['reference']}, which the book does not hold.")
    return outbox.fill_of(row)


def _event(kinds: Sequence[str]) -> ColumnElement[bool]:
    missed = and_(audit.c.content.like(_SKIPPED), ~audit.c.content.like(_DECIDED))
    breached = (
        select(decisions.c.run_id)
        .where(decisions.c.run_id == audit.c.run_id, decisions.c.record.like(_BREACHED))
        .exists()
    )
    slot = and_(audit.c.kind == "run", or_(audit.c.content.like(_FAILED), missed, breached))
    return or_(audit.c.kind.in_(kinds), slot)


def _read(book: HasEngine, query: _Query) -> list[Entry]:
    with reading(book.engine, book.where) as connection:
        return [_entry(row) for row in connection.execute(query)]


def _entry(row: Row[*tuple[object, ...]]) -> Entry:
    try:
        content = json.loads(row.content)
    except ValueError as error:
        raise BookError(f"Row {row.sequence} of the chain ({row.kind}) cannot be read; the book is damaged.") from error
    if not isinstance(content, dict):
        raise BookError(f"Row {row.sequence} of the chain ({row.kind}) cannot be read; the book is damaged.")
    return Entry(
        row.sequence, row.sha256, row.at, row.fund_id, row.kind, {name: str(each) for name, each in content.items()}
    )
