"""The child orders of a trade: which units, from when, until when, where, at which share of the market's volume."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from itertools import pairwise

from insure.dates import SESSIONS_PER_YEAR, Calendar, calendar
from insure.execution import schedule
from insure.execution.venues import apportion
from insure.execution_terms import Venue
from insure.fund import Fund
from insure.market import Snapshot
from insure.slots import slots

_BPS = 1e-4
_SHORTEST = dt.timedelta(minutes=1)
_NOWHERE = (Venue(name=""),)
"""One place without a name."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A stretch of time that a share of a trade is worked in."""

    begins: dt.datetime | None
    """None: at once."""
    ends: dt.datetime
    buys: float
    """Share of a purchase."""
    sells: float
    """Share of a sale."""
    volume: float | None
    """Units that the market is expected to trade in it; None where nothing is known, or where there is no time."""


@dataclass(frozen=True, slots=True)
class Child:
    """One child order."""

    units: Decimal
    """Signed as the parent's; never zero."""
    begins: dt.datetime | None
    """Not sent before; None: at once."""
    ends: dt.datetime
    venue: str
    """Empty for no venue in particular."""
    volume_cap_fraction: float
    """Of the market's volume while it works; children that work at once share the fund's."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How the trades of one slot are spread, whichever way and however large they are."""

    slices: tuple[Slice, ...]
    venues: tuple[Venue, ...]
    lot: Decimal
    volume_cap_fraction: float

    @property
    def single(self) -> bool:
        """Whether a trade is one order, so that there is nothing to spread."""
        return len(self.slices) == 1 and len(self.venues) == 1

    def children(self, units: Decimal) -> tuple[Child, ...]:
        """The child orders of a trade, in time: whole lots that add up to it exactly; none for nothing.

        Units that make no whole lot (a position that is sold to the last) go with the first child.
        """
        if units == 0:
            return ()
        sign = 1 if units > 0 else -1
        lots = int((abs(units) / self.lot).to_integral_value(rounding=ROUND_FLOOR))
        odd = abs(units) - lots * self.lot
        shares = [one.buys if sign > 0 else one.sells for one in self.slices]
        parts = schedule.within_caps(apportion(lots, shares), [self._cap(one) for one in self.slices])
        weights = [venue.weight for venue in self.venues]
        total = sum(weights)
        found = []
        for one, part in zip(self.slices, parts, strict=True):
            for venue, share in zip(self.venues, apportion(part, weights), strict=True):
                own = share * self.lot + odd
                if own:
                    odd = Decimal(0)
                    cap = self.volume_cap_fraction * (venue.weight / total)
                    found.append(Child(sign * own, one.begins, one.ends, venue.name, cap))
        return tuple(found)

    def _cap(self, one: Slice) -> int | None:
        if one.volume is None:
            return None
        return int(one.volume * self.volume_cap_fraction / float(self.lot))


def planned(fund: Fund, snapshot: Snapshot, now: dt.datetime | None = None) -> Plan:
    """The plan of the slot that ``snapshot`` was seen at; the same from the same, whatever is traded by it.

    A trade is worked inside the trading hours of its session, from the slot to its time limit, but not beyond the close
    or the next slot of the session: the next decision finds it done. A slot at the close has no time left, and its
    trade is one slice at once, as under ``at_once``.

    Args:
        fund: its execution terms, lots, volume and timetable.
        snapshot: instant, price, volatility and volume.
        now: when it is decided, where that is later than the slot: slices share the time that is left.
    """
    terms = fund.execution
    venues = terms.venues or _NOWHERE
    limit = snapshot.at + dt.timedelta(minutes=terms.time_limit_minutes)
    whole = Slice(None, limit, 1.0, 1.0, None)
    plan = Plan((whole,), venues, fund.lots.lot_units, terms.volume_cap_fraction)
    if terms.schedule == "at_once":
        return plan
    sessions = calendar(fund.schedule.calendar, fund.schedule.closures, fund.schedule.early_closes)
    session = sessions.current_or_previous(snapshot.at)
    if session is None:
        return plan
    of_day = slots(fund.schedule.timing, sessions, session, session)
    until = min([limit, *(slot.at for slot in of_day if slot.at > snapshot.at)])
    since = snapshot.at if now is None else max(snapshot.at, now)
    edges = _edges(sessions.hours(session).spans, since, until, terms.slices)
    if len(edges) < 2:
        return plan
    return Plan(_slices(fund, snapshot, sessions, session, edges), venues, plan.lot, plan.volume_cap_fraction)


def _slices(
    fund: Fund, snapshot: Snapshot, sessions: Calendar, session: dt.date, edges: Sequence[dt.timedelta]
) -> tuple[Slice, ...]:
    terms, spans = fund.execution, sessions.hours(session).spans
    length = sum((end - begin for begin, end in spans), dt.timedelta(0))
    volume = snapshot.daily_volume or fund.costs.daily_volume_units or None
    parts = [_passed(terms.volume_profile, late / length) - _passed(terms.volume_profile, early / length)
             for early, late in pairwise(edges)]  # fmt: skip
    buys, sells = _shares(fund, snapshot, volume, parts, (edges[1] - edges[0]) / length)
    return tuple(
        Slice(
            begins=_instant(spans, early, begins=True),
            ends=_instant(spans, late, begins=False),
            buys=buy,
            sells=sell,
            volume=None if volume is None else volume * part,
        )
        for (early, late), part, buy, sell in zip(pairwise(edges), parts, buys, sells, strict=True)
    )


def _shares(
    fund: Fund, snapshot: Snapshot, volume: float | None, parts: Sequence[float], interval: float
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Shares of a purchase and of a sale; ``interval`` is the length of a slice in sessions."""
    terms, count = fund.execution, len(parts)
    if terms.schedule == "front_loaded":
        return schedule.twap(count), schedule.front_loaded(count, terms.front_load_ratio)
    if terms.schedule == "participation":
        both = schedule.participation(parts)
    elif terms.schedule == "almgren_chriss" and volume is not None:
        price = float(snapshot.price)
        kappa = schedule.urgency(
            terms.risk_aversion_per_money,
            price * snapshot.volatility.vol / SESSIONS_PER_YEAR**0.5,
            terms.temporary_impact_bps * _BPS * price / volume,
            terms.permanent_impact_bps * _BPS * price / volume,
            interval,
        )
        both = schedule.almgren_chriss(count, kappa * interval)
    else:
        both = schedule.twap(count)
    return both, both


def _edges(
    spans: Sequence[tuple[dt.datetime, dt.datetime]], at: dt.datetime, until: dt.datetime, slices: int
) -> list[dt.timedelta]:
    """Edges of the slices in trading time since the open: equal, none shorter than a minute; empty for no time."""
    first, last = _traded(spans, at), _traded(spans, until)
    count = min(slices, (last - first) // _SHORTEST)
    return [first + (last - first) * k // count for k in range(count + 1)] if count > 0 else []


def _traded(spans: Sequence[tuple[dt.datetime, dt.datetime]], at: dt.datetime) -> dt.timedelta:
    """Trading time from the open to ``at``."""
    return sum((max(min(at, end) - begin, dt.timedelta(0)) for begin, end in spans), dt.timedelta(0))


def _instant(spans: Sequence[tuple[dt.datetime, dt.datetime]], traded: dt.timedelta, *, begins: bool) -> dt.datetime:
    """The instant at which so much was traded; at a break its end where a slice begins, its start where one ends."""
    for begin, end in spans:
        if traded < end - begin or (not begins and traded == end - begin):
            return begin + traded
        traded -= end - begin
    return spans[-1][1] + traded


def _passed(profile: Sequence[float], elapsed: float) -> float:
    """Share of a session's volume that is traded once ``elapsed`` of its time is."""
    if not profile:
        return elapsed
    place = elapsed * len(profile)
    full = min(int(place), len(profile))
    part = profile[full] * (place - full) if full < len(profile) else 0.0
    return (sum(profile[:full]) + part) / sum(profile)
