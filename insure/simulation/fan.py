"""Fan charts: quantiles by date over all paths of a study, without keeping the paths.

The paths are walked again, the same bits, block by block. Where all values at the dates asked for fit into ``MEMORY``
bytes the quantiles are exact; else they come from a fixed fine histogram, and are known to the width of its cells.
"""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from insure.arguments import FloatArray, fraction, whole
from insure.errors import InvalidInput
from insure.simulation import layout as at
from insure.simulation.engine import Arrangement, cores
from insure.simulation.layout import LANES

if TYPE_CHECKING:
    import pandas as pd

NAMES = ("fund", "twin", "index", "slippage")
MEMORY = 64_000_000
"""Bytes that the exact way may take."""
CELLS = 16_384
"""Of the histogram: fund, twin and index in cells of equal ratio from 1/1000 to 1000 times their start (0.08 % wide);
slippage in equal cells from minus to plus the fund's value at the start (0.012 % of it wide)."""
LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_REACH = math.log(1000.0)


@dataclass(frozen=True, slots=True)
class Fan:
    """Quantiles by date."""

    years: FloatArray
    """Dates, years from the start, (dates,)."""
    levels: tuple[float, ...]
    quantiles: dict[str, FloatArray]
    """By name (fund, twin, index, slippage): (dates, levels), money; index: its spot."""
    standard_errors: dict[str, FloatArray]
    exact: bool
    """False: each quantile is that of the histogram ``CELLS`` describes."""

    def table(self, name: str = "fund") -> "pd.DataFrame":
        """Quantiles of one name: a row a date, a column a level."""
        import pandas as pd  # noqa: PLC0415  # not with the package

        if name not in self.quantiles:
            raise InvalidInput(f"name is {name!r}; it must be one of {', '.join(NAMES)}.")
        return pd.DataFrame(self.quantiles[name], index=self.years, columns=list(self.levels))


def fan(
    arrangement: Arrangement,
    position: int,
    *,
    dates: int = 25,
    levels: Sequence[float] = LEVELS,
    workers: int | None = None,
    memory: int = MEMORY,
) -> Fan:
    """Quantiles of fund, twin, index and slippage at so many dates from start to horizon, all closes of the recipe.

    A quantile's standard error is half the distance between the quantiles a standard deviation of its rank apart.

    Args:
        arrangement: of the recipe.
        position: which of its strategies.
        dates: how many after the start, at most the recipe's steps.
        levels: fractions from 0 to 1.
        workers: threads; None for one a processor. They change no bit.
        memory: bytes up to which the quantiles are exact.
    """
    recipe = arrangement.recipe
    asked = tuple(fraction("levels", level) for level in levels)
    count = min(whole("dates", dates, low=1), recipe.steps)
    steps = sorted({round(k * recipe.steps / count) for k in range(count + 1)} - {0})
    threads = cores() if workers is None else whole("workers", workers, low=1)
    walk = _Walk(arrangement, position, steps)
    blocks = range(0, recipe.paths, LANES)
    exact = 8 * len(NAMES) * (len(steps) + 1) * recipe.paths <= memory
    kept = np.empty((len(NAMES), len(steps), recipe.paths if exact else 0))
    counts = np.zeros((len(NAMES), len(steps), CELLS), dtype=np.int64)

    def job(numbers: range) -> NDArray[np.int64] | None:
        mine = None if exact else np.zeros_like(counts)
        for first in numbers:
            lanes = min(LANES, recipe.paths - first)
            for date, values in enumerate(walk.block(first)):
                if mine is None:
                    kept[:, date, first : first + lanes] = values[:, :lanes]
                else:
                    for name, row in enumerate(walk.cells(values[:, :lanes])):
                        mine[name, date] += np.bincount(row, minlength=CELLS)
        return mine

    with ThreadPoolExecutor(threads) as pool:
        for found in pool.map(job, [blocks[k::threads] for k in range(threads)]):
            if found is not None:
                counts += found
    quantiles, errors = _exact(kept, asked) if exact else _counted(walk, counts, asked)
    years = np.array(steps) * recipe.dt
    return Fan(
        years,
        asked,
        dict(zip(NAMES, quantiles, strict=True)),
        dict(zip(NAMES, errors, strict=True)),
        exact,
    )


class _Walk:
    """The kernels of one strategy, called step by step."""

    def __init__(self, arrangement: Arrangement, position: int, steps: list[int]) -> None:
        self._recipe = arrangement.recipe
        self._stops = frozenset(steps)
        plan = arrangement.books[position]
        _, self._world, puts, books = arrangement.kernels(None)
        self._valuation = [kernel for kernel in puts[plan.put] if kernel is not None]
        self._decision = books[position]
        self._world_numbers = arrangement.world()
        self._put_numbers = [each[plan.put].copy() for each in arrangement.put_numbers()]
        self._book_numbers = [each[position].copy() for each in arrangement.book_numbers()]

    def block(self, first: int) -> Iterator[FloatArray]:
        """Fund, twin, index and slippage of one block, (4, LANES), at each stop."""
        world = np.repeat(self._world_numbers[0], LANES)
        put, book = (np.repeat(numbers[0], LANES) for numbers in (self._put_numbers, self._book_numbers))
        put_terms, put_rows = self._put_numbers[1].ctypes.data, self._put_numbers[2]
        book_terms, book_rows = self._book_numbers[1].ctypes.data, self._book_numbers[2]
        beside, mine = put.ctypes.data, book.ctypes.data
        for t in range(self._recipe.steps):
            quarter = t % at.STEPS
            if quarter == 0:
                terms = self._world_numbers[1].ctypes.data
                self._world(world.ctypes.data, terms, first, t // at.STEPS, self._recipe.seed)
            here = world.ctypes.data + 8 * LANES * quarter
            row = put_rows.ctypes.data + put_rows.strides[0] * t
            for stage in self._valuation:
                stage(here, beside, mine, put_terms, row)
            row = book_rows.ctypes.data + book_rows.strides[0] * t
            for stage in self._decision:
                stage(here, beside, mine, book_terms, row)
            if t + 1 in self._stops:
                nav = book[at.NAV * LANES : (at.NAV + 1) * LANES]
                twin = put[at.TWIN * LANES : (at.TWIN + 1) * LANES]
                spot = world[(at.SPOTS + quarter + 1) * LANES : (at.SPOTS + quarter + 2) * LANES]
                yield np.stack([nav, twin, spot, nav - twin])

    def cells(self, values: FloatArray) -> NDArray[np.int64]:
        """Which cell each value falls into; what lies beyond the ends is in the last one."""
        starts = np.array([[self._recipe.value], [self._recipe.value], [self._recipe.spot]])
        place = np.empty_like(values)
        place[:3] = (np.log(np.maximum(values[:3] / starts, 1e-9)) + _REACH) / (2.0 * _REACH)
        place[3] = 0.5 + 0.5 * values[3] / self._recipe.value
        return np.clip((place * CELLS).astype(np.int64), 0, CELLS - 1)

    def middles(self, name: int) -> FloatArray:
        """What a value in each cell is taken for."""
        place = (np.arange(CELLS) + 0.5) / CELLS
        if NAMES[name] == "slippage":
            return np.asarray((2.0 * place - 1.0) * self._recipe.value)
        start = self._recipe.spot if NAMES[name] == "index" else self._recipe.value
        return np.asarray(start * np.exp((2.0 * place - 1.0) * _REACH))


def _ranks(levels: tuple[float, ...], paths: int) -> FloatArray:
    """Each level, and a standard deviation of its rank to both sides, (3, levels)."""
    middle = np.array(levels)
    half = np.sqrt(middle * (1.0 - middle) / paths)
    return np.stack([middle, np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)])


def _exact(kept: FloatArray, levels: tuple[float, ...]) -> tuple[FloatArray, FloatArray]:
    ranks = _ranks(levels, kept.shape[2])
    found = np.quantile(kept, ranks.ravel(), axis=2).reshape(3, len(levels), *kept.shape[:2])
    return np.moveaxis(found[0], 0, -1), np.moveaxis(0.5 * (found[2] - found[1]), 0, -1)


def _counted(walk: _Walk, counts: NDArray[np.int64], levels: tuple[float, ...]) -> tuple[FloatArray, FloatArray]:
    paths = int(counts[0, 0].sum())
    ranks = _ranks(levels, paths)
    quantiles, errors = np.empty((*counts.shape[:2], len(levels))), np.empty((*counts.shape[:2], len(levels)))
    for name in range(counts.shape[0]):
        middles = walk.middles(name)
        for date in range(counts.shape[1]):
            cells = np.searchsorted(np.cumsum(counts[name, date]), np.maximum(ranks * paths, 1.0))
            value, low, high = middles[np.minimum(cells, CELLS - 1)]
            quantiles[name, date], errors[name, date] = value, 0.5 * (high - low)
    return quantiles, errors
