"""The limits of the contracts in force over a period: how far each went, whether it was passed, by whom, since when."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Literal

from insure.book.record import Record
from insure.compliance.measures import Contracts, Extreme, Judgement, contract_of, day_before, extreme, gap, weight
from insure.fund import Limits

GAP_ALERT = "Gap budget alert"
_WEIGHT_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Limit:
    """One bound of the contract while it was in force in the period."""

    name: str
    unit: Literal["weight", "money"]
    bound: float
    since: dt.date | None
    """First session of the period that was decided under it; None where the period has no other bound before it."""
    until: dt.date | None
    """The day before another bound came into force; None where none did in the period."""
    worst: Extreme
    headroom: float
    """How far the worst value could still have gone; negative after a breach."""
    judgement: Judgement
    breach: Literal["", "active", "passive"]
    sessions: int
    """Decisions in the period at which it stood past its bound."""
    age: int
    """Decisions in a row, up to the last, at which it has stood past its bound of the day: before the period too."""
    past_since: dt.date | None
    """Session of the first of these; None where the last decision was within the bound."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """What is measured, and against which bound of a contract."""

    name: str
    bound: Callable[[Limits], float]
    measured: Callable[[Record], float | None]
    own: Callable[[Record], bool]
    """Whether a record past the bound went there by our own trade."""
    most: bool = True
    """Whether the bound is an upper one."""
    grave: bool = True
    """Whether standing past it is a breach; else it is an alert."""
    gives_way: bool = False
    """Whether it does not bind a decision that the contract takes to cash because no cushion is left."""


@dataclass(frozen=True, slots=True)
class _Measured:
    record: Record
    value: float
    bound: float
    most: bool

    @property
    def past(self) -> bool:
        """Whether the value stands past the bound; one that is not a number does."""
        if self.most:
            return not (self.value <= self.bound + _WEIGHT_ROUNDING)
        return not (self.value >= self.bound - _WEIGHT_ROUNDING)


def limits(contracts: Contracts, before: Sequence[Record], within: Sequence[Record]) -> tuple[Limit, ...]:
    """The limits of a period, one for each bound that was in force; what nothing was measured against is left out.

    Args:
        contracts: by their hash; every decision is judged under its own.
        before: decisions before the period, settled, in order: for how long a limit has been passed.
        within: decisions of the period, settled, in order.
    """
    return tuple(limit for rule in _RULES for limit in _judged(rule, contracts, before, within))


def _bought(record: Record) -> bool:
    return record.after.units > record.decision.holdings.units


def _sold(record: Record) -> bool:
    return record.after.units < record.decision.holdings.units


def _always(_: Record) -> bool:
    return True


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


_RULES = (
    _Rule("Highest equity weight", lambda terms: terms.highest_weight, weight, _bought),
    _Rule("Lowest equity weight", lambda terms: terms.lowest_weight, weight, _sold, most=False, gives_way=True),
    _Rule("Largest order", lambda terms: terms.largest_order_weight, _ordered, _always),
    _Rule("Largest change in a slot", lambda terms: terms.largest_change_weight, _changed, _always, gives_way=True),
    _Rule(GAP_ALERT, lambda terms: terms.gap_budget_alert, gap, _always, most=False, grave=False),
)


def _to_cash(terms: Limits, record: Record) -> bool:
    """Whether the decision had no cushion left and its contract takes everything into cash, as ``decision.ladder``."""
    decision, valuation = record.decision, record.decision.valuation
    if valuation is None or terms.no_cushion != "cash" or decision.holdings.options or decision.option_trades:
        return False
    return valuation.guarantee > 0.0 and not valuation.cushion > 0.0


def _measure(rule: _Rule, contracts: Contracts, record: Record) -> _Measured | None:
    if record.ladder is None or record.decision.valuation is None:
        return None
    terms = contract_of(contracts, record).limits
    if rule.gives_way and _to_cash(terms, record):
        return None
    value = rule.measured(record)
    return None if value is None else _Measured(record, value, rule.bound(terms), rule.most)


def _judged(rule: _Rule, contracts: Contracts, before: Sequence[Record], within: Sequence[Record]) -> tuple[Limit, ...]:
    found = [each for record in within if (each := _measure(rule, contracts, record)) is not None]
    spans = [tuple(group) for _, group in groupby(found, key=lambda each: each.bound)]
    age, since = _streak(rule, contracts, before, found)
    limits = []
    for place, span in enumerate(spans):
        later = spans[place + 1][0].record.session if place + 1 < len(spans) else None
        until = None if later is None else day_before(later, span[-1].record.session)
        limits.append(_over(rule, span, span[0].record.session if place else None, until, age, since))
    return tuple(limits)


def _over(
    rule: _Rule,
    span: Sequence[_Measured],
    first: dt.date | None,
    until: dt.date | None,
    age: int,
    since: dt.date | None,
) -> Limit:
    """One bound over the decisions that were made under it; the last one of a period bears the age."""
    furthest = extreme(((each.record.session, each.value) for each in span), max if rule.most else min)
    assert furthest is not None  # noqa: S101 - a span has a decision
    past = [each.record for each in span if each.past]
    bound = span[0].bound
    active = any(rule.own(record) for record in past)
    return Limit(
        name=rule.name,
        unit="weight",
        bound=bound,
        since=first,
        until=until,
        worst=furthest,
        headroom=bound - furthest.value if rule.most else furthest.value - bound,
        judgement="kept" if not past else "breached" if rule.grave else "alert",
        breach="" if not past or not rule.grave else "active" if active else "passive",
        sessions=len(past),
        age=age if until is None else 0,
        past_since=since if until is None else None,
    )


def _streak(
    rule: _Rule, contracts: Contracts, before: Sequence[Record], found: Sequence[_Measured]
) -> tuple[int, dt.date | None]:
    """Decisions in a row, up to the last, past the bound of their day, with the session of the first."""
    age, since = 0, None
    for each in reversed(found):
        if not each.past:
            return age, since
        age, since = age + 1, each.record.session
    for record in reversed(before) if age else ():
        measured = _measure(rule, contracts, record)
        if measured is None:
            continue
        if not measured.past:
            break
        age, since = age + 1, record.session
    return age, since
