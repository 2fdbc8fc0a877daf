"""What was seen: a snapshot of the market at a slot, with where each figure came from."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from insure.arguments import not_negative, number
from insure.errors import MarketDataError
from insure.volatility import Estimate


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where one figure came from: who published it, which line, when it was valid, and a hash of what was read."""

    figure: str
    """Which figure: "price", "rate", ..."""
    origin: str
    """File and line, table and row, or the published series, in words that a person can follow."""
    as_of: dt.date
    sha256: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """A price that nobody confirmed within its time: what is known, and what may be done with it all the same."""

    sentence: str
    buys: bool
    """Whether purchases are sent; sales always are."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a decision may look at, validated on construction.

    Raises:
        MarketDataError: a price that is not finite and above zero, a crossed quote, a rate that is no number, a time
            without a zone.
    """

    at: dt.datetime
    """Instant, aware."""
    session: dt.date
    price: Decimal
    """Price of one unit of the index, money."""
    rate: float
    """Continuously compounded, per year."""
    volatility: Estimate
    """Hedge volatility with what it was estimated from."""
    put_vol: float
    """The twin's put is marked at this volatility."""
    put_vol_source: str
    dividend_yield: float = 0.0
    """Continuously compounded, per year: what the model assumes."""
    dividend: Decimal = Decimal(0)
    """Cash paid per unit since the snapshot before: what really came."""
    bid: Decimal | None = None
    ask: Decimal | None = None
    previous_price: Decimal | None = None
    """The close of the session before, for the size of the move."""
    previous_session: dt.date | None = None
    daily_volume: float | None = None
    """Average volume of 20 sessions, units."""
    lineage: tuple[Lineage, ...] = ()
    quoted: dt.datetime | None = None
    """Instant of the price, where the feed tells it."""
    depth_units: float | None = None
    """Units quoted at the best price, where the feed tells them."""
    doubt: Doubt | None = None
    """None for a price that is taken as it is."""

    def __post_init__(self) -> None:
        """Refuse what nobody may trade on."""
        if self.at.tzinfo is None:
            raise MarketDataError(f"The snapshot's time {self.at} has no time zone; every instant here is aware.")
        for name in ("price", "bid", "ask", "previous_price"):
            value = getattr(self, name)
            if value is not None and not (value.is_finite() and value > 0):
                raise MarketDataError(f"The {name} of {self.session} is {value}; it must be a number above zero.")
        if self.bid is not None and self.ask is not None and not self.bid <= self.ask:
            raise MarketDataError(f"The quote of {self.session} is crossed: bid {self.bid} above ask {self.ask}.")
        if not (self.dividend.is_finite() and self.dividend >= 0):
            raise MarketDataError(f"The dividend of {self.session} is {self.dividend}; it must be zero or more.")
        number("rate", self.rate)
        number("dividend_yield", self.dividend_yield)
        not_negative("volatility", self.volatility.vol)
        not_negative("put_vol", self.put_vol)
