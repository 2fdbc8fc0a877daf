"""From a recipe to figures: run the blocks of its arrangement on threads, put the results together.

A study is a function of its recipe alone. Blocks of ``LANES`` paths are independent, their figures are put together in
block order with exactly rounded sums, so that threads, ranges and machines never change a bit.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event

import numpy as np
from numpy.typing import NDArray

from insure.arguments import FloatArray, whole
from insure.errors import InvalidInput
from insure.simulation import layout as at
from insure.simulation.arrangement import Arrangement, BookPlan, Outcome, Progress, PutPlan, silent
from insure.simulation.layout import LANES
from insure.simulation.recipe import Recipe, Trading
from insure.simulation.room import on_pages

_BLOCKS_PER_JOB = 16
_JOBS_PER_THREAD = 24
"""At least, where there are blocks enough: the last job of one thread is all that the others wait for."""


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(
    arrangement: Arrangement,
    *,
    workers: int | None = None,
    first: int = 0,
    paths: int | None = None,
    detailed: bool = False,
    lean: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """All paths of a recipe, or a range of them that begins at a whole block.

    Args:
        arrangement: of the recipe.
        workers: threads; None for one a processor.
        first: first path, a multiple of ``LANES``.
        paths: how many; None for all from ``first``.
        detailed: keep every figure of every path, not only moments.
        lean: leave out what only the causes need, where that can be; what remains is the same to the bit.
        progress: told of compilations and of every finished job.
    """
    if first % LANES:
        raise InvalidInput(f"first is {first!r}; a range begins at a whole block, a multiple of {LANES}.")
    total = arrangement.recipe.paths - first if paths is None else paths
    threads = cores() if workers is None else whole("workers", workers, low=1)
    plan = _Plan(arrangement, first, total, detailed, lean and arrangement.can_be_lean, progress)
    blocks = -(-total // LANES)
    size = max(1, min(_BLOCKS_PER_JOB, blocks // (_JOBS_PER_THREAD * threads)))
    jobs = [(start * LANES, min(size * LANES, total - start * LANES)) for start in range(0, blocks, size)]
    done = 0
    for paths_done in plan.all(jobs, min(threads, len(jobs))):
        done += paths_done
        plan.told("simulating", done / total)
    return plan.outcome


class _Plan:
    """Arrays that every job shares, and the call that works a job off."""

    def __init__(
        self, arrangement: Arrangement, first: int, total: int, detailed: bool, lean: bool, progress: Progress | None
    ) -> None:
        self.told: Progress = progress if progress is not None else silent
        self._driver, world, puts, books = arrangement.kernels(progress, lean=lean)
        count_puts, count_books = len(arrangement.puts), len(arrangement.books)
        self._world_numbers = arrangement.world()
        self._put_numbers = arrangement.put_numbers()
        self._book_numbers = arrangement.book_numbers()
        self._rows = arrangement.book_rows
        figures = count_books * at.BOOK_FIGURES + count_puts * at.PUT_FIGURES
        blocks = -(-total // LANES)
        kept = total if detailed else 0
        self.outcome = Outcome(
            index=np.empty(total),
            twins=np.empty((count_puts, total)),
            controls=np.empty((count_puts, total)),
            ends=np.empty((count_books, total)),
            moments=np.zeros((blocks, figures, 2)),
            book_details=np.zeros((count_books, at.BOOK_FIGURES, kept)),
            put_details=np.zeros((count_puts, at.PUT_FIGURES, kept)),
            lean=lean,
        )
        recipe = arrangement.recipe
        self._numbers = {
            "puts": count_puts,
            "books": count_books,
            "steps": recipe.steps,
            "total": total,
            "offset": first,
            "world": world.address,
            "seed": recipe.seed,
            "put_terms": self._put_numbers[1].shape[1],
            "book_terms": self._book_numbers[1].shape[1],
            "book_rows": self._rows,
            "detailed": int(detailed),
            "lean": int(lean),
        }
        stages: list[int] = []
        for kernels in puts:
            stages += [0 if kernel is None else kernel.address for kernel in kernels]
        for plan, own in zip(arrangement.books, books, strict=True):
            stages += [plan.put, *(kernel.address for kernel in own), *([0] * (2 - len(own)))]
        self._stages = np.array(stages, dtype=np.int64)
        self._desks: list[Sequence[FloatArray]] = []

    def all(self, jobs: Sequence[tuple[int, int]], threads: int) -> Iterator[int]:
        """Work off all jobs (first path, paths), each by the next thread that is free; the paths of every finished one.

        Where the caller stops asking, threads finish the job that they are at.
        """
        if threads == 1:
            work = self._desk()
            for start, paths in jobs:
                work(start, paths)
                yield paths
            return
        waiting = iter(jobs)  # of a list: two threads never get the same one
        finished: SimpleQueue[int | None] = SimpleQueue()
        stopped = Event()

        def worker() -> None:
            work = self._desk()
            try:
                for start, paths in waiting:
                    if stopped.is_set():
                        break
                    work(start, paths)
                    finished.put(paths)
            finally:
                finished.put(None)

        with ThreadPoolExecutor(threads) as pool:
            workers = [pool.submit(worker) for _ in range(threads)]
            try:
                at_work = threads
                while at_work:
                    paths_done = finished.get()
                    if paths_done is None:
                        at_work -= 1
                    else:
                        yield paths_done
            finally:
                stopped.set()
        for one in workers:
            one.result()

    def _desk(self) -> Callable[[int, int], None]:
        """Room for one block, and the call that works so many paths off in it from one of the range on.

        The range's first is a whole block's; results go where no other job writes.
        """
        numbers, out = self._numbers, self.outcome
        rows = (at.WORLD_ROWS, numbers["puts"] * at.PUT_ROWS, numbers["books"] * self._rows, at.SUMS)
        world, puts, books, aside = on_pages([count * LANES for count in rows])
        arrays: Sequence[NDArray[np.float64]] = (
            world,
            *self._world_numbers,
            puts,
            *self._put_numbers,
            books,
            *self._book_numbers,
            out.index,
            out.twins,
            out.controls,
            out.ends,
            out.moments,
            out.book_details,
            out.put_details,
            aside,
        )
        # They have to live as long as their addresses are used.
        self._desks.append(arrays)
        always = [numbers[name] for name in at.PLAN[2:]]
        addresses = [array.ctypes.data for array in (self._stages, *arrays)]

        def work(start: int, paths: int) -> None:
            self._driver(start, paths, *always, *addresses)

        return work


def completed(arrangement: Arrangement, outcome: Outcome) -> Outcome:
    """The outcome with what a lean run left out: run again, once, and kept beside it."""
    if not outcome.lean:
        return outcome
    if outcome.whole is None:
        outcome.whole = run(arrangement)
    return outcome.whole


def ranges(paths: int, parts: int) -> Iterator[tuple[int, int]]:
    """Cut so many paths into (first, count) at whole blocks, for several machines."""
    blocks = -(-paths // LANES)
    size = -(-blocks // max(1, parts)) * LANES
    for first in range(0, paths, size):
        yield first, min(size, paths - first)


def draw(recipe: Recipe, first: int = 0, paths: int = LANES) -> FloatArray:
    """The spots themselves, shape (paths, steps + 1), of a range that begins at a whole block: for oracles and plots.

    The same numbers that a study of the recipe walks along, bit for bit.
    """
    from insure.simulation.library import kernel  # noqa: PLC0415  # the compiler is loaded at first use

    if first % LANES:
        raise InvalidInput(f"first is {first!r}; a range begins at a whole block, a multiple of {LANES}.")
    model = recipe.model.dynamics(recipe.dt, recipe.dividend_yield)
    world = kernel(("world", model.kernel, "nights" if recipe.overnight > 0.0 else "days"), silent)
    start, terms = Arrangement(recipe).world()
    spots = np.empty((paths, recipe.steps + 1))
    spots[:, 0] = recipe.spot
    for block in range(0, paths, LANES):
        rows = np.repeat(start, LANES)
        lanes = min(LANES, paths - block)
        for quarter in range(-(-recipe.steps // at.STEPS)):
            world(rows.ctypes.data, terms.ctypes.data, first + block, quarter, recipe.seed)
            steps = min(at.STEPS, recipe.steps - quarter * at.STEPS)
            found = rows.reshape(-1, LANES)[at.SPOTS + 1 : at.SPOTS + 1 + steps, :lanes]
            spots[block : block + lanes, quarter * at.STEPS + 1 : quarter * at.STEPS + 1 + steps] = found.T
    return spots


__all__ = [
    "Arrangement",
    "BookPlan",
    "Outcome",
    "Progress",
    "PutPlan",
    "Recipe",
    "Trading",
    "completed",
    "cores",
    "draw",
    "ranges",
    "run",
]
