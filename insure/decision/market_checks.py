"""The gate's checks of the market: whether it is open, and whether the price and the price limit are of it."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from insure.decision.checks import NOT_MADE, NOTHING_SENT, Check, CheckUnit, at_most, required
from insure.decision.circumstances import Circumstances, of_before
from insure.decision.options import OptionTrade
from insure.decision.trades import Trade
from insure.fund import Fund
from insure.market import Snapshot

AHEAD_MINUTES = 2.0
"""A price may be dated this much later than our own clock: two clocks are never the same."""


def market_checks(fund: Fund, snapshot: Snapshot, seen: Circumstances, *, sends: bool) -> tuple[Check, ...]:
    """Whether the exchange is open, and the price new enough. Arguments as for ``gate``."""
    return (
        _open(fund, seen, sends=sends),
        at_most(
            "price session",
            float(seen.price_sessions),
            float(fund.feed.max_age_sessions),
            "sessions",
            "The price is of {value:.0f} sessions before the slot's; at most {limit:.0f}.",
        ),
        _aged(fund, snapshot.quoted, seen, sends=sends),
    )


def _open(fund: Fund, seen: Circumstances, *, sends: bool) -> Check:
    name, limit = "market open", fund.schedule.deadline_minutes
    if not sends:
        return at_most(name, 0.0, limit, "minutes", NOTHING_SENT)
    early = 0.0 if of_before(seen) else seen.minutes_early
    if early > 0.0:
        sentence = "Orders are sent {value:,.1f} minutes before the exchange opens; the most allowed is {limit:,.1f}."
        return at_most(name, early, 0.0, "minutes", sentence)
    sentence = "Orders are sent {value:,.1f} minutes outside the trading hours of the session; the most allowed is "
    return at_most(name, seen.minutes_outside, limit, "minutes", sentence + "{limit:,.1f}.")


def _aged(fund: Fund, quoted: dt.datetime | None, seen: Circumstances, *, sends: bool) -> Check:
    name, limit = "price age", fund.quality.max_age_minutes
    unit: CheckUnit = "minutes"
    if quoted is None and limit is not None and not of_before(seen):
        why = f"max_age_minutes is {limit:g} and the feed tells no instant of a price: a person is asked."
        return required(name, why, passed=not sends, asks=True)
    if quoted is None:
        return Check(name, True, 0.0, 0.0, 0.0, unit, f"{NOT_MADE}the feed tells no instant of a price.")
    age = (seen.now - quoted).total_seconds() / 60.0
    if seen.persons and not age >= -AHEAD_MINUTES:
        sentence = f"The price is dated {-age:,.1f} minutes after the clock; at most {AHEAD_MINUTES:g} are a difference"
        return Check(name, False, -age, AHEAD_MINUTES, AHEAD_MINUTES + age, unit, f"{sentence} of clocks.")
    if limit is None:
        sentence = f"The price is {age:,.1f} minutes old; the contract names no max_age_minutes, its session counts."
        return Check(name, True, age, age, 0.0, unit, sentence)
    return at_most(name, age, limit, unit, "The price is {value:,.1f} minutes old; at most {limit:,g}.")


def price_collar(
    fund: Fund, snapshot: Snapshot, trade: Trade | None, options: Sequence[OptionTrade], seen: Circumstances
) -> Check:
    """How far a price limit lies from the decided price, and from the market that it is sent into.

    The market is the middle of bid and ask; where they are not quoted, the close before - for a purchase: a sale is not
    kept from a market that has fallen.
    """
    name, limit = "price collar", fund.controls.price_collar_bps
    unit: CheckUnit = "bps"
    own = fund.execution.price_limit_bps if trade is not None or options else 0.0
    sentence = "The price limit lies {value:g} bps from the decided price; at most {limit:g}."
    if trade is None or of_before(seen):
        return at_most(name, own, limit, unit, sentence)
    if snapshot.bid is not None and snapshot.ask is not None:
        what, market = "middle of bid and ask", (snapshot.bid + snapshot.ask) / 2
    elif snapshot.previous_price is not None and trade.units > 0:
        what, market = "close before", snapshot.previous_price
    else:
        return at_most(name, own, limit, unit, sentence)
    away = Decimal(repr(own)) / 10_000
    ordered = trade.price * (1 + away if trade.units > 0 else 1 - away)
    apart = float((ordered / market - 1) * (10_000 if trade.units > 0 else -10_000))
    if apart <= own:
        return at_most(name, own, limit, unit, sentence)
    sentence = f"The price limit lies {{value:,.0f}} bps from the {what}, {market:,f}; at most {{limit:g}}."
    return at_most(name, apart, limit, unit, sentence, asks=what == "close before")
