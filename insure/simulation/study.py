"""A study: what became of every path, of fund and twin, and why they differ; every figure with its standard error."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from insure.arguments import FloatArray
from insure.errors import InvalidInput
from insure.pricing import black_scholes, merton
from insure.simulation import layout as at
from insure.simulation.engine import Arrangement, Outcome, Progress, Recipe, completed, run
from insure.simulation.fan import LEVELS, MEMORY, Fan, fan
from insure.simulation.layout import LANES
from insure.simulation.models import GBM, Merton, Model
from insure.simulation.provenance import read, written

if TYPE_CHECKING:
    import pandas as pd

_QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_TAIL = 0.05


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a study."""

    value: float
    standard_error: float


class Study:
    """One strategy's share of a run: arrays by path at the horizon, figures over all paths.

    ``terminal``, ``twin``, ``slippage`` and ``index`` (the spot) are arrays of shape (paths,), money at the horizon, in
    the order of the paths' numbers. Studies of one ``compare`` stand on the same paths.
    """

    def __init__(self, arrangement: Arrangement, position: int, outcome: Outcome) -> None:
        self.recipe: Recipe = arrangement.recipe
        self.position = position
        self._arrangement = arrangement
        self._outcome = outcome
        self._book = arrangement.books[position]

    @property
    def strategy(self) -> object:
        """The strategy value."""
        return self._book.strategy

    @property
    def put_vol(self) -> float:
        """Volatility that the twin's put was bought at."""
        return self._arrangement.puts[self._book.put].vol

    @property
    def terminal(self) -> FloatArray:
        """NAV of the fund at the horizon, money."""
        found: FloatArray = self._outcome.ends[self.position]
        return found

    @property
    def twin(self) -> FloatArray:
        """Value of the twin at the horizon, money."""
        found: FloatArray = self._outcome.twins[self._book.put]
        return found

    @cached_property
    def slippage(self) -> FloatArray:
        """Fund minus twin at the horizon, money."""
        return self.terminal - self.twin

    @property
    def index(self) -> FloatArray:
        """Spot at the horizon."""
        return self._outcome.index

    # ---- figures

    @property
    def _complete(self) -> Outcome:
        """The outcome with causes and controls; the first to ask has the paths walked again."""
        return completed(self._arrangement, self._outcome)

    def _merged(self, column: int, *, kept: bool) -> tuple[float, float]:
        """Mean and sum of squared deviations over all paths, from those of the blocks in order.

        ``kept`` says that a lean run has the column too.
        """
        blocks = (self._outcome if kept else self._complete).moments[:, column]
        paths = self.recipe.paths
        counts = np.full(len(blocks), float(LANES))
        counts[-1] = paths - LANES * (len(blocks) - 1)
        mean = math.fsum((counts * blocks[:, 0]).tolist()) / paths
        between = math.fsum((counts * (blocks[:, 0] - mean) ** 2).tolist())
        return mean, math.fsum(blocks[:, 1].tolist()) + between

    def _figure(self, column: int, factor: float = 1.0, *, kept: bool) -> Figure:
        mean, squares = self._merged(column, kept=kept)
        paths = self.recipe.paths
        return Figure(factor * mean, abs(factor) * math.sqrt(squares / (paths - 1.0) / paths))

    def _of_book(self, row: int, factor: float = 1.0) -> Figure:
        return self._figure(self.position * at.BOOK_FIGURES + row - at.FIRST_FIGURE, factor, kept=row >= at.COMMISSION)

    def _of_put(self, row: int, factor: float = 1.0) -> Figure:
        first = len(self._arrangement.books) * at.BOOK_FIGURES
        return self._figure(first + self._book.put * at.PUT_FIGURES + row - at.GAP, factor, kept=False)

    @cached_property
    def causes(self) -> dict[str, Figure]:
        """Mean slippage by cause, money at the horizon; the causes add up to the mean of ``slippage``."""
        accrued = math.exp(self.recipe.rate * self.recipe.years)
        found = {cause: self._of_put(row, accrued) for cause, row in at.HEDGING_ERRORS.items()}
        found |= {cause: self._of_book(row, accrued) for cause, row in at.RUNGS.items()}
        found |= {cause: self._of_book(row, -accrued * part) for cause, row, part in self._charges()}
        found["financing"] = Figure(self._book.financed * accrued, 0.0)
        always = ("gap", "gamma", "model")
        # What is left of rungs that this study does not have is rounding.
        rounding = 1e-12 * self.recipe.value
        return {c: f for c, f in found.items() if c in always or abs(f.value) + f.standard_error > rounding}

    def _charges(self) -> list[tuple[str, int, float]]:
        """Costs by cause: the row they stand in, and their part of it."""
        costs = self._book.trading.costs
        if self._arrangement.plain(self._book):
            # The short ladder keeps the value traded; every cost is a fixed fraction of it.
            return [
                ("commission", at.COMMISSION, costs.commission_bps * 1e-4),
                ("half_spread", at.COMMISSION, costs.half_spread_bps * 1e-4),
            ]
        return [(cause, row, 1.0) for cause, row in at.CHARGES.items()]

    def attribution(self) -> "pd.DataFrame":
        """Mean slippage by cause: columns ``value`` and ``standard_error``, money at the horizon.

        ``value`` adds up to the mean of ``slippage``, which ``summary`` shows with its own error as ``slippage_mean``.
        """
        return frame(self.causes)

    def path_causes(self, first: int = 0, paths: int | None = None) -> "pd.DataFrame":
        """Slippage by cause on every path of a range (a row a path), run again to the same bits.

        Args:
            first: number of the first path, a multiple of 256.
            paths: how many; None for all from there.
        """
        import pandas as pd  # noqa: PLC0415  # not with the package

        count = self.recipe.paths - first if paths is None else paths
        again = run(self._arrangement, first=first, paths=count, detailed=True)
        accrued = math.exp(self.recipe.rate * self.recipe.years)
        books, puts = again.book_details[self.position], again.put_details[self._book.put]
        found = {cause: accrued * puts[row - at.GAP] for cause, row in at.HEDGING_ERRORS.items()}
        found |= {cause: accrued * books[row - at.FIRST_FIGURE] for cause, row in at.RUNGS.items()}
        found |= {cause: -accrued * part * books[row - at.FIRST_FIGURE] for cause, row, part in self._charges()}
        found["financing"] = np.full(count, self._book.financed * accrued)
        numbers = range(first, first + count)
        return pd.DataFrame({cause: found[cause] for cause in found if cause in self.causes}, index=numbers)

    def summary(self) -> "pd.DataFrame":
        """The study in figures: columns ``value`` and ``standard_error``.

        Terminal value, twin and slippage (mean, standard deviation, quantiles, expected shortfall: the mean of the
        worst 5 %), floor breaches (at any close, on NAV after costs), shortfall against the guarantee at the horizon,
        cash-lock (a fund with a floor that asks for no stock), turnover (value traded over NAV, a year), costs,
        exposure, and participation (mean gain over mean gain of the index with dividends, where the index rose).
        """
        return frame(self.figures)

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """What ``summary`` shows."""
        recipe = self.recipe
        found: dict[str, Figure] = {}
        for name, values in (("terminal", self.terminal), ("twin", self.twin), ("slippage", self.slippage)):
            found |= _distribution(name, values)
        found["breach_probability"] = self._of_book(at.BREACHED)
        found["breach_size"] = self._given(at.DEPTH, at.BREACHED)
        guarantee = self._book.start.guarantee
        short = guarantee - self.terminal
        failed = short > 1e-9 * recipe.value
        found["shortfall_probability"] = mean_of(failed.astype(np.float64))
        found["shortfall_size"] = mean_of(short[failed]) if failed.sum() > 1 else Figure(math.nan, math.nan)
        found["cash_lock_probability"] = self._of_book(at.EVER_LOCKED)
        found["cash_lock_years"] = self._of_book(at.LOCKED, recipe.dt)
        found["turnover"] = self._of_book(at.TURNOVER, 1.0 / recipe.years)
        accrued = math.exp(recipe.rate * recipe.years)
        costs = [self._of_book(row, accrued * part) for _, row, part in self._charges()]
        found["costs"] = Figure(sum(c.value for c in costs), math.sqrt(sum(c.standard_error**2 for c in costs)))
        found["exposure"] = self._of_book(at.EXPOSURE, 1.0 / recipe.steps)
        found["participation"] = self._participation()
        return found

    def _given(self, amount: int, condition: int) -> Figure:
        """E[amount | condition], amount zero elsewhere; the error by the delta method, condition counted exactly."""
        probability, mean = self._of_book(condition), self._of_book(amount)
        if not probability.value > 0.0:
            return Figure(math.nan, math.nan)
        value = mean.value / probability.value
        paths = self.recipe.paths
        _, squares = self._merged(self.position * at.BOOK_FIGURES + amount - at.FIRST_FIGURE, kept=True)
        second = squares / paths + mean.value**2
        spread = max(second / probability.value - value**2, 0.0)
        return Figure(value, math.sqrt(spread / (probability.value * paths)))

    def _participation(self) -> Figure:
        recipe = self.recipe
        gain = self.index / recipe.spot * math.exp(recipe.dividend_yield * recipe.years) - 1.0
        rose = gain > 0.0
        if rose.sum() < 2:
            return Figure(math.nan, math.nan)
        ours, theirs = self.terminal[rose] / recipe.value - 1.0, gain[rose]
        ratio = float(ours.mean() / theirs.mean())
        errors = ours - ratio * theirs
        return Figure(ratio, float(errors.std(ddof=1)) / math.sqrt(len(errors)) / float(theirs.mean()))

    def mean_slippage(self) -> tuple[Figure, Figure]:
        """Mean slippage plain, and with control variates whose expectation is known, by regression on the same paths.

        Controls: the gamma P&L over its expectation, sum of e^{-r t} 1/2 Gamma S^2 ((R - e^{r dt})^2 - E[...]); the
        index at the horizon; and, where steps are those of a lognormal index or of Merton's, the twin's put at the
        horizon, whose expectation is its price at the drift. Where the drift is a history's own, or only nearly the one
        asked for, there is only the plain one, twice.

        How much the variance shrinks under GBM at a daily step (tests/simulation/test_simulation_controls.py): of a
        replicated put on 95 % without costs 40 times; at 10 bp 10.5 times, 6.7 times without the put among the
        controls; at 10 bp with a band of 2 % 3.9 times; of CPPI at 10 bp 4.5 times.
        """
        plain = mean_of(self.slippage)
        controls = self._controls()
        if not controls:
            return plain, plain
        design = np.stack(controls, axis=1)
        centred = design - design.mean(axis=0)
        slopes, *_ = np.linalg.lstsq(centred, self.slippage - self.slippage.mean(), rcond=None)
        return plain, mean_of(self.slippage - design @ slopes)

    def _controls(self) -> list[FloatArray]:
        """Arrays by path whose expectation is zero."""
        recipe, model = self.recipe, self.recipe.model
        found: list[FloatArray] = []
        if model.drift is None or model.kind == "filtered_history":
            return found
        expected = recipe.spot * math.exp((model.drift - recipe.dividend_yield) * recipe.years)
        found.append(self.index - expected)
        second = model.dynamics(recipe.dt, recipe.dividend_yield).second_moment
        if second is not None and self.put_vol > 0.0:
            found.append(self._complete.controls[self._book.put])
        strike = self._arrangement.puts[self._book.put].twin.strike
        payoff = expected_put(model, recipe.spot, strike, recipe.years, recipe.dividend_yield)
        if payoff is not None:
            found.append(np.maximum(strike - self.index, 0.0) - payoff)
        return found

    def histogram(self, name: str = "slippage", bins: int = 80) -> tuple[FloatArray, FloatArray]:
        """Edges and counts of ``terminal``, ``twin`` or ``slippage``."""
        if name not in {"terminal", "twin", "slippage"}:
            raise InvalidInput(f"name is {name!r}; it must be terminal, twin or slippage.")
        counts, edges = np.histogram(getattr(self, name), bins=bins)
        return edges, counts.astype(np.float64)

    def fan(
        self, dates: int = 25, levels: Sequence[float] = LEVELS, *, workers: int | None = None, memory: int = MEMORY
    ) -> Fan:
        """Quantiles of fund, twin, index and slippage by date, the paths walked again: ``insure.simulation.fan``."""
        return fan(self._arrangement, self.position, dates=dates, levels=levels, workers=workers, memory=memory)

    # ---- again, and on disk

    def rerun(self, workers: int | None = None, progress: Progress | None = None) -> "Study":
        """The same study computed anew: the same bits."""
        return Study(
            self._arrangement, self.position, run(self._arrangement, workers=workers, lean=True, progress=progress)
        )

    def save(self, file: Path) -> None:
        """Keep arrays, block figures and the whole recipe in an npz file; written whole or not at all."""
        written(file, self.recipe, self.position, self._complete)

    @classmethod
    def reopen(cls, file: Path) -> "Study":
        """A study that ``save`` wrote; ``rerun`` computes it anew.

        Raises:
            InvalidInput: the file is no study, or of another format.
        """
        return cls(*read(file))


def mean_of(values: FloatArray) -> Figure:
    count = values.size
    mean = math.fsum(values.tolist()) / count
    return Figure(mean, math.sqrt(math.fsum(((values - mean) ** 2).tolist()) / (count - 1.0) / count))


def expected_put(model: Model, spot: float, strike: float, years: float, dividend_yield: float) -> float | None:
    """E[(K - S)^+] of a model whose steps are exact: its put at the drift, carried forward; None for other models."""
    if not strike > 0.0 or model.drift is None:
        return None
    if isinstance(model, GBM):
        price = black_scholes.put(spot, strike, years, model.drift, model.vol, dividend_yield)
    elif isinstance(model, Merton):
        price = merton.put(
            spot,
            strike,
            years,
            model.drift,
            model.vol,
            dividend_yield,
            jump_intensity=model.jump_intensity,
            jump_mean=model.jump_mean,
            jump_std=model.jump_std,
        )
    else:
        return None
    return float(price) * math.exp(model.drift * years)


def _distribution(name: str, values: FloatArray) -> dict[str, Figure]:
    """Mean, standard deviation, quantiles (errors by order statistics) and expected shortfall of one array."""
    ordered = np.sort(values)
    count = values.size
    deviations = values - values.mean()
    spread = float(values.std(ddof=1))
    fourth = float(np.mean(deviations**4))
    # Var(s) by the delta method: (m4 - s^4) / (4 s^2 n).
    error = math.sqrt(max(fourth - spread**4, 0.0) / count) / (2.0 * spread) if spread > 0.0 else 0.0
    found = {f"{name}_mean": mean_of(values), f"{name}_std": Figure(spread, error)}
    for level in _QUANTILES:
        place = level * (count - 1)
        half = math.sqrt(level * (1.0 - level) * count)
        low, high = max(0, int(place - half)), min(count - 1, int(place + half) + 1)
        value = float(np.quantile(ordered, level))
        found[f"{name}_q{100 * level:02.0f}"] = Figure(value, 0.5 * float(ordered[high] - ordered[low]))
    worst = ordered[: max(1, int(_TAIL * count))]
    edge = float(worst[-1])
    # ES = edge - E[(edge - x)+] / tail: its error is that of the mean of (edge - x)+.
    below = np.maximum(edge - ordered, 0.0)
    found[f"{name}_es05"] = Figure(float(worst.mean()), float(below.std(ddof=1)) / math.sqrt(count) / _TAIL)
    return found


def frame(figures: dict[str, Figure]) -> "pd.DataFrame":
    import pandas as pd  # noqa: PLC0415  # not with the package

    return pd.DataFrame(
        {
            "value": {name: figure.value for name, figure in figures.items()},
            "standard_error": {name: figure.standard_error for name, figure in figures.items()},
        }
    )
