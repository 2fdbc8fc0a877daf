"""The book: one transaction a slot, holding the run, the decision, its orders, fills, entries and audit row."""

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from sqlalchemy import Connection, Engine, Select, func, insert, select
from sqlalchemy.exc import DBAPIError

from insure.accrual import Accrual
from insure.book.engine import migrate, sqlite_engine
from insure.book.record import Record, sha256
from insure.book.tables import audit, contracts, decisions, entries, fills, orders, runs
from insure.decision import Holdings, Outcome
from insure.errors import BookError, NothingDue
from insure.fund import Fund
from insure.orders import Fill, Order
from insure.slots import Slot

_Query = TypeVar("_Query", bound=Select[*tuple[object, ...]])
GENESIS = "0" * 64
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Standing:
    """A fund as the book knows it: exact balances, and the last decision (None before the first)."""

    holdings: Holdings
    last: Record | None


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


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of a posting."""

    account: str
    money: Decimal = _ZERO
    units: Decimal = _ZERO


class Book:
    """A database of funds; use as a context manager, or ``close`` it."""

    def __init__(self, engine: Engine, where: str) -> None:
        """``engine``: configured by ``insure.book.engine``; ``where`` names it in errors."""
        self._engine = engine
        self._where = where

    @classmethod
    def open(cls, path: Path) -> "Book":
        """The book in a SQLite file, made if there is none, its schema brought up to date.

        Raises:
            BookError: the file is no book, cannot be written, or comes from a newer version.
        """
        try:
            engine = sqlite_engine(path)
        except OSError as error:
            raise BookError(f"{path} cannot be opened: {error.strerror}.") from error
        migrate(engine, str(path))
        return cls(engine, str(path))

    def __enter__(self) -> "Book":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    @contextmanager
    def slot(self, fund: Fund, slot: Slot, now: dt.datetime, *, keep: bool = True) -> Iterator["SlotPage"]:
        """The page of one slot, in one transaction: whole when the block ends, nothing of it when the block raises.

        With ``keep=False`` everything is done and checked, and nothing is kept.

        Raises:
            NothingDue: the slot already has its run.
            BookError: the database refuses.
        """
        with self._transaction() as connection:
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
            if not keep:
                connection.rollback()

    def standing(self, fund_id: str) -> Standing:
        """Balances and last decision of a fund; zero and None for one that never ran."""
        with self._engine.connect() as connection:
            return _standing(connection, fund_id)

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
        with self._engine.connect() as connection:
            return [
                Run(row.fund_id, row.session, row.slot, row.due, row.started, row.outcome, row.reason)
                for row in connection.execute(_between(query, first, last))
            ]

    def head(self) -> tuple[int, str]:
        """The anchor of the chain: sequence and hash of the last audit row."""
        with self._engine.connect() as connection:
            return _head(connection)

    def _scalars(self, query: Select[str]) -> list[str]:
        with self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise BookError(f"{self._where} refused: {error.orig}. Nothing of this slot was kept.") from error


class SlotPage:
    """The open page of one slot: read the standing, post what moved, then end it with an outcome."""

    def __init__(self, connection: Connection, fund: Fund, slot: Slot, now: dt.datetime) -> None:
        """Made by ``Book.slot``."""
        self._connection = connection
        self._fund = fund
        self._slot = slot
        self._now = now
        self._posted: list[tuple[str, tuple[Leg, ...]]] = []
        self.ended = False

    def standing(self) -> Standing:
        """The fund as the book knows it before this slot."""
        return _standing(self._connection, self._fund.id)

    def subscribe(self, amount: Decimal) -> None:
        """Money from holders into the fund."""
        self._post("subscription", Leg("cash", money=amount), Leg("capital", money=-amount))

    def accrue(self, accrual: Accrual) -> None:
        """Interest, dividends and distributions since the decision before."""
        if accrual.interest:
            self._post("interest", Leg("cash", money=accrual.interest), Leg("interest", money=-accrual.interest))
        if accrual.dividends:
            self._post("dividends", Leg("cash", money=accrual.dividends), Leg("dividends", money=-accrual.dividends))
        if accrual.distributed:
            self._post(
                "distribution", Leg("cash", money=-accrual.distributed), Leg("capital", money=accrual.distributed)
            )

    def end(self, outcome: Outcome, reason: str, record: Record | None) -> None:
        """Write the run and, where a decision was reached, the decision with its orders, fills and entries.

        Raises:
            BookError: the entries do not balance, or do not lead to the holdings that the record states.
        """
        fund, slot, connection = self._fund, self._slot, self._connection
        run_id = connection.execute(
            insert(runs)
            .values(
                fund_id=fund.id,
                session=slot.session,
                slot=slot.name,
                due=slot.at,
                started=self._now,
                outcome=outcome,
                reason=reason,
            )
            .returning(runs.c.id)
        ).scalar_one()
        content: dict[str, str] = {
            "session": slot.session.isoformat(),
            "slot": slot.name,
            "outcome": outcome,
            "reason": reason,
        }
        if record is not None:
            self._contract()
            text = record.canonical()
            content["decision_sha256"] = sha256(text)
            content["config_sha256"] = record.decision.config_sha256
            connection.execute(
                insert(decisions).values(
                    run_id=run_id,
                    fund_id=fund.id,
                    config_sha256=record.decision.config_sha256,
                    code_version=record.code_version,
                    record=text,
                    sha256=content["decision_sha256"],
                )
            )
            for order in record.orders:
                self._order(run_id, order, record.fills)
        self._write_entries(run_id)
        if record is not None:
            booked = _balances(connection, fund.id)
            if booked != record.after:
                raise BookError(
                    f"The entries of {fund.id} lead to {booked.units} units and {booked.cash} in cash, the decision "
                    f"to {record.after.units} and {record.after.cash}: nothing was written."
                )
        _append_audit(connection, self._now, fund.id, run_id, "run", content)
        self.ended = True

    def _post(self, name: str, *legs: Leg) -> None:
        if sum((leg.money for leg in legs), _ZERO) or sum((leg.units for leg in legs), _ZERO):
            raise BookError(f"The posting {name} does not balance: {legs}.")
        self._posted.append((name, legs))

    def _order(self, run_id: int, order: Order, all_fills: tuple[Fill, ...]) -> None:
        own = [fill for fill in all_fills if fill.order_key == order.key]
        filled = sum((fill.units for fill in own), _ZERO)
        state = "filled" if filled == order.units else "partly" if own else "new"
        self._connection.execute(
            insert(orders).values(
                key=order.key,
                run_id=run_id,
                fund_id=order.fund_id,
                instrument=order.instrument,
                units=order.units,
                price=order.price,
                price_limit=order.price_limit,
                good_until=order.good_until,
                state=state,
            )
        )
        for number, fill in enumerate(own, start=1):
            self._connection.execute(
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
            paid = fill.value if fill.units > 0 else -fill.value
            self._post(
                f"fill:{order.key.rsplit(':', 1)[1]}:{number}",
                Leg("cash", money=fill.cash),
                Leg("equity", units=fill.units),
                Leg("market", money=paid, units=-fill.units),
                Leg("commission", money=fill.commission),
                Leg("spread", money=fill.spread),
            )

    def _write_entries(self, run_id: int) -> None:
        rows = [
            {
                "run_id": run_id,
                "fund_id": self._fund.id,
                "posting": f"{self._fund.id}:{self._slot.session}:{self._slot.name}:{name}",
                "account": leg.account,
                "money": leg.money,
                "units": leg.units,
            }
            for name, legs in self._posted
            for leg in legs
        ]
        if rows:
            self._connection.execute(insert(entries), rows)

    def _contract(self) -> None:
        fund = self._fund
        known = self._connection.execute(
            select(contracts.c.fund_id).where(
                contracts.c.fund_id == fund.id, contracts.c.config_sha256 == fund.config_sha256
            )
        ).first()
        if known is not None:
            return
        self._connection.execute(
            insert(contracts).values(
                fund_id=fund.id,
                config_sha256=fund.config_sha256,
                effective=fund.effective(),
                first_used=self._now,
            )
        )
        _append_audit(self._connection, self._now, fund.id, None, "contract", {"config_sha256": fund.config_sha256})


def _between(query: _Query, first: dt.date | None, last: dt.date | None) -> _Query:
    if first is not None:
        query = query.where(runs.c.session >= first)
    if last is not None:
        query = query.where(runs.c.session <= last)
    return query


def _balances(connection: Connection, fund_id: str) -> Holdings:
    def total(column_account: str) -> tuple[Decimal, Decimal]:
        row = connection.execute(
            select(func.sum(entries.c.money), func.sum(entries.c.units)).where(
                entries.c.fund_id == fund_id, entries.c.account == column_account
            )
        ).one()
        return row[0] or _ZERO, row[1] or _ZERO

    return Holdings(units=total("equity")[1], cash=total("cash")[0])


def _standing(connection: Connection, fund_id: str) -> Standing:
    text = connection.execute(
        select(decisions.c.record).where(decisions.c.fund_id == fund_id).order_by(decisions.c.run_id.desc()).limit(1)
    ).scalar()
    return Standing(_balances(connection, fund_id), None if text is None else Record.read(text))


def _head(connection: Connection) -> tuple[int, str]:
    row = connection.execute(
        select(audit.c.sequence, audit.c.sha256).order_by(audit.c.sequence.desc()).limit(1)
    ).first()
    return (0, GENESIS) if row is None else (row.sequence, row.sha256)


def _append_audit(
    connection: Connection, at: dt.datetime, fund_id: str | None, run_id: int | None, kind: str, content: dict[str, str]
) -> None:
    sequence, previous = _head(connection)
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    connection.execute(
        insert(audit).values(
            sequence=sequence + 1,
            at=at,
            fund_id=fund_id,
            run_id=run_id,
            kind=kind,
            content=text,
            previous_sha256=previous,
            sha256=link(sequence + 1, at, fund_id, kind, text, previous),
        )
    )


def link(sequence: int, at: dt.datetime, fund_id: str | None, kind: str, content: str, previous: str) -> str:
    """Hash of one audit row: of everything in it and of the hash before it."""
    moment = at.astimezone(dt.UTC).isoformat(timespec="microseconds")
    return sha256("\n".join((str(sequence), moment, fund_id or "", kind, content, previous)))
