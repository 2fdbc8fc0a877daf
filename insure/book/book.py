"""The book: one transaction a slot, holding the run, the decision, its orders, fills, entries and audit row."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine, Row, Select, insert, select

from insure.book import chain, outbox, statements
from insure.book.chain import GENESIS
from insure.book.engine import (
    BUSY_SECONDS,
    check_whole,
    create_sqlite,
    migrate,
    postgres_engine,
    reading,
    shown,
    sqlite_engine,
    writing,
)
from insure.book.execution_breaches import Accepted
from insure.book.page import SlotPage, Standing, checked_standing, waiting_flows
from insure.book.record import Record
from insure.book.statements import Statement
from insure.book.tables import audit, decisions, flows, runs
from insure.decision import Outcome
from insure.errors import BookError, NothingDue
from insure.flows import Flow
from insure.fund import Fund
from insure.orders import Fill, OrderState
from insure.slots import Slot

_Query = TypeVar("_Query", bound=Select[*tuple[object, ...]])


@dataclass(frozen=True, slots=True)
class Run:
    """One slot as it ended."""

    fund_id: str
    session: dt.date
    slot: str
    due: dt.datetime
    started: dt.datetime
    outcome: Outcome
    reason: str


class Slots(Protocol):
    """Whatever opens the page of a slot: a book, or a batch of one."""

    def slot(self, fund: Fund, slot: Slot, now: dt.datetime, *, keep: bool = True) -> AbstractContextManager[SlotPage]:
        """See ``Book.slot``."""
        ...


class Book:
    """A database of funds; use as a context manager, or ``close`` it."""

    def __init__(self, engine: Engine, where: str) -> None:
        """``engine``: configured by ``insure.book.engine``; ``where`` names it in errors."""
        self._engine = engine
        self._where = where

    @classmethod
    def open(cls, path: Path, busy_seconds: float = BUSY_SECONDS) -> "Book":
        """The book in a SQLite file, made if there is none, its schema brought up to date.

        Args:
            path: the file.
            busy_seconds: how long to wait for another writer.

        Raises:
            BookError: the file is no book, is empty or truncated, cannot be written, or comes from a newer version.
        """
        if not path.exists():
            create_sqlite(path)
        engine = sqlite_engine(path, busy_seconds)
        try:
            check_whole(engine, path)
            migrate(engine, str(path))
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, str(path))

    @classmethod
    def connect(cls, url: str) -> "Book":
        """The book on a PostgreSQL server, ``postgresql+psycopg://user@host/name``.

        Raises:
            BookError: the server cannot be reached or refuses, or the schema comes from a newer version. No password
                is in the sentence.
        """
        engine = postgres_engine(url)
        try:
            migrate(engine, shown(url))
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, shown(url))

    def __enter__(self) -> "Book":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    @property
    def where(self) -> str:
        """The file, or the URL without its password."""
        return self._where

    @property
    def engine(self) -> Engine:
        """For the rooms of the book itself: verify, backup."""
        return self._engine

    def settings(self) -> list[tuple[str, str]]:
        """How the database keeps what it acknowledges, as it says itself."""
        asked = (
            ("PRAGMA journal_mode", "PRAGMA synchronous", "PRAGMA foreign_keys")
            if self._engine.dialect.name == "sqlite"
            else ("SHOW server_version", "SHOW fsync", "SHOW full_page_writes")
        )
        with reading(self._engine, self._where) as connection:
            return [(each.split()[1], str(connection.exec_driver_sql(each).scalar())) for each in asked]

    @contextmanager
    def slot(self, fund: Fund, slot: Slot, now: dt.datetime, *, keep: bool = True) -> Iterator[SlotPage]:
        """The page of one slot, in one transaction: whole when the block ends, nothing of it when the block raises.

        With ``keep=False`` everything is done and checked, and nothing is kept.

        Raises:
            NothingDue: the slot already has its run.
            BookError: the database refuses.
        """
        with writing(self._engine, self._where) as connection:
            with _page(connection, fund, slot, now) as page:
                yield page
            if not keep:
                connection.rollback()

    @contextmanager
    def batch(self) -> Iterator["Batch"]:
        """Slots of many funds in one transaction: kept together when the block ends, and only then.

        Raises:
            BookError: the database refuses; nothing of the batch was kept.
        """
        with writing(self._engine, self._where) as connection:
            yield Batch(connection)

    def standing(self, fund_id: str) -> Standing:
        """Balances and last decision of a fund; zero and None for one that never ran.

        Raises:
            BookError: the last decision or the balances are not as they were written.
        """
        with reading(self._engine, self._where) as connection:
            return checked_standing(connection, fund_id)

    def records(self, fund_id: str, first: dt.date | None = None, last: dt.date | None = None) -> Iterator[Record]:
        """Decisions of a fund in the order they were made, from session ``first`` to ``last`` inclusive."""
        query = (
            select(decisions.c.record)
            .join(runs, runs.c.id == decisions.c.run_id)
            .where(decisions.c.fund_id == fund_id)
            .order_by(decisions.c.run_id)
        )
        for text in self._scalars(_between(query, first, last)):
            yield Record.read(text)

    def record(self, fund_id: str, session: dt.date | None = None) -> Record:
        """The last decision of a fund, or the last of one session.

        Raises:
            BookError: there is none.
        """
        query = (
            select(decisions.c.record)
            .join(runs, runs.c.id == decisions.c.run_id)
            .where(decisions.c.fund_id == fund_id)
            .order_by(decisions.c.run_id.desc())
            .limit(1)
        )
        found = self._scalars(_between(query, session, session))
        if not found:
            on = f" on {session}" if session else ""
            raise BookError(f"The book holds no decision of {fund_id}{on}; run `insure rebalance {fund_id}` first.")
        return Record.read(found[0])

    def runs(self, fund_id: str, first: dt.date | None = None, last: dt.date | None = None) -> list[Run]:
        """Slots of a fund as they ended, in the order they ran."""
        query = select(runs).where(runs.c.fund_id == fund_id).order_by(runs.c.id)
        with reading(self._engine, self._where) as connection:
            return [_run(row) for row in connection.execute(_between(query, first, last))]

    def last_run(self, fund_id: str) -> Run | None:
        """How the last slot of a fund ended; None before the first."""
        query = select(runs).where(runs.c.fund_id == fund_id).order_by(runs.c.session.desc(), runs.c.id.desc()).limit(1)
        with reading(self._engine, self._where) as connection:
            row = connection.execute(query).first()
        return None if row is None else _run(row)

    def head(self) -> tuple[int, str]:
        """The anchor of the chain: sequence and hash of the last audit row."""
        with reading(self._engine, self._where) as connection:
            return chain.head(connection)

    def hash_at(self, sequence: int) -> str | None:
        """Hash of one audit row; None where the chain does not reach it."""
        if sequence == 0:
            return GENESIS
        with reading(self._engine, self._where) as connection:
            return connection.execute(select(audit.c.sha256).where(audit.c.sequence == sequence)).scalar()

    def open_orders(self, fund_id: str | None = None) -> list[outbox.OpenOrder]:
        """Orders that are not at their end, of one fund or of all."""
        with reading(self._engine, self._where) as connection:
            return outbox.open_orders(connection, fund_id)

    def order(self, key: str) -> outbox.OpenOrder:
        """One order by our reference.

        Raises:
            BookError: there is none.
        """
        with reading(self._engine, self._where) as connection:
            return outbox.find(connection, key)

    def move_order(
        self, key: str, state: OrderState, at: dt.datetime, detail: str, was: OrderState | None = None
    ) -> bool:
        """Take an order to a state, with the reason, in its own transaction; False where it is no longer in ``was``.

        Raises:
            BookError: it cannot go there from where it is.
        """
        with writing(self._engine, self._where) as connection:
            return outbox.book_move(connection, key, state, at, detail, was)

    def book_fills(self, executed: Sequence[Fill], at: dt.datetime, accepted: Accepted | None = None) -> int:
        """Book fills that came after their decision, all or none; how many of them were new.

        The same fill again is the same entry. ``accepted``: who takes what lies beyond its order for executed, and why.

        Raises:
            BookError: one of them contradicts its order, the fund or what is booked; nothing was kept.
        """
        with writing(self._engine, self._where) as connection:
            return sum(outbox.book_fill(connection, fill, at, accepted) for fill in executed)

    def book_flow(self, flow: Flow, at: dt.datetime) -> bool:
        """Order a flow, to be dealt at the first slot of its session or after it; False where it is ordered already.

        Raises:
            BookError: its key is taken by a flow with other content, or it reverses what is no flow of this fund.
        """
        with writing(self._engine, self._where) as connection:
            kept = connection.execute(select(flows).where(flows.c.key == flow.key)).first()
            if kept is not None:
                same = Flow(kept.key, kept.fund_id, kept.session, kept.kind, kept.money, kept.reverses)
                if same != flow:
                    raise BookError(
                        f"The flow {flow.key} is ordered already with other content: {same.kind} of {same.money}. "
                        "Give this one a reference of its own, or reverse that one."
                    )
                return False
            if flow.reverses is not None:
                _check_reversal(connection, flow)
            connection.execute(
                insert(flows).values(
                    key=flow.key,
                    fund_id=flow.fund_id,
                    session=flow.session,
                    kind=flow.kind,
                    money=flow.money,
                    reverses=flow.reverses,
                    booked=at,
                )
            )
            chain.append(connection, at, flow.fund_id, None, "flow", flow_content(flow))
            return True

    def flow(self, key: str) -> Flow:
        """A flow by its key.

        Raises:
            BookError: there is none.
        """
        with reading(self._engine, self._where) as connection:
            row = connection.execute(select(flows).where(flows.c.key == key)).first()
        if row is None:
            raise BookError(f"The book holds no flow {key}.")
        return Flow(row.key, row.fund_id, row.session, row.kind, row.money, row.reverses)

    def state(self, kind: str, fund_id: str, at: dt.datetime, content: Mapping[str, str]) -> Statement:
        """A statement of a control or a person, in its own transaction: see ``statements.state``."""
        with writing(self._engine, self._where) as connection:
            return statements.state(connection, kind, fund_id, at, content)

    def statements(
        self, kinds: Sequence[str], fund_id: str | None = None, *, since: int = 0, last: int | None = None
    ) -> list[Statement]:
        """See ``statements.statements``."""
        with reading(self._engine, self._where) as connection:
            return statements.statements(connection, kinds, fund_id, since=since, last=last)

    def waiting_flows(self, fund_id: str) -> list[Flow]:
        """Flows of a fund that no slot has dealt yet."""
        with reading(self._engine, self._where) as connection:
            return [flow for flow, _ in waiting_flows(connection, fund_id, dt.date.max)]

    def _scalars(self, query: Select[str]) -> list[str]:
        with reading(self._engine, self._where) as connection:
            return list(connection.execute(query).scalars())


class Batch:
    """Slots of many funds in one transaction, each whole or not there."""

    def __init__(self, connection: Connection) -> None:
        """Made by ``Book.batch``."""
        self._connection = connection

    @contextmanager
    def slot(self, fund: Fund, slot: Slot, now: dt.datetime, *, keep: bool = True) -> Iterator[SlotPage]:
        """As ``Book.slot``; what the block raises takes back this slot alone."""
        with self._connection.begin_nested() as inner:
            with _page(self._connection, fund, slot, now) as page:
                yield page
            if not keep:
                inner.rollback()


def flow_content(flow: Flow) -> dict[str, str]:
    """A flow as its audit row speaks of it."""
    return {
        "key": flow.key,
        "session": flow.session.isoformat(),
        "kind": flow.kind,
        "money": f"{flow.money:.2f}",
        "reverses": flow.reverses or "",
    }


@contextmanager
def _page(connection: Connection, fund: Fund, slot: Slot, now: dt.datetime) -> Iterator[SlotPage]:
    done = connection.execute(
        select(runs.c.outcome, runs.c.reason).where(
            runs.c.fund_id == fund.id, runs.c.session == slot.session, runs.c.slot == slot.name
        )
    ).first()
    if done is not None:
        raise NothingDue(f"{fund.id} already ran its slot {slot.session} {slot.name}: {done.outcome}.")
    page = SlotPage(connection, fund, slot, now)
    yield page
    if not page.ended:
        raise BookError(f"The slot {slot.session} {slot.name} of {fund.id} was left without an outcome.")


def _check_reversal(connection: Connection, flow: Flow) -> None:
    row = connection.execute(select(flows).where(flows.c.key == flow.reverses)).first()
    if row is None or row.fund_id != flow.fund_id:
        raise BookError(f"{flow.fund_id} has no flow {flow.reverses} to reverse.")
    if row.reverses is not None:
        raise BookError(f"The flow {flow.reverses} is a reversal itself; order a new flow instead.")
    if row.money != -flow.money or row.kind != flow.kind or flow.session < row.session:
        raise BookError(f"A reversal of {flow.reverses} takes back {row.money} of its kind, on {row.session} or later.")
    other = connection.execute(select(flows.c.key).where(flows.c.reverses == flow.reverses)).scalar()
    if other is not None:
        raise BookError(f"The flow {flow.reverses} is reversed already, by {other}.")


def _run(row: Row[*tuple[object, ...]]) -> Run:
    return Run(row.fund_id, row.session, row.slot, row.due, row.started, row.outcome, row.reason)


def _between(query: _Query, first: dt.date | None, last: dt.date | None) -> _Query:
    if first is not None:
        query = query.where(runs.c.session >= first)
    if last is not None:
        query = query.where(runs.c.session <= last)
    return query
