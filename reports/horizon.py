"""How a protection period ended: what was guaranteed, what was there, what is short, and from which causes."""

from collections.abc import Sequence
from dataclasses import dataclass

from insure.book.record import Record
from reports import filters, slippage
from reports.fall import fall
from reports.figures import Figure, Figures, NotComputed

_CENT = 0.005


@dataclass(frozen=True, slots=True)
class Horizon:
    """The end of a protection period, at its horizon and before the next began."""

    kept: bool
    """Whether the guarantee was met, or none was given."""
    sentence: str
    figures: Figures
    causes: Figures
    """Slippage of the period by cause, money."""


def horizon(history: Sequence[Record]) -> Horizon | None:
    """How the period ended that the last of some decisions closed; None where it closed none.

    Args:
        history: decisions up to that one, those of the whole period among them.
    """
    record = history[-1]
    ended, memory, track = record.decision.ended, record.decision.memory_in, record.closed
    if ended is None or memory is None:
        return None
    if track is None and not record.decision.rolled:
        track = record.track
    period = memory.period
    short = ended.nav - ended.guarantee
    kept = not (ended.guarantee > 0.0 and short < 0.0)
    source = f"period {period.number}, {period.start} to {period.end}, at its horizon"
    lost = fall(history, period.number)
    never = NotComputed("no decision found the fund below its floor")
    figures = {"value": Figure("Value at the horizon", ended.nav, "money", f"before the trade, {source}")}
    if ended.guarantee > 0.0:
        figures["guarantee"] = Figure("Guarantee", ended.guarantee, "money", source)
        figures["against_guarantee"] = Figure(
            "Surplus" if kept else "Shortfall", short, "gain", "value at the horizon \u2212 guarantee"
        )
        figures["first_below"] = (
            lost.first_below if lost else Figure("First below the floor", never, "date", "decisions of the period")
        )
    missing = NotComputed(history[-2].track_missing or slippage.NO_TWIN if len(history) > 1 else slippage.NO_TWIN)
    total = missing if track is None else track.total
    figures["slippage"] = Figure("Against the true put", total, "gain", "of the whole period, by cause below")
    causes: dict[str, Figure] = {}
    money = {} if track is None else track.causes
    for name in slippage.in_order(money):
        if not abs(money[name]) < _CENT:
            known = slippage.cause(name)
            causes[name] = Figure(known.label, money[name], "gain", known.meaning or "track of the record")
    return Horizon(kept, _sentence(ended.nav, ended.guarantee, causes, figures, kept=kept), figures, causes)


def _sentence(value: float, guarantee: float, causes: Figures, figures: Figures, *, kept: bool) -> str:
    if not guarantee > 0.0:
        return f"The period ended with {filters.money(value)}; no floor was promised."
    side = "above" if kept else "below"
    told = f"The period ended with {filters.money(value)}, {filters.money(abs(value - guarantee))} {side} the guarantee"
    told += f" of {filters.money(guarantee)}."
    first = figures["first_below"].value
    if not isinstance(first, NotComputed):
        told += f" The floor was first lost on {filters.figure(first, 'date')}."
    if causes and not kept:
        worst = min(causes.values(), key=_money)
        most = filters.figure(worst.value, "gain")
        told += f" The largest cause against the true put is {worst.label.lower()} ({most})."
    return told


def _money(figure: Figure) -> float:
    assert isinstance(figure.value, float)  # noqa: S101
    return figure.value
