"""What every part of a compliance report is measured with: judgements, extremes, and a fund after its trade."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from insure.book.record import Record
from insure.decision import Valuation
from insure.decision.valuation import gap_budget

Judgement = Literal["kept", "alert", "breached"]


@dataclass(frozen=True, slots=True)
class Extreme:
    """The furthest that a figure went in the period, and when."""

    value: float
    session: dt.date


def worst(judgements: Iterable[Judgement]) -> Judgement:
    """The most serious of several; ``kept`` where there are none."""
    found = set(judgements)
    return "breached" if "breached" in found else "alert" if "alert" in found else "kept"


def extreme(values: Iterable[tuple[dt.date, float | None]], furthest: Callable[[list[float]], float]) -> Extreme | None:
    """The furthest of the values that are known, with its first session; None where none is."""
    known = [(session, value) for session, value in values if value is not None]
    if not known:
        return None
    bound = furthest([value for _, value in known])
    return next(Extreme(value, session) for session, value in known if value == bound)


def after_trade(record: Record) -> tuple[float, float]:
    """Equity and NAV once the decision is carried out, money: of a settled record, with its late fills."""
    return float(record.equity), float(record.nav)


def weight(record: Record) -> float:
    """Share of the fund in stock once the decision is carried out; 0 for an empty fund."""
    equity, nav = after_trade(record)
    return equity / nav if nav > 0.0 else 0.0


def promising(record: Record) -> Valuation | None:
    """The valuation of a record in whose period a floor is promised; None for others."""
    valuation = record.decision.valuation
    return valuation if valuation is not None and valuation.guarantee > 0.0 else None


def gap(record: Record) -> float | None:
    """Instant fall that reaches the floor after the trade; None where none does, or no floor is promised."""
    valuation = promising(record)
    if valuation is None:
        return None
    equity, nav = after_trade(record)
    return gap_budget(nav, valuation.floor, equity, record.option_legs, record.decision.snapshot)
