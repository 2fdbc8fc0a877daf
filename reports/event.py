"""The event report: made at once for a breach, a kill, a breaker, a missed slot, an override or a restore."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from insure.book.record import Record
from insure.errors import InvalidInput
from insure.fund import Fund
from reports import facts, filters, slippage
from reports.figures import Chart, Figure, Figures, Head, Line, NotComputed, Verdict, plain
from reports.heads import head

_BEFORE = 20
"""Decisions before the event that its chart shows."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the time line, out of the audit chain."""

    at: dt.datetime
    sequence: int
    what: str
    sentence: str


@dataclass(frozen=True, slots=True)
class MomentRow:
    """A moment as the page shows it."""

    at: Figure
    sequence: Figure
    what: str
    sentence: str


@dataclass(frozen=True, slots=True)
class EventReport:
    """What happened, why, what it cost, what was done, and what is still open."""

    head: Head
    verdict: Verdict
    cause: tuple[str, ...]
    effect: Figures
    done: tuple[str, ...]
    open_actions: tuple[str, ...]
    timeline: tuple[MomentRow, ...]
    charts: tuple[Chart, ...]

    def figures(self) -> dict[str, object]:
        """Everything that the page shows, as JSON can hold it."""
        found = plain(self)
        assert isinstance(found, dict)  # noqa: S101
        return found


def build(
    fund: Fund,
    what: str,
    sentence: str,
    at: dt.datetime,
    history: Sequence[Record],
    timeline: Sequence[Moment],
    anchor: tuple[int, str],
    open_actions: Sequence[str] = (),
) -> EventReport:
    """The report on one event; pure.

    Args:
        fund: the contract in force.
        what: kind of the event: "floor breached", "kill", "breaker", "missed slot", "override", "restore" ...
        sentence: what happened, with its size.
        at: when, aware.
        history: all decisions up to the event, in order; at least one.
        timeline: audit rows that belong to it, in order.
        anchor: sequence and hash of the last audit row when the report is made.
        open_actions: what somebody still has to do, a sentence each.

    Raises:
        InvalidInput: there is no decision yet, or the moment has no zone.
    """
    if not history:
        raise InvalidInput(f"{fund.id} has no decision yet; an event report shows the fund as it stood.")
    if at.tzinfo is None:
        raise InvalidInput(f"at is {at}; it must be an instant with its zone.")
    last = history[-1]
    return EventReport(
        head=head("event", f"Event: {what}", filters.instant(at), fund, last, anchor),
        verdict=Verdict("bad" if open_actions else "attention", what.capitalize(), sentence, _open(open_actions)),
        cause=_cause(last, history[-2] if len(history) > 1 else None),
        effect=_effect(last, history[-2] if len(history) > 1 else None),
        done=_done(last),
        open_actions=tuple(open_actions),
        timeline=tuple(
            MomentRow(
                Figure("At", moment.at, "instant"),
                Figure("Entry", moment.sequence, "count", "of the audit chain"),
                moment.what,
                moment.sentence,
            )
            for moment in timeline
        ),
        charts=_charts(fund, history),
    )


def _open(actions: Sequence[str]) -> tuple[str, ...]:
    if not actions:
        return ("Nothing is left to do.",)
    return (f"{len(actions)} action{'' if len(actions) == 1 else 's'} still open.",)


def _cause(last: Record, before: Record | None) -> tuple[str, ...]:
    seen = last.decision.snapshot
    sentences = [event.sentence for event in last.decision.events]
    if before is not None:
        then = before.decision.snapshot
        move = float(seen.price / then.price) - 1.0
        span = f"From the decision of {filters.day(before.session)} to that of {filters.day(last.session)}"
        moved = f"the index moved {filters.percent(move, signed=True)}"
        sentences.insert(0, f"{span} {moved}, with {filters.percent(_weight(before))} of the fund in stock.")
    sentences.append(last.decision.reason)
    return tuple(sentences)


def _weight(record: Record) -> float:
    equity, nav = facts.after_trade(record)
    return float(equity / nav) if nav else 0.0


def _effect(last: Record, before: Record | None) -> Figures:
    nav = facts.after_trade(last)[1]
    valuation = last.decision.valuation
    found = {"nav": Figure("Net asset value", nav, "money", "after the last decision")}
    if before is not None:
        change = float(nav - facts.after_trade(before)[1])
        found["change"] = Figure("Change", change, "gain", f"since {filters.day(before.session)}, money")
    if valuation is not None and valuation.guarantee > 0.0:
        found["floor"] = Figure("Floor", valuation.floor, "money", "of the strategy")
        found["cushion"] = Figure("Cushion", float(nav) - valuation.floor, "gain", "net asset value \u2212 floor")
    found["gap_budget"] = facts.gap_after(last, valuation)
    missing = NotComputed(last.track_missing or slippage.NO_TWIN)
    found["slippage"] = Figure(
        "Against the true put", last.track.total if last.track else missing, "gain", "since the period began"
    )
    return found


def _done(last: Record) -> tuple[str, ...]:
    if last.ladder is None:
        return ("Nothing was traded.",)
    return (last.ladder.last.reason,)


def _charts(fund: Fund, history: Sequence[Record]) -> tuple[Chart, ...]:
    shown = history[-_BEFORE:]
    if len(shown) < 2:
        return ()
    floors = tuple(
        record.decision.valuation.floor
        if record.decision.valuation is not None and record.decision.valuation.guarantee > 0.0
        else None
        for record in shown
    )
    lines = [Line("Fund", "fund", tuple(float(facts.after_trade(record)[1]) for record in shown))]
    if any(floor is not None for floor in floors):
        lines.append(Line("Floor", "floor", floors))
    span = f"{filters.day(shown[0].session)} to {filters.day(shown[-1].session)}"
    return (
        Chart(
            "value",
            "The way there",
            f"Net asset value after each decision, and the floor, {fund.currency}, {span}.",
            "money",
            tuple(record.session for record in shown),
            tuple(lines),
        ),
    )
