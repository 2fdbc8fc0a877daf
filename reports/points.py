"""A fund's past as a row of points: fund, twin, floor and the unhedged index at every decision, flows taken out.

A session on which a protection period rolls has two points: the end of the old period and the beginning of the new
one, on the same NAV before costs. The twin is bought anew with the fund's NAV at each beginning; the index is bought
once, with the same money at the same moment as the fund.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import prod

from insure.book.record import Record
from insure.flows import OF_HOLDERS
from insure.fund import Fund
from reports import facts
from reports.slippage import by_group


@dataclass(frozen=True, slots=True)
class Point:
    """Where everything stands at one decision."""

    session: dt.date
    begins: bool
    """Whether a protection period begins here and another one ended at the point before."""
    nav: float
    """Money, after the trade; before it where a period ends."""
    weight: float
    floor: float | None
    twin: float | None
    index: float
    """Money that the same subscriptions would be worth in the index, unhedged."""
    fund_growth: float
    """Growth factor since the point before, flows and distributions taken out; 1 where there is none before."""
    twin_growth: float | None
    index_growth: float
    slippage: float | None
    """Fund minus twin since the first decision, money, summed over periods; None where there is no twin."""
    groups: Mapping[str, float]
    """The same by group of causes."""


@dataclass(frozen=True, slots=True)
class _Unhedged:
    """The index held instead: units, and whether it reinvests its dividends."""

    units: float
    reinvests: bool

    def grown(self, record: Record) -> "_Unhedged":
        seen = record.decision.snapshot
        paid = float(seen.dividend) / float(seen.price) if self.reinvests else 0.0
        return _Unhedged(self.units * (1.0 + paid), self.reinvests)


def points(fund: Fund, history: Sequence[Record]) -> tuple[Point, ...]:
    """The points of a fund's decisions, in order.

    Args:
        fund: whose contract says what happens to dividends.
        history: its records, in order, from the first; at least one.
    """
    reinvests = fund.protection.dividends == "reinvested"
    found: list[Point] = []
    ended_groups = dict.fromkeys(by_group({}), 0.0)
    ended = 0.0
    before: Record | None = None
    unhedged = _Unhedged(0.0, reinvests)
    for record in history:
        price = float(record.decision.snapshot.price)
        flow = _flow(record, before)
        grown = unhedged.grown(record) if before is not None else unhedged
        unhedged = _Unhedged(grown.units + flow / price, reinvests)
        last = found[-1] if found else None
        begins = False
        growths = _growths(record, before, last, flow, grown.units * price, reinvests)
        if last is not None and record.decision.ended is not None and record.decision.rolled:
            found.append(_closing(record, growths, grown.units * price, ended, ended_groups))
            if record.closed is not None:
                ended += record.closed.total
                ended_groups = _added(ended_groups, by_group(record.closed.causes))
            closing_nav = found[-1].nav
            growths = (_nav(record) / closing_nav, 1.0, 1.0)
            begins = True
        found.append(_point(record, growths, unhedged.units * price, ended, ended_groups, begins=begins))
        before = record
    return tuple(found)


def _flow(record: Record, before: Record | None) -> float:
    """Money that holders brought at this decision; below zero where they took it. Fees are no flow: they cost."""
    if before is None:
        return float(record.nav_before)
    return float(sum((dealt.money for dealt in record.flows if dealt.kind in OF_HOLDERS), Decimal(0)))


def _twin_scale(record: Record) -> float:
    """What the flows of holders made of the twin at this decision: the same factor as of the fund."""
    return prod(dealt.factor for dealt in record.flows if dealt.kind in OF_HOLDERS)


def _nav(record: Record) -> float:
    return float(facts.after_trade(record)[1])


def _growths(
    record: Record, before: Record | None, last: Point | None, flow: float, index: float, reinvests: bool
) -> tuple[float, float | None, float]:
    """Growth of fund, twin and index since the point before."""
    if before is None or last is None:
        return 1.0, 1.0 if record.track else None, 1.0
    nav_before_trade = float(record.nav_before)
    nav = nav_before_trade if record.decision.ended is not None and record.decision.rolled else _nav(record)
    fund_growth = (nav - flow + float(record.accrual.distributed)) / last.nav
    dividend = float(record.decision.snapshot.dividend)
    track = record.closed if record.decision.rolled else record.track
    twin_growth = None
    if track is not None and last.twin is not None and before.track is not None:
        paid = 0.0 if before.track.twin.reinvested else before.track.twin.units * dividend
        twin_growth = (track.twin_value / _twin_scale(record) + paid) / last.twin
    elif record.track is not None and before.track is None:
        twin_growth = 1.0
    price = float(record.decision.snapshot.price)
    paid_out = 0.0 if reinvests else index / price * dividend
    return fund_growth, twin_growth, (index + paid_out) / last.index


def _closing(
    record: Record,
    growths: tuple[float, float | None, float],
    index: float,
    ended: float,
    ended_groups: Mapping[str, float],
) -> Point:
    """The end of a period, before anything is traded for the next."""
    valuation = record.decision.ended
    assert valuation is not None  # noqa: S101 - the caller has looked
    track = record.closed
    return Point(
        session=record.session,
        begins=False,
        nav=valuation.nav,
        weight=valuation.weight,
        floor=valuation.floor if valuation.guarantee > 0.0 else None,
        twin=track.twin_value if track else None,
        index=index,
        fund_growth=growths[0],
        twin_growth=growths[1],
        index_growth=growths[2],
        slippage=ended + track.total if track else None,
        groups=_added(ended_groups, by_group(track.causes)) if track else {},
    )


def _point(
    record: Record,
    growths: tuple[float, float | None, float],
    index: float,
    ended: float,
    ended_groups: Mapping[str, float],
    *,
    begins: bool,
) -> Point:
    valuation, track = record.decision.valuation, record.track
    equity, nav = facts.after_trade(record)
    return Point(
        session=record.session,
        begins=begins,
        nav=float(nav),
        weight=float(equity / nav) if nav else 0.0,
        floor=valuation.floor if valuation is not None and valuation.guarantee > 0.0 else None,
        twin=track.twin_value if track else None,
        index=index,
        fund_growth=growths[0],
        twin_growth=growths[1],
        index_growth=growths[2],
        slippage=ended + track.total if track else None,
        groups=_added(ended_groups, by_group(track.causes)) if track else {},
    )


def _added(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {name: one[name] + other.get(name, 0.0) for name in one}


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
