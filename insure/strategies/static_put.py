"""The real thing: stock with a bought put on every unit, held to the horizon. The benchmark of every replication.

The same structure as ``SyntheticPut`` (n units of stock, n puts of strike K, nK = F, bought with the fund's own money),
but the puts are options in the portfolio, paid for at the market's volatility. Without friction it is its own twin.
"""

from dataclasses import dataclass

from insure.arguments import not_negative, one_of, positive
from insure.pricing.elementary import exp
from insure.strategies import synthetic_put
from insure.strategies.buy_and_hold import buy_once
from insure.strategies.legs import Leg
from insure.strategies.rule import Dividends, Opening, Rule, Start, State


@dataclass(frozen=True, slots=True)
class StaticPut:
    """Stock with European puts to the horizon, bought once.

    Args:
        floor: money at the horizon, in the units of the value protected.
        years: time to the horizon from the start.
        vol: volatility that the puts cost and are marked at where the market's is not given otherwise; None: the
            market's is always given.
        dividends: "reinvested" or "paid_out".

    ``State.strike`` and ``State.units`` keep the put's strike and the number of puts.
    """

    floor: float
    years: float = 1.0
    vol: float | None = None
    dividends: Dividends = "reinvested"

    def __post_init__(self) -> None:
        """Refuse what no structure can mean."""
        not_negative("floor", self.floor)
        positive("years", self.years)
        if self.vol is not None:
            not_negative("vol", self.vol)
        one_of("dividends", self.dividends, ("reinvested", "paid_out"))

    @property
    def kind(self) -> str:
        """The word in fund files and reports."""
        return "static_put"

    @property
    def rule(self) -> Rule:
        """``buy_once``: the stock under the puts."""
        return buy_once

    @property
    def hedge_vol(self) -> float | None:
        """The volatility that the puts cost, where the strategy names one."""
        return self.vol

    def begin(self, opening: Opening) -> Start:
        """Solve the strike at the market's volatility and buy the puts."""
        solution = synthetic_put.solve(
            opening.value,
            self.floor,
            opening.years,
            opening.rate,
            opening.market_vol,
            opening.dividend_yield,
            self.dividends,
        )
        put = opening.listed(
            Leg("put", solution.participation * opening.value / opening.spot, solution.strike_ratio * opening.spot)
        )
        base = exp(-opening.dividend_yield * opening.years) if self.dividends == "reinvested" else 1.0
        return Start(
            terms=(solution.participation * base,),
            state=State(opening.value, put.strike, put.units, 0.0),
            guarantee=self.floor,
            legs=(put,),
            matches="units",
            dividends=self.dividends,
        )

    def scheduled_floor(self, start: Start, elapsed: float, years_left: float, rate: float) -> float:  # noqa: ARG002
        """F e^{-r tau}: stock with a put of strike K is never worth less than nK discounted."""
        return start.guarantee * exp(-rate * years_left)
