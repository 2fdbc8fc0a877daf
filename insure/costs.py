"""What a trade costs, each kind on its own: commission, half the spread, market impact.

The three functions are plain scalar arithmetic, so that the live ladder, the replay and the compiled kernels charge by
one text; ``Costs`` holds their parameters and speaks in causes. Buying and selling cost the same; no trade costs
nothing.
"""

import math
from dataclasses import dataclass

from insure.arguments import not_negative
from insure.errors import InvalidInput
from insure.pricing.elementary import sqrt

CAUSES = ("commission", "half_spread", "impact")
"""The causes that trading costs are booked under."""

_BISECTIONS = 200


def commission(units: float, price: float, per_trade: float, per_share: float, bps: float, minimum: float) -> float:
    """The broker's fee: per trade + per share + a fraction of the value traded, at least ``minimum``; money."""
    size = abs(units)
    fee = max(per_trade + per_share * size + bps * 1e-4 * size * price, minimum)
    return fee if size > 0.0 else 0.0


def half_spread(units: float, price: float, bps: float) -> float:
    """Half the distance between bid and ask, on the value traded; money."""
    return bps * 1e-4 * abs(units) * price


def impact(units: float, price: float, coefficient: float, daily_vol: float, average_daily_volume: float) -> float:
    """Square-root market impact: coefficient * daily volatility * sqrt(size / average daily volume) * value; money.

    Sources: Torre (1997), BARRA Market Impact Model Handbook; Grinold & Kahn (2000), Active Portfolio Management, 2nd
    ed., chapter 16, where the coefficient is of the order of 1.
    """
    size = abs(units)
    return coefficient * daily_vol * sqrt(size / average_daily_volume) * size * price


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """The price list of a fund's trading.

    Args:
        commission_per_trade: money per trade.
        commission_per_share: money per unit.
        commission_bps: basis points of the value traded.
        commission_minimum: smallest commission of a trade, money.
        half_spread_bps: half of bid to ask, basis points of the value traded.
        impact_coefficient: multiple of the square-root law; 0 for no impact.
        daily_vol: volatility of the index over one day, a fraction (0.01 is one per cent a day).
        average_daily_volume: units traded in the market on an average day.
    """

    commission_per_trade: float = 0.0
    commission_per_share: float = 0.0
    commission_bps: float = 0.0
    commission_minimum: float = 0.0
    half_spread_bps: float = 0.0
    impact_coefficient: float = 0.0
    daily_vol: float = 0.01
    average_daily_volume: float = math.inf

    def __post_init__(self) -> None:
        """Refuse a price list that pays the fund."""
        not_negative("commission_per_trade", self.commission_per_trade)
        not_negative("commission_per_share", self.commission_per_share)
        not_negative("commission_bps", self.commission_bps)
        not_negative("commission_minimum", self.commission_minimum)
        not_negative("half_spread_bps", self.half_spread_bps)
        not_negative("impact_coefficient", self.impact_coefficient)
        not_negative("daily_vol", self.daily_vol)
        if not self.average_daily_volume > 0.0:
            raise InvalidInput(
                f"average_daily_volume is {self.average_daily_volume!r}; it must be above zero (infinity for a market "
                "that no order moves)."
            )

    @property
    def proportional(self) -> bool:
        """Whether a trade of twice the size costs exactly twice as much."""
        fixed = self.commission_per_trade + self.commission_per_share + self.commission_minimum
        moves = self.impact_coefficient * self.daily_vol > 0.0 and math.isfinite(self.average_daily_volume)
        return fixed == 0.0 and not moves

    @property
    def fraction(self) -> float:
        """Cost per unit of value traded that every trade bears: commission and half spread in basis points."""
        return (self.commission_bps + self.half_spread_bps) * 1e-4

    def charges(self, units: float, price: float) -> dict[str, float]:
        """What a trade of ``units`` (either sign) at ``price`` costs, money by cause."""
        return {
            "commission": commission(
                units,
                price,
                self.commission_per_trade,
                self.commission_per_share,
                self.commission_bps,
                self.commission_minimum,
            ),
            "half_spread": half_spread(units, price, self.half_spread_bps),
            "impact": impact(units, price, self.impact_coefficient, self.daily_vol, self.average_daily_volume),
        }

    def total(self, units: float, price: float) -> float:
        """What a trade costs in all, money."""
        return sum(self.charges(units, price).values())

    def most_affordable(self, units: float, price: float, money: float) -> float:
        """The largest purchase up to ``units`` that ``money`` pays for, costs included; 0 where it pays for none.

        Closed where costs are proportional; else by bisection down to the last bit, since what a purchase takes only
        grows with its size.
        """
        if not money > 0.0:
            return 0.0
        if units * price + self.total(units, price) <= money:
            return units
        if self.proportional:
            return min(units, money / (price * (1.0 + self.fraction)))
        low, high = 0.0, units
        for _ in range(_BISECTIONS):
            middle = 0.5 * (low + high)
            if not low < middle < high:
                break
            if middle * price + self.total(middle, price) <= money:
                low = middle
            else:
                high = middle
        return low


FREE = Costs()
"""Trading that costs nothing."""
