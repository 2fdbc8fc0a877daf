"""What a fund file says of execution: who trades, how an order is spread over time and venues, what pauses buying."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le, Len, Predicate

from insure.errors import InvalidInput

ScheduleKind = Literal["at_once", "twap", "participation", "front_loaded", "almgren_chriss"]
_Bps = Annotated[float, Ge(0.0), Le(10_000.0)]
WEEK_MINUTES = 10_080.0
"""No span of a contract is longer: orders, slots and questions live in a session, and a week spans any closure."""
Minutes = Annotated[float, Gt(0.0), Le(WEEK_MINUTES)]
_FORBID_UNKNOWN: dict[str, str | bool] = {"extra": "forbid", "allow_inf_nan": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """A place to trade at, with its weight."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = _FORBID_UNKNOWN
    name: Annotated[str, Len(1, 64), Predicate(str.isprintable)]
    weight: Annotated[float, Gt(0.0), Le(1e6)] = 1.0
    """Relative: only the ratio to the others counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """Who trades, how long an order may live, over what time and which venues it is spread, what pauses buying."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = _FORBID_UNKNOWN
    broker: Literal["paper", "blotter"] = "paper"
    """paper: executed at once; blotter: a file for a trading desk, whose fills come back by `insure fills import`."""
    price_limit_bps: _Bps = 500.0
    """An order's price limit, from the price that it was decided on."""
    time_limit_minutes: Minutes = 60.0
    """How long the whole of a trade may take, a week at most; its child orders share the time."""
    volume_cap_fraction: Annotated[float, Gt(0.0), Le(1.0)] = 0.1
    """Largest share of average daily volume, where the volume is known."""
    schedule: ScheduleKind = "at_once"
    """How a trade is spread over its time; at_once is one order a venue."""
    slices: Annotated[int, Ge(1), Le(100)] = 6
    """Child orders in time, at most; none is shorter than a minute."""
    front_load_ratio: Annotated[float, Gt(0.0), Le(1.0)] = 0.5
    """front_loaded: each slice of a sale is so much of the one before; purchases go evenly."""
    volume_profile: tuple[Annotated[float, Gt(0.0), Le(1e12)], ...] = ()
    """Volume of equal parts of the session, relative to each other; empty for an even one."""
    risk_aversion_per_money: Annotated[float, Ge(0.0), Le(1.0)] = 1e-6
    """almgren_chriss: price of a unit of variance of the cost, per unit of money."""
    temporary_impact_bps: Annotated[float, Gt(0.0), Le(10_000.0)] = 100.0
    """almgren_chriss: how far the price gives way while one trades at the pace of the whole market."""
    permanent_impact_bps: _Bps = 0.0
    """almgren_chriss: how far it stays moved after a whole session's volume was traded."""
    venues: tuple[Venue, ...] = ()
    """Where orders go; empty for one place without a name."""
    widest_spread_bps: _Bps = 0.0
    """Bid to ask beyond this pauses buying; 0 is off."""
    least_depth_units: Annotated[float, Ge(0.0), Le(1e12)] = 0.0
    """Units quoted below this pause buying; 0 is off."""

    def __post_init__(self) -> None:
        """Names once each; an impact that a trade recovers from at least in part."""
        names = [venue.name for venue in self.venues]
        if len(set(names)) < len(names):
            raise InvalidInput(f"venues are {', '.join(names)}; each must be named once.")
        if not self.permanent_impact_bps <= self.temporary_impact_bps:
            raise InvalidInput(
                f"permanent_impact_bps is {self.permanent_impact_bps:g}; it must be {self.temporary_impact_bps:g} "
                "(temporary_impact_bps) or less."
            )

    @property
    def watches(self) -> bool:
        """Whether spread or depth is looked at before buying."""
        return self.widest_spread_bps > 0.0 or self.least_depth_units > 0.0
