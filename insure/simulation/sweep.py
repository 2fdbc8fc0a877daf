"""Many ways to run a fund on the same paths: strategy, multiplier, floor, band, costs and calendar.

The paths are drawn once, so that two ways differ by what they do and not by what they met: differences are paired path
by path and far less noisy than the figures themselves.
"""

import dataclasses
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from insure.arguments import FloatArray, one_of
from insure.costs import FREE, Costs
from insure.errors import InvalidInput
from insure.rebalancing import Band
from insure.simulation.engine import Progress, Recipe, Trading
from insure.simulation.simulate import compare
from insure.simulation.study import Figure, Study, mean_of
from insure.strategies import Strategy

if TYPE_CHECKING:
    import pandas as pd

_Strategy = TypeVar("_Strategy", bound=Strategy)
Criterion = Literal["shortfall", "tracking"]

_BATCHES = 64
_RESAMPLES = 4000


def variants(strategy: _Strategy, **fields: Iterable[object]) -> tuple[_Strategy, ...]:
    """Every combination of the fields given: ``variants(Cppi(90.0), multiplier=(3.0, 4.0), guarantee=(85.0, 90.0))``.

    Raises:
        InvalidInput: the strategy has no field of that name.
    """
    known = {field.name for field in dataclasses.fields(strategy)}  # type: ignore[arg-type]  # strategies are values
    for name in fields:
        if name not in known:
            raise InvalidInput(f"{strategy.kind} has no {name!r}; it has {', '.join(sorted(known))}.")
    return tuple(
        replace(strategy, **dict(zip(fields, values, strict=True)))  # type: ignore[type-var]  # strategies are values
        for values in itertools.product(*fields.values())
    )


@dataclass(frozen=True)
class Sweep:
    """Studies on the same paths, each with how it trades."""

    studies: tuple[Study, ...]

    @property
    def recipe(self) -> Recipe:
        """Of all of them."""
        return self.studies[0].recipe

    def cost(self, position: int) -> Figure:
        """Trading costs, mean, money at the horizon."""
        return self.studies[position].figures["costs"]

    def tracking_error(self, position: int) -> Figure:
        """Standard deviation of slippage, money at the horizon."""
        return self.studies[position].figures["slippage_std"]

    def table(self) -> "pd.DataFrame":
        """A row a point: what it is, cost, tracking error, mean slippage and breach probability, each with its error.

        The six axes: ``kind`` of strategy, ``multiplier`` (not a number where it has none), ``guarantee`` (money at the
        horizon), ``band``, ``cost_bps`` (proportional), ``every`` (closes between signals). ``efficient`` says whether
        the point lies on the ``frontier``.
        """
        import pandas as pd  # noqa: PLC0415  # not with the package

        rows = []
        efficient = set(self.frontier())
        for k, study in enumerate(self.studies):
            trading = self.recipe.trading(k)
            strategy = self.recipe.strategies[k]
            row: dict[str, object] = {
                "strategy": str(study.strategy),
                "kind": strategy.kind,
                "multiplier": float(getattr(strategy, "multiplier", math.nan)),
                "guarantee": self.guarantee(k),
                "band": trading.band,
                "every": trading.every,
                "cost_bps": trading.costs.fraction * 1e4,
            }
            figures = {
                "cost": self.cost(k),
                "tracking_error": self.tracking_error(k),
                "slippage_mean": study.figures["slippage_mean"],
                "breach_probability": study.figures["breach_probability"],
            }
            for name, figure in figures.items():
                row |= {name: figure.value, f"{name}_se": figure.standard_error}
            rows.append(row | {"efficient": k in efficient})
        return pd.DataFrame(rows)

    def frontier(self) -> tuple[int, ...]:
        """Points that no other beats in cost and in tracking error at once, from the cheapest to the closest.

        Points compare only where they pay the same price list for the same guarantee; each pair of them has its own
        frontier.
        """
        return self._frontier

    @cached_property
    def _frontier(self) -> tuple[int, ...]:
        places = range(len(self.studies))
        points = [(self.cost(k).value, self.tracking_error(k).value) for k in places]
        found = []
        for k in places:
            # Of two that are the same in both, the first stays.
            beaten = any(
                points[j][0] <= points[k][0]
                and points[j][1] <= points[k][1]
                and (points[j] != points[k] or j < k)
                and self.comparable(j, k)
                for j in places
                if j != k
            )
            if not beaten:
                found.append(k)
        return tuple(sorted(found, key=lambda k: points[k][0]))

    def guarantee(self, position: int) -> float:
        """What a point promises at the horizon, money: what its twin insures."""
        return self.studies[position]._book.start.guarantee

    def comparable(self, one: int, other: int) -> bool:
        """Whether two points pay the same price list for the same guarantee (to rounding)."""
        costs = self.recipe.trading(one).costs == self.recipe.trading(other).costs
        apart = abs(self.guarantee(one) - self.guarantee(other))
        return costs and apart <= 1e-9 * self.recipe.value

    def differences(self, to: int = 0) -> "pd.DataFrame":
        """Slippage less that of point ``to``, paired: mean, and change of mean squared slippage, with their errors."""
        import pandas as pd  # noqa: PLC0415  # not with the package

        base = self.studies[to].slippage
        rows = {}
        for k, study in enumerate(self.studies):
            mean, square = mean_of(study.slippage - base), mean_of(study.slippage**2 - base**2)
            rows[k] = (mean.value, mean.standard_error, square.value, square.standard_error)
        columns = ["slippage", "slippage_se", "squared_slippage", "squared_slippage_se"]
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns)

    def best(self, criterion: Criterion = "shortfall", positions: Sequence[int] | None = None) -> "Best":
        """The point with the least distance from the true put, and how sure that is.

        Args:
            criterion: ``shortfall``, the root of mean squared slippage: what costs take and what tracking misses in one
                figure, money; or ``tracking``, the standard deviation alone.
            positions: points to choose among; None for all.
        """
        one_of("criterion", criterion, ("shortfall", "tracking"))
        among = tuple(range(len(self.studies))) if positions is None else tuple(positions)
        if not among:
            raise InvalidInput("positions is empty; there must be a point to choose.")
        return Best.of(self, criterion, among)

    @cached_property
    def _batches(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Mean slippage and mean squared slippage of batches of paths, (points, batches); sizes of the batches."""
        parts = np.array_split(np.arange(self.recipe.paths), min(_BATCHES, self.recipe.paths))
        slippage = [study.slippage for study in self.studies]
        means = np.array([[row[part].mean() for part in parts] for row in slippage])
        squares = np.array([[(row[part] ** 2).mean() for part in parts] for row in slippage])
        return means, squares, np.array([float(part.size) for part in parts])


@dataclass(frozen=True, slots=True)
class Best:
    """The best point of a sweep."""

    position: int
    value: float
    """Of the criterion, money at the horizon."""
    standard_error: float
    confidence: float
    """Fraction of resampled studies in which the same point is the best."""
    rivals: tuple[int, ...]
    """Points that were the best in at least one of a hundred resampled studies, the best one first."""

    @classmethod
    def of(cls, sweep: Sweep, criterion: Criterion, among: tuple[int, ...]) -> "Best":
        """Choose, and choose again on batches of paths drawn with replacement (Efron 1979), all points on the same."""
        means, squares, sizes = sweep._batches
        means, squares = means[list(among)], squares[list(among)]
        count = means.shape[1]
        # The resampling has a stream of its own, so that the answer is a function of the recipe.
        drawn = np.random.default_rng(sweep.recipe.seed).multinomial(count, np.full(count, 1.0 / count), _RESAMPLES)
        weights = drawn * sizes

        def scores(weight: FloatArray) -> FloatArray:
            parts = weight / weight.sum(axis=1, keepdims=True)
            mean, square = parts @ means.T, parts @ squares.T
            spread = square if criterion == "shortfall" else np.maximum(square - mean * mean, 0.0)
            return np.asarray(np.sqrt(spread), dtype=np.float64)

        now, again = scores(sizes[None, :])[0], scores(weights)
        chosen = int(np.argmin(now))
        wins = np.bincount(np.argmin(again, axis=1), minlength=len(among)) / _RESAMPLES
        rivals = [k for k in np.argsort(-wins).tolist() if wins[k] >= 0.01 and k != chosen]
        return cls(
            among[chosen],
            float(now[chosen]),
            float(again[:, chosen].std()),
            float(wins[chosen]),
            (among[chosen], *(among[k] for k in rivals)),
        )


def sweep(
    recipe: Recipe,
    *,
    bands: Sequence[float | Band] = (0.0,),
    every: Sequence[int] = (1,),
    costs: Sequence[Costs] = (FREE,),
    band_to: Literal["target", "edge"] = "target",
    workers: int | None = None,
    progress: Progress | None = None,
    cluster: str | None = None,
) -> Sweep:
    """Every strategy of the recipe with every band, calendar and price list, on paths drawn once.

    Args:
        recipe: its strategies are swept over; its own costs, band and calendar are not looked at.
        bands: half widths, NAV weight, or bands of ``insure.rebalancing``.
        every: closes between two signals.
        costs: price lists.
        band_to: where a trade outside the band goes.
        workers: threads; None for one a processor. They change no bit.
        progress: told what is being done.
        cluster: address of a dask.distributed scheduler; None for this process.
    """
    ways = [
        (strategy, Trading(costs=price, band=band, band_to=band_to, every=often))
        for strategy, price, often, band in itertools.product(recipe.strategies, costs, every, bands)
    ]
    if not ways:
        raise InvalidInput("bands, every and costs must each name at least one value.")
    whole = replace(recipe, strategies=tuple(s for s, _ in ways), each=tuple(t for _, t in ways))
    return Sweep(compare(whole, workers=workers, progress=progress, cluster=cluster).studies)


def standard_bands(cost: float, years: float, steps: int, vol: float) -> tuple[float, ...]:
    """Bands worth trying: none, then five around the size that a cost asks for, half widths of NAV weight.

    The middle one is the cube root that Whalley & Wilmott (1997) find for small costs, (3/2 c gamma^2 / g)^{1/3}, with
    a gamma of 1 / (vol sqrt(years)) per unit of log price and a risk aversion g of 10, at least what one step moves.
    """
    gamma = 0.4 / max(vol * math.sqrt(years), 1e-6)
    middle = min(0.2, max((1.5 * cost * gamma**2 / 10.0) ** (1.0 / 3.0), 0.25 * gamma * vol * math.sqrt(years / steps)))
    return (0.0, *(round(middle * factor, 4) for factor in (0.25, 0.5, 1.0, 1.5, 2.5)))
