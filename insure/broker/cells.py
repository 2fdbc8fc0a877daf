"""Cells of files that come from outside, where they become exact."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from insure.errors import InvalidInput

_LONGEST = 200
"""Signs of a cell that are quoted."""


def exact(cell: Mapping[str, str], name: str, step: Decimal) -> Decimal:
    """A number in whole steps, below 10^13, in plain digits.

    Args:
        cell: the cells of a line by column.
        name: the column.
        step: the smallest difference, such as a cent.

    Raises:
        InvalidInput: it is none; the sentence names the column, its value and what was expected.
    """
    text = cell[name]
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise InvalidInput(f"{name} is {text[:_LONGEST]!r}; expected a number in steps of {step}.") from error
    plain = text.isascii() and "_" not in text
    # Quantizing, since the remainder of 1e-999999999 is rounded to nothing.
    if not (plain and value.is_finite() and value.adjusted() < 13 and value == value.quantize(step)):
        raise InvalidInput(f"{name} is {text[:_LONGEST]!r}; expected a number in steps of {step}, below 10^13.")
    return value
