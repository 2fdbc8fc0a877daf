"""Studies on several machines: ranges of paths handed out to a dask.distributed cluster, put together in path order.

A range is a function of the arrangement and of its first path, so that the answer does not depend on who computed what:
the same bits for any number of workers, any split, and any worker lost on the way, whose ranges are computed again by
another. Workers must have the same sources and the same compiler, which is checked, and the same instruction set.
"""

from typing import Any

import numpy as np

from insure.errors import InvalidInput
from insure.simulation.engine import Arrangement, Outcome, Progress, ranges, run
from insure.simulation.layout import LANES

_PARTS_PER_THREAD = 4
_MOST_PATHS = 64 * LANES
"""In one part, so that a lost worker costs little and a part's arrays travel in one piece."""
_RETRIES = 3


def run_on(address: str, arrangement: Arrangement, *, progress: Progress | None = None) -> Outcome:
    """All paths of a recipe, computed by the workers of a cluster.

    Args:
        address: of the scheduler, as ``tcp://host:8786``.
        arrangement: of the recipe; workers get it as it is.
        progress: told of every finished range.

    Raises:
        InvalidInput: dask.distributed is not installed, nobody answers at the address, or a worker runs other sources.
    """
    try:
        import distributed  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise InvalidInput("cluster: dask.distributed is not installed; `pip install insure[dask]` adds it.") from error
    dask: Any = distributed
    recipe = arrangement.recipe
    try:
        client = dask.Client(address, timeout="10s", set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise InvalidInput(f"cluster is {address!r}; no dask scheduler answers there ({error}).") from error
    with client:
        threads = max(1, sum(client.nthreads().values()))
        wanted = max(_PARTS_PER_THREAD * threads, -(-recipe.paths // _MOST_PATHS))
        parts = list(ranges(recipe.paths, wanted))
        from insure.simulation.compilation import source_digest  # noqa: PLC0415  # loads the compiler

        futures = {
            client.submit(part, arrangement, first, count, source_digest(), pure=False, retries=_RETRIES): (
                first,
                count,
            )
            for first, count in parts
        }
        outcome, done = None, 0
        try:
            for future, found in dask.as_completed(futures, loop=client.loop, with_results=True):
                first, count = futures[future]
                outcome = _placed(outcome, found, first, recipe.paths)
                done += count
                if progress is not None:
                    progress("simulating", done / recipe.paths)
        except BaseException:
            client.cancel(list(futures))
            raise
    if outcome is None:
        raise InvalidInput(f"paths is {recipe.paths}; there is nothing to hand out.")
    return outcome


def part(arrangement: Arrangement, first: int, count: int, digest: str) -> Outcome:
    """A range of paths, on a worker.

    Raises:
        InvalidInput: this machine's sources or compiler are not those of the one that asks.
    """
    from insure.simulation.compilation import source_digest  # noqa: PLC0415  # loads the compiler

    if source_digest() != digest:
        raise InvalidInput("a worker of the cluster runs other sources or another compiler than this machine.")
    return run(arrangement, workers=1, first=first, paths=count, lean=True)


def _placed(outcome: Outcome | None, found: Outcome, first: int, total: int) -> Outcome:
    """One range where it belongs."""
    count, blocks = found.index.size, -(-total // LANES)
    if outcome is None:
        nothing = np.empty((0, 0, 0))
        outcome = Outcome(
            index=np.empty(total),
            twins=np.empty((len(found.twins), total)),
            controls=np.empty((len(found.controls), total)),
            ends=np.empty((len(found.ends), total)),
            moments=np.empty((blocks, *found.moments.shape[1:])),
            book_details=nothing,
            put_details=nothing,
            lean=found.lean,
        )
    here, rows = slice(first, first + count), slice(first // LANES, first // LANES + len(found.moments))
    outcome.index[here], outcome.moments[rows] = found.index, found.moments
    outcome.twins[:, here], outcome.controls[:, here], outcome.ends[:, here] = found.twins, found.controls, found.ends
    return outcome
