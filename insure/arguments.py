"""Checks of arguments, each written so that NaN fails it, each with one sentence that names the argument.

They return the value checked, so that a function reads: ``spot = positive("spot", spot)``.
"""

from collections.abc import Collection
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from insure.errors import InvalidInput

FloatArray = NDArray[np.float64]
_Choice = TypeVar("_Choice", bound=str)


def _reject(name: str, value: object, allowed: str) -> InvalidInput:
    return InvalidInput(f"{name} is {value!r}; it must be {allowed}.")


def number(name: str, value: float, *, low: float = -np.inf, high: float = np.inf, allowed: str = "") -> float:
    """One finite number in ``[low, high]``, as float."""
    try:
        x = float(value)
    except (TypeError, ValueError) as error:
        raise _reject(name, value, allowed or "a number") from error
    if not (np.isfinite(x) and low <= x <= high):
        raise _reject(name, value, allowed or _between(low, high))
    return x


def positive(name: str, value: float) -> float:
    """One finite number above zero."""
    x = number(name, value, allowed="a finite number above zero")
    if not x > 0.0:
        raise _reject(name, value, "a finite number above zero")
    return x


def not_negative(name: str, value: float) -> float:
    """One finite number, zero or more."""
    return number(name, value, low=0.0, allowed="a finite number, zero or more")


def fraction(name: str, value: float) -> float:
    """One number in ``[0, 1]``."""
    return number(name, value, low=0.0, high=1.0, allowed="a fraction between 0 and 1")


def whole(name: str, value: int, *, low: int = 0) -> int:
    """One whole number, ``low`` or more; 3.0 is whole, 3.5 and True are not."""
    allowed = f"a whole number, {low} or more"
    x = number(name, value, low=low, allowed=allowed)
    if isinstance(value, bool) or x != int(x):
        raise _reject(name, value, allowed)
    return int(x)


def one_of(name: str, value: _Choice, choices: Collection[str]) -> _Choice:
    """A word out of ``choices``."""
    if value not in choices:
        raise _reject(name, value, "one of " + ", ".join(choices))
    return value


def numbers(
    name: str, values: ArrayLike, *, low: float = -np.inf, high: float = np.inf, open_low: bool = False
) -> FloatArray:
    """An array of finite numbers in ``[low, high]`` (or ``(low, high]``); the sentence quotes the first that is not."""
    try:
        x = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise _reject(name, values, "numbers") from error
    good = np.isfinite(x) & (x > low if open_low else x >= low) & (x <= high)
    if not good.all():
        bad = x[~good].flat[0] if x.ndim else x[()]
        raise _reject(name, float(bad), _between(low, high, open_low))
    return x


def _between(low: float, high: float, open_low: bool = False) -> str:
    words = []
    if np.isfinite(low):
        words.append(f"above {low:g}" if open_low else f"{low:g} or more")
    if np.isfinite(high):
        words.append(f"{high:g} or less")
    return "a finite number" + (", " + " and ".join(words) if words else "")
