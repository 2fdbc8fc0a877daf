"""The ways to run one fund that keep it nearest to its true put, at its own costs, and what each costs."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from insure.arguments import FloatArray, numbers, one_of
from insure.band_terms import FixedBandTerms
from insure.errors import InvalidInput
from insure.fund import Fund
from insure.rebalancing import Band
from insure.simulation.engine import Progress, Recipe
from insure.simulation.models import GBM, Bootstrap, Model
from insure.simulation.price_list import price_list
from insure.simulation.sweep import Best, Sweep, standard_bands, sweep
from insure.strategies import Strategy
from insure.strategy_terms import (
    CppiTerms,
    HybridTerms,
    Promise,
    StaticPutTerms,
    StopLossTerms,
    StrategyTerms,
    SyntheticPutTerms,
    TippTerms,
)

LEAST_RETURNS = 500
"""Returns of its own that a fund must have seen before its paths are drawn from them."""
SESSIONS_PER_YEAR = 252
EVERY = (1, 2, 5, 10, 21)
KINDS: dict[str, Callable[[], StrategyTerms]] = {
    "synthetic_put": SyntheticPutTerms,
    "cppi": CppiTerms,
    "tipp": TippTerms,
    "stop_loss": StopLossTerms,
    "static_put": StaticPutTerms,
    "hybrid": HybridTerms,
}
"""Strategies that promise a floor, and so can stand beside each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """What is swept beside bands and calendars; an empty axis is the fund's own value.

    Args:
        strategies: kinds of a fund file, out of ``KINDS``; the fund's own is always among them.
        multipliers: of CPPI and TIPP.
        floors: fractions of the value at the start.
        bands: half widths, NAV weight; empty for the standard ones around what the costs ask for. The fund's own band,
            of whatever kind, is always among them.
        every: closes between two signals; empty for ``EVERY``.
        cost_bps: proportional commissions besides the fund's own price list, everything else of which stays.
    """

    strategies: tuple[str, ...] = ()
    multipliers: tuple[float, ...] = ()
    floors: tuple[float, ...] = ()
    bands: tuple[float, ...] = ()
    every: tuple[int, ...] = ()
    cost_bps: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be swept, naming it."""
        for kind in self.strategies:
            one_of("strategies", kind, KINDS)
        numbers("multipliers", self.multipliers, low=0.0, open_low=True)
        numbers("floors", self.floors, low=0.0, high=1.5, open_low=True)
        numbers("bands", self.bands, low=0.0, high=1.0)
        numbers("every", self.every, low=1.0)
        numbers("cost_bps", self.cost_bps, low=0.0, high=10_000.0)

    def wanted(self, fund: Fund, promise: Promise) -> tuple[Strategy, ...]:
        """Every strategy, the fund's own as its file has it first, none twice."""
        own = fund.strategy
        kinds = dict.fromkeys((own.kind, *self.strategies))
        fractions = dict.fromkeys((fund.protection.floor_fraction, *self.floors))
        found = [own.strategy(promise)]
        for kind, floor in itertools.product(kinds, fractions):
            terms = own if kind == own.kind else KINDS[kind]()
            whole = floor == fund.protection.floor_fraction
            made = promise if whole else replace(promise, guarantee=floor * promise.value)
            if isinstance(terms, CppiTerms | TippTerms):
                several = dict.fromkeys((terms.multiplier, *self.multipliers))
                found += [replace(terms, multiplier=multiplier).strategy(made) for multiplier in several]
            else:
                found.append(terms.strategy(made))
        return tuple(dict.fromkeys(found))


FUNDS_OWN = Axes()


@dataclass(frozen=True, slots=True)
class Optimum:
    """A fund's sweep, and what it says."""

    fund: Fund
    sweep: Sweep
    best: Best
    current: int
    """The point that is the fund as its file has it: its own band, every session."""
    history: int
    """Returns that the paths were drawn from; 0 where they are Brownian at the hedge volatility."""

    @property
    def gain(self) -> tuple[float, float]:
        """Root mean squared slippage of the fund as it is less that of the best point, and its standard error, money.

        The error is that of the paired difference of squares, by the delta method.
        """
        now, then = (self.sweep.studies[k].slippage for k in (self.current, self.best.position))
        one, other = float(np.sqrt(np.mean(now**2))), float(np.sqrt(np.mean(then**2)))
        if self.current == self.best.position:
            return 0.0, 0.0
        parts = now**2 / (2.0 * one) - then**2 / (2.0 * other)
        return one - other, float(parts.std(ddof=1)) / float(np.sqrt(parts.size))

    def band(self, position: int) -> float | None:
        """Half width of a point's band, NAV weight; None for the fund's own where that follows the market."""
        trading = self.sweep.recipe.trading(position)
        return trading.width if trading.follows is None else None

    def band_words(self, position: int) -> str:
        """A point's band in a few words."""
        width = self.band(position)
        return self.fund.band.words(self.fund.cost_bps) if width is None else f"{width:.2%}"

    def name(self, position: int) -> str:
        """A point in words: band and calendar; strategy and costs where several are swept."""
        recipe = self.sweep.recipe
        trading, words = recipe.trading(position), ""
        if len(set(recipe.strategies)) > 1:
            words = f"{self.strategy(position)}, "
        words += f"a band of {self.band_words(position)} every {_sessions(trading.every)}"
        if len({each.costs for each in recipe.each}) > 1:
            words += f" at {trading.costs.fraction * 1e4:g} bp"
        return words

    def strategy(self, position: int) -> str:
        """A point's strategy in words."""
        strategy = self.sweep.recipe.strategies[position]
        words = strategy.kind.replace("_", " ")
        multiplier = getattr(strategy, "multiplier", None)
        if multiplier is not None:
            words += f" {multiplier:g}x"
        return f"{words} on {self.sweep.guarantee(position) / self.sweep.recipe.value:.1%}"

    @property
    def sentence(self) -> str:
        """The answer for a person."""
        best, now = self.best.position, self.current
        value = self.sweep.recipe.value
        if best == now:
            what = f"{_capital(self.name(now))}, as the fund has it, is the best tried"
        else:
            gain, error = (1e4 * figure / value for figure in self.gain)
            what = (
                f"{_capital(self.name(best))} is the best tried: {gain:.1f} bp of NAV (+- {error:.1f}) nearer to the "
                f"true put than {self.name(now)}"
            )
        others = len(self.best.rivals) - 1
        rest = f"; {others} other point{'s' * (others != 1)} can hardly be told from it" if others else ""
        return f"{what}, with {self.best.confidence:.0%} confidence{rest}."

    @property
    def breaches(self) -> str:
        """How often the floor is broken on the way, at the best point and as the fund is; empty where none is promised.

        Nearness to the put at the horizon is not safety on the way: who trades seldom may come near and fall through.
        """
        if not self.sweep.guarantee(self.best.position) > 0.0:
            return ""
        best, now = (self.sweep.studies[k].figures["breach_probability"] for k in (self.best.position, self.current))
        said = f"The floor is broken on the way on {best.value:.2%} (+- {best.standard_error:.2%}) of the paths there"
        if self.best.position == self.current:
            return f"{said}."
        return f"{said}, on {now.value:.2%} (+- {now.standard_error:.2%}) as the fund is."

    def figures(self) -> dict[str, object]:
        """As JSON: money at the horizon, weights as fractions of NAV; a band that follows the market in words."""
        recipe = self.sweep.recipe
        table = self.sweep.table().drop(columns=["strategy"]).to_dict(orient="records")
        gain, error = self.gain
        points = [
            {
                "point": k,
                **{name: _or_none(value) for name, value in row.items()},
                "band": self.band_words(k) if (width := self.band(k)) is None else width,
            }
            for k, row in enumerate(table)
        ]
        return {
            "fund": self.fund.id,
            "criterion": "root of mean squared slippage against the twin",
            "value": recipe.value,
            "years": recipe.years,
            "steps": recipe.steps,
            "paths": recipe.paths,
            "seed": recipe.seed,
            "model": recipe.model.kind,
            "history_returns": self.history,
            "hedge_vol": recipe.model.annual_vol,
            "drift": recipe.model.drift,
            "points": points,
            "frontier": list(self.frontier),
            "current": self.current,
            "best": self.best.position,
            "shortfall": self.best.value,
            "shortfall_standard_error": self.best.standard_error,
            "confidence": self.best.confidence,
            "not_told_apart": list(self.best.rivals[1:]),
            "gain": gain,
            "gain_standard_error": error,
            "sentence": self.sentence,
            "breaches": self.breaches,
        }

    @property
    def frontier(self) -> tuple[int, ...]:
        """Efficient points among those that pay the fund's own costs for its own floor, from the cheapest on."""
        return tuple(k for k in self.sweep.frontier() if self.sweep.comparable(k, self.current))


def _or_none(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _sessions(every: int) -> str:
    return "session" if every == 1 else f"{every} sessions"


def optimise(
    fund: Fund,
    *,
    value: float,
    spot: float,
    vol: float,
    rate: float,
    dividend_yield: float,
    closes: Sequence[float] | FloatArray,
    axes: Axes = FUNDS_OWN,
    paths: int = 20_000,
    seed: int = 1,
    workers: int | None = None,
    progress: Progress | None = None,
    cluster: str | None = None,
) -> Optimum:
    """Sweep bands, calendars and what ``axes`` names for one protection period, begun fresh on today's value.

    The index grows at the rate, whatever its history did: a way to trade should not win by a view. For the same reason
    the put is hedged at the volatility that the paths have, and bought at it with the fund's own ``vol_spread``. Costs,
    limits and throttle are the fund's own; lots are not counted. The best point is chosen among those that pay the
    fund's own costs for its own floor.

    Args:
        fund: the contract.
        value: money at the start.
        spot: today's index.
        vol: hedge volatility of today, which Brownian paths have.
        rate: per year, continuously compounded.
        dividend_yield: the same.
        closes: its feed's history up to today; from 500 returns on, paths are drawn from them in blocks, else they are
            Brownian at the hedge volatility.
        axes: strategies, multipliers, floors, bands, calendars and costs to sweep; the fund's own if left out.
        paths: of every point.
        seed: of the paths.
        workers: threads; None for one a processor.
        progress: told what is being done.
        cluster: address of a dask.distributed scheduler; None for this process.

    Raises:
        FloorUnaffordable: the contract cannot be begun today.
        InvalidInput: an argument is out of range.
    """
    history = np.diff(np.log(numbers("closes", closes, low=0.0, open_low=True)))
    years = fund.protection.horizon_years
    steps = max(1, round(years * SESSIONS_PER_YEAR))
    model: Model = GBM(vol, rate)
    used = 0
    if history.size >= LEAST_RETURNS:
        model, used = (
            Bootstrap(tuple((history + dividend_yield / SESSIONS_PER_YEAR).tolist()), None, rate),
            history.size,
        )
    known = model.annual_vol
    strategies = axes.wanted(fund, fund.promise(value, years, known, spot))
    prices = price_list(fund.costs)
    recipe = Recipe(
        strategies=strategies,
        model=model,
        value=value,
        years=years,
        steps=steps,
        paths=paths,
        seed=seed,
        rate=rate,
        dividend_yield=dividend_yield,
        min_weight=min(fund.limits.lowest_weight, 0.0),
        max_weight=fund.limits.highest_weight,
        max_turnover=fund.limits.largest_change_weight,
        put_vol=max(known + fund.twin.vol_spread, 0.0),
        spot=spot,
    )
    if fund.limits.lowest_weight > 0.0:
        raise InvalidInput(
            f"limits.lowest_weight of {fund.id} is {fund.limits.lowest_weight:g}; a sweep knows least weights of zero "
            "and below only."
        )
    widths = {*(axes.bands or standard_bands(prices.fraction, years, steps, known))}
    own: float | Band
    if isinstance(fund.band, FixedBandTerms):
        own = fund.band.width_weight
        bands: list[float | Band] = [*sorted({*widths, own})]
    else:
        own = fund.no_trade_band
        bands = [*sorted(widths), own]
    found = sweep(
        recipe,
        bands=bands,
        every=sorted({*(axes.every or EVERY), 1}),
        costs=tuple(dict.fromkeys((prices, *(replace(prices, commission_bps=bps) for bps in axes.cost_bps)))),
        band_to=fund.band.to,
        workers=workers,
        progress=progress,
        cluster=cluster,
    )
    ways = [
        (strategy, way.costs, way.band, way.every)
        for strategy, way in zip(found.recipe.strategies, found.recipe.each, strict=True)
    ]
    current = ways.index((strategies[0], prices, own, 1))
    among = [k for k in range(len(ways)) if found.comparable(k, current)]
    return Optimum(fund, found, found.best(positions=among), current, used)
