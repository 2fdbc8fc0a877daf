"""What a study is a function of: strategies, a model of the index, the fund, its market and how it trades."""

import math
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from insure.arguments import fraction, not_negative, number, one_of, positive, whole
from insure.costs import FREE, Costs
from insure.errors import InvalidInput
from insure.rebalancing import Band, FixedBand
from insure.simulation.market import OPEN, Market
from insure.simulation.models import Model
from insure.strategies import Strategy

_Number = TypeVar("_Number", int, float)


def known(number: _Number | None) -> _Number:
    """A number that ``Recipe.trading`` has filled in."""
    if number is None:
        raise ValueError("a trading that was not resolved by its recipe")
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class Trading:
    """How one strategy of a recipe trades: what a sweep varies beside the strategy itself."""

    costs: Costs = FREE
    band: float | Band = 0.0
    """Half width, NAV weight, or one of the bands of ``insure.rebalancing``."""
    band_to: Literal["target", "edge"] = "target"
    every: int = 1
    lag: int | None = None
    """Closes between a signal and its trade; None: the recipe's."""
    max_weight: float | None = None
    """Largest equity weight; None: the recipe's."""

    def __post_init__(self) -> None:
        """Refuse what cannot be traded."""
        if not isinstance(self.band, Band):
            not_negative("band", self.band)
        one_of("band_to", self.band_to, ("target", "edge"))
        whole("every", self.every, low=1)
        if self.lag is not None:
            whole("lag", self.lag)
        if self.max_weight is not None:
            not_negative("max_weight", self.max_weight)

    @property
    def follows(self) -> Band | None:
        """The band whose width follows the path; None where it has one width."""
        return None if isinstance(self.band, (int, float, FixedBand)) else self.band

    @property
    def width(self) -> float:
        """The band's one half width; 0.0 where it follows the path."""
        if isinstance(self.band, FixedBand):
            return self.band.width
        return float(self.band) if isinstance(self.band, (int, float)) else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that a study is a function of."""

    strategies: tuple[Strategy, ...]
    model: Model
    value: float = 100.0
    years: float = 1.0
    steps: int = 252
    paths: int = 100_000
    seed: int = 1
    rate: float = 0.03
    dividend_yield: float = 0.0
    costs: Costs = FREE
    band: float | Band = 0.0
    band_to: Literal["target", "edge"] = "target"
    lag: int = 0
    every: int = 1
    min_weight: float = 0.0
    max_weight: float = 1.0
    max_turnover: float = math.inf
    lot: float = 0.0
    min_ticket: float = 0.0
    put_vol: float | None = None
    market: Market = OPEN
    overnight: float = 0.0
    spot: float = 100.0
    seen_vol: float | None = None
    """What rules without a volatility of their own see, and their puts cost; None: the model's over the long run."""
    each: tuple[Trading, ...] = ()
    """One a strategy where they trade differently; empty where costs, band and calendar above are everybody's."""

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated, naming it."""
        if not self.strategies:
            raise InvalidInput("strategies is empty; name at least one.")
        positive("value", self.value)
        positive("years", self.years)
        whole("steps", self.steps, low=1)
        whole("paths", self.paths, low=2)
        number("seed", whole("seed", self.seed), high=2**63 - 1)
        number("rate", self.rate)
        number("dividend_yield", self.dividend_yield)
        Trading(costs=self.costs, band=self.band, band_to=self.band_to, every=self.every)
        if len(self.each) not in {0, len(self.strategies)}:
            raise InvalidInput(f"each has {len(self.each)} entries for {len(self.strategies)} strategies.")
        whole("lag", self.lag)
        number("min_weight", self.min_weight, high=0.0)
        not_negative("max_weight", self.max_weight)
        if not self.max_turnover > 0.0:
            raise InvalidInput(f"max_turnover is {self.max_turnover!r}; it must be above zero (infinity for none).")
        not_negative("lot", self.lot)
        not_negative("min_ticket", self.min_ticket)
        if self.put_vol is not None:
            not_negative("put_vol", self.put_vol)
        if self.seen_vol is not None:
            not_negative("seen_vol", self.seen_vol)
        fraction("overnight", self.overnight)
        positive("spot", self.spot)

    @property
    def dt(self) -> float:
        """Length of a step, years."""
        return self.years / self.steps

    def trading(self, position: int) -> Trading:
        """How the strategy at that position trades, with nothing left open."""
        if not self.each:
            own = Trading(costs=self.costs, band=self.band, band_to=self.band_to, every=self.every)
        else:
            own = self.each[position]
        lag = self.lag if own.lag is None else own.lag
        return replace(own, lag=lag, max_weight=self.max_weight if own.max_weight is None else own.max_weight)

    def vols(self, strategy: Strategy) -> tuple[float, float]:
        """What the rule sees and what the put costs: the strategy's own, else the model's over the long run."""
        seen = self.model.annual_vol if self.seen_vol is None else self.seen_vol
        known = seen if strategy.hedge_vol is None else strategy.hedge_vol
        return known, known if self.put_vol is None else self.put_vol
