"""The twin beside every fund, and what separates the two, by cause, exactly.

The twin is the same capital in stock and the true put. Over one step a fund that holds h units gains
e^{r dt} V + h X, X = S1 e^{q dt} - e^{r dt} S0, so that with delta* the equity of the twin in units

    D1 = e^{r dt} D0 + sum over rungs (rung - previous rung) X + (model - delta*) X
         + [delta* X - (twin1 - e^{r dt} twin0)] - costs + funding + dividends,      D = fund - twin.

The bracket is the put's own hedging error: ``gap`` on a step beyond ``GAP_SIGMAS`` standard deviations, ``gamma`` on
the others; what changed because the put was re-marked at another volatility or rate stands as ``vega`` and ``rates``.
Every cause is carried at e^{r dt}, so their sum is D at any time: an identity, not an approximation
(tests/properties/test_slippage.py holds it to 1e-9).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from insure.pricing.elementary import exp, log, norm_cdf, sqrt
from insure.strategies import legs, synthetic_put
from insure.strategies.legs import Leg
from insure.strategies.synthetic_put import Dividends, Financing

GAP_SIGMAS = 3.0
"""A step whose log return is beyond this many standard deviations of the put's volatility is a gap."""

HEDGING = ("gap", "gamma", "vega", "rates")
"""Causes of the put itself: a fund that followed its model without friction has these alone."""


class Mark(NamedTuple):
    """The market that the twin's put is valued at."""

    spot: float
    years_left: float
    rate: float
    dividend_yield: float
    vol: float
    """The put's market volatility."""


@dataclass(frozen=True, slots=True)
class Twin:
    """``units`` of stock, each with a put of ``strike`` to the horizon.

    ``reinvested``: whether the stock's dividends buy more stock or are paid out. ``bond``: money due beside them at the
    horizon; a twin of no units and a bond is the same capital in cash.
    """

    units: float
    strike: float
    reinvested: bool = True
    bond: float = 0.0

    @classmethod
    def bought(
        cls,
        value: float,
        guarantee: float,
        mark: Mark,
        dividends: Dividends = "reinvested",
        financing: Financing = "fund",
    ) -> "Twin":
        """The twin that ``value`` buys at the mark; a guarantee of zero buys stock alone.

        Raises:
            FloorUnaffordable: the discounted guarantee costs the whole value.
        """
        solution = synthetic_put.solve(
            value, guarantee, mark.years_left, mark.rate, mark.vol, mark.dividend_yield, dividends, financing
        )
        units = solution.participation * value / mark.spot
        return cls(units, solution.strike_ratio * mark.spot, dividends == "reinvested" and financing == "fund")

    @classmethod
    def in_cash(cls, value: float, mark: Mark) -> "Twin":
        """``value`` lent to the horizon: what a fund is measured against that promises no share of the index."""
        return cls(0.0, mark.spot, bond=value * exp(mark.rate * mark.years_left))

    def scaled(self, factor: float) -> "Twin":
        """The same structure in another size: a flow of money reaches fund and twin alike."""
        return Twin(self.units * factor, self.strike, self.reinvested, self.bond * factor)

    def value_and_delta(self, mark: Mark) -> tuple[float, float]:
        """Money value, and the equity held in units of stock."""
        tau, deviation = mark.years_left, max(mark.vol * sqrt(mark.years_left), 1e-100)
        growth = exp(-mark.dividend_yield * tau)
        base = growth if self.reinvested else 1.0
        moneyness = log(mark.spot) - log(self.strike)
        d1 = (moneyness + (mark.rate - mark.dividend_yield) * tau) / deviation + 0.5 * deviation
        delta = self.units * (base - growth * norm_cdf(-d1))
        cash = (self.units * self.strike * norm_cdf(deviation - d1) + self.bond) * exp(-mark.rate * tau)
        return delta * mark.spot + cash, delta


class Rung(NamedTuple):
    """One stage of a ladder as slippage sees it: the cause that a deviation counts under, and the units held."""

    cause: str
    units: float


class Step(NamedTuple):
    """What happened to the fund between two marks, beyond the index itself."""

    years: float
    """Length of the step, years; money earns e^{rate years} of the mark before."""
    funding: float = 0.0
    """Money earned on cash beyond e^{r dt}."""
    dividends: float = 0.0
    """Money received from dividends beyond the assumed yield."""
    payout: float = 0.0
    """Money that the twin paid out in the step (dividends not reinvested); the fund's own is in ``distributed``."""
    distributed: float = 0.0
    """Money that the fund paid out in the step."""


@dataclass(frozen=True, slots=True)
class Track:
    """Where fund and twin stand: the twin, the mark it was last valued at, and slippage by cause so far."""

    twin: Twin
    mark: Mark
    causes: Mapping[str, float] = field(default_factory=dict)

    @property
    def twin_value(self) -> float:
        """Money value of the twin at the last mark."""
        return self.twin.value_and_delta(self.mark)[0]

    @property
    def total(self) -> float:
        """Fund minus twin, money."""
        return sum(self.causes.values())

    def charged(self, costs: Mapping[str, float]) -> "Track":
        """After paying ``costs`` (money by cause, positive) now."""
        return Track(self.twin, self.mark, _added(self.causes, {cause: -money for cause, money in costs.items()}))

    def carried(self, to: Mark, step: Step, rungs: Sequence[Rung], held: tuple[Leg, ...] = ()) -> "Track":
        """After one step to the mark ``to`` with the holdings of ``rungs``: model first, what was really held last.

        ``held`` are the options that the fund itself held over the step, beside the units of the rungs.
        """
        growth = exp(self.mark.rate * step.years)
        causes = {cause: money * growth for cause, money in self.causes.items()}
        return Track(self.twin, to, _added(causes, step_causes(self.twin, self.mark, to, step, rungs, held)))


@dataclass(frozen=True, slots=True)
class Since:
    """What came to fund minus twin since a moment, apart from what stood between them already.

    With C0 the causes then, C1 those now and g the growth of cash from then to now, C1 - g C0 came since, cause by
    cause, money now; (g - 1) times the sum of C0 is the interest on what stood before. Both add up to the change.
    """

    opening: Mapping[str, float] = field(default_factory=dict)
    """Causes then, money; none where the twin was bought at that moment."""
    growth: float = 1.0
    """Of cash since, at the rates of the marks."""

    def after(self, mark: Mark, years: float) -> "Since":
        """One step of ``years`` further, from the mark that money earned the rate of."""
        return Since(self.opening, self.growth * exp(mark.rate * years))

    def causes(self, now: Track) -> Mapping[str, float]:
        """What came since, by cause, money now."""
        return _added(now.causes, {cause: -money * self.growth for cause, money in self.opening.items()})

    @property
    def interest(self) -> float:
        """What cash earned on the difference that stood before, money."""
        return (self.growth - 1.0) * sum(self.opening.values())


def opened(
    value: float, guarantee: float, mark: Mark, dividends: Dividends = "reinvested", financing: Financing = "fund"
) -> Track:
    """A new track: the twin bought with the fund's own value.

    Where the premium comes from outside the fund starts short by it, and slippage says so under ``financing``. Where
    the put's market volatility makes the guarantee unaffordable there is no twin.
    """
    twin = Twin.bought(value, guarantee, mark, dividends, financing)
    short = value - twin.value_and_delta(mark)[0]
    return Track(twin, mark, {"financing": short} if financing == "external" else {})


def step_causes(
    twin: Twin, before: Mark, after: Mark, step: Step, rungs: Sequence[Rung], held: tuple[Leg, ...] = ()
) -> dict[str, float]:
    """What one step adds to fund minus twin, by cause, money at the end of the step.

    Options that the fund itself held (``held``) count with their delta beside the model's units; what they earned
    beyond that delta stands against the twin's put under the same causes, so that a fund of stock and bought puts has
    none at all.
    """
    growth = exp(before.rate * step.years)
    gain = after.spot * exp(before.dividend_yield * step.years) - growth * before.spot
    value, delta = twin.value_and_delta(before)
    own_value, own_delta = _legs(held, before)
    model = rungs[0]
    causes = {model.cause: (model.units + own_delta - delta) * gain}
    previous = model.units
    for rung in rungs[1:]:
        causes[rung.cause] = causes.get(rung.cause, 0.0) + (rung.units - previous) * gain
        previous = rung.units
    marked, own_marked = twin.value_and_delta(after)[0], _legs(held, after)[0]
    at_old_market, own_at_old_market = at_new_rate, own_at_new_rate = marked, own_marked
    if (after.rate, after.dividend_yield, after.vol) != (before.rate, before.dividend_yield, before.vol):
        at_old_vol = after._replace(vol=before.vol)
        unmarked = at_old_vol._replace(rate=before.rate, dividend_yield=before.dividend_yield)
        at_old_market, own_at_old_market = twin.value_and_delta(unmarked)[0], _legs(held, unmarked)[0]
        at_new_rate, own_at_new_rate = twin.value_and_delta(at_old_vol)[0], _legs(held, at_old_vol)[0]
    error = delta * gain - (at_old_market + step.payout - growth * value)
    own_error = own_delta * gain - (own_at_old_market - growth * own_value)
    causes[hedging_cause(before, after, step.years)] = error - own_error
    causes["rates"] = (at_old_market - at_new_rate) - (own_at_old_market - own_at_new_rate)
    causes["vega"] = (at_new_rate - marked) - (own_at_new_rate - own_marked)
    causes["funding"] = step.funding
    causes["dividends"] = step.dividends + step.payout - step.distributed
    return causes


def _legs(held: tuple[Leg, ...], mark: Mark) -> tuple[float, float]:
    """Value and delta of the options held."""
    if not held:
        return 0.0, 0.0
    greeks = legs.book(held, mark.spot, mark.years_left, mark.rate, mark.dividend_yield, mark.vol)
    return greeks.value, greeks.delta


def hedging_cause(before: Mark, after: Mark, years: float) -> str:
    """``gap`` where the index moved beyond ``GAP_SIGMAS`` standard deviations of the step, else ``gamma``."""
    moved = abs(log(after.spot / before.spot))
    return "gap" if moved > GAP_SIGMAS * before.vol * sqrt(years) else "gamma"


def _added(causes: Mapping[str, float], more: Mapping[str, float]) -> Mapping[str, float]:
    total = dict(causes)
    for cause, money in more.items():
        total[cause] = total.get(cause, 0.0) + money
    return total


__all__ = [
    "GAP_SIGMAS",
    "HEDGING",
    "Mark",
    "Rung",
    "Since",
    "Step",
    "Track",
    "Twin",
    "hedging_cause",
    "opened",
    "step_causes",
]
