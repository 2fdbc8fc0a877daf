"""The open page of one slot: what stands before it, what is posted on it, and how it ends."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Float,
    case,
    cast,
    func,
    insert,
    select,
    type_coerce,
)

from insure.accrual import Accrual
from insure.book import chain, ledger, outbox, statements
from insure.book.agreements import DecidedUnder, decided_under
from insure.book.columns import Quantity
from insure.book.invariants import violations
from insure.book.record import Record, sha256
from insure.book.statements import VOTES, Statement
from insure.book.tables import audit, contracts, decisions, entries, fills, flows, orders, runs
from insure.decision import DeskDay, DeskLimits, Holdings, Ordered, Outcome, option_account
from insure.errors import BookError, ChainBroken
from insure.flows import Dealt, Flow
from insure.fund import Fund
from insure.money import money, quantity
from insure.orders import Fill, Order, OrderState
from insure.slots import Slot

PAUSED = "not executed: buying is paused"
"""What the life of an order says that a broker at once did not execute in a wide or thin market."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A fund as the book knows it: exact balances, and the last decision (None before the first)."""

    holdings: Holdings
    last: Record | None
    shares: Decimal = Decimal(0)
    """Units of the share class outstanding."""
    fills: tuple[Fill, ...] = ()
    """Booked since the last decision, in order."""


class SlotPage:
    """The open page of one slot: read the standing, post what moved, then end it with an outcome."""

    def __init__(self, connection: Connection, fund: Fund, slot: Slot, now: dt.datetime) -> None:
        """Made by ``Book.slot``."""
        self._connection = connection
        self._fund = fund
        self._slot = slot
        self._now = now
        self._postings: list[ledger.Posting] = []
        self.ended = False

    @property
    def key(self) -> str:
        """``fund:session:slot``."""
        return f"{self._fund.id}:{self._slot.session}:{self._slot.name}"

    def standing(self) -> Standing:
        """The fund as the book knows it before this slot, checked against the chain and the ledger.

        Raises:
            BookError: the last decision, its place on the chain or the balances are not as they were written: nothing
                may be traded on them.
        """
        return checked_standing(self._connection, self._fund.id)

    def open_orders(self) -> list[outbox.OpenOrder]:
        """Orders of the fund that are not at their end."""
        return outbox.open_orders(self._connection, self._fund.id)

    def overtake(self, waiting: Sequence[outbox.OpenOrder]) -> None:
        """Withdraw child orders that were not sent yet: this slot has decided anew."""
        for each in waiting:
            outbox.book_move(
                self._connection, each.order.key, "cancelled", self._now, f"not sent: {self.key} has decided anew"
            )

    def flows(self) -> list[tuple[Flow, Dealt | None]]:
        """Flows that wait to be dealt by this session, in the order they were booked; each with what it reverses."""
        return waiting_flows(self._connection, self._fund.id, self._slot.session)

    def statements(self, kinds: Sequence[str], *, last: int | None = None) -> list[Statement]:
        """Statements about the fund or the whole desk, in the order they were made; ``last`` so many of each."""
        own = statements.statements(self._connection, kinds, self._fund.id, last=last)
        desk = statements.statements(self._connection, kinds, "", last=last)
        return sorted([*own, *desk], key=lambda each: each.sequence)

    def votes(self, subject: str) -> list[Statement]:
        """Proposals about one subject of the fund with what people said to them, in order."""
        return statements.statements(self._connection, VOTES, self._fund.id, subjects=(subject,))

    def decided_under(self) -> DecidedUnder | None:
        """See ``agreements.decided_under``."""
        return decided_under(self._connection, self._fund.id)

    def newest_row(self) -> tuple[int, str]:
        """Sequence of the newest row of the chain, 0 for none, and what is wrong with it in a sentence, empty for
        nothing."""
        return chain.newest(self._connection)

    def state(self, kind: str, content: Mapping[str, str]) -> Statement:
        """A statement about the fund, in the transaction of its slot."""
        return statements.state(self._connection, kind, self._fund.id, self._now, content)

    def ordered(self) -> tuple[Ordered, ...]:
        """Trades of the fund that were decided earlier in the slot's session, child orders counted together.

        An order at its end counts with what was filled of it, any other whole: what was withdrawn traded nothing.
        """
        units = _counted()
        rows = self._connection.execute(
            select(
                orders.c.key,
                orders.c.parent,
                orders.c.instrument,
                orders.c.price,
                runs.c.slot,
                type_coerce(units, Quantity).label("units"),
            )
            .join(runs, runs.c.id == orders.c.run_id)
            .where(runs.c.fund_id == self._fund.id, runs.c.session == self._slot.session)
            .order_by(runs.c.id, orders.c.key)
        ).all()
        own = self._slot.name.split(".", 1)[0]  # SLOT.again and SLOT.approved take SLOT up again
        found: dict[str, Ordered] = {}
        for row in rows:
            key, before = row.parent or row.key, found.get(row.parent or row.key)
            units, filled, count = row.units, outbox.filled_units(self._connection, row.key), 1
            if before is not None:
                units, filled, count = units + before.units, filled + before.filled, before.orders + 1
            of_slot, value = row.slot.split(".", 1)[0] == own, money(abs(units) * row.price)
            found[key] = Ordered(key, row.instrument, units, value, filled, of_slot, count)
        return tuple(found.values())

    def desk_day(self, limits: DeskLimits) -> DeskDay:
        """What all funds of the desk sent earlier in the slot's session, counted as ``ordered`` counts; one query."""
        units = _counted()
        # Money of a whole desk may pass 64 bits as a product of integers.
        size = func.abs(cast(units, Float)) / 10**6
        rows = self._connection.execute(
            select(
                orders.c.instrument,
                func.count().label("orders"),
                func.sum(size).label("units"),
                func.sum(size * cast(type_coerce(orders.c.price, BigInteger), Float) / 10**6).label("money"),
            )
            .join(runs, runs.c.id == orders.c.run_id)
            .where(runs.c.session == self._slot.session)
            .group_by(orders.c.instrument)
        ).all()
        own = [row.units for row in rows if row.instrument == self._fund.instrument]
        return DeskDay(
            limits=limits,
            money=money(sum(float(row.money) for row in rows)),
            orders=sum(row.orders for row in rows),
            units=quantity(float(own[0])) if own else Decimal(0),
        )

    def subscribe(self, amount: Decimal, shares: Decimal) -> None:
        """The first money of holders, for the first units of the share class."""
        self._postings.append(ledger.subscribed(f"{self.key}:subscription", amount, shares))

    def deal(self, flow: Dealt) -> None:
        """One flow, as it was dealt."""
        self._postings.append(ledger.dealt(flow))

    def accrue(self, accrual: Accrual) -> None:
        """Interest, dividends and distributions since the decision before."""
        self._postings.extend(ledger.accrued(self.key, accrual))

    def end(self, outcome: Outcome, reason: str, record: Record | None) -> None:
        """Write the run and, where a decision was reached, the decision with its orders, fills and entries.

        Raises:
            BookError: a law of ``invariants`` is broken, the entries do not balance, or they do not lead to the
                holdings that the record states.
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
            "due": slot.at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
            "outcome": outcome,
            "reason": reason,
        }
        if record is not None:
            for broken in violations(fund, record):
                raise BookError(f"The slot {self.key} would break a law of the book: {broken}. Nothing was written.")
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
            self._orders(run_id, record.orders, record.fills, record.paused)
        content["entries_sha256"] = ledger.write(connection, fund.id, run_id, self._postings)
        if record is not None:
            booked, _ = ledger.balances(connection, fund.id)
            if (booked.units, booked.cash) != (record.after.units, record.after.cash):
                raise BookError(
                    f"The entries of {fund.id} lead to {booked.units} units and {booked.cash} in cash, the decision "
                    f"to {record.after.units} and {record.after.cash}: nothing was written."
                )
            options = ledger.option_units(connection, fund.id)
            if options != record.after.option_units():
                raise BookError(
                    f"The entries of {fund.id} lead to the options {options}, the decision to "
                    f"{record.after.option_units()}: nothing was written."
                )
        chain.append(connection, self._now, fund.id, run_id, "run", content)
        self.ended = True

    def _orders(self, run_id: int, sent: Sequence[Order], all_fills: Sequence[Fill], paused: str) -> None:
        for order in sent:
            outbox.put(self._connection, run_id, order, self._now)
            own = [fill for fill in all_fills if fill.order_key == order.key]
            for fill in own:
                outbox.keep_fill(self._connection, fill)
                own_index = order.instrument == self._fund.instrument
                account = "equity" if own_index else option_account(order.instrument)
                self._postings.append(ledger.filled(fill, account))
            if own:
                filled = sum((fill.units for fill in own), Decimal(0))
                state: OrderState = "filled" if filled == order.units else "partly"
                outbox.move(self._connection, order.key, state, self._now, "executed at once")
            elif paused and order.trade_key == f"{self.key}:1":
                outbox.move(self._connection, order.key, "cancelled", self._now, PAUSED)

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
        chain.append(self._connection, self._now, fund.id, None, "contract", {"config_sha256": fund.config_sha256})


def _counted() -> ColumnElement[int]:
    """Millionths of a unit that an order counts with: at its end what was filled of it."""
    done = select(func.sum(type_coerce(fills.c.units, BigInteger))).where(fills.c.order_key == orders.c.key)
    ended = orders.c.state.in_(outbox.FINAL)
    return case((ended, func.coalesce(done.scalar_subquery(), 0)), else_=type_coerce(orders.c.units, BigInteger))


def checked_standing(connection: Connection, fund_id: str) -> Standing:
    """The standing of a fund, held against the chain and the ledger.

    Raises:
        ChainBroken: they disagree.
    """
    kept = connection.execute(
        select(decisions.c.run_id, decisions.c.record, decisions.c.sha256)
        .where(decisions.c.fund_id == fund_id)
        .order_by(decisions.c.run_id.desc())
        .limit(1)
    ).first()
    holdings, shares = ledger.balances(connection, fund_id)
    if kept is None:
        return Standing(holdings, None, shares)
    doubt = "Run `insure verify`, and restore a backup (`insure restore`) if it finds more; nothing was traded."
    row = connection.execute(
        select(audit).where(audit.c.fund_id == fund_id, audit.c.run_id == kept.run_id).order_by(audit.c.sequence.desc())
    ).first()
    if row is None:
        raise ChainBroken(f"The last decision of {fund_id} has no row on the chain. {doubt}")
    linked = chain.link(row.sequence, row.at, row.fund_id, row.kind, row.content, row.previous_sha256)
    if linked != row.sha256 or f'"decision_sha256":"{sha256(kept.record)}"' not in row.content:
        raise ChainBroken(f"The last decision of {fund_id} is not the one that was written. {doubt}")
    last = Record.read(kept.record)
    since = _fills_since(connection, fund_id, row.sequence)
    # Options are executed at once: what came later was stock.
    expected = last.after.moved(
        units=sum((fill.units for fill in since), Decimal(0)), cash=sum((fill.cash for fill in since), Decimal(0))
    )
    if (expected.units, expected.cash) != (holdings.units, holdings.cash):
        raise ChainBroken(
            f"The entries of {fund_id} lead to {holdings.units} units and {holdings.cash} in cash, its last decision "
            f"and the fills since to {expected.units} and {expected.cash}. {doubt}"
        )
    options = ledger.option_units(connection, fund_id)
    if options != expected.option_units():
        raise ChainBroken(
            f"The entries of {fund_id} lead to the options {options}, its last decision to {expected.option_units()}. "
            f"{doubt}"
        )
    return Standing(expected, last, shares, since)


def _fills_since(connection: Connection, fund_id: str, sequence: int) -> tuple[Fill, ...]:
    contents = connection.execute(
        select(audit.c.content)
        .where(audit.c.fund_id == fund_id, audit.c.sequence > sequence, audit.c.kind == "fill")
        .order_by(audit.c.sequence)
    ).scalars()
    found = []
    for content in contents:
        reference = outbox.reference_in(content)
        row = connection.execute(select(fills).where(fills.c.reference == reference)).first()
        if row is None:
            raise BookError(f"The chain speaks of the fill {reference} of {fund_id}, which the book does not hold.")
        found.append(outbox.fill_of(row))
    return tuple(found)


def waiting_flows(connection: Connection, fund_id: str, session: dt.date) -> list[tuple[Flow, Dealt | None]]:
    """Flows of a fund that no entry has dealt yet, up to ``session``."""
    rows = connection.execute(
        select(flows)
        .where(
            flows.c.fund_id == fund_id,
            flows.c.session <= session,
            ~select(entries.c.id).where(entries.c.posting == flows.c.key).exists(),
        )
        .order_by(flows.c.session, flows.c.booked, flows.c.key)
    ).all()
    found: list[tuple[Flow, Dealt | None]] = []
    for row in rows:
        flow = Flow(row.key, row.fund_id, row.session, row.kind, row.money, row.reverses)
        found.append((flow, _dealt(connection, flow.reverses) if flow.reverses else None))
    return found


def _dealt(connection: Connection, key: str) -> Dealt | None:
    row = connection.execute(
        select(flows.c.kind, flows.c.money, entries.c.units)
        .join_from(flows, entries, entries.c.posting == flows.c.key)
        .where(flows.c.key == key, entries.c.account == "holders")
    ).first()
    return None if row is None else Dealt(key, row.kind, row.money, row.units, float("inf"))
