"""A fund's past as a row of points: fund, true put, floor and the unhedged index at every decision, flows taken out.

The row begins where its span begins: at the decision before it, or, for the first decision of a fund, before the first
trade, so that the first costs count. A session on which a protection period rolls has two points: the end of the old
period and the beginning of the new one, on the same NAV before costs. True put and index are bought once, with the
fund's value at the first point (``reports.beside``).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import exp, prod

from insure.book.record import Record
from insure.errors import InvalidInput
from insure.flows import OF_HOLDERS
from insure.fund import Fund
from reports import beside, facts
from reports.beside import Span, Standing
from reports.slippage import by_group


@dataclass(frozen=True, slots=True)
class Point:
    """Where everything stands at one decision."""

    session: dt.date
    begins: bool
    """Whether a protection period begins here and another one ended at the point before."""
    nav: float
    """Money, after the trade; before it where a period ends and before the first trade of a fund."""
    weight: float
    floor: float | None
    twin: float | None
    """The true put beside the span, money."""
    index: float
    """Money that the same subscriptions would be worth in the index, unhedged."""
    fund_growth: float
    """Growth factor since the point before, flows and distributions taken out; 1 where there is none before."""
    twin_growth: float | None
    index_growth: float
    cash_growth: float
    """Of money lent since the point before."""
    slippage: float | None
    """Fund minus true put since the first point, money; None where there is no true put."""
    groups: Mapping[str, float]
    """The same by group of causes."""


@dataclass(frozen=True, slots=True)
class Past:
    """A span of decisions."""

    points: tuple[Point, ...]
    """The first is where the span begins; no decision of the span."""
    span: Span
    fresh: bool
    """Whether the span begins before the first trade of a fund, on the session of its first decision."""

    @property
    def decided(self) -> tuple[Point, ...]:
        """Every point but the first: what the decisions of the span led to."""
        return self.points[1:]


@dataclass(frozen=True, slots=True)
class _Unhedged:
    """The index held instead: units, and whether it reinvests its dividends."""

    units: float
    reinvests: bool

    def grown(self, record: Record) -> "_Unhedged":
        seen = record.decision.snapshot
        paid = float(seen.dividend) / float(seen.price) if self.reinvests else 0.0
        return _Unhedged(self.units * (1.0 + paid), self.reinvests)


def past(fund: Fund, records: Sequence[Record], opening: Record | None = None) -> Past:
    """The points of a span of decisions, in order.

    Args:
        fund: whose contract says what happens to dividends.
        records: the decisions of the span, in order; at least one.
        opening: the decision before them; None where they begin with the fund's first.

    Raises:
        InvalidInput: there was a decision before the span, and it is not given.
    """
    if opening is None and records[0].decision.memory_in is not None:
        raise InvalidInput(f"The decision of {fund.id} before {records[0].session} is missing; a span begins with it.")
    span = beside.over(records, opening)
    reinvests = fund.protection.dividends == "reinvested"
    found = [_beginning(records[0], opening)]
    price = (records[0] if opening is None else opening).decision.snapshot.price
    unhedged = _Unhedged(found[0].nav / float(price), reinvests)
    standing = Standing(found[0].nav, 1.0, {}) if opening is None else span.opening
    before = opening
    for record, stands in zip(records, span.beside, strict=True):
        now = float(record.decision.snapshot.price)
        flow = 0.0 if before is None else _flow(record)
        held = unhedged if before is None else unhedged.grown(record)
        unhedged = _Unhedged(held.units + flow / now, reinvests)
        ends = record.decision.ended is not None and record.decision.rolled
        reached = (stands.closing, float(record.nav_before)) if ends else (stands.now, _nav(record))
        growths = _growths(record, before, found[-1], standing, reached, flow, held.units * now, reinvests)
        if ends:
            found.append(_closing(record, growths, unhedged.units * now, stands.closing))
            standing = stands.closing
            growths = _Growths(_nav(record) / found[-1].nav, _begun(standing, stands.now), 1.0, 1.0)
        where = _nav(record), _weight(record), _floor(record)
        found.append(_reached(record, *where, growths, unhedged.units * now, stands.now, begins=ends))
        before, standing = record, stands.now
    return Past(tuple(found), span, opening is None)


@dataclass(frozen=True, slots=True)
class _Growths:
    """Since the point before."""

    fund: float
    twin: float | None
    index: float
    cash: float


def _beginning(first: Record, opening: Record | None) -> Point:
    """Where the span begins: nobody is ahead of anybody."""
    nav = float(first.nav_before) if opening is None else _nav(opening)
    return Point(
        session=first.session if opening is None else opening.session,
        begins=False,
        nav=nav,
        weight=0.0 if opening is None else _weight(opening),
        floor=None if opening is None else _floor(opening),
        twin=nav if opening is None or opening.track is not None else None,
        index=nav,
        fund_growth=1.0,
        twin_growth=1.0,
        index_growth=1.0,
        cash_growth=1.0,
        slippage=0.0 if opening is None or opening.track is not None else None,
        groups=by_group({}),
    )


def _flow(record: Record) -> float:
    """Money that holders brought at this decision; below zero where they took it. Fees are no flow: they cost."""
    return float(sum((dealt.money for dealt in record.flows if dealt.kind in OF_HOLDERS), Decimal(0)))


def _twin_scale(record: Record) -> float:
    """What the flows of holders made of the twin at this decision: the same factor as of the fund."""
    return prod(dealt.factor for dealt in record.flows if dealt.kind in OF_HOLDERS)


def _nav(record: Record) -> float:
    return float(facts.after_trade(record)[1])


def _weight(record: Record) -> float:
    equity, nav = facts.after_trade(record)
    return float(equity / nav) if nav else 0.0


def _floor(record: Record) -> float | None:
    valuation = record.decision.valuation
    return valuation.floor if valuation is not None and valuation.guarantee > 0.0 else None


def _growths(
    record: Record,
    before: Record | None,
    last: Point,
    stood: Standing | None,
    reached: tuple[Standing | None, float],
    flow: float,
    index: float,
    reinvests: bool,
) -> _Growths:
    """Growth of fund, true put, index and cash since the point before, up to ``reached``: true put and NAV."""
    standing, nav = reached
    dividend = float(record.decision.snapshot.dividend)
    fund = (nav - flow + float(record.accrual.distributed)) / last.nav
    if before is None:
        return _Growths(fund, _begun(stood, standing), 1.0, 1.0)
    twin = None
    if standing is not None and stood is not None and before.track is not None:
        paid = 0.0 if before.track.twin.reinvested else before.track.twin.units * dividend * stood.share
        twin = (standing.twin / _twin_scale(record) + paid) / stood.twin
    paid_out = 0.0 if reinvests else index / float(record.decision.snapshot.price) * dividend
    lent = exp(before.decision.snapshot.rate * record.accrual.years)
    return _Growths(fund, twin, (index + paid_out) / last.index, lent)


def _begun(before: Standing | None, after: Standing | None) -> float | None:
    """Growth of the true put at the moment of its purchase: 1, but where somebody outside pays the premium."""
    return None if before is None or after is None else after.twin / before.twin


def _closing(record: Record, growths: _Growths, index: float, standing: Standing | None) -> Point:
    """The end of a period, before anything is traded for the next."""
    valuation = record.decision.ended
    assert valuation is not None  # noqa: S101 - the caller has looked
    floor = valuation.floor if valuation.guarantee > 0.0 else None
    return _reached(record, valuation.nav, valuation.weight, floor, growths, index, standing)


def _reached(
    record: Record,
    nav: float,
    weight: float,
    floor: float | None,
    growths: _Growths,
    index: float,
    standing: Standing | None,
    *,
    begins: bool = False,
) -> Point:
    return Point(
        session=record.session,
        begins=begins,
        nav=nav,
        weight=weight,
        floor=floor,
        twin=None if standing is None else standing.twin,
        index=index,
        fund_growth=growths.fund,
        twin_growth=growths.twin,
        index_growth=growths.index,
        cash_growth=growths.cash,
        slippage=None if standing is None else standing.slippage,
        groups={} if standing is None else by_group(standing.causes),
    )


def traded(history: Sequence[Record]) -> list[tuple[float, float]]:
    """Money traded (bought above zero) and NAV after it, one pair for each record with fills."""
    return [
        (
            float(sum((fill.value if fill.units > 0 else -fill.value for fill in record.fills), Decimal(0))),
            _nav(record),
        )
        for record in history
        if record.fills
    ]
