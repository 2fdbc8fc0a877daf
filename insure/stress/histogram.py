"""How the paths of a study are spread: counts in even bins over the bulk, and what lies beyond either end."""

from dataclasses import dataclass

import numpy as np

from insure.arguments import FloatArray, numbers, whole
from insure.errors import InvalidInput

BULK = (0.005, 0.995)
"""Quantiles between which the bins lie: a few far paths would press all others into one bin."""
BINS = 48


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of paths; ``below``, the counts and ``above`` add up to all of them."""

    edges: tuple[float, ...]
    """One more than counts, rising evenly; money."""
    counts: tuple[int, ...]
    """From each edge up to the next, the last edge included."""
    below: int
    """Under the first edge."""
    above: int
    """Over the last edge."""


def histogram(values: FloatArray, bins: int = BINS) -> Histogram:
    """The spread of one figure over all paths.

    Args:
        values: one a path, shape (paths,).
        bins: one or more.

    Raises:
        InvalidInput: no value, or one that is no number.

    Nothing is lost: below, counts and above add up to the number of values
    (tests/stress/test_histogram.py::test_every_path_is_counted_once).
    """
    found = numbers("values", values)
    if not found.size:
        raise InvalidInput("values is empty; a histogram needs one or more.")
    low, high = (float(edge) for edge in np.quantile(found, BULK))
    if not high - low > 1e-12 * max(abs(low), abs(high), 1e-300):
        # All the same but for rounding: one bin around it.
        room = max(abs(low), 1.0) * 1e-6
        low, high = float(found.min()) - room, float(found.max()) + room
    edges = np.linspace(low, high, whole("bins", bins, low=1) + 1)
    counts, _ = np.histogram(found, bins=edges)
    return Histogram(
        edges=tuple(float(edge) for edge in edges),
        counts=tuple(int(count) for count in counts),
        below=int((found < edges[0]).sum()),
        above=int((found > edges[-1]).sum()),
    )
