"""The synthetic put: stock and cash that replicate stock with a put on it (option-based portfolio insurance).

A fund of value V with guarantee F at the horizon is n units of stock, each with a put of strike K, nK = F. With
tau years to go and d1, d2 of Black-Scholes-Merton at the hedge volatility, the structure holds

    equity  n S (a - e^{-q tau} N(-d1)),      cash  n K e^{-r tau} N(-d2),

a = e^{-q tau} where dividends are reinvested, a = 1 where they are paid out.

Sources: Leland & Rubinstein (1981), "Replicating options with positions in stock and cash", FAJ 37(4); Merton (1973)
for the dividend yield; Leland (1985), J. Finance 40, eq. (3), for the volatility that carries the cost of trading.
"""

from dataclasses import dataclass
from typing import Literal

from insure.arguments import not_negative, number, one_of, positive
from insure.errors import FloorUnaffordable
from insure.pricing.elementary import exp, log, norm_cdf, sqrt
from insure.strategies.legs import NO_DEVIATION
from insure.strategies.rule import Dividends, Financing, Opening, Rule, Sight, Start, State, Terms

Tracking = Literal["weight", "units", "resolve"]

_LELAND = 0.7978845608028654  # sqrt(2 / pi)


@dataclass(frozen=True, slots=True)
class Solution:
    """A solved structure: what one unit of money under protection buys. Ratios to the value and spot at the start."""

    value: float
    floor: float
    years: float
    rate: float
    vol: float
    dividend_yield: float
    dividends: Dividends
    financing: Financing
    strike_ratio: float
    """K / S0."""
    participation: float
    """n S0 / V0: the share of the index's rise that the fund keeps at the horizon."""
    put_cost: float
    """n P / V0: the premium, as a fraction of the fund."""
    equity_weight: float
    """Equity held at the start, as a fraction of the fund."""


def solve(
    value: float,
    floor: float,
    years: float,
    rate: float,
    vol: float,
    dividend_yield: float = 0.0,
    dividends: Dividends = "reinvested",
    financing: Financing = "fund",
) -> Solution:
    """Strike, participation, premium and first equity weight of an insured fund.

    ``financing="fund"``: the premium comes out of the fund: V0 = n (A + P(K)) and nK = F, A = S0 e^{-qT} where
    dividends are reinvested and S0 where they are paid out. ``financing="external"``: the textbook case, the premium
    comes from outside, n = V0 / S0 and K / S0 = F / V0 whatever becomes of dividends; the fraction sold at the start is
    e^{-qT} N(-d1) (Hull, Options, Futures and Other Derivatives, "Portfolio insurance").

    Args:
        value: money under protection now, above zero.
        floor: money guaranteed at the horizon, zero or more.
        years: time to the horizon, zero or more.
        rate: continuously compounded, per year.
        vol: hedge volatility per square root of year, zero or more.
        dividend_yield: continuously compounded, per year.
        dividends: "reinvested" or "paid_out".
        financing: "fund" or "external".

    Raises:
        InvalidInput: an argument is NaN or outside its range; the sentence names it.
        FloorUnaffordable: F e^{-rT} >= V0 with ``financing="fund"``.

    Accuracy: nK = F and V0 = n (A + P(K)) hold to 1e-12 relative
    (tests/properties/test_synthetic_put.py::test_solution_spends_exactly_the_fund).
    """
    positive("value", value)
    not_negative("floor", floor)
    not_negative("years", years)
    number("rate", rate)
    not_negative("vol", vol)
    number("dividend_yield", dividend_yield)
    one_of("dividends", dividends, ("reinvested", "paid_out"))
    one_of("financing", financing, ("fund", "external"))
    growth = exp(-dividend_yield * years)
    discount = exp(-rate * years)
    deviation = vol * sqrt(years)
    if financing == "external":
        ratio, base, units = floor / value, 1.0, 1.0
    else:
        if not floor * discount < value:
            raise FloorUnaffordable(
                f"A floor of {floor:g} in {years:g} years costs {floor * discount:g} today at a rate of {rate:.4%}, "
                f"and the fund is worth {value:g}: nothing is left to insure. Lower the floor or lengthen the horizon."
            )
        base = growth if dividends == "reinvested" else 1.0
        ratio = strike_ratio(floor / value, base, growth, discount, deviation)
        units = 1.0 / (base + _put_ratio(ratio, growth, discount, deviation))
    sold = growth * norm_cdf(-_d1(-log(ratio), growth, discount, deviation))
    return Solution(
        value=value,
        floor=floor,
        years=years,
        rate=rate,
        vol=vol,
        dividend_yield=dividend_yield,
        dividends=dividends,
        financing=financing,
        strike_ratio=ratio,
        participation=units,
        put_cost=units * _put_ratio(ratio, growth, discount, deviation),
        equity_weight=units * (base - sold),
    )


def weight(solution: Solution, spot_ratio: float, years_left: float) -> float:
    """Model equity weight of a solved structure at S / S0 = ``spot_ratio`` with ``years_left`` to go.

    With ``financing="fund"`` the equity as a fraction of the structure's own value; with "external" as a fraction of
    the insured stock, 1 - e^{-q tau} N(-d1).
    """
    positive("spot_ratio", spot_ratio)
    not_negative("years_left", years_left)
    terms = (
        log(solution.strike_ratio),
        1.0 if solution.dividends == "reinvested" and solution.financing == "fund" else 0.0,
        0.0,
        1.0 if solution.financing == "external" else 0.0,
        0.0,
    )
    sight = Sight(
        nav=1.0,
        spot=spot_ratio,
        log_ratio=log(spot_ratio),
        weight=0.0,
        floor=0.0,
        elapsed=0.0,
        years_left=years_left,
        rate=solution.rate,
        dividend_yield=solution.dividend_yield,
        vol=solution.vol,
    )
    return hold_weight(terms, State(0.0, solution.strike_ratio, 0.0, 0.0), sight)[0]


def strike_ratio(cover: float, base: float, growth: float, discount: float, deviation: float) -> float:
    """k = K/S of the self-financed structure: the root of k = cover (base + p(k)), with cover = F / V.

    With c the call, p = c - growth + k discount, so the root is that of cover (base - growth + c(k)) = k (1 - cover
    discount): no term of a deep put is left to cancel, and a cushion of a few roundings still finds its strike. The
    left side less the right is convex and falls; Newton's steps from the left never overshoot and need no safeguard.
    Plain arithmetic: rules call it.
    """
    cushion = 1.0 - cover * discount
    k = cover * base
    for _ in range(200):
        d1 = _d1(-log(k), growth, discount, deviation)
        exercised = discount * norm_cdf(d1 - deviation)
        call = growth * norm_cdf(d1) - k * exercised
        step = (cover * (base - growth + call) - k * cushion) / (cover * exercised + cushion)
        if not step > 1e-15 * k:
            break
        k += step
    return k


def _d1(log_moneyness: float, growth: float, discount: float, deviation: float) -> float:
    deviation = max(deviation, NO_DEVIATION)
    return (log_moneyness + log(growth / discount)) / deviation + 0.5 * deviation


def _put_ratio(k: float, growth: float, discount: float, deviation: float) -> float:
    """Price of a put of strike k S, in units of the spot S."""
    d1 = _d1(-log(k), growth, discount, deviation)
    return k * discount * norm_cdf(deviation - d1) - growth * norm_cdf(-d1)


def _deltas(terms: Terms, state: State, sight: Sight) -> tuple[float, float]:
    """Equity and cash of one unit of the structure, money."""
    log_strike, reinvested, leland, _, _ = terms
    tau = sight.years_left
    vol = sqrt(sight.vol * (sight.vol + leland))
    deviation = max(vol * sqrt(tau), NO_DEVIATION)
    d1 = (sight.log_ratio - log_strike + (sight.rate - sight.dividend_yield) * tau) / deviation + 0.5 * deviation
    growth = exp(-sight.dividend_yield * tau)
    base = reinvested * growth + (1.0 - reinvested)
    equity = sight.spot * (base - growth * norm_cdf(-d1))
    cash = state.strike * exp(-sight.rate * tau) * norm_cdf(deviation - d1)
    return equity, cash


def hold_weight(terms: Terms, state: State, sight: Sight) -> tuple[float, float, State]:
    """Rule of ``tracking="weight"``: the structure's own equity weight, held on the actual NAV."""
    equity, cash = _deltas(terms, state, sight)
    external = terms[3]
    whole = external * sight.spot + (1.0 - external) * (equity + cash)
    return equity / whole, sight.floor, state


def hold_units(terms: Terms, state: State, sight: Sight) -> tuple[float, float, State]:
    """Rule of ``tracking="units"``: the units that the structure itself would hold, whatever the NAV."""
    equity, _ = _deltas(terms, state, sight)
    return state.units * equity / sight.nav, sight.floor, state


def resolve(terms: Terms, state: State, sight: Sight) -> tuple[float, float, State]:
    """Rule of ``tracking="resolve"``: the structure that today's NAV can still buy; cash where it can buy none."""
    _, reinvested, leland, external, guarantee = terms
    tau = sight.years_left
    growth = exp(-sight.dividend_yield * tau)
    discount = exp(-sight.rate * tau)
    base = reinvested * growth + (1.0 - reinvested)
    deviation = sqrt(sight.vol * (sight.vol + leland)) * sqrt(tau)
    cover = guarantee / sight.nav
    if external > 0.0:
        k, units = cover, 1.0
    elif not cover * discount < 1.0:
        return 0.0, sight.floor, state
    else:
        k = strike_ratio(cover, base, growth, discount, deviation)
        units = 1.0 / (base + _put_ratio(k, growth, discount, deviation))
    sold = growth * norm_cdf(-_d1(-log(k), growth, discount, deviation))
    solved = State(state.peak, k * sight.spot, units * sight.nav / sight.spot, state.mark)
    return units * (base - sold), sight.floor, solved


_RULES: dict[str, Rule] = {"weight": hold_weight, "units": hold_units, "resolve": resolve}


@dataclass(frozen=True, slots=True)
class SyntheticPut:
    """Option-based portfolio insurance by replication.

    ``floor`` is money at the horizon, in the units of the value protected. ``tracking`` says what is held when the fund
    has drifted from the model: "weight" the model's weight on the actual NAV, "units" the model's units, "resolve" the
    structure that today's NAV still affords. ``leland_cost_bps`` with ``leland_interval_years`` replaces the hedge
    volatility v by v sqrt(1 + sqrt(2/pi) c / (v sqrt(dt))), c the cost of a round trip (Leland 1985).
    """

    floor: float
    years: float = 1.0
    vol: float = 0.2
    tracking: Tracking = "weight"
    dividends: Dividends = "reinvested"
    financing: Financing = "fund"
    leland_cost_bps: float = 0.0
    leland_interval_years: float = 1.0 / 252.0

    def __post_init__(self) -> None:
        """Refuse what no structure can mean."""
        not_negative("floor", self.floor)
        positive("years", self.years)
        not_negative("vol", self.vol)
        one_of("tracking", self.tracking, tuple(_RULES))
        one_of("dividends", self.dividends, ("reinvested", "paid_out"))
        one_of("financing", self.financing, ("fund", "external"))
        not_negative("leland_cost_bps", self.leland_cost_bps)
        positive("leland_interval_years", self.leland_interval_years)

    @property
    def kind(self) -> str:
        """The word in fund files and reports."""
        return "synthetic_put"

    @property
    def rule(self) -> Rule:
        """The rule of this fund's tracking."""
        return _RULES[self.tracking]

    @property
    def hedge_vol(self) -> float | None:
        """The volatility that the rule hedges with, before Leland's adjustment."""
        return self.vol

    @property
    def leland(self) -> float:
        """c sqrt(2/pi) / sqrt(dt): what Leland's adjustment adds to v in v' = sqrt(v (v + ...))."""
        return _LELAND * self.leland_cost_bps * 1e-4 / sqrt(self.leland_interval_years)

    def solve(self, opening: Opening) -> Solution:
        """The structure that the opening's value buys, at this strategy's (adjusted) volatility."""
        return solve(
            opening.value,
            self.floor,
            opening.years,
            opening.rate,
            sqrt(self.vol * (self.vol + self.leland)),
            opening.dividend_yield,
            self.dividends,
            self.financing,
        )

    def begin(self, opening: Opening) -> Start:
        """Solve the strike; remember it with the units of the structure."""
        solution = self.solve(opening)
        terms = (
            log(solution.strike_ratio),
            1.0 if self.dividends == "reinvested" and self.financing == "fund" else 0.0,
            self.leland,
            1.0 if self.financing == "external" else 0.0,
            self.floor,
        )
        state = State(
            peak=opening.value,
            strike=solution.strike_ratio * opening.spot,
            units=solution.participation * opening.value / opening.spot,
            mark=0.0,
        )
        return Start(terms, state, self.floor, dividends=self.dividends, financing=self.financing)

    def scheduled_floor(self, start: Start, elapsed: float, years_left: float, rate: float) -> float:  # noqa: ARG002
        """F e^{-r tau}: what must be in cash now to have the guarantee at the horizon."""
        return start.guarantee * exp(-rate * years_left)


__all__ = [
    "Dividends",
    "Financing",
    "Solution",
    "SyntheticPut",
    "Tracking",
    "hold_units",
    "hold_weight",
    "resolve",
    "solve",
    "strike_ratio",
    "weight",
]
