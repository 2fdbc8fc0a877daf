"""What belongs to an event on the chain beside its own row: what followed from it, and the row with which it was over.

A report on the event ends with the last of them. Pure: rows in, rows out.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from insure.book import Statement
from insure.book.record import Record
from insure.book.trail import Entry
from insure.controls import breakers
from insure.decision.circumstances import BREAKERS
from insure.happening import Happening, HappeningKind

_ON_ORDERS = ("order", "fill")
FOLLOWING: dict[HappeningKind, tuple[str, ...]] = {
    "kill": _ON_ORDERS,
    "breaker": ("breaker", "kill"),
    "missed slot": ("promotion", "breaker", "run"),
    "slot failed": ("promotion", "breaker", "run"),
    "floor breached": (*_ON_ORDERS, "promotion", "breaker"),
    "override": ("run",),
    "lift": (),
    "restore": (),
}
"""Kinds of rows after an event that may belong to it; what a pass writes at every heartbeat never does."""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What followed from an event."""

    rows: tuple[Entry, ...] = ()
    """In order; the last of them is ``ending`` where it is over."""
    ending: Entry | None = None
    ended: str = ""
    """How it ended, in words; empty where it is not over."""

    def anchor(self, entry: Entry) -> tuple[int, str]:
        """The row that a report on the event of ``entry`` ends with."""
        return self.rows[-1].anchor if self.rows else entry.anchor


def aftermath(
    happened: Happening,
    rows: Sequence[Entry],
    moves: Sequence[Entry] = (),
    record: Record | None = None,
    later: Iterable[tuple[Entry, Record]] = (),
) -> Aftermath:
    """What belongs to an event.

    Args:
        happened: the event.
        rows: rows after it of the kinds ``FOLLOWING`` names, in order; of the whole desk those of every fund.
        moves: every row that moves the owner's own breaker, in order, those before the event too.
        record: the decision that the event is; None where it is none.
        later: decisions after it, in order, each with its row; asked for one by one where a floor was breached.

    A kill or a breaker is over when the breaker stands milder than it left it (KILLED: when two people lifted it), a
    missed or failed slot when the next is decided, an override when its slot has ended, and a floor that was breached
    when the fund stands above its floor again or the protection period has ended. A guarantee that was missed at its
    horizon is over for nobody.
    """
    entry, kind = happened.entry, happened.kind
    ending, ended = _ending(happened, rows, moves, record, later)
    last = ending.sequence if ending is not None else None
    found = [each for each in rows if last is None or each.sequence < last]
    if kind in {"missed slot", "slot failed", "breaker"}:
        found = [each for each in found if each.kind != "run" and _worsens(entry, each)]
    elif kind == "floor breached":
        keys = set() if record is None else {order.key for order in record.orders}
        found = [each for each in found if each.content.get("order_key") in keys or _same_moment(entry, each)]
    elif kind == "override":
        found = [each for each in found if _slot_of(each, entry.content.get("slot", ""))]
    elif kind == "kill":
        found = [each for each in found if each.kind in _ON_ORDERS]
    if ending is not None:
        found.append(ending)
    return Aftermath(tuple(found), ending, ended)


def lifted_from(moves: Sequence[Entry], entry: Entry) -> dt.datetime | None:
    """Since when the breaker stood where the row ``entry`` moved it away from; None where it stood at NORMAL."""
    stood = breakers.latched(
        (_statement(each) for each in moves if each.sequence < entry.sequence), entry.fund_id or ""
    )
    return None if stood.state == "NORMAL" else stood.since


def _ending(
    happened: Happening,
    rows: Sequence[Entry],
    moves: Sequence[Entry],
    record: Record | None,
    later: Iterable[tuple[Entry, Record]],
) -> tuple[Entry | None, str]:
    entry, kind = happened.entry, happened.kind
    if kind in {"kill", "breaker"} and not happened.good:
        return _set_back(entry, moves)
    if kind in {"missed slot", "slot failed"}:
        for each in rows:
            if each.kind == "run" and each.content["outcome"] == "OK" and "decision_sha256" in each.content:
                return each, f"The next slot was decided, {each.content['session']} {each.content['slot']}."
    if kind == "override":
        for each in rows:
            if _slot_of(each, entry.content.get("slot", "")) and each.content["outcome"] != "HELD":
                return each, f"Its slot ended {each.content['outcome']}: {each.content['reason']}"
    if kind == "floor breached" and record is not None and record.decision.memory is not None:
        return _regained(record, later)
    return None, ""


def _set_back(entry: Entry, moves: Sequence[Entry]) -> tuple[Entry | None, str]:
    owner = entry.fund_id or ""
    said = [_statement(each) for each in moves]
    for place, each in enumerate(moves):
        if each.sequence <= entry.sequence:
            continue
        state = breakers.latched(said[: place + 1], owner).state
        if state == "NORMAL" or (entry.kind == "kill" and state != "KILLED"):
            return each, each.content.get("sentence", f"Set back to {state}.")
    return None, ""


def _regained(record: Record, later: Iterable[tuple[Entry, Record]]) -> tuple[Entry | None, str]:
    valuation, memory = record.decision.valuation, record.decision.memory
    if memory is None or valuation is None or not valuation.cushion < 0.0:
        return None, ""  # below the guarantee at a horizon: the next period has begun, and nothing mends the one before
    for each, after in later:
        ended = after.decision.memory
        if after.decision.ended is not None or ended is None or ended.period.number != memory.period.number:
            return each, f"Protection period {memory.period.number} ended on {after.session}."
        seen = after.decision.valuation
        if seen is not None and seen.cushion >= 0.0:
            return each, f"The fund stood {seen.cushion:,.2f} above its floor again on {after.session}."
    return None, ""


def _same_moment(entry: Entry, row: Entry) -> bool:
    """Whether a row was written with the event, in one transaction."""
    return row.kind in {"promotion", "breaker"} and row.at == entry.at


def _worsens(entry: Entry, row: Entry) -> bool:
    """Whether a row was written with the event, or moved the same breaker further down."""
    if entry.kind != "breaker" or row.fund_id != entry.fund_id:
        return _same_moment(entry, row)
    return _gravity(row) > _gravity(entry)


def _gravity(row: Entry) -> int:
    state = "KILLED" if row.kind == "kill" else row.content.get("state", "NORMAL")
    return next((place for place, known in enumerate(BREAKERS) if known == state), 0)


def _slot_of(row: Entry, key: str) -> bool:
    """Whether a row ends the slot ``session:word``, or takes it up again."""
    if row.kind != "run" or not key:
        return False
    ran = f"{row.content['session']}:{row.content['slot']}"
    return ran == key or ran.startswith(f"{key}.")


def _statement(entry: Entry) -> Statement:
    return Statement(entry.sequence, entry.at, entry.fund_id or "", entry.kind, MappingProxyType(dict(entry.content)))
