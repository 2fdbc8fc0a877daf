"""Breakers: NORMAL -> REDUCE_ONLY -> HALTED -> KILLED, latched for each fund and for the desk.

Automata move them downwards only; people move them back, with a reason, and out of KILLED two different people
together. The fold itself holds to that: a row that says otherwise, whoever wrote it, moves nothing.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from insure.book import Statement
from insure.controls.kill_flag import Flag
from insure.controls.people import distinct, speaker, spoken
from insure.controls.trips import WORST, Trip
from insure.decision import Breaker
from insure.decision.circumstances import BREAKERS
from insure.errors import BookError, InvalidInput, NothingDue

KINDS = ("breaker", "kill", "lift", "restore")
"""Statements that move a breaker. A restore halts the desk: what was sent since the backup is not known any more."""
ACCEPTED = dt.timedelta(days=30)
"""How long a case that a person has lifted trips nothing, while it grows no worse."""
ACCEPTED_AT_WORST = dt.timedelta(days=1)
"""The same for a case that cannot grow worse: a fund without any gap budget is looked at every day."""
WORSE = 1.25
"""A case is worse from this multiple of the severity that was lifted on."""
_NEVER_ACCEPTED = frozenset({"chain failure", "code mismatch"})


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


@dataclass(frozen=True, slots=True)
class Lifting:
    """What a lift writes: the kind of its statement, and the content."""

    kind: str
    content: dict[str, str]


def standing(said: Sequence[Statement], fund_id: str) -> BreakerStanding:
    """The breaker of a fund: its own or the desk's, whichever is graver.

    Args:
        said: every statement of ``KINDS`` about the fund and the desk, in order; those about others are passed over.
        fund_id: whose; empty for the desk alone.
    """
    own, desk = latched(said, fund_id), latched(said, "")
    return max(own, desk, key=lambda one: BREAKERS.index(one.state))


def latched(said: Iterable[Statement], fund_id: str) -> BreakerStanding:
    """A fund's own breaker, or (empty) the desk's own; see ``standing``."""
    stands = BreakerStanding("NORMAL", "", None, 0, fund_id)
    for one in said:
        if one.fund_id == fund_id and one.kind in KINDS and (to := _moves(one, stands.state)) is not None:
            stands = BreakerStanding(to, one.sentence, one.at, one.sequence, fund_id)
    return stands


def moving(said: Sequence[Statement], fund_id: str, trips: Iterable[Trip], now: dt.datetime) -> Trip | None:
    """The gravest of the trips that moves a fund's own breaker now; None where it stands there already, or a person
    has looked at the same case within 30 days and it has not become a quarter worse.

    Args:
        said: as for ``standing``.
        fund_id: whose; empty for the desk's own.
        trips: what trips at this moment.
        now: the clock.
    """
    state, lifted = latched(said, fund_id).state, _lifted(said, fund_id, now)
    found = [
        trip
        for trip in trips
        if _graver(trip.to, state)
        and (trip.trigger in _NEVER_ACCEPTED or not trip.severity <= WORSE * lifted.get(trip.case, 0.0))
    ]
    return max(found, key=lambda trip: (BREAKERS.index(trip.to), trip.severity), default=None)


def tripped_content(trip: Trip, before: Breaker) -> dict[str, str]:
    """The statement of an automaton that moves a breaker."""
    return {
        "sentence": f"{trip.to} after {before}, by {trip.trigger}: {trip.sentence}",
        "state": trip.to,
        "from": before,
        "trigger": trip.trigger,
        "case": trip.case,
        "severity": repr(trip.severity),
        "reason": trip.sentence,
        "by": "",
        "open": "Look at the reason, then set the breaker back (`insure lift`, a name and a reason).",
    }


def killed_content(flag: Flag) -> dict[str, str]:
    """The statement of a kill, out of the flag that stands."""
    whose = f"{flag.fund_id}" if flag.fund_id else "the whole desk"
    by = flag.by or "nobody named"
    return {
        "sentence": f"KILLED, {whose}, by {by} at {flag.moment}: {flag.reason.rstrip('.')}.",
        "state": "KILLED",
        "flag": flag.mark,
        "reason": flag.reason,
        "by": flag.by,
        "open": "Lift it once its reason is gone (`insure lift`, two names).",
    }


def halting(own: BreakerStanding, to: Breaker, by: str, reason: str, known: Sequence[str] = ()) -> dict[str, str]:
    """What a person writes to move a breaker downwards, short of a kill.

    Args:
        own: where it stands, as ``latched`` says.
        to: REDUCE_ONLY or HALTED, graver than that.
        by: who.
        reason: why, in words.
        known: the people of the desk; empty where it names none.

    Raises:
        InvalidInput: the move is not downwards, or is a kill; nobody is named, or no reason given.
    """
    if to not in {"REDUCE_ONLY", "HALTED"}:
        raise InvalidInput(f"--to is {to}; a person sets REDUCE_ONLY or HALTED (`insure kill` stops for good).")
    if not _graver(to, own.state):
        raise InvalidInput(
            f"--to is {to}, and the breaker stands at {own.state}: that is no step down (`insure lift`)."
        )
    name, why = speaker(by, known), spoken("reason", reason)
    return {
        "sentence": f"{to} after {own.state}, by {name}: {why}",
        "state": to,
        "from": own.state,
        "by": name,
        "reason": why,
        "open": "Set the breaker back once the reason is gone (`insure lift`, a name and a reason).",
    }


def lifting(
    own: BreakerStanding, to: Breaker, people: Sequence[str], reason: str, known: Sequence[str] = (), flag: str = ""
) -> Lifting:
    """What people write to move a breaker back.

    Args:
        own: where it stands, as ``latched`` says.
        to: a milder state.
        people: who, one for most states, two different ones to leave KILLED.
        reason: why, in words.
        known: the people of the desk; empty where it names none.
        flag: mark of the kill flag that is lifted with it.

    Raises:
        NothingDue: it stands at NORMAL.
        InvalidInput: the move is no way back, a name or the reason is missing, two names are one person's, or the desk
            does not know a name.
    """
    if own.state == "NORMAL":
        whose = own.fund_id or "the desk"
        raise NothingDue(f"The breaker of {whose} is NORMAL: there is nothing to lift.")
    if not _graver(own.state, to):
        raise InvalidInput(f"--to is {to}; a breaker that stands at {own.state} is moved back to a milder state.")
    names = [speaker(name, known) for name in people]
    wanted = 2 if own.state == "KILLED" else 1
    if len(names) < wanted:
        raise InvalidInput(f"{len(names)} name is given; {own.state} is lifted by {wanted}: --by NAME --and NAME.")
    if len(distinct(names)) < len(names):
        raise InvalidInput(f"{' and '.join(names)} are one person; KILLED is lifted by two different people.")
    why = spoken("reason", reason)
    by = " and ".join(names)
    content = {
        "sentence": f"{to} after {own.state}, by {by}: {why}",
        "state": to,
        "from": own.state,
        "by": by,
        "first": names[0],
        "second": names[1] if len(names) > 1 else "",
        "judgement": "kept",
        "reason": why,
    }
    return Lifting("lift", {**content, "flag": flag}) if own.state == "KILLED" else Lifting("breaker", content)


def lifted_flags(said: Iterable[Statement], fund_id: str) -> frozenset[str]:
    """Marks of the kill flags of a fund, or of the desk, that two people have lifted."""
    return frozenset(
        one.content.get("flag", "")
        for one in said
        if one.kind == "lift" and one.fund_id == fund_id and _two_people(one) and one.content.get("flag")
    )


def booked_flags(said: Iterable[Statement], fund_id: str) -> frozenset[str]:
    """Marks of the kill flags of a fund, or of the desk, that have their row."""
    return frozenset(one.content.get("flag", "") for one in said if one.kind == "kill" and one.fund_id == fund_id)


def _moves(one: Statement, state: Breaker) -> Breaker | None:
    """Where a statement moves a breaker that stands at ``state``; None where it may not move it."""
    to = _moved_to(one)
    if one.kind in {"kill", "restore"} or not one.by:
        return to if _graver(to, state) else None
    if one.kind == "lift":
        return to if _graver(state, to) and _two_people(one) else None
    return to if to != state and "KILLED" not in {to, state} else None


def _moved_to(one: Statement) -> Breaker:
    if one.kind == "kill":
        return "KILLED"
    if one.kind == "restore":
        return "HALTED"
    state = one.content.get("state", "NORMAL")
    for known in BREAKERS:
        if state == known:
            return known
    raise BookError(f"Row {one.sequence} of the chain moves a breaker to {state!r}; there is no such state.")


def _lifted(said: Iterable[Statement], fund_id: str, now: dt.datetime) -> dict[str, float]:
    """Severity by case of what stood when a person lifted it, where that was not long ago.

    A person accepts what the breaker stood for at that moment, and nothing that was lifted before.
    """
    tripped: dict[str, float] = {}
    lifted: dict[str, float] = {}
    for one in said:
        if one.fund_id != fund_id or one.kind not in KINDS:
            continue
        if not one.by and one.kind == "breaker":
            tripped[one.content.get("case", "")] = float(one.content.get("severity", "nan"))
        elif one.by and one.kind != "kill":
            age = now - one.at
            lifted |= {
                case: severity
                for case, severity in tripped.items()
                if age <= (ACCEPTED if severity < WORST else ACCEPTED_AT_WORST)
            }
            tripped = {}
    return lifted


def _graver(one: Breaker, other: Breaker) -> bool:
    return BREAKERS.index(one) > BREAKERS.index(other)


def _two_people(one: Statement) -> bool:
    names = [one.content.get(name, "").strip() for name in ("first", "second")]
    return all(names) and len(distinct(names)) == 2
