"""Options held beside the stock: what they are, and what one is worth, by plain scalar arithmetic.

Rules and the twin need an option's value and sensitivities many times on one path, in text that a compiler can take:
``option`` is that text, written with the functions of ``insure.pricing.elementary`` alone. Everything else prices with
``insure.pricing.black_scholes``, to which tests/properties/test_strategies_legs.py holds it.

Sources: Black & Scholes (1973), J. Political Economy 81, eq. (13); Merton (1973), Bell J. Economics 4, for the dividend
yield.
"""

from typing import Literal, NamedTuple

from insure.pricing.elementary import exp, log, norm_cdf, norm_pdf, sqrt

EXPIRED = 1e-9
"""An option with no more than this to go, years, has expired: a close that reaches it settles it."""

NO_DEVIATION = 1e-100
"""A deviation this small prices as zero volatility without dividing by zero: N(x / 1e-100) is 0, 1/2 or 1."""

_SQRT_DAY = 0.06299407883487121  # sqrt(1 / 252)


class Greeks(NamedTuple):
    """Value and sensitivities of one option or of a whole book, money and units of the index."""

    value: float
    delta: float
    """dValue/dSpot, units."""
    gamma: float
    """d2Value/dSpot2, units per unit of money."""
    vega: float
    """dValue/dVol, money per 1.0 of volatility."""
    theta: float
    """Money per year that passes, everything else at rest."""


def option(
    sign: float, spot: float, strike: float, years: float, rate: float, dividend_yield: float, vol: float
) -> Greeks:
    """A European call (``sign`` 1.0) or put (-1.0) on one unit: z [S e^{-qT} N(z d1) - K e^{-rT} N(z d2)].

    Args:
        sign: z, 1.0 or -1.0.
        spot: price of one unit, above zero.
        strike: zero or more.
        years: to expiry; expired (zero or less) it is worth what it paid, with no gamma, vega or theta.
        rate: continuously compounded, per year.
        dividend_yield: continuously compounded, per year.
        vol: per square root of year, zero or more.

    Accuracy: 2e-14 of the larger of spot and strike (times e^{|rT|}) against ``pricing.black_scholes``
    (tests/properties/test_strategies_legs.py::test_an_option_is_priced_as_in_the_pricing_room).
    """
    tau = max(years, 0.0)
    deviation = max(vol * sqrt(tau), NO_DEVIATION)
    d1 = (log(spot) - log(strike) + (rate - dividend_yield) * tau) / deviation + 0.5 * deviation
    d2 = d1 - deviation
    growth = exp(-dividend_yield * tau)
    bond = strike * exp(-rate * tau)
    delta = sign * growth * norm_cdf(sign * d1)
    cash = sign * bond * norm_cdf(sign * d2)
    alive = 1.0 if deviation > NO_DEVIATION else 0.0
    density = alive * growth * norm_pdf(d1)
    gamma = density / (spot * deviation)
    vega = spot * density * sqrt(tau)
    carry = dividend_yield * spot * delta - rate * cash
    theta = (carry if years > 0.0 else 0.0) - 0.5 * vol * vol * spot * spot * gamma
    return Greeks(delta * spot - cash, delta, gamma, vega, theta)


class Leg(NamedTuple):
    """A European option held from the start of a period; ``units`` below zero were sold."""

    kind: Literal["put", "call"]
    units: float
    strike: float
    before_horizon: float = 0.0
    """How long before the period's horizon it expires, years; below zero: so long after it."""

    @property
    def sign(self) -> float:
        """1.0 for a call, -1.0 for a put."""
        return 1.0 if self.kind == "call" else -1.0

    def years(self, years_left: float) -> float:
        """Time to its expiry with ``years_left`` to the horizon."""
        return years_left - self.before_horizon

    def greeks(self, spot: float, years_left: float, rate: float, dividend_yield: float, vol: float) -> Greeks:
        """Value and sensitivities of the whole leg, with ``years_left`` to the period's horizon."""
        one = option(self.sign, spot, self.strike, self.years(years_left), rate, dividend_yield, vol)
        return Greeks(*(self.units * figure for figure in one))


def daily_drift(gamma: float, spot: float, vol: float) -> float:
    """Money by which a position's delta moves when the index moves one standard deviation of a day.

    |G| S^2 v sqrt(1/252): what bands that widen with gamma and volatility are measured in.
    """
    return abs(gamma) * spot * spot * vol * _SQRT_DAY


def book(
    legs: tuple[Leg, ...], spot: float, years_left: float, rate: float, dividend_yield: float, vol: float
) -> Greeks:
    """The legs together."""
    total = (0.0, 0.0, 0.0, 0.0, 0.0)
    for leg in legs:
        one = leg.greeks(spot, years_left, rate, dividend_yield, vol)
        total = (
            total[0] + one[0],
            total[1] + one[1],
            total[2] + one[2],
            total[3] + one[3],
            total[4] + one[4],
        )
    return Greeks(*total)


__all__ = ["EXPIRED", "NO_DEVIATION", "Greeks", "Leg", "book", "daily_drift", "option"]
