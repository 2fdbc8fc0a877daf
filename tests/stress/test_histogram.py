"""Every path stands in the histogram once, wherever it lies."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.errors import InvalidInput
from insure.stress.histogram import histogram

_VALUES = st.lists(st.floats(-1e9, 1e9, allow_nan=False), min_size=1, max_size=200)


@given(_VALUES, st.integers(1, 60))
def test_every_path_is_counted_once(values: list[float], bins: int) -> None:
    found = histogram(np.array(values), bins)
    assert found.below + sum(found.counts) + found.above == len(values), f"paths are lost or doubled in {found}"
    assert len(found.edges) == len(found.counts) + 1 == bins + 1
    assert all(low < high for low, high in zip(found.edges, found.edges[1:], strict=False)), "edges do not rise"
    assert found.below == sum(value < found.edges[0] for value in values)
    assert found.above == sum(value > found.edges[-1] for value in values)


def test_counts_are_those_of_the_bins() -> None:
    values = np.random.default_rng(3).normal(0.0, 1.0, 20_000)
    found = histogram(values)
    for k, count in enumerate(found.counts[:-1]):
        inside = (values >= found.edges[k]) & (values < found.edges[k + 1])
        assert count == inside.sum(), f"bin {k}"
    assert found.below == found.above == 100, "the bulk is 99 % of the paths"


def test_no_paths_are_refused() -> None:
    with pytest.raises(InvalidInput, match="values is empty"):
        histogram(np.array([]))
    with pytest.raises(InvalidInput, match="values"):
        histogram(np.array([1.0, float("nan")]))
