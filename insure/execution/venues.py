"""Whole lots by weight: over slices of time, and over venues."""

from collections.abc import Sequence
from fractions import Fraction

from insure.arguments import numbers, whole
from insure.errors import InvalidInput


def apportion(count: int, weights: Sequence[float]) -> tuple[int, ...]:
    """``count`` whole lots by weight, by largest remainder (Hamilton's method): the parts add up to it exactly.

    Each gets its quota rounded down; the lots left over go to the largest remainders, of equal ones to the first. No
    part is a lot or more away from its quota, and a larger weight never gets less. Exact: quotas are fractions of
    integers.

    Args:
        count: lots, zero or more.
        weights: one a part, zero or more, one of them above zero.

    Raises:
        InvalidInput: a weight is below zero or no number, or all are zero.
    """
    total_lots = whole("count", count)
    exact = [Fraction(float(weight)) for weight in numbers("weights", list(weights), low=0.0)]
    total = sum(exact, Fraction(0))
    if not total > 0:
        raise InvalidInput(f"weights are {list(weights)!r}; one of them must be above zero.")
    quotas = [weight * total_lots / total for weight in exact]
    parts = [int(quota) for quota in quotas]
    by_remainder = sorted(range(len(parts)), key=lambda place: (parts[place] - quotas[place], place))
    for place in by_remainder[: total_lots - sum(parts)]:
        parts[place] += 1
    return tuple(parts)
