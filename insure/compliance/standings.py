"""Where the controls of a fund stood when a period began and when it was over: a fold of rows of the chain up to there.

What happened in a period is not all that must be read: a breaker that was tripped two months earlier, or a difference
that nobody looks after, may be why nothing was traded in it.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from insure.book import Statement
from insure.book.trail import Entry
from insure.controls import approvals, breakers, breaks, phases
from insure.controls.approvals import Proposal
from insure.controls.breakers import BreakerStanding
from insure.controls.breaks import Break
from insure.controls.phases import PhaseStanding
from insure.decision import fund_calendar
from insure.decision.circumstances import BREAKERS
from insure.fund import Fund

KINDS = tuple(dict.fromkeys((*breakers.KINDS, *breaks.KINDS, *phases.KINDS, *approvals.KINDS)))
"""Kinds of rows that standings follow from."""
Left = Literal["waits", "approved", "expired"]


@dataclass(frozen=True, slots=True)
class Stood:
    """Breaker and phase at one moment."""

    breaker: BreakerStanding
    """The fund's or the desk's, whichever was graver."""
    breaker_by: str
    """Who moved it there; empty for an automaton, and where it never moved."""
    milder: BreakerStanding
    """The other of the two."""
    milder_by: str
    phase: PhaseStanding
    phase_by: str
    """Who moved it last; empty for an event, and where it never moved."""


@dataclass(frozen=True, slots=True)
class OpenBreak:
    """A difference that was open when the period was over."""

    found: Break
    age: int
    """Sessions since it was first seen."""


@dataclass(frozen=True, slots=True)
class LeftProposal:
    """A proposal that people had not settled when the period was over, or that ran out in it."""

    proposal: Proposal
    state: Left


@dataclass(frozen=True, slots=True)
class Standings:
    """The controls of a fund when a period began, and when it was over."""

    begun: Stood
    ended: Stood
    breaks: tuple[OpenBreak, ...]
    """In the order they were opened."""
    proposals: tuple[LeftProposal, ...]

    @property
    def stopped(self) -> bool:
        """Whether a breaker was not NORMAL at the beginning or at the end."""
        return any(each.breaker.state != "NORMAL" for each in (self.begun, self.ended))

    @property
    def unexplained(self) -> tuple[OpenBreak, ...]:
        """Differences that nobody had explained."""
        return tuple(one for one in self.breaks if not one.found.explained)


def standings(
    rows: Iterable[Entry],
    contracts: tuple[Fund, Fund],
    span: tuple[dt.datetime, dt.datetime],
    last: dt.date,
    decided: str,
) -> Standings:
    """Where the controls of a fund stood.

    Args:
        rows: those of ``KINDS`` on the fund and the whole desk from the first on, in order; rows written when the
            period was over are left out.
        contracts: in force when the period began, and when it was over.
        span: the instant at which the period began, and the one at which it was over.
        last: its last day, up to which the age of a difference is counted.
        decided: key (``session:slot``) of the last decision up to the end: a trade proposed at another slot is void.

    Raises:
        BookError: a row cannot be followed.
    """
    first, until = span
    said = [statement(row) for row in rows if row.at < until]
    begun, fund = contracts
    own = [one for one in said if one.kind in breaks.KINDS and one.fund_id == fund.id]
    calendar = fund_calendar(fund)
    return Standings(
        begun=_stood([one for one in said if one.at < first], begun),
        ended=_stood(said, fund),
        breaks=tuple(OpenBreak(one, one.age(calendar, last)) for one in breaks.standing(own)),
        proposals=_left([one for one in said if one.fund_id == fund.id], first, until, decided),
    )


def statement(row: Entry) -> Statement:
    """A row of the chain as controls read it."""
    return Statement(row.sequence, row.at, row.fund_id or "", row.kind, row.content)


def _stood(said: Sequence[Statement], fund: Fund) -> Stood:
    people = {one.sequence: one.by for one in said}
    pair = breakers.latched(said, fund.id), breakers.latched(said, "")
    graver, milder = sorted(pair, key=lambda one: BREAKERS.index(one.state), reverse=True)
    phase = phases.standing([one for one in said if one.kind in phases.KINDS], fund)
    moved = next((one.by for one in reversed(said) if (one.at, one.sentence) == (phase.since, phase.reason)), "")
    by, other_by = (people.get(one.sequence, "") for one in (graver, milder))
    return Stood(graver, by, milder, other_by, phase, moved)


def _left(said: Sequence[Statement], first: dt.datetime, until: dt.datetime, decided: str) -> tuple[LeftProposal, ...]:
    found = []
    for one in approvals.proposals([each for each in said if each.kind in approvals.KINDS]):
        state = one.state(until)
        if state == "rejected" or (one.settled and one.subject != "trade"):
            continue
        if state == "expired" and len(one.by) >= one.wanted:
            continue  # it was approved in time, and carried out or held anew at a slot of its own
        if state == "expired" and one.expires < first:
            continue
        if state in {"waits", "approved"} and one.subject == "trade" and one.slot != decided:
            continue  # void: the fund has decided since
        found.append(LeftProposal(one, state))
    return tuple(found)
