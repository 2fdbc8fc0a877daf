"""Positions for the tests of stress: a fund begun on a day, at a price, in a market that is told."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

from insure.market import Snapshot
from insure.simulation.crises import crisis
from insure.simulation.scenarios import Scenario
from insure.stress import Position
from insure.volatility import Estimate
from tests.contracts import Toml, fund

TODAY = dt.date(2009, 12, 31)
"""From here the year has 252 sessions, so that bus/252 makes it exactly one."""


def seen(
    price: float = 100.0,
    session: dt.date = TODAY,
    *,
    rate: float = 0.03,
    vol: float = 0.2,
    dividend_yield: float = 0.0,
    volume: float | None = None,
) -> Snapshot:
    """A snapshot of a told market."""
    return Snapshot(
        at=dt.datetime(session.year, session.month, session.day, 21, tzinfo=dt.UTC),
        session=session,
        price=Decimal(repr(price)),
        rate=rate,
        volatility=Estimate(vol, "told", 0, None, ""),
        put_vol=vol,
        put_vol_source="told",
        dividend_yield=dividend_yield,
        daily_volume=volume,
    )


def begun(market: Snapshot | None = None, /, **changes: Toml) -> Position:
    """A fund that begins in this market with a million, changed by key."""
    market = seen() if market is None else market
    protection: dict[str, Toml] = {"start": market.session, "floor_fraction": 0.9}
    given = changes.pop("protection", {})
    assert isinstance(given, dict)
    content: dict[str, Toml] = {
        "protection": {**protection, **given},
        "volatility": {"kind": "fixed", "vol": market.volatility.vol},
    }
    return Position.begun(fund(**{**content, **changes}), market)


def october_1987(rate: float = 0.07, vol: float = 0.18) -> Scenario:
    """The closes from 1 September 1987, every one traded in full, at one rate and one volatility."""
    told = crisis("1987-10").scenario(100.0, as_it_was=False)
    steps = tuple(replace(step, rate=rate, vol=vol, spread=1.0) for step in told.steps)
    return replace(told, steps=steps)
