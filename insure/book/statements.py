"""Statements: what controls and people said and did, as rows of the chain and nowhere else.

A breaker that moved, a kill, a proposal, an approval, an override, a promotion, a reconciliation: each is one audit row
whose kind names it and whose content is flat text. What stands now is a fold of them (``insure.controls``); nothing of
it is kept beside the chain, so there is nothing to disagree with it.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from sqlalchemy import Connection, Integer, Row, Select, bindparam, or_, select

from insure.book import chain
from insure.book.tables import audit
from insure.errors import BookError

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "breaker": "a breaker moved, or was set back by a person",
        "kill": "the kill switch",
        "lift": "a kill was lifted by two people",
        "waiting": "what standing still costs while a breaker is not NORMAL",
        "proposal": "a trade or a contract that waits for people",
        "approval": "one person's yes",
        "rejection": "one person's no",
        "lapse": "a proposal that nobody answered in time",
        "override": "a person's word against the rule, for one slot",
        "withdrawal": "an override taken back before its slot",
        "promotion": "a phase of the roll-out, upwards by a person or back by an event",
        "reconciliation": "positions, cash and orders held against an outside file",
        "break": "a difference found by a reconciliation, given to somebody, or explained",
        "drill": "an exercise of a control",
        "restore": "the book was put back from a backup",
        "signature": "a person's name under a compliance report",
        "pause": "buying paused or resumed, or what went on, in a market too wide or too thin to buy in",
        "execution breach": "a fill beyond its order, accepted by a person as what was really executed",
        "deficit": "what was decided and is not executed, with the price of its risk",
        "stress": "a stress report that was written: its hash, and the figures that compliance reports compare",
        "alert": "something that people must know was raised, grew graver, was acknowledged, or is over",
    }
)
"""Every kind of statement, with what it is."""
_Of = Literal["all", "fund", "desk"]
VOTES = ("proposal", "approval", "rejection", "lapse")
"""Kinds that belong to a proposal; each names its ``subject``, all but the first the number of the ``proposal``."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One row of the chain that controls read."""

    sequence: int
    at: dt.datetime
    fund_id: str
    """Empty for the whole desk."""
    kind: str
    content: Mapping[str, str]
    """Flat text; ``sentence`` says it in words, ``by`` names a person where one spoke."""

    @property
    def sentence(self) -> str:
        """In words."""
        return self.content.get("sentence", KINDS.get(self.kind, self.kind))

    @property
    def by(self) -> str:
        """Who said it; empty for an automaton."""
        return self.content.get("by", "")


def state(connection: Connection, kind: str, fund_id: str, at: dt.datetime, content: Mapping[str, str]) -> Statement:
    """Append a statement to the chain.

    Raises:
        BookError: no statement has this kind, or it does not say in words what it means.
    """
    if kind not in KINDS:
        raise BookError(f"kind is {kind!r}; a statement is one of {', '.join(KINDS)}.")
    if not content.get("sentence", "").strip():
        raise BookError(f"A statement of the kind {kind!r} has no sentence; nothing was written.")
    chain.append(connection, at, fund_id or None, None, kind, content)
    sequence, _ = chain.head(connection)
    return Statement(sequence, at, fund_id, kind, MappingProxyType(dict(content)))


def statements(
    connection: Connection,
    kinds: Sequence[str],
    fund_id: str | None = None,
    *,
    since: int = 0,
    last: int | None = None,
    subjects: Sequence[str] = (),
    after: dt.datetime | None = None,
) -> list[Statement]:
    """Statements of some kinds in the order they were made.

    Args:
        connection: to read through.
        kinds: which.
        fund_id: of one fund; empty for those of the desk alone; None for all.
        since: those after this sequence.
        last: only so many of the newest.
        subjects: only those whose content names one of these as its ``subject``.
        after: only those made at this instant or later.
    """
    of: _Of = "all" if fund_id is None else "fund" if fund_id else "desk"
    query = _query(of, len(subjects), after is not None, last is not None)
    bound: dict[str, object] = {"kinds": tuple(kinds), "since": since, "fund": fund_id, "after": after, "last": last}
    bound |= {f"subject{number}": f'%"subject":"{subject}"%' for number, subject in enumerate(subjects)}
    rows = connection.execute(query, {name: value for name, value in bound.items() if value is not None}).all()
    return [_statement(row) for row in (rows if last is None else reversed(rows))]


@lru_cache(maxsize=64)
def _query(of: _Of, subjects: int, after: bool, newest: bool) -> Select[*tuple[object, ...]]:
    """The question, put together once: that takes longer than asking it, and every slot asks it."""
    query: Select[*tuple[object, ...]] = select(
        audit.c.sequence, audit.c.at, audit.c.fund_id, audit.c.kind, audit.c.content
    ).where(audit.c.kind.in_(bindparam("kinds", expanding=True)), audit.c.sequence > bindparam("since"))
    if of == "fund":
        query = query.where(audit.c.fund_id == bindparam("fund"))
    elif of == "desk":
        query = query.where(audit.c.fund_id.is_(None))
    if subjects:
        query = query.where(or_(*(audit.c.content.like(bindparam(f"subject{n}")) for n in range(subjects))))
    if after:
        query = query.where(audit.c.at >= bindparam("after"))
    if newest:
        return query.order_by(audit.c.sequence.desc()).limit(bindparam("last", type_=Integer))
    return query.order_by(audit.c.sequence)


def _statement(row: Row[*tuple[object, ...]]) -> Statement:
    try:
        content = {str(key): str(value) for key, value in json.loads(row.content).items()}
    except (ValueError, AttributeError) as error:
        raise BookError(f"Row {row.sequence} of the chain ({row.kind}) cannot be read; the book is damaged.") from error
    return Statement(row.sequence, row.at, row.fund_id or "", row.kind, MappingProxyType(content))
