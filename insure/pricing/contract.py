"""A European option's terms: arguments checked, broadcast against each other, and discounted to today.

Every pricing formula of this room begins here, so that the same bad argument gets the same sentence everywhere.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from insure.arguments import FloatArray, numbers, one_of
from insure.errors import InvalidInput

Kind = Literal["put", "call"]
KINDS: tuple[Kind, ...] = ("put", "call")


@dataclass(frozen=True, slots=True)
class Contract:
    """What a price depends on besides the model; all arrays of one shape, ``()`` where only numbers came in."""

    kind: Kind
    spot: FloatArray
    strike: FloatArray
    years: FloatArray
    rate: FloatArray
    dividend_yield: FloatArray
    forward: FloatArray
    """F' = S e^{-qT}: spot less the dividends up to the horizon."""
    discounted: FloatArray
    """K' = K e^{-rT}: discounted strike."""
    moneyness: FloatArray
    """ln(F'/K'); minus infinity at spot 0, plus infinity at strike 0."""

    @property
    def intrinsic(self) -> FloatArray:
        """The price at volatility zero, money."""
        gain = self.discounted - self.forward if self.kind == "put" else self.forward - self.discounted
        return np.maximum(gain, 0.0)

    @property
    def ceiling(self) -> FloatArray:
        """The price at volatility infinity, money."""
        return self.discounted if self.kind == "put" else self.forward

    @property
    def scale(self) -> FloatArray:
        """sqrt(F'K'): the money in which scaled prices are measured."""
        return np.asarray(np.sqrt(self.forward) * np.sqrt(self.discounted))


def write(
    kind: Kind, spot: ArrayLike, strike: ArrayLike, years: ArrayLike, rate: ArrayLike, dividend_yield: ArrayLike
) -> Contract:
    """The contract with these terms.

    Raises:
        InvalidInput: an argument is not finite, is negative where it may not be, does not broadcast, or grows beyond
            what a double can hold.
    """
    return _broadcast(kind, spot, strike, years, rate, dividend_yield, {})[0]


def write_with(
    kind: Kind,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    **unsigned: ArrayLike,
) -> tuple[Contract, FloatArray]:
    """The contract, and the one argument in ``unsigned`` (a volatility or a price, zero or more) broadcast with it.

    Raises:
        InvalidInput: as ``write``.
    """
    given, (beside,) = _broadcast(kind, spot, strike, years, rate, dividend_yield, unsigned)
    return given, beside


def as_given(x: FloatArray) -> float | FloatArray:
    """A float where only numbers came in, else the array."""
    return float(x) if x.ndim == 0 else x


def _broadcast(
    kind: Kind,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    unsigned: dict[str, ArrayLike],
) -> tuple[Contract, list[FloatArray]]:
    one_of("kind", kind, KINDS)
    checked = {
        "spot": numbers("spot", spot, low=0.0),
        "strike": numbers("strike", strike, low=0.0),
        "years": numbers("years", years, low=0.0),
        "rate": numbers("rate", rate),
        "dividend_yield": numbers("dividend_yield", dividend_yield),
    } | {name: numbers(name, values, low=0.0) for name, values in unsigned.items()}
    try:
        S, K, T, r, q, *beside = np.broadcast_arrays(*checked.values())
    except ValueError as error:
        shapes = ", ".join(f"{name} {values.shape}" for name, values in checked.items())
        raise InvalidInput(f"the arrays have the shapes {shapes}; they must broadcast against each other.") from error
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        growth, discount = np.exp(-q * T), np.exp(-r * T)
        forward, discounted = S * growth, K * discount
        # log1p of an exact difference: near the money the logarithm of the ratio would lose what the ratio rounded off.
        near = (S > 0.5 * K) & (S < 2.0 * K)
        ratio = np.where(near, np.log1p((S - K) / K), np.log(S) - np.log(K))
        moneyness = np.where(discounted > 0.0, np.where(forward > 0.0, ratio + (r - q) * T, -np.inf), np.inf)
    _check_growth("dividend_yield", q, T, growth, forward)
    _check_growth("rate", r, T, discount, discounted)
    return Contract(kind, S, K, T, r, q, forward, discounted, moneyness), list(beside)


def _check_growth(name: str, rates: FloatArray, years: FloatArray, factor: FloatArray, grown: FloatArray) -> None:
    good = np.isfinite(factor) & np.isfinite(grown)
    if not good.all():
        rate, time = (float(a[~good].flat[0]) for a in (rates, years))
        raise InvalidInput(f"{name} is {rate!r} over {time!r} years; it must discount to a finite amount.")
