"""Slippage as reports show it: every cause with its meaning, in an order that reads from the rule to the cash."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from insure.book.record import Record
from insure.decision import Period
from insure.slippage import Track
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
)
_BY_NAME = {cause.name: cause for cause in _CAUSES}
_ORDER = {cause.name: place for place, cause in enumerate(_CAUSES)}

GROUPS: Mapping[str, str] = {
    "model": "Model",
    "rungs": "Ladder",
    "put": "The put itself",
    "costs": "Costs",
    "cash": "Cash",
}
"""Groups of causes, in the order that reports show them."""

_SPAN = "protection period of the record"
NO_TWIN = "there is no twin to compare with"


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


def table(history: Sequence[Record]) -> SlippageTable:
    """Slippage of a fund by cause and protection period, and cumulated."""
    found = tracks(history)
    names = in_order({name for _, track in found for name, money in track.causes.items() if not abs(money) < 0.005})
    rows = tuple(_row(cause(name), [track for _, track in found]) for name in names)
    totals = tuple(Figure("Slippage", track.total, "gain", "fund \u2212 twin, money") for _, track in found)
    if found:
        total = Figure("Slippage, all periods", sum(track.total for _, track in found), "gain", "sum of the periods")
    else:
        total = Figure("Slippage", NotComputed(history[-1].track_missing or NO_TWIN), "gain", "fund \u2212 twin")
    missing = tuple(
        f"From {record.session}: {record.track_missing}."
        for before, record in zip((None, *history[:-1]), history, strict=True)
        if record.track_missing and (before is None or before.track_missing != record.track_missing)
    )
    return SlippageTable(tuple(span for span, _ in found), rows, totals, total, missing)


def _row(known: Cause, columns: Sequence[Track]) -> CauseRow:
    money = [track.causes.get(known.name, 0.0) for track in columns]
    return CauseRow(
        known.name,
        known.group,
        known.label,
        known.meaning,
        tuple(Figure(known.label, each, "gain", known.meaning or "track of the record") for each in money),
        Figure(known.label, sum(money), "gain", "sum of the periods"),
    )
