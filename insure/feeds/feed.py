"""What a feed is, and how an observation becomes the snapshot that a decision may look at."""

import datetime as dt
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from insure.dates import Calendar
from insure.errors import MarketDataError
from insure.fund import CsvFeed, Feed, Fund, TwinTerms
from insure.market import Lineage, Snapshot
from insure.slots import Slot
from insure.volatility import Estimate, closes_needed, estimate

VOLUME_SESSIONS = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One session of a price history, as published."""

    session: dt.date
    close: Decimal
    rate: float | None = None
    """Continuously compounded, per year; None where the feed has no rates."""
    dividend: Decimal = Decimal(0)
    """Cash per unit that went ex on this session."""
    dividend_yield: float | None = None
    volume: float | None = None
    vol_index: float | None = None
    """An implied volatility index such as VIX, as quoted (in points)."""
    bid: Decimal | None = None
    ask: Decimal | None = None
    at: dt.datetime | None = None
    """Instant of the price, where the feed tells it; aware."""
    depth: float | None = None
    """Units quoted at the best price."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a feed knew at one session: the newest row, the rows before it, and where they stand."""

    row: Row
    before: Sequence[Row]
    """Rows before, ascending; at least what was asked for where the feed has it."""
    origin: str
    """File and line of the newest row."""
    sha256: str
    """Hash of what was read."""
    beside: tuple[Lineage, ...] = ()
    """Figures of the newest row that came from elsewhere than its price."""


class PriceFeed(Protocol):
    """A history that can be asked what it knew at a session."""

    @property
    def rows(self) -> Sequence[Row]:
        """All rows, ascending by session."""
        ...

    def at(self, session: dt.date, tail: int) -> Observation:
        """The newest row at or before ``session`` with ``tail`` rows before it.

        Raises:
            MarketDataError: there is no row, or a row on the way is missing a price or has an impossible one.
        """
        ...


def newest(rows: Sequence[Row], session: dt.date, origin: str) -> int:
    """Position of the newest row at or before ``session``.

    Raises:
        MarketDataError: all rows are later, or there are none.
    """
    position = bisect_right(rows, session, key=lambda row: row.session) - 1
    if position < 0:
        first = f"its first is of {rows[0].session}" if rows else "it has no rows"
        raise MarketDataError(f"{origin}: no price at or before {session}; {first}.")
    return position


def look(
    fund: Fund, feed: PriceFeed, calendar: Calendar, slot: Slot, previous: Estimate | None, since: dt.date | None
) -> Snapshot:
    """What the fund sees at a slot.

    Args:
        fund: whose volatility source, assumed yield and freshness limit apply.
        feed: the prices.
        calendar: of the fund's exchange, to count how old a price is.
        slot: the slot that is decided.
        previous: the volatility estimate before, for smoothing; None for the first.
        since: session of the snapshot before; dividends after it are counted. None for the first.

    Raises:
        MarketDataError: the newest price is too old for the slot, the history is too short for the volatility, or a
            volatility index that the contract names is missing.
    """
    observation = feed.at(slot.session, max(closes_needed(fund.volatility), VOLUME_SESSIONS) + 1)
    row, before = observation.row, observation.before
    age = calendar.count(row.session, slot.session)
    if not age <= fund.feed.max_age_sessions:
        raise MarketDataError(
            f"{observation.origin}: the newest price is of {row.session}, {age} sessions before the slot of "
            f"{slot.session}; at most {fund.feed.max_age_sessions} are allowed. Bring the feed up to date."
        )
    history = [*before, row]
    vol = estimate(
        fund.volatility,
        [each.session for each in history],
        [float(each.close) for each in history],
        quotes={each.session: each.vol_index for each in history if each.vol_index is not None},
        previous=previous,
        as_of=row.session,
    )
    volumes = [each.volume for each in history[-VOLUME_SESSIONS:] if each.volume is not None]
    assumed = fund.feed.dividend_yield_per_year if row.dividend_yield is None else row.dividend_yield
    put_vol, put_vol_source = _put_vol(fund.twin, observation, vol)
    return Snapshot(
        at=slot.at,
        session=slot.session,
        price=row.close,
        rate=_rate(fund.feed, row),
        volatility=vol,
        put_vol=put_vol,
        put_vol_source=put_vol_source,
        dividend_yield=assumed,
        dividend=sum((each.dividend for each in history if since is not None and each.session > since), Decimal(0)),
        bid=row.bid,
        ask=row.ask,
        previous_price=before[-1].close if before else None,
        previous_session=before[-1].session if before else None,
        daily_volume=sum(volumes) / len(volumes) if len(volumes) == VOLUME_SESSIONS else None,
        lineage=(Lineage("price", observation.origin, row.session, observation.sha256), *observation.beside),
        quoted=row.at,
        depth_units=row.depth,
    )


def _put_vol(terms: TwinTerms, observation: Observation, hedge: Estimate) -> tuple[float, str]:
    """The volatility that the twin's put is marked at, and where it comes from."""
    base, source = hedge.vol, "hedge volatility"
    if terms.vol == "index":
        if observation.row.vol_index is None:
            raise MarketDataError(
                f"{observation.origin}: there is no vol_index, and the contract marks the twin's put at it."
            )
        base, source = observation.row.vol_index * terms.index_scale, "volatility index"
    spread = terms.vol_spread
    return max(base + spread, 0.0), f"{source} {spread * 100:+.1f} points" if spread else source


def _rate(terms: Feed, row: Row) -> float:
    if row.rate is not None:
        return row.rate
    return terms.rate_per_year if isinstance(terms, CsvFeed) else 0.0
