"""Whole lots by weight: exact, near their quotas, never less for more."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.errors import InvalidInput
from insure.execution import apportion

weights = st.lists(st.floats(0.0, 1e6), min_size=1, max_size=40).filter(lambda found: sum(found) > 0.0)


@given(st.integers(0, 10**15), weights)
def test_parts_add_up_and_are_within_a_lot_of_their_quota(count: int, shares: list[float]) -> None:
    parts = apportion(count, shares)
    assert sum(parts) == count, "the parts are not the whole"
    total = sum(Fraction(share) for share in shares)
    for part, share in zip(parts, shares, strict=True):
        assert abs(part - Fraction(share) * count / total) < 1, f"{part} of {count} at {share}"
        assert part == 0 or share > 0.0, "something went where nothing goes"


@given(st.integers(0, 10**9), weights)
def test_more_weight_is_never_less(count: int, shares: list[float]) -> None:
    pairs = sorted(zip(shares, apportion(count, sorted(shares, reverse=True)), strict=False), reverse=True)
    found = apportion(count, sorted(shares, reverse=True))
    assert list(found) == sorted(found, reverse=True), pairs


def test_the_largest_remainder_by_hand() -> None:
    assert apportion(10, [0.47, 0.16, 0.158, 0.12, 0.061, 0.031]) == (5, 2, 1, 1, 1, 0)
    assert apportion(3, [1.0, 1.0]) == (2, 1), "of equal remainders the first"


@pytest.mark.parametrize("shares", [[0.0, 0.0], [1.0, math.nan], [1.0, -1.0]])
def test_what_is_no_weight_is_refused(shares: list[float]) -> None:
    with pytest.raises(InvalidInput, match="weights"):
        apportion(3, shares)
