"""How the market stands in the way of a trade: halts, limit-down, volume, spreads that widen; and what it shows."""

import math
from dataclasses import dataclass

from insure.arguments import not_negative, whole
from insure.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Frictions that the fund does not choose; the defaults are a market without any.

    Args:
        halt_fall: a fall of this fraction over one step stops all trading at the close it ends at ...
        halt_closes: ... and for so many closes in all.
        limit_down: after a fall of this fraction over one step nothing can be sold at its close.
        volume: units that the fund can trade at one close at most.
        spread_widening: half the spread is multiplied by 1 + this times the fall over the last step.
        vol_half_life: steps after which a squared return has lost half its weight in the volatility that the rule sees;
            None: the rule sees one constant volatility.
    """

    halt_fall: float = math.inf
    halt_closes: int = 1
    limit_down: float = math.inf
    volume: float = math.inf
    spread_widening: float = 0.0
    vol_half_life: float | None = None

    def __post_init__(self) -> None:
        """Refuse a market that cannot be."""
        for name in ("halt_fall", "limit_down", "volume"):
            value = getattr(self, name)
            if not value > 0.0:
                raise InvalidInput(f"{name} is {value!r}; it must be above zero (infinity for none).")
        whole("halt_closes", self.halt_closes, low=1)
        not_negative("spread_widening", self.spread_widening)
        if self.vol_half_life is not None and not 0.0 < self.vol_half_life < math.inf:
            raise InvalidInput(f"vol_half_life is {self.vol_half_life!r}; it must be a number of steps above zero.")

    @property
    def quiet(self) -> bool:
        """Whether nothing stands in the way."""
        return self == Market()


OPEN = Market()
"""A market that takes any order at its close."""
