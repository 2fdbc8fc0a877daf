"""What a desk of options reads every evening: the Greeks of its position, and where the day's money came from.

Over a step in which the index moves by dS and the options' volatility by dv, options earn

    Delta dS + 1/2 Gamma dS^2 + Theta dt + Vega dv + rest,

all Greeks those of the step's beginning. A hedged book has traded its delta away: what remains is gamma against theta,
the realised move against the move that the option's price pays for.

Source: Hull, Options, Futures and Other Derivatives, "The Greek letters", relationship between delta, theta and gamma.
"""

from typing import NamedTuple

from insure.slippage import Mark
from insure.strategies.legs import EXPIRED, Greeks, Leg, book


class Profit(NamedTuple):
    """What options earned over one step, money."""

    delta: float
    gamma: float
    theta: float
    vega: float
    rest: float
    """Of higher order: third derivatives, cross terms, a changed rate."""
    total: float
    """The change of their value; exactly the sum of the others."""


def greeks_of(legs: tuple[Leg, ...], units: float, mark: Mark) -> Greeks:
    """Options that are still alive, and ``units`` of stock; the stock has delta alone."""
    alive = tuple(leg for leg in legs if leg.years(mark.years_left) > EXPIRED)
    options = book(alive, mark.spot, mark.years_left, mark.rate, mark.dividend_yield, mark.vol)
    return options._replace(value=options.value + units * mark.spot, delta=options.delta + units)


def earned(legs: tuple[Leg, ...], before: Mark, after: Mark, years: float) -> Profit:
    """What the options of ``before`` earned up to ``after``, ``years`` later.

    An option that expired on the way is worth at ``after`` what it pays on the price there.
    """
    alive = tuple(leg for leg in legs if leg.years(before.years_left) > EXPIRED)
    if not alive:
        return Profit(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    start = book(alive, before.spot, before.years_left, before.rate, before.dividend_yield, before.vol)
    end = book(alive, after.spot, after.years_left, after.rate, after.dividend_yield, after.vol)
    moved = after.spot - before.spot
    delta = start.delta * moved
    gamma = 0.5 * start.gamma * moved * moved
    theta = start.theta * years
    vega = start.vega * (after.vol - before.vol)
    total = end.value - start.value
    return Profit(delta, gamma, theta, vega, total - delta - gamma - theta - vega, total)
