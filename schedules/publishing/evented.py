"""What the book says of an event, gathered for its report: rows up to the last that belongs to it, none later."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from insure.aftermath import FOLLOWING, Aftermath, aftermath, lifted_from
from insure.book import Book, Record, agreed, trail
from insure.book.lives import lives, under_way
from insure.controls import breakers
from insure.controls.counterfactual import Judged, cost_of
from insure.executed import executed, executed_all
from insure.fund import Fund
from insure.happening import Happening, happening
from reports import event
from reports.effect import Stood, Told

RECENT = 5
"""Decisions of a fund whose orders may still be open: a slot is decided once those before are at their end, but for
children of a schedule that a held slot leaves waiting."""


@dataclass(frozen=True, slots=True)
class Evented:
    """All that a report on one event is made of."""

    happened: Happening
    contract: Fund | None
    history: tuple[Record, ...]
    told: Told


def evented(book: Book, fund: Fund | None, entry: trail.Entry) -> Evented:
    """Gather what the chain says of an event.

    Raises:
        InvalidInput: nothing happened at that row that an event report is made of.
    """
    raw = [] if fund is None else trail.records_up_to(book, fund.id, entry.sequence, event.BEFORE)
    own = raw[-1] if raw and _is_of(entry, raw[-1]) else None
    happened = happening(entry, own)
    if own is not None and happened.kind == "floor breached":
        raw = _whole_period(book, own, raw)
    moves = trail.own(book, entry.fund_id, breakers.KINDS)
    later: Iterator[tuple[trail.Entry, Record]] = iter(())
    if own is not None and happened.kind == "floor breached":
        later = trail.records_after(book, own.fund_id, entry.sequence)
    kinds = FOLLOWING[happened.kind]
    rows = trail.after(book, entry.fund_id, entry.sequence, kinds) if kinds else []
    after = aftermath(happened, rows, moves, own, later)
    funds = [fund.id] if fund is not None else trail.decided_by(book, entry.sequence)
    stood = tuple(one for each in funds if (one := _stood(book, each, entry.sequence)) is not None)
    history: tuple[Record, ...] = ()
    if fund is not None:
        moved = _moved(book, raw, after.anchor(entry)[0] if own else entry.sequence)
        history = tuple(executed_all(raw, trail.fills_in(book, moved)))
    contract = _in_force(book, raw[-1]) if raw else fund
    told = Told(
        after=after,
        funds=stood,
        waits=_waits(book, happened, after, moves, funds),
        judged=_judged(book, happened, after),
        proposals=_proposals(book, happened, funds),
        quiet=_quiet(book, happened),
    )
    return Evented(happened, contract, history, told)


def _whole_period(book: Book, own: Record, raw: list[Record]) -> list[Record]:
    """The decisions of the period that was breached, where these are more than those before the event."""
    memory = own.decision.memory_in if own.decision.ended is not None else own.decision.memory
    if memory is None:
        return raw
    found = list(book.records(own.fund_id, first=memory.period.start, last=own.session))
    while found and found[-1] != own:
        found.pop()
    return found if len(found) > len(raw) else raw


def _stood(book: Book, fund_id: str, sequence: int) -> Stood | None:
    """How a fund stood at a row of the chain."""
    recent = trail.records_up_to(book, fund_id, sequence, RECENT)
    if not recent:
        return None
    rows = _moved(book, recent, sequence)
    late = trail.fills_in(book, rows)
    still: list[str] = []
    for record in recent:
        keys = {order.key for order in record.orders}
        own = [row for row in rows if row.content["order_key"] in keys]
        still += under_way(lives(record, sequence, own, late))
    return Stood(executed(recent[-1], late), tuple(still))


def _moved(book: Book, records: Sequence[Record], sequence: int) -> list[trail.Entry]:
    """Rows on the orders of some decisions of a fund that came after their slots, up to a row."""
    if not records:
        return []
    first = records[0]
    decided = trail.ended(book, first.fund_id, first.session, first.slot).sequence
    keys = {order.key for record in records for order in record.orders}
    return trail.on_orders(book, first.fund_id, decided, keys, sequence)


def _waits(
    book: Book, happened: Happening, after: Aftermath, moves: list[trail.Entry], funds: list[str]
) -> tuple[trail.Entry, ...]:
    """The last statement of each fund's waiting, of the wait that ended with the event or with what ended it."""
    ending = happened.entry if happened.good else after.ending
    if ending is None or ending.kind not in breakers.KINDS:
        return ()
    since = lifted_from(moves, ending)
    found = [trail.last_on(book, each, "waiting", ending.sequence) for each in funds]
    return tuple(
        one for one in found if one is not None and since is not None and one.content.get("since") == _instant(since)
    )


def _judged(book: Book, happened: Happening, after: Aftermath) -> Judged | None:
    """What an override came to in its own slot."""
    ending = after.ending
    if happened.kind != "override" or ending is None or happened.entry.fund_id is None:
        return None
    found = trail.records_up_to(book, happened.entry.fund_id, ending.sequence, 1)
    if not found or not _is_of(ending, found[-1]):
        return None
    contract = _in_force(book, found[-1])
    judged = cost_of(found, {found[-1].decision.config_sha256: contract})
    return next((one for one in judged if one.row == happened.entry.sequence), None)


def _proposals(book: Book, happened: Happening, funds: list[str]) -> tuple[trail.Entry, ...]:
    """Trades that waited for people when a breaker moved: proposed in the last slot, not answered, not expired."""
    entry = happened.entry
    if happened.good or happened.kind not in {"kill", "breaker"}:
        return ()
    found = []
    for each in funds:
        asked = trail.last_on(book, each, "proposal", entry.sequence)
        ran = trail.last_on(book, each, "run", entry.sequence)
        no = trail.last_on(book, each, "rejection", entry.sequence)
        if (
            asked is None
            or asked.content.get("subject") != "trade"
            or (ran is not None and ran.sequence > asked.sequence)
        ):
            continue
        if asked.content["expires"] > entry.at.isoformat() and (no is None or no.sequence < asked.sequence):
            found.append(asked)
    return tuple(found)


def _quiet(book: Book, happened: Happening) -> trail.Entry | None:
    """The last row before a slot was found missed."""
    if happened.kind != "missed slot":
        return None
    return trail.last_before(book, happened.entry.fund_id, happened.entry)


def _instant(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds")


def _in_force(book: Book, record: Record) -> Fund:
    """The contract that a decision was made under."""
    return agreed.kept_contract(book, record.fund_id, record.decision.config_sha256).fund


def _is_of(entry: trail.Entry, record: Record) -> bool:
    content = entry.content
    return entry.kind == "run" and (record.session.isoformat(), record.slot) == (content["session"], content["slot"])
