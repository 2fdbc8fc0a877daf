"""Breaks: differences between the book and an outside report, until they are cured.

A break is opened by a reconciliation, belongs to somebody, may be explained, and is cured when a later reconciliation
agrees. An explanation covers the difference that it was given for: where the difference changes, it is open anew.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Literal

from insure.book import Statement
from insure.controls.people import speaker, spoken
from insure.dates import Calendar
from insure.errors import BookError, InvalidInput

KINDS = ("break",)
BreakKind = Literal["units", "cash", "orders"]
CUSTODIAN = "custodian"
"""Whose report it is where nobody says."""
BOOK = "book"
"""The source of breaks that the book finds in itself, whatever a file says."""


@dataclass(frozen=True, slots=True)
class Break:
    """One difference that is not cured."""

    id: int
    """Sequence of the row of the chain that opened it."""
    kind: BreakKind
    subject: str
    """The instrument, the currency, or the order's key."""
    booked: Decimal
    reported: Decimal
    session: dt.date
    """As of which it was first seen."""
    words: str
    """What was found last."""
    source: str = CUSTODIAN
    """Whose report it was found in; only that one's can cure it."""
    owner: str = ""
    """Who looks after it; empty for nobody."""
    explanation: str = ""
    explained_by: str = ""

    @property
    def difference(self) -> Decimal:
        """Reported less booked."""
        return self.reported - self.booked

    @property
    def explained(self) -> bool:
        """Whether somebody has said why."""
        return bool(self.explanation)

    def age(self, calendar: Calendar, session: dt.date) -> int:
        """Sessions since it was first seen, at ``session``."""
        return calendar.count(min(self.session, session), session)


def standing(said: Sequence[Statement]) -> tuple[Break, ...]:
    """Breaks that are not cured, in the order they were opened, out of statements of ``KINDS`` about one fund.

    Raises:
        BookError: a row speaks of a break that was never opened, or cannot be read.
    """
    found: dict[int, Break] = {}
    for one in said:
        content = one.content
        try:
            if content["event"] == "opened":
                found[one.sequence] = _opened(one)
                continue
            number = int(content["break"])
            before = found[number]
            if content["event"] == "cured":
                del found[number]
            elif content["event"] == "owned":
                found[number] = replace(before, owner=content["owner"])
            elif content["event"] == "explained":
                found[number] = replace(before, explanation=content["explanation"], explained_by=one.by)
            else:
                anew = _opened(one)
                found[number] = replace(anew, id=number, session=before.session, owner=before.owner)
        except (KeyError, ValueError, InvalidOperation) as error:
            raise BookError(f"Row {one.sequence} of the chain speaks of a break that cannot be followed.") from error
    return tuple(found.values())


def unexplained(said: Sequence[Statement]) -> tuple[Break, ...]:
    """Those of ``standing`` that nobody has explained: what holds slots, trips breakers and stops a promotion."""
    return tuple(one for one in standing(said) if not one.explained)


def _opened(one: Statement) -> Break:
    content = one.content
    kinds: dict[str, BreakKind] = {"units": "units", "cash": "cash", "orders": "orders"}
    return Break(
        id=one.sequence,
        kind=kinds[content["kind"]],
        subject=content["subject"],
        booked=Decimal(content["booked"]),
        reported=Decimal(content["reported"]),
        session=dt.date.fromisoformat(content["session"]),
        words=content["sentence"],
        source=content.get("source", CUSTODIAN),
    )


def opening(
    kind: BreakKind,
    subject: str,
    booked: Decimal,
    reported: Decimal,
    session: dt.date,
    words: str,
    source: str = CUSTODIAN,
) -> dict[str, str]:
    """What is stated when a difference is seen for the first time."""
    return {
        "event": "opened",
        "kind": kind,
        "subject": subject,
        "booked": f"{booked:f}",
        "reported": f"{reported:f}",
        "session": session.isoformat(),
        "source": source,
        "sentence": words,
        "open": "Give it to somebody, then explain it or cure it.",
    }


def changing(before: Break, booked: Decimal, reported: Decimal, session: dt.date, words: str) -> dict[str, str] | None:
    """What is stated when the difference of a break is another one now; None where it is the same."""
    if reported - booked == before.difference:
        return None
    anew = opening(before.kind, before.subject, booked, reported, session, words, before.source)
    was = f"It was {before.difference:+f}{', explained' if before.explained else ''}."
    return {**anew, "event": "changed", "break": str(before.id), "sentence": f"Break {before.id}: {words} {was}"}


def curing(before: Break, session: dt.date, words: str) -> dict[str, str]:
    """What is stated when a later reconciliation agrees."""
    return {
        "event": "cured",
        "break": str(before.id),
        "session": session.isoformat(),
        "judgement": "kept",
        "sentence": f"Break {before.id} ({before.kind}, {before.subject}) is cured on {session}: {words}",
    }


def owned(said: Sequence[Statement], number: int, owner: str, people: Sequence[str] = ()) -> dict[str, str]:
    """What is stated when a break is given to somebody.

    Raises:
        InvalidInput: there is no such break, or nobody is named.
    """
    one, name = _open(said, number), speaker(owner, people)
    return {
        "event": "owned",
        "break": str(number),
        "owner": name,
        "judgement": "kept",
        "sentence": f"Break {number} ({one.kind}, {one.subject}, {one.difference:+f}) belongs to {name}.",
    }


def explaining(
    said: Sequence[Statement], number: int, explanation: str, by: str, people: Sequence[str] = ()
) -> dict[str, str]:
    """What is stated when somebody explains a break.

    Raises:
        InvalidInput: there is no such break, nobody is named, or nothing is explained.
    """
    one, name, why = _open(said, number), speaker(by, people), spoken("--explain", explanation)
    return {
        "event": "explained",
        "break": str(number),
        "explanation": why,
        "by": name,
        "judgement": "kept",
        "sentence": f"{name} explains break {number} ({one.kind}, {one.subject}, {one.difference:+f}): {why}",
    }


def _open(said: Sequence[Statement], number: int) -> Break:
    there = {one.id: one for one in standing(said)}
    if number not in there:
        known = ", ".join(str(each) for each in there) or "none"
        raise InvalidInput(f"--break is {number}; breaks that are open: {known}.")
    return there[number]
