"""Slippage as reports show it: every cause with its meaning, in an order that reads from the rule to the cash."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from insure.book.record import Record
from insure.decision import Period
from insure.slippage import Track
from reports import beside
from reports.beside import Span
from reports.figures import Figure, NotComputed


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause of slippage in words."""

    name: str
    group: str
    label: str
    meaning: str


_CAUSES = (
    Cause("before", "model", "Before", "slippage that was there when the scenario or the simulation began"),
    Cause("model", "model", "Model", "another volatility, rate or rule than the true put's"),
    Cause("limits", "rungs", "Limits", "weights that the limits do not allow"),
    Cause("band", "rungs", "Band", "drift that was left untraded inside the band"),
    Cause("throttle", "rungs", "Throttle", "changes spread over several slots"),
    Cause("override", "rungs", "Override", "what a person wanted instead of the rule"),
    Cause("rollout", "rungs", "Roll-out", "the part of decisions that the fund's phase held back"),
    Cause("capped", "rungs", "Capped", "trades cut to the most that one slot may make"),
    Cause("lots", "rungs", "Lots", "whole lots, smallest tickets, cash for costs"),
    Cause("calendar", "rungs", "Calendar", "sessions on which the schedule does not look"),
    Cause("lag", "rungs", "Lag", "trades that come later than their signal"),
    Cause("halts", "rungs", "Halts", "sessions on which trading was shut"),
    Cause("volume", "rungs", "Volume", "orders larger than the market may take"),
    Cause("execution", "rungs", "Execution", "late, partial or missing fills"),
    Cause("gap", "put", "Gap", "moves beyond three standard deviations of a step"),
    Cause("gamma", "put", "Gamma", "all other moves: the put bends, a hedge is straight"),
    Cause("overnight", "put", "Overnight", "moves between a close and the next open"),
    Cause("vega", "put", "Vega", "the true put marked at another volatility"),
    Cause("rates", "put", "Rates", "the true put marked at another rate or yield"),
    Cause("commission", "costs", "Commission", "paid to brokers"),
    Cause("spread", "costs", "Spread", "half the quoted spread on each trade"),
    Cause("half_spread", "costs", "Half spread", "half the quoted spread on each trade"),
    Cause("futures discount", "costs", "Futures discount", "sales through futures that stood below the index"),
    Cause("impact", "costs", "Impact", "the market moved by our own orders"),
    Cause("rounding", "costs", "Rounding", "fills rounded to the cent"),
    Cause("cash leg", "cash", "Cash leg", "what the cash leg itself lost"),
    Cause("funding", "cash", "Funding", "interest on cash other than assumed"),
    Cause("dividends", "cash", "Dividends", "dividends other than assumed"),
    Cause("financing", "cash", "Financing", "a premium that is paid from outside the fund"),
    Cause("flows", "cash", "Flows", "holders came or went while the fund was ahead or behind"),
    Cause("fees", "cash", "Fees", "fees charged to the fund"),
    Cause("interest", "cash", "Interest on earlier slippage", "what fund and true put were apart by before, lent"),
    Cause("start", "cash", "Earlier slippage", "what was between the two when it began moves with the true put"),
)
_BY_NAME = {cause.name: cause for cause in _CAUSES}
_ORDER = {cause.name: place for place, cause in enumerate(_CAUSES)}

GROUPS: Mapping[str, str] = {
    "model": "Model",
    "rungs": "Limits and trading",
    "put": "The put itself",
    "costs": "Costs",
    "cash": "Cash and flows",
}
"""Groups of causes, in the order that reports show them."""

_SPAN = "protection period of the record"
_REPORT = "what came in the time of this report, money at its end"
NO_TWIN = beside.NO_TWIN


@dataclass(frozen=True, slots=True)
class CauseRow:
    """One cause over the periods of a fund."""

    name: str
    group: str
    label: str
    meaning: str
    periods: tuple[Figure, ...]
    """Money for each period of the table."""
    total: Figure
    report: Figure | None = None
    """What came in the time of the report; None where the report is of no span of time."""


@dataclass(frozen=True, slots=True)
class PeriodSpan:
    """The part of a protection period that a column covers."""

    number: int
    first: Figure
    last: Figure


@dataclass(frozen=True, slots=True)
class SlippageTable:
    """Fund minus twin by cause; every column adds up to its total."""

    periods: tuple[PeriodSpan, ...]
    """What each column covers."""
    rows: tuple[CauseRow, ...]
    totals: tuple[Figure, ...]
    total: Figure
    missing: tuple[str, ...]
    """Periods that had no twin, and why."""
    report: Figure | None = None
    """What came in the time of the report: how much the total has changed; None where it is of no span of time."""


def cause(name: str) -> Cause:
    """A cause in words; one that is not known by name speaks for itself."""
    return _BY_NAME.get(name, Cause(name, "model", name.capitalize(), ""))


def in_order(names: Iterable[str]) -> list[str]:
    """Causes as reports list them; unknown ones last, by name."""
    return sorted(names, key=lambda name: (_ORDER.get(name, len(_ORDER)), name))


def by_group(causes: Mapping[str, float]) -> dict[str, float]:
    """Money by group of causes."""
    found = dict.fromkeys(GROUPS, 0.0)
    for name, money in causes.items():
        found[cause(name).group] += money
    return found


def tracks(history: Sequence[Record]) -> list[tuple[PeriodSpan, Track]]:
    """The track of each protection period with its span: those that ended after the first record, then the present."""
    found = []
    for record in history[1:]:
        memory = record.decision.memory_in
        if record.closed is not None and memory is not None:
            found.append((_span(memory.period, record.session), record.closed))
    last = history[-1]
    if last.track is not None and last.decision.memory is not None:
        found.append((_span(last.decision.memory.period, last.session), last.track))
    return found


def _span(period: Period, last: dt.date) -> PeriodSpan:
    return PeriodSpan(period.number, Figure("From", period.start, "date", _SPAN), Figure("To", last, "date", _SPAN))


def table(history: Sequence[Record], first: dt.date | None = None) -> SlippageTable:
    """Slippage of a fund by cause and protection period, and cumulated.

    Args:
        history: its decisions, in order, from the first.
        first: session that the report begins with: what came from then on has a column of its own, in which the
            interest on what stood before is a cause. None: there is no such column.
    """
    if not history:
        nothing = Figure("Slippage", NotComputed("nothing was decided"), "gain", "fund \u2212 twin")
        return SlippageTable((), (), (), nothing, (), None if first is None else nothing)
    found = tracks(history)
    came = {} if first is None else _came(history, first)
    names = _told([*(track.causes for _, track in found), came])
    rows = tuple(
        _row(cause(name), [track.causes.get(name, 0.0) for _, track in found], None if first is None else came)
        for name in names
    )
    totals = tuple(Figure("Slippage", track.total, "gain", "fund \u2212 twin, money") for _, track in found)
    if found:
        total = Figure("Slippage, all periods", sum(track.total for _, track in found), "gain", "sum of the periods")
    else:
        total = Figure("Slippage", NotComputed(history[-1].track_missing or NO_TWIN), "gain", "fund \u2212 twin")
    report = None
    if first is not None:
        none = NotComputed(history[-1].track_missing or NO_TWIN)
        report = Figure("Slippage, this report", sum(came.values()) if came else none, "gain", _REPORT)
    return SlippageTable(tuple(span for span, _ in found), rows, totals, total, _without(history), report)


def over_span(span: Span, history: Sequence[Record]) -> SlippageTable:
    """Slippage of a span of decisions against one true put, by cause and the parts of protection periods in it."""
    columns = [{**part.causes, "start": part.start} for part in span.parts]
    names = _told(columns)
    sums = [sum(column.values()) for column in columns]
    source = "fund \u2212 true put, at the end of the part less at its beginning"
    total = NotComputed(span.missing) if span.missing else sum(sums)
    return SlippageTable(
        tuple(
            PeriodSpan(
                part.number,
                Figure("From", part.first, "date", "decision that the part is measured from"),
                Figure("To", part.last, "date", _SPAN),
            )
            for part in span.parts
        ),
        tuple(_row(cause(name), [column.get(name, 0.0) for column in columns], None) for name in names),
        tuple(Figure("Slippage", money, "gain", source) for money in sums),
        Figure("Slippage", total, "gain", "fund \u2212 true put: sum of the periods"),
        _without(history),
    )


def _came(history: Sequence[Record], first: dt.date) -> dict[str, float]:
    """What came from a session on, by cause; its sum is the change of the sum of all protection periods."""
    before = [record for record in history if record.session < first]
    within = history[len(before) :]
    came: dict[str, float] = {}
    for part in beside.over(within, before[-1] if before else None).parts if within else ():
        came = beside.added(came, {**part.causes, "interest": part.interest})
    return came


def _told(columns: Sequence[Mapping[str, float]]) -> list[str]:
    """Causes of half a cent and more in any column, in the order of reports."""
    return in_order({name for column in columns for name, money in column.items() if not abs(money) < 0.005})


def _without(history: Sequence[Record]) -> tuple[str, ...]:
    """Since when there was no twin, and why."""
    return tuple(
        f"From {record.session}: {record.track_missing}."
        for before, record in zip((None, *history[:-1]), history, strict=True)
        if record.track_missing and (before is None or before.track_missing != record.track_missing)
    )


def _row(known: Cause, money: Sequence[float], came: Mapping[str, float] | None) -> CauseRow:
    source = known.meaning or "track of the record"
    return CauseRow(
        known.name,
        known.group,
        known.label,
        known.meaning,
        tuple(Figure(known.label, each, "gain", source) for each in money),
        Figure(known.label, sum(money), "gain", "sum of the periods"),
        None if came is None else Figure(known.label, came.get(known.name, 0.0), "gain", _REPORT),
    )
