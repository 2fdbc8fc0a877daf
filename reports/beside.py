"""The true put beside a span of decisions, on one base: bought with the fund's value where the span begins.

At a roll the true put goes into the next protection period with what it is worth itself, so that it never takes over
what the fund has won or lost against it. In a period it is c times the twin of the track, and with D fund minus that
twin, T its value, and V the fund where the part of the period begins,

    S1 - S0 = (causes of the part) + (interest on D0) + (1 - c) (T1 - (V0 - D0)),      S = fund minus true put;

the last two stand under the cause ``start``: what was between the two already moves with the true put.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from insure.book.record import Record
from insure.slippage import Since, Track
from reports import filters

NO_TWIN = "there is no twin to compare with"


@dataclass(frozen=True, slots=True)
class Part:
    """A protection period, as far as it lies in the span."""

    number: int
    first: dt.date
    """Session that it is measured from: the decision before the span, or the one at which the period began."""
    last: dt.date
    causes: Mapping[str, float]
    """What came in it, money at its end."""
    interest: float
    """What cash earned on the difference to the twin that stood when it began."""
    start: float
    """What the difference that stood when it began has changed by, since it moves with the true put."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the true put of the span stands after a decision, or where a period ends."""

    twin: float
    """Money."""
    share: float
    """Of the twin that the track follows."""
    causes: Mapping[str, float]
    """Fund minus true put since the span began, by cause."""

    @property
    def slippage(self) -> float:
        """Fund minus true put since the span began, money."""
        return sum(self.causes.values())


@dataclass(frozen=True, slots=True)
class Beside:
    """One decision: the end of a period where one ended there, and the decision itself; None without a true put."""

    closing: Standing | None
    now: Standing | None


@dataclass(frozen=True, slots=True)
class Span:
    """The true put over a span."""

    opening: Standing | None
    """Where the span begins after a decision; None where it begins before the first."""
    beside: tuple[Beside, ...]
    """For each decision."""
    parts: tuple[Part, ...]
    missing: str
    """Why there is no true put to the end; empty where there is."""


@dataclass(frozen=True, slots=True)
class _Run:
    """A part on its way."""

    number: int
    first: dt.date
    begun: float
    """V0 - D0."""
    share: float
    since: Since
    earlier: Mapping[str, float]
    """Causes of the parts before."""

    def part(self, last: dt.date, now: Track) -> Part:
        moved = (1.0 - self.share) * (now.twin_value - self.begun)
        interest = self.since.interest
        return Part(self.number, self.first, last, self.since.causes(now), interest, interest + moved)

    def standing(self, last: dt.date, now: Track) -> Standing:
        part = self.part(last, now)
        causes = added(self.earlier, {**part.causes, "start": part.start})
        return Standing(self.share * now.twin_value, self.share, causes)


def over(records: Sequence[Record], opening: Record | None) -> Span:
    """The true put over the decisions of a span.

    Args:
        records: the decisions, in order; at least one.
        opening: the decision before them, whose end is the beginning of the span; None where there was none: then the
            span begins before the first trade.
    """
    run, missing, begins = None, "", None
    if opening is not None and opening.track is not None and opening.decision.memory is not None:
        value = float(opening.nav)
        begun = value - opening.track.total
        run = _Run(
            opening.decision.memory.period.number,
            opening.session,
            begun,
            value / begun,
            Since(opening.track.causes),
            {},
        )
        begins = Standing(value, run.share, {})
    elif opening is not None:
        missing = _missing(opening)
    beside: list[Beside] = []
    parts: list[Part] = []
    before = opening
    for record in records:
        closing, broken = None, bool(missing)
        if run is not None and before is not None and before.track is not None:
            run = replace(run, since=run.since.after(before.track.mark, record.accrual.years))
        if record.decision.rolled:
            earlier: Mapping[str, float] = {}
            if run is not None and record.closed is not None:
                closing = run.standing(record.session, record.closed)
                parts.append(run.part(record.session, record.closed))
                earlier = closing.causes
            elif before is not None:
                missing = missing or _missing(before)
            run = _begun(record, earlier)
        now = None
        if run is not None and record.track is not None:
            now = run.standing(record.session, record.track)
        else:
            missing, run = missing or _missing(record), None
        beside.append(Beside(None if broken else closing, None if missing else now))
        before = record
    if run is not None and records[-1].track is not None:
        parts.append(run.part(records[-1].session, records[-1].track))
    return Span(begins, tuple(beside), tuple(parts), missing)


def _begun(record: Record, earlier: Mapping[str, float]) -> _Run | None:
    valuation, memory = record.decision.valuation, record.decision.memory
    if record.track is None or valuation is None or memory is None:
        return None
    share = 1.0 - sum(earlier.values()) / valuation.nav
    return _Run(memory.period.number, record.session, valuation.nav, share, Since(), earlier)


def _missing(record: Record) -> str:
    return f"{record.track_missing or NO_TWIN}, on {filters.day(record.session)}"


def added(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """Money by name, of both."""
    return {name: one.get(name, 0.0) + other.get(name, 0.0) for name in (*one, *(n for n in other if n not in one))}
