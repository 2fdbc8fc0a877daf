"""Breakers: NORMAL -> REDUCE_ONLY -> HALTED -> KILLED, latched for each fund and for the desk."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from insure.book import Statement
from insure.decision import Breaker
from insure.decision.circumstances import BREAKERS
from insure.errors import BookError

KINDS = ("breaker", "kill", "lift")
"""Statements that move a breaker."""


@dataclass(frozen=True, slots=True)
class BreakerStanding:
    """Where a breaker stands, since when, and why."""

    state: Breaker
    reason: str
    since: dt.datetime | None
    """None where it never moved."""
    sequence: int = 0
    """Of the statement that moved it here."""
    fund_id: str = ""
    """Whose it is; empty for the desk's."""


def standing(said: Sequence[Statement], fund_id: str) -> BreakerStanding:
    """The breaker of a fund: its own or the desk's, whichever is graver.

    Args:
        said: statements of ``KINDS`` in order, about any funds.
        fund_id: whose; empty for the desk alone.
    """
    own, desk = _latched(said, fund_id), _latched(said, "")
    return max(own, desk, key=lambda one: BREAKERS.index(one.state))


def _latched(said: Sequence[Statement], fund_id: str) -> BreakerStanding:
    stands = BreakerStanding("NORMAL", "", None, 0, fund_id)
    for one in said:
        if one.fund_id == fund_id and one.kind in KINDS:
            stands = BreakerStanding(_moved_to(one), one.sentence, one.at, one.sequence, fund_id)
    return stands


def _moved_to(one: Statement) -> Breaker:
    if one.kind == "kill":
        return "KILLED"
    state = one.content.get("state", "NORMAL")
    for known in BREAKERS:
        if state == known:
            return known
    raise BookError(f"Row {one.sequence} of the chain moves a breaker to {state!r}; there is no such state.")
