"""The limits of the contract over a period: how far each went, whether it was passed, by whom, and since when."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from insure.book.record import Record
from insure.compliance.measures import Extreme, Judgement, extreme, gap, weight
from insure.fund import Fund

_WEIGHT_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of the contract over the period."""

    name: str
    unit: Literal["weight", "money"]
    bound: float
    worst: Extreme
    headroom: float
    """How far the worst value could still have gone; negative after a breach."""
    judgement: Judgement
    breach: Literal["", "active", "passive"]
    sessions: int
    """Decisions in the period at which it stood past its bound."""
    age: int
    """Decisions in a row, up to the last, at which it has stood past its bound."""


def limits(fund: Fund, records: Sequence[Record]) -> tuple[Limit, ...]:
    """The limits of a contract over some decisions; those that nothing was measured against are left out."""
    terms = fund.limits
    decided = [record for record in records if record.ladder is not None and record.decision.valuation is not None]
    found = [
        _at_most("Highest equity weight", terms.highest_weight, [(r, weight(r)) for r in decided], _bought),
        _at_least("Lowest equity weight", terms.lowest_weight, [(r, weight(r)) for r in decided], _sold),
        _at_most("Largest order", terms.largest_order_weight, [(r, _ordered(r)) for r in decided], _always),
        _at_most("Largest change in a slot", terms.largest_change_weight, [(r, _changed(r)) for r in decided], _always),
    ]
    gaps = [(record, budget) for record in decided if (budget := gap(record)) is not None]
    alert = _at_least("Gap budget alert", terms.gap_budget_alert, gaps, _always)
    if alert is not None and alert.judgement == "breached":
        alert = Limit(
            alert.name, alert.unit, alert.bound, alert.worst, alert.headroom, "alert", "", alert.sessions, alert.age
        )
    return tuple(limit for limit in (*found, alert) if limit is not None)


def _always(_: Record) -> bool:
    return True


def _bought(record: Record) -> bool:
    return record.after.units > record.decision.holdings.units


def _sold(record: Record) -> bool:
    return record.after.units < record.decision.holdings.units


def _ordered(record: Record) -> float:
    trade, valuation = record.decision.trade, record.decision.valuation
    if valuation is None:
        return 0.0
    values = [each.trade.value for each in record.decision.option_trades] + ([] if trade is None else [trade.value])
    return float(max(values, default=Decimal(0))) / valuation.nav


def _changed(record: Record) -> float:
    """What the decision's own orders moved, whenever they were filled; what others' orders moved is theirs."""
    valuation = record.decision.valuation
    if valuation is None:
        return 0.0
    options = {each.option.instrument for each in record.decision.option_trades}
    stock = {order.key for order in record.orders if order.instrument not in options}
    units = sum((fill.units for fill in record.fills if fill.order_key in stock), Decimal(0))
    return float(abs(units) * record.decision.snapshot.price) / valuation.nav


def _at_most(
    name: str, bound: float, values: Sequence[tuple[Record, float]], own: Callable[[Record], bool]
) -> Limit | None:
    furthest = extreme(((record.session, value) for record, value in values), max)
    if furthest is None:
        return None
    past = [(record, not (value <= bound + _WEIGHT_ROUNDING)) for record, value in values]
    return _judged(name, bound, furthest, bound - furthest.value, past, own)


def _at_least(
    name: str, bound: float, values: Sequence[tuple[Record, float]], own: Callable[[Record], bool]
) -> Limit | None:
    furthest = extreme(((record.session, value) for record, value in values), min)
    if furthest is None:
        return None
    past = [(record, not (value >= bound - _WEIGHT_ROUNDING)) for record, value in values]
    return _judged(name, bound, furthest, furthest.value - bound, past, own)


def _judged(
    name: str,
    bound: float,
    furthest: Extreme,
    headroom: float,
    past: Sequence[tuple[Record, bool]],
    own: Callable[[Record], bool],
) -> Limit:
    breaches = [record for record, over in past if over]
    age = 0
    for _, over in reversed(past):
        if not over:
            break
        age += 1
    active = any(own(record) for record in breaches)
    return Limit(
        name=name,
        unit="weight",
        bound=bound,
        worst=furthest,
        headroom=headroom,
        judgement="breached" if breaches else "kept",
        breach="" if not breaches else "active" if active else "passive",
        sessions=len(breaches),
        age=age,
    )
