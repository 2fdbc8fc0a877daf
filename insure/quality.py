"""The gate before a decision: is this price one to trade on, one to ask about, or one whose time to be asked is over?

Pure. A price that left its reference by more than the fund allows may be a fat finger or 19 October 1987. It is never
dropped and never traded at once: a question is asked and a clock started. What answers it, in this order:

- a second source that moved the same way: the price is taken;
- the price comes back: it was a bad tick, and is gone;
- the clock runs out and the price still stands there: the fund's fallback acts, and says so.

A bad tick cannot borrow another one's clock: a price that is as far from the one asked about as a jump is starts anew.
"""

import datetime as dt
import math
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from insure.arguments import positive
from insure.fund import Quality
from insure.market import Doubt, Snapshot

QuestionKind = Literal["no price", "old quote", "locked quote", "jump"]

SESSIONS_PER_YEAR = 252
LEAST_VOL = 0.05
"""Standard deviations are counted at this volatility at least: a quiet month is no reason to doubt a normal day."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The price that a jump is measured from: the last one that was decided on, or that outlived its clock."""

    price: Decimal
    session: dt.date
    vol: float
    """Hedge volatility at that time, per square root of year."""


@dataclass(frozen=True, slots=True)
class SecondSource:
    """What another source, or a related instrument, did since the reference."""

    name: str
    before: Decimal
    """At the session of the reference."""
    now: Decimal
    """At the session of the snapshot."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about a price, and the clock that runs."""

    kind: QuestionKind
    sentence: str
    price: Decimal | None
    """As last seen; None where none was."""
    asked: dt.datetime
    until: dt.datetime
    """When the fallback acts, if the doubt is still there."""


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing is traded at this slot."""

    question: Question
    outlived: bool
    """The clock ran out and the contract says hold: the price is the reference from now on."""


Verdict = Doubt | Held | None
"""None: take the price. Doubt: take it as the fallback allows."""


def judged(
    terms: Quality,
    snapshot: Snapshot,
    reference: Reference | None,
    sessions: int,
    second: SecondSource | None,
    waiting: Question | None,
    now: dt.datetime,
) -> Verdict:
    """Whether a snapshot may be decided on.

    Args:
        terms: what the fund doubts.
        snapshot: what was seen.
        reference: None before the first decision: nothing is a jump then.
        sessions: since the reference, 1 or more; a jump is ``|ln(price / reference)|`` beyond ``jump_sigmas`` times
            ``vol sqrt(sessions / 252)``, vol at least ``LEAST_VOL``.
        second: None where there is none, or it has no price of one of the two sessions.
        waiting: the question that is open; None where none is.
        now: the clock.

    Raises:
        InvalidInput: ``sessions`` is not above zero.
    """
    stale = _stale(terms, snapshot, now)
    if stale:
        return Held(_asked(terms, "old quote", stale, snapshot.price, waiting, now), outlived=False)
    found = _jump(terms, snapshot, reference, sessions, second) if reference is not None else None
    kind: QuestionKind = "jump"
    if found is None and snapshot.bid is not None and snapshot.bid == snapshot.ask:
        found, kind = (
            f"The quote of {snapshot.session} is locked: bid and ask are both {snapshot.bid:,f}.",
            "locked quote",
        )
    if found is None:
        return None
    if waiting is not None and reference is not None and not _same_level(terms, snapshot, reference, sessions, waiting):
        waiting = None
    question = _asked(terms, kind, found, snapshot.price, waiting, now)
    if now < question.until:
        return Held(question, outlived=False)
    waited = f"{found} Nobody confirmed it within {terms.corroboration_minutes:g} minutes."
    if terms.fallback == "hold":
        return Held(replace(question, sentence=f"{waited} By contract this slot is held."), outlived=True)
    return Doubt(waited, buys=terms.fallback == "trade")


def no_price(terms: Quality, sentence: str, waiting: Question | None, now: dt.datetime) -> Question:
    """The question where there is no price at all: missing, unreadable, not above zero, crossed, or of another day.

    No fallback acts on a price that is not there. On a day that the calendar calls open this overrules the calendar:
    nothing is traded until a fresh quote comes.
    """
    return _asked(terms, "no price", sentence, None, waiting, now)


def _asked(
    terms: Quality,
    kind: QuestionKind,
    found: str,
    price: Decimal | None,
    waiting: Question | None,
    now: dt.datetime,
) -> Question:
    kept = waiting is not None and waiting.kind == kind
    asked = waiting.asked if waiting is not None and kept else now
    until = waiting.until if waiting is not None and kept else now + dt.timedelta(minutes=terms.corroboration_minutes)
    if kind in {"no price", "old quote"}:
        sentence = f"{found} Is the exchange closed, or the feed down? Nothing is traded until a fresh quote comes."
    else:
        then = {
            "reduce_only": "the fund sells on it but does not buy",
            "hold": "this slot stays held and the price is taken from then on",
            "trade": "the fund trades on it",
        }[terms.fallback]
        sentence = f"{found} Is it real? Nothing is traded; if it still stands at {until:%H:%M:%S} UTC, {then}."
    return Question(kind, sentence, price, asked, until)


def _stale(terms: Quality, snapshot: Snapshot, now: dt.datetime) -> str:
    if terms.max_age_minutes is None or snapshot.quoted is None:
        return ""
    age = (now - snapshot.quoted).total_seconds() / 60
    if age <= terms.max_age_minutes:
        return ""
    return (
        f"The newest quote is of {snapshot.quoted:%Y-%m-%d %H:%M} UTC, {age:,.0f} minutes old; "
        f"{terms.max_age_minutes:g} are allowed."
    )


def _threshold(terms: Quality, reference: Reference, sessions: int) -> float:
    vol = max(reference.vol, LEAST_VOL)
    return terms.jump_sigmas * vol * math.sqrt(positive("sessions", sessions) / SESSIONS_PER_YEAR)


def _jump(
    terms: Quality, snapshot: Snapshot, reference: Reference, sessions: int, second: SecondSource | None
) -> str | None:
    move = math.log(snapshot.price / reference.price)
    threshold = _threshold(terms, reference, sessions)
    if abs(move) <= threshold:
        return None
    if second is None:
        said = "no second source confirms it"
    else:
        other = math.log(second.now / second.before)
        if other * move > 0.0 and abs(other) >= terms.agreement_fraction * abs(move):
            return None
        said = f"{second.name} went {math.expm1(other):+.2%} meanwhile"
    return (
        f"The price is {snapshot.price:,f} after {reference.price:,f} on {reference.session}: {math.expm1(move):+.2%}, "
        f"{abs(move) / threshold * terms.jump_sigmas:.1f} standard deviations; {said}."
    )


def _same_level(terms: Quality, snapshot: Snapshot, reference: Reference, sessions: int, waiting: Question) -> bool:
    if waiting.price is None:
        return False
    return abs(math.log(snapshot.price / waiting.price)) <= _threshold(terms, reference, sessions)
