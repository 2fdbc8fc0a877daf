"""``insure verify``: is the book whole, is it the one that was written, and does every decision come out again?"""

import datetime as dt
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, Row, func, select, text

from insure.book import alert_rows, anchors, chain, ledger, outbox, statements
from insure.book.alerts import alert_differences
from insure.book.book import Book, flow_content
from insure.book.engine import newest_sqlite_schema, reading, sqlite_schema
from insure.book.invariants import violations
from insure.book.page import PAUSED
from insure.book.record import Record, sha256
from insure.book.tables import (
    APPEND_ONLY,
    audit,
    contracts,
    decisions,
    entries,
    fills,
    flows,
    order_events,
    orders,
    runs,
)
from insure.decision import Decision, Holdings, decide
from insure.decision.holdings import OPTION_PREFIX
from insure.errors import BookError, InsureError
from insure.flows import Flow
from insure.fund import Fund

_ZERO = Decimal(0)
_AuditRow = Row[*tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, in words."""

    part: str
    """integrity, schema, chain, anchors, ledger, orders, contract, alerts or replay."""
    sentence: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What was looked at, and what was found."""

    rows: int
    """Of the chain."""
    decisions: int
    """Read, held against the ledger, and decided again."""
    entries: int
    anchors: int
    head: tuple[int, str]
    findings: tuple[Finding, ...]
    """The first difference of each part; empty for a sound book."""


class Doubt(BookError):
    """The first difference of one part."""

    def __init__(self, part: str, sentence: str) -> None:
        """Which part, and what."""
        super().__init__(sentence)
        self.part = part


@dataclass(slots=True)
class _Walk:
    """What is known while the chain is walked from its first row."""

    entries: Iterator[tuple[tuple[int | None, str], list[ledger.Posting]]]
    events: Iterator[_AuditRow]
    """Rows of ``order_events`` in the order they were written."""
    balances: dict[str, Holdings] = field(default_factory=dict)
    options: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    """Units of each option by fund and account."""
    contracts: dict[tuple[str, str], Fund] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    alerts: list[statements.Statement] = field(default_factory=list)
    """What the chain says of alerts."""

    def count(self, table: str, more: int = 1) -> None:
        self.seen[table] = self.seen.get(table, 0) + more

    def event(self, key: str, states: tuple[str, ...], at: dt.datetime, detail: str) -> None:
        """Take the next event, which must be this one."""
        row = next(self.events, None)
        if row is None or (row.order_key, row.at, row.detail) != (key, at, detail) or row.state not in states:
            raise Doubt(
                "orders", f"The life of the order {key} is not the one that was written: {detail!r} is missing."
            )
        self.count("order_events")


def verify(book: Book, known: Sequence[anchors.Anchor] = (), *, again: bool = True) -> Verification:
    """Verify a book.

    Args:
        book: to be verified; nothing of it is changed.
        known: anchors from outside.
        again: whether every decision is made again from its record.

    Measured: 2,520 sessions of one fund in 6 s on one core (tests/faults/test_soak.py prints the speed).
    """
    found: list[Finding] = []
    seen: dict[str, int] = {}
    head = (0, chain.GENESIS)
    found.extend(_first("integrity", _integrity, book))
    found.extend(_first("schema", _schema, book))
    try:
        with reading(book.engine, book.where) as connection:
            head = chain.head(connection)
            _walk(connection, seen, again=again)
    except Doubt as doubt:
        found.append(Finding(doubt.part, str(doubt)))
    except InsureError as error:
        found.append(Finding("ledger", str(error)))
    try:
        found.extend(Finding("anchors", sentence) for sentence in anchors.differences(book, known)[:1])
    except InsureError as error:
        found.append(Finding("anchors", str(error)))
    return Verification(
        rows=seen.get("audit", 0),
        decisions=seen.get("decisions", 0),
        entries=seen.get("entries", 0),
        anchors=len(known),
        head=head,
        findings=tuple(found),
    )


@lru_cache(maxsize=1)
def _fund_adapter() -> TypeAdapter[Fund]:
    return TypeAdapter(Fund)


@lru_cache(maxsize=1)
def _decision_adapter() -> TypeAdapter[Decision]:
    return TypeAdapter(Decision)


def contract_of(effective: str) -> Fund:
    """The fund whose effective contract the book kept, to the last digit.

    Raises:
        BookError: it is no contract of this version.
    """
    try:
        return _fund_adapter().validate_json(effective)
    except ValidationError as error:
        raise BookError(f"A contract in the book cannot be read: {error.errors()[0]['msg']}.") from error


def replayed(fund: Fund, decision: Decision) -> str | None:
    """Decide again from what was recorded; None where the same comes out bit for bit, else the first difference."""
    again = decide(fund, decision.holdings, decision.memory_in, decision.snapshot, decision.circumstances)
    # A contract read by a newer version may have more keys, and so another hash; the record names the one it had.
    again = replace(again, config_sha256=decision.config_sha256)
    kept_text, again_text = (_decision_adapter().dump_json(each).decode() for each in (decision, again))
    if kept_text == again_text:
        return None
    return _difference("decision", json.loads(kept_text), json.loads(again_text))


def _difference(where: str, kept: object, again: object) -> str | None:
    if isinstance(kept, dict) and isinstance(again, dict):
        for key in kept.keys() | again.keys():
            found = _difference(f"{where}.{key}", kept.get(key), again.get(key))
            if found is not None:
                return found
        return None
    if isinstance(kept, list) and isinstance(again, list) and len(kept) == len(again):
        for number, (left, right) in enumerate(zip(kept, again, strict=True)):
            found = _difference(f"{where}[{number}]", left, right)
            if found is not None:
                return found
        return None
    return None if kept == again else f"{where} is {kept!r} in the book and {again!r} when decided again"


def _first(part: str, check: Callable[[Connection], Iterator[str]], book: Book) -> list[Finding]:
    try:
        with reading(book.engine, book.where) as connection:
            return [Finding(part, sentence) for sentence in check(connection)][:1]
    except InsureError as error:
        return [Finding(part, str(error))]


def _integrity(connection: Connection) -> Iterator[str]:
    if connection.dialect.name != "sqlite":
        return
    for line in connection.execute(text("PRAGMA integrity_check(1)")).scalars():
        if line != "ok":
            yield f"SQLite's integrity check says: {' '.join(str(line).split())}."
    for row in connection.execute(text("PRAGMA foreign_key_check")):
        yield f"A row of {row[0]} belongs to nothing in {row[2]}."


def _schema(connection: Connection) -> Iterator[str]:
    if connection.dialect.name == "sqlite":
        wanted, found = newest_sqlite_schema(), sqlite_schema(connection)
        for name in sorted(wanted.keys() | found.keys()):
            if wanted.get(name) != found.get(name):
                how = "is missing" if name not in found else "was changed" if name in wanted else "is no part of a book"
                yield f"The {name} {how}: its tables may not be append-only any more."
        return
    present = set(connection.execute(text("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")).scalars())
    for table in (*APPEND_ONLY, "orders"):
        for event in ("update", "delete", "truncate"):
            if f"{table}_refuses_{event}" not in present:
                yield f"{table} has lost the trigger that refuses {event.upper()}: it is not append-only any more."


def _walk(connection: Connection, seen: dict[str, int], *, again: bool) -> None:
    chained = connection.execute(select(audit).order_by(audit.c.sequence).execution_options(yield_per=500))
    written = connection.execute(select(entries).order_by(entries.c.id).execution_options(yield_per=2000))
    lived = connection.execute(select(order_events).order_by(order_events.c.id).execution_options(yield_per=500))
    with chained as rows, written as entry_rows, lived as event_rows:
        walk = _Walk(_postings(entry_rows), iter(event_rows), seen=seen)
        previous = chain.GENESIS
        for sequence, row in enumerate(rows, start=1):
            _check_link(row, sequence, previous)
            previous = row.sha256
            walk.count("audit")
            try:
                _followed(connection, walk, row, json.loads(row.content), again=again)
            except (ValueError, KeyError, TypeError, ArithmeticError) as error:
                if isinstance(error, InsureError):
                    raise
                sentence = f"Row {sequence} of the chain ({row.kind} of {row.fund_id}) cannot be read."
                raise Doubt("chain", sentence) from error
    _nothing_beside(connection, walk)
    _order_states(connection)
    for sentence in alert_differences(connection, walk.alerts):
        raise Doubt("alerts", sentence)


def _check_link(row: _AuditRow, sequence: int, previous: str) -> None:
    if row.sequence != sequence:
        raise Doubt("chain", f"Row {sequence} of the chain is missing; row {row.sequence} comes next.")
    if row.previous_sha256 != previous:
        raise Doubt("chain", f"Row {sequence} of the chain does not follow the row before it.")
    if chain.link(row.sequence, row.at, row.fund_id, row.kind, row.content, row.previous_sha256) != row.sha256:
        raise Doubt("chain", f"Row {sequence} of the chain ({row.kind} of {row.fund_id}) was changed.")


def _followed(connection: Connection, walk: _Walk, row: _AuditRow, content: dict[str, str], *, again: bool) -> None:
    """Hold what one audit row speaks of against it."""
    if row.kind == "run":
        _run(connection, walk, row, content, again=again)
    elif row.kind == "fill":
        _late_fill(connection, walk, row, content)
    elif row.kind == "flow":
        _flow(connection, walk, content, row.at)
    elif row.kind == "contract":
        _contract(connection, walk, row.fund_id, content["config_sha256"])
        _check_first_use(connection, row, content["config_sha256"])
    elif row.kind == "order":
        walk.event(content["order_key"], (content["state"],), row.at, content["detail"])
    elif row.kind in statements.KINDS:
        if not content.get("sentence"):
            raise Doubt("chain", f"The statement in row {row.sequence} of the chain says nothing.")
        if row.kind == alert_rows.KIND:
            walk.alerts.append(statements.Statement(row.sequence, row.at, row.fund_id or "", row.kind, content))
    else:
        raise Doubt("chain", f"The chain has a row of a kind that no version wrote: {row.kind!r}.")


def _postings(rows: Iterable[_AuditRow]) -> Iterator[tuple[tuple[int | None, str], list[ledger.Posting]]]:
    """Entries in the order they were written, as the postings of each run, or of each fill that came later."""
    for key, group in itertools.groupby(rows, key=lambda row: (row.run_id, "" if row.run_id else row.posting)):
        postings = []
        for posting, legs in itertools.groupby(group, key=lambda row: row.posting):
            try:
                postings.append(
                    ledger.Posting(posting, tuple(ledger.Leg(leg.account, leg.money, leg.units) for leg in legs))
                )
            except BookError as error:
                raise Doubt("ledger", str(error)) from error
        yield key, postings


def _posted(walk: _Walk, fund_id: str, key: tuple[int | None, str], digest: str, what: str) -> Holdings:
    """Take the next entries, which must be those of ``what``; the balances after them."""
    balance = walk.balances.get(fund_id, Holdings(_ZERO, _ZERO))
    if digest == ledger.digest([]):
        return balance
    found, postings = next(walk.entries, ((None, ""), []))
    if found != key or ledger.digest(postings) != digest:
        raise Doubt("ledger", f"The entries of {what} are not the ones that were written.")
    units, cash, options = balance.units, balance.cash, walk.options.setdefault(fund_id, {})
    for posting in postings:
        for leg in posting.legs:
            walk.count("entries")
            units += leg.units if leg.account == "equity" else _ZERO
            cash += leg.money if leg.account == "cash" else _ZERO
            if leg.account.startswith(OPTION_PREFIX):
                options[leg.account] = options.get(leg.account, _ZERO) + leg.units
    walk.balances[fund_id] = Holdings(units, cash)
    return walk.balances[fund_id]


def _run(connection: Connection, walk: _Walk, row: _AuditRow, content: dict[str, str], *, again: bool) -> None:
    run = connection.execute(select(runs).where(runs.c.id == row.run_id)).first()
    what = f"{row.fund_id}:{content['session']}:{content['slot']}"
    if run is None:
        raise Doubt("ledger", f"The run {what} is missing.")
    walk.count("runs")
    told = {
        "session": run.session.isoformat(),
        "slot": run.slot,
        "due": run.due.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        "outcome": run.outcome,
        "reason": run.reason,
    }
    if run.started != row.at or run.fund_id != row.fund_id:
        raise Doubt("ledger", f"The run {what} has started at {run.started}, and the chain says {row.at}.")
    for name, value in told.items():
        if content.get(name) != value:
            raise Doubt("ledger", f"The run {what} has {name} {value!r}, and the chain {content.get(name)!r}.")
    after = _posted(walk, run.fund_id, (run.id, ""), content["entries_sha256"], f"the run {what}")
    if "decision_sha256" in content:
        _decision(connection, walk, run, content, after, again=again)


def _decision(
    connection: Connection, walk: _Walk, run: _AuditRow, content: dict[str, str], after: Holdings, *, again: bool
) -> None:
    what = f"{run.fund_id} on {run.session} ({run.slot})"
    kept = connection.execute(select(decisions).where(decisions.c.run_id == run.id)).first()
    if kept is None:
        raise Doubt("ledger", f"The decision of {what} is missing.")
    if not sha256(kept.record) == kept.sha256 == content["decision_sha256"]:
        raise Doubt("chain", f"The decision of {what} was changed.")
    record = Record.read(kept.record)
    same = (record.fund_id, record.session, record.slot, record.due) == (run.fund_id, run.session, run.slot, run.due)
    same = same and kept.code_version == record.code_version
    if not same or kept.config_sha256 != record.decision.config_sha256 or kept.fund_id != run.fund_id:
        raise Doubt("ledger", f"The decision of {what} stands under another slot, fund or contract than its record.")
    options = {account: units for account, units in walk.options.get(run.fund_id, {}).items() if units}
    if options != record.after.option_units():
        raise Doubt(
            "ledger",
            f"The entries of {what} lead to the options {options}, its decision to {record.after.option_units()}.",
        )
    if (record.after.units, record.after.cash) != (after.units, after.cash):
        raise Doubt(
            "ledger",
            f"The entries of {what} lead to {after.units} units and {after.cash} in cash, its decision to "
            f"{record.after.units} and {record.after.cash}.",
        )
    _sent(connection, walk, record, what)
    fund = _contract(connection, walk, run.fund_id, kept.config_sha256, counted=False)
    for broken in violations(fund, record):
        raise Doubt("ledger", f"The decision of {what} breaks a law of the book: {broken}.")
    if again:
        try:
            changed = replayed(fund, record.decision)
        except InsureError as error:
            changed = f"it cannot be decided again: {error}"
        if changed is not None:
            raise Doubt(
                "replay",
                f"The decision of {what} (made by version {kept.code_version}) does not come out again: {changed}.",
            )
    walk.count("decisions")


def _sent(connection: Connection, walk: _Walk, record: Record, what: str) -> None:
    for order in record.orders:
        row = connection.execute(select(orders).where(orders.c.key == order.key)).first()
        if row is None or outbox.order_of(row) != order:
            raise Doubt("orders", f"The order {order.key} of {what} is not the one that was decided.")
        walk.count("orders")
        walk.event(order.key, ("new",), record.written, "decided")
        own = [fill.units for fill in record.fills if fill.order_key == order.key]
        if own:
            state = "filled" if sum(own, _ZERO) == order.units else "partly"
            walk.event(order.key, (state,), record.written, "executed at once")
        elif record.paused and order.trade_key == f"{record.fund_id}:{record.session}:{record.slot}:1":
            walk.event(order.key, ("cancelled",), record.written, PAUSED)
    for fill in record.fills:
        row = connection.execute(select(fills).where(fills.c.reference == fill.reference)).first()
        if row is None or outbox.fill_of(row) != fill:
            raise Doubt("orders", f"The fill {fill.reference} of {what} is not the one that was recorded.")
        walk.count("fills")


def _late_fill(connection: Connection, walk: _Walk, row: _AuditRow, content: dict[str, str]) -> None:
    kept = connection.execute(select(fills).where(fills.c.reference == content["reference"])).first()
    if kept is None or outbox.fill_text(outbox.fill_of(kept)) != content["fill"]:
        raise Doubt("orders", f"The fill {content['reference']} is not the one that was booked.")
    walk.count("fills")
    walk.event(content["order_key"], ("filled", "partly"), row.at, f"fill {content['reference']}")
    _posted(
        walk,
        str(row.fund_id),
        (None, content["posting"]),
        content["entries_sha256"],
        f"the fill {content['reference']}",
    )


def _flow(connection: Connection, walk: _Walk, content: dict[str, str], at: dt.datetime) -> None:
    row = connection.execute(select(flows).where(flows.c.key == content["key"])).first()
    told = None
    if row is not None and row.booked == at:
        told = flow_content(Flow(row.key, row.fund_id, row.session, row.kind, row.money, row.reverses))
    if told != content:
        raise Doubt("ledger", f"The flow {content['key']} is not the one that was ordered.")
    walk.count("flows")


def _contract(connection: Connection, walk: _Walk, fund_id: str, sha: str, *, counted: bool = True) -> Fund:
    if counted:
        walk.count("contracts")
    known = walk.contracts.get((fund_id, sha))
    if known is not None:
        return known
    effective = connection.execute(
        select(contracts.c.effective).where(contracts.c.fund_id == fund_id, contracts.c.config_sha256 == sha)
    ).scalar()
    if effective is None or sha256(effective) != sha:
        raise Doubt("contract", f"The contract {sha[:12]} of {fund_id} is missing or was changed.")
    walk.contracts[fund_id, sha] = contract_of(effective)
    return walk.contracts[fund_id, sha]


def _check_first_use(connection: Connection, row: _AuditRow, sha: str) -> None:
    used = connection.execute(
        select(contracts.c.first_used).where(contracts.c.fund_id == row.fund_id, contracts.c.config_sha256 == sha)
    ).scalar()
    if used != row.at:
        raise Doubt("contract", f"The contract {sha[:12]} of {row.fund_id} was first used at {row.at}, not at {used}.")


def _nothing_beside(connection: Connection, walk: _Walk) -> None:
    """Every row must have been met from the chain: what was slipped in beside it was not."""
    for table in (runs, decisions, orders, order_events, fills, flows, entries, contracts):
        there = connection.execute(select(func.count()).select_from(table)).scalar_one()
        met = walk.seen.get(table.name, 0)
        if there != met:
            raise Doubt("ledger", f"{table.name} has {there} rows, and the chain speaks of {met}.")


def _order_states(connection: Connection) -> None:
    events = order_events.alias()
    newest = select(func.max(events.c.id)).where(events.c.order_key == orders.c.key).correlate(orders).scalar_subquery()
    rows = connection.execute(
        select(orders.c.key, orders.c.state, order_events.c.state.label("last"))
        .select_from(orders.outerjoin(order_events, order_events.c.id == newest))
        .where(func.coalesce(order_events.c.state, "") != orders.c.state)
    )
    for row in rows:
        raise Doubt("orders", f"The order {row.key} is {row.state}, and its last event says {row.last}.")
