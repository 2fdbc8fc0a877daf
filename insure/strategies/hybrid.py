"""Hybrid protection: part of the put is bought, the rest is replicated.

The fund follows the structure of ``SyntheticPut``, n units of stock each with a put of strike K, nK = F. Some real puts
lie in the portfolio: on a fraction of the units, at the structure's own strike or below it (a gap put pays where
replication comes too late). Stock is held for what they do not do:

    stock = n (a - e^{-q tau} N(-d1(K))) - (delta of the puts held)

so that bought puts at K take their share of the selling over, and gap puts leave the selling to replication until the
index comes near their strike. Expired, they are replicated like the rest.

The puts cost what the market asks. What that is beyond their value at the hedge volatility, e, is spent: the structure
is solved on V - e. With every put bought on the floor itself this is ``StaticPut`` at any price of the puts; with none
it is ``SyntheticPut``.
"""

import math
from dataclasses import dataclass
from typing import Literal

from insure.arguments import fraction, not_negative, one_of, positive
from insure.errors import FloorUnaffordable
from insure.pricing.elementary import exp, log, norm_cdf, sqrt
from insure.strategies import synthetic_put
from insure.strategies.legs import EXPIRED, NO_DEVIATION, Leg
from insure.strategies.rule import Dividends, Opening, Rule, Sight, Start, State, Terms

_DOUBLINGS = 100
_BISECTIONS = 200


def complete_the_put(terms: Terms, state: State, sight: Sight) -> tuple[float, float, State]:
    """The stock that, with the puts held, has the equity of the structure."""
    log_strike, reinvested, scales, puts, put_log_strike, put_strike, before_horizon, put_vol = terms
    tau = sight.years_left
    growth = exp(-sight.dividend_yield * tau)
    base = reinvested * growth + (1.0 - reinvested)
    deviation = max(sight.vol * sqrt(tau), NO_DEVIATION)
    d1 = (sight.log_ratio - log_strike + (sight.rate - sight.dividend_yield) * tau) / deviation + 0.5 * deviation
    equity = state.units * sight.spot * (base - growth * norm_cdf(-d1))
    cash = state.units * state.strike * exp(-sight.rate * tau) * norm_cdf(deviation - d1)

    left = tau - before_horizon
    held = puts if left > EXPIRED else 0.0
    left = max(left, 0.0)
    moneyness = sight.log_ratio - put_log_strike + (sight.rate - sight.dividend_yield) * left
    grown = held * sight.spot * exp(-sight.dividend_yield * left)
    bond = held * put_strike * exp(-sight.rate * left)
    hedge_deviation = max(sight.vol * sqrt(left), NO_DEVIATION)
    hedge_d1 = moneyness / hedge_deviation + 0.5 * hedge_deviation
    market_deviation = max(put_vol * sqrt(left), NO_DEVIATION)
    market_d1 = moneyness / market_deviation + 0.5 * market_deviation
    sold = grown * norm_cdf(-hedge_d1)
    dearer = bond * (norm_cdf(market_deviation - market_d1) - norm_cdf(hedge_deviation - hedge_d1))
    dearer = dearer - grown * (norm_cdf(-market_d1) - norm_cdf(-hedge_d1))

    scale = scales * (sight.nav - dearer) / (equity + cash) + (1.0 - scales)
    return (scale * equity + sold) / sight.nav, sight.floor, state


@dataclass(frozen=True, slots=True)
class Hybrid:
    """Option-based insurance with some of the puts bought.

    Args:
        floor: money at the horizon, in the units of the value protected.
        years: time to the horizon from the start.
        vol: hedge volatility of the part that is replicated.
        bought: puts bought as a fraction of the structure's units.
        gap: strike of the puts bought as a fraction of the structure's strike; 1 for puts on the floor itself, 0.85 for
            gap puts 15 % below it.
        put_years: time to expiry of the puts bought, at most ``years``; None: to the horizon.
        strike_step: distance of listed strikes, in the price of the index; puts are bought at the listed strike at or
            below the one wanted. 0: any strike.
        contract: units of the index in one contract; whole contracts are bought, rounded down. 0: any number. Strike
            and number are those of the structure without this rounding; what it leaves out is replicated.
        tracking: "weight" scales the structure to the actual NAV, "units" holds its units whatever the NAV.
        dividends: "reinvested" or "paid_out".

    ``State.strike`` and ``State.units`` keep the structure.
    """

    floor: float
    years: float = 1.0
    vol: float = 0.2
    bought: float = 0.5
    gap: float = 1.0
    put_years: float | None = None
    strike_step: float = 0.0
    contract: float = 0.0
    tracking: Literal["weight", "units"] = "weight"
    dividends: Dividends = "reinvested"

    def __post_init__(self) -> None:
        """Refuse what no structure can mean."""
        not_negative("floor", self.floor)
        positive("years", self.years)
        not_negative("vol", self.vol)
        fraction("bought", self.bought)
        fraction("gap", positive("gap", self.gap))
        if self.put_years is not None:
            positive("put_years", self.put_years)
        not_negative("strike_step", self.strike_step)
        not_negative("contract", self.contract)
        one_of("tracking", self.tracking, ("weight", "units"))
        one_of("dividends", self.dividends, ("reinvested", "paid_out"))

    @property
    def kind(self) -> str:
        """The word in fund files and reports."""
        return "hybrid"

    @property
    def rule(self) -> Rule:
        """``complete_the_put``."""
        return complete_the_put

    @property
    def hedge_vol(self) -> float | None:
        """The volatility that the replicated part is hedged with."""
        return self.vol

    def begin(self, opening: Opening) -> Start:
        """Solve the structure, buy the puts at the market's volatility, and solve again on what is left.

        Raises:
            FloorUnaffordable: the floor leaves nothing to insure with, or not enough for the puts' extra cost.
        """
        wanted = self._wanted(opening)
        whole = wanted._replace(
            units=_whole(wanted.units, self.contract), strike=_whole(wanted.strike, self.strike_step)
        )
        put = opening.listed(whole)
        solution = self._solve(opening, self._dearer(put, opening))
        terms = (
            log(solution.strike_ratio),
            1.0 if self.dividends == "reinvested" else 0.0,
            1.0 if self.tracking == "weight" else 0.0,
            put.units,
            log(put.strike / opening.spot),
            put.strike,
            put.before_horizon,
            opening.market_vol,
        )
        state = State(
            peak=opening.value,
            strike=solution.strike_ratio * opening.spot,
            units=solution.participation * solution.value / opening.spot,
            mark=0.0,
        )
        return Start(terms, state, self.floor, (put,) if put.units else (), dividends=self.dividends)

    def scheduled_floor(self, start: Start, elapsed: float, years_left: float, rate: float) -> float:  # noqa: ARG002
        """F e^{-r tau}: what must be in cash now to have the guarantee at the horizon."""
        return start.guarantee * exp(-rate * years_left)

    def _solve(self, opening: Opening, spent: float) -> synthetic_put.Solution:
        """The structure on what is left after ``spent``."""
        left = opening.value - spent
        if not left > 0.0:
            raise FloorUnaffordable(
                f"The puts cost {spent:g} more than at the hedge volatility and the fund is worth {opening.value:g}. "
                "Buy fewer of them or lower the floor."
            )
        return synthetic_put.solve(
            left, self.floor, opening.years, opening.rate, self.vol, opening.dividend_yield, self.dividends
        )

    def _wanted(self, opening: Opening) -> Leg:
        """The puts of the structure that pays for them: n (A + P(K)) + what they cost beyond the hedge volatility = V.

        With nK = F this is one equation in K. Towards K = 0 the n = F/K units cost more than any fund, for large K
        F e^{-rT}, which is less than V where the floor is affordable; bisection, since dear puts bend the way between.
        """
        self._solve(opening, 0.0)
        expiry = opening.years if self.put_years is None else min(self.put_years, opening.years)
        early = opening.years - expiry
        market = (opening.spot, opening.years, opening.rate, opening.dividend_yield)
        growth = exp(-opening.dividend_yield * opening.years)
        stock = opening.spot * (growth if self.dividends == "reinvested" else 1.0)

        def lacks(strike: float) -> bool:
            """Whether units of this strike, F / strike of them, cost more than the fund."""
            one = stock + Leg("put", 1.0, strike).greeks(*market, self.vol).value
            bought = Leg("put", self.bought, self.gap * strike, early)
            return strike * opening.value < self.floor * (one + self._dearer(bought, opening))

        low, high = 0.0, opening.spot
        for _ in range(_DOUBLINGS):
            if not lacks(high):
                break
            low, high = high, 2.0 * high
        for _ in range(_BISECTIONS):
            middle = 0.5 * (low + high)
            if not low < middle < high:
                break
            low, high = (middle, high) if lacks(middle) else (low, middle)
        units = self.floor / high if self.floor > 0.0 else opening.value / stock
        return Leg("put", self.bought * units, self.gap * high, early)

    def _dearer(self, put: Leg, opening: Opening) -> float:
        """What the puts cost beyond their value at the hedge volatility; below zero where the market is cheaper."""
        market = (opening.spot, opening.years, opening.rate, opening.dividend_yield)
        return put.greeks(*market, opening.market_vol).value - put.greeks(*market, self.vol).value


def _whole(amount: float, step: float) -> float:
    """The largest multiple of ``step`` not above ``amount``; ``amount`` itself without a step."""
    return math.floor(amount / step + 1e-9) * step if step > 0.0 else amount
