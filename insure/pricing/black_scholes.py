"""European puts and calls after Black, Scholes and Merton: prices, Greeks, implied volatility.

One index unit pays a continuous dividend yield q, money earns the continuous rate r, and with

    F' = S e^{-qT},  K' = K e^{-rT},  s = vol sqrt(T),  d1 = ln(F'/K')/s + s/2,  d2 = d1 - s

    put = K' N(-d2) - F' N(-d1),    call = F' N(d1) - K' N(d2)

Every price is its discounted intrinsic value plus the price of the out-of-the-money option of the same strike (put-call
parity); ``insure.pricing.normalised`` computes that second part without cancellation, down to prices of 1e-290.

Sources: F. Black, M. Scholes (1973), "The Pricing of Options and Corporate Liabilities", JPE 81, eq. (13); R. Merton
(1973), "Theory of Rational Option Pricing", Bell J. 4, section 6 (dividends); the Greeks as in J. Hull, "Options,
Futures, and Other Derivatives", chapters "The Greek Letters" and "Options on Stock Indices and Currencies".

Arguments everywhere: ``spot`` and ``strike`` in money per unit, zero or more; ``years`` zero or more; ``rate`` and
``dividend_yield`` per year, continuously compounded, any sign; ``vol`` per square root of year, zero or more. Numbers
give a number; arrays broadcast and give an array. Whatever is not finite or not allowed raises ``InvalidInput``.

Measured, in tests/references/test_pricing_black_scholes.py: prices within 1e-12 of QuantLib's, relative to max(spot,
strike); Greeks within 1e-12 of their scale and what the rounding of QuantLib's d1 adds at small deviations;
out-of-the-money prices within 3e-13 of themselves against 420-digit arithmetic.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from insure.arguments import FloatArray, numbers
from insure.errors import InvalidInput
from insure.pricing import contract, normalised
from insure.pricing.contract import Contract, Kind

Value = TypeVar("Value", float, FloatArray)

_SQRT_2PI = np.sqrt(2.0 * np.pi)
_ROUNDING = 16.0 * np.finfo(np.float64).eps


@dataclass(frozen=True, slots=True)
class Greeks(Generic[Value]):
    """An option's price and its partial derivatives, per unit of the index."""

    price: Value
    """Money."""
    delta: Value
    """dPrice/dSpot; negative for a put."""
    gamma: Value
    """d2Price/dSpot2, per unit of money."""
    vega: Value
    """dPrice/dVol, money per 1.0 of volatility."""
    theta: Value
    """Money per calendar year that passes: minus dPrice/dYears."""
    rho: Value
    """dPrice/dRate, money per 1.0 of rate."""


@overload
def put(spot: float, strike: float, years: float, rate: float, vol: float, dividend_yield: float = 0.0) -> float: ...
@overload
def put(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    vol: ArrayLike,
    dividend_yield: ArrayLike = 0.0,
) -> FloatArray: ...
def put(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    vol: ArrayLike,
    dividend_yield: ArrayLike = 0.0,
) -> float | FloatArray:
    """Price of the European put, money per unit of the index.

    Limits are exact: the discounted intrinsic value ``max(K' - F', 0)`` at ``vol`` 0 or ``years`` 0, ``K'`` at ``spot``
    0, ``0`` at ``strike`` 0. Arguments, source and accuracy: see the module.

    Raises:
        InvalidInput: an argument is not finite or negative where it may not be.
    """
    return _price("put", spot, strike, years, rate, vol, dividend_yield)


@overload
def call(spot: float, strike: float, years: float, rate: float, vol: float, dividend_yield: float = 0.0) -> float: ...
@overload
def call(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    vol: ArrayLike,
    dividend_yield: ArrayLike = 0.0,
) -> FloatArray: ...
def call(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    vol: ArrayLike,
    dividend_yield: ArrayLike = 0.0,
) -> float | FloatArray:
    """Price of the European call, money per unit of the index.

    Limits are exact: the discounted intrinsic value ``max(F' - K', 0)`` at ``vol`` 0 or ``years`` 0, ``0`` at ``spot``
    0, ``F'`` at ``strike`` 0. Arguments, source and accuracy: see the module.

    Raises:
        InvalidInput: an argument is not finite or negative where it may not be.
    """
    return _price("call", spot, strike, years, rate, vol, dividend_yield)


@overload
def greeks(
    kind: Kind, spot: float, strike: float, years: float, rate: float, vol: float, dividend_yield: float = 0.0
) -> Greeks[float]: ...
@overload
def greeks(
    kind: Kind,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    vol: ArrayLike,
    dividend_yield: ArrayLike = 0.0,
) -> Greeks[FloatArray]: ...
def greeks(
    kind: Kind,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    vol: ArrayLike,
    dividend_yield: ArrayLike = 0.0,
) -> Greeks[float] | Greeks[FloatArray]:
    """Price, delta, gamma, vega, theta and rho of a ``"put"`` or ``"call"``.

    With n the normal density, D = e^{-qT}, and + for a call, - for a put:

        delta = +-D N(+-d1)                 gamma = D n(d1) / (S s)
        vega  = F' n(d1) sqrt(T)            rho   = +-T K' N(+-d2)
        theta = -F' n(d1) vol / (2 sqrt(T)) +- (q F' N(+-d1) - r K' N(+-d2))

    Limits are exact. At ``vol`` 0 or ``years`` 0 the option is its discounted intrinsic value, and exactly at its kink
    (F' = K') the limit of small volatility is given: N = 1/2, gamma infinite, and theta minus infinite at ``years`` 0
    with ``vol`` above 0. Overflow aside, these are the only infinities; there is never a NaN.

    Raises:
        InvalidInput: ``kind`` is neither word, or an argument is not finite, negative where it may not be, or so large
            that theta overflows.
    """
    given, sigma = contract.write_with(kind, spot, strike, years, rate, dividend_yield, vol=vol)
    root = np.sqrt(given.years)
    sign = 1.0 if kind == "call" else -1.0
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        sd = sigma * root
        d1, d2 = d1_d2(given.moneyness, sd)
        density = np.exp(-0.5 * d1 * d1) / _SQRT_2PI
        paid_out = np.exp(-given.dividend_yield * given.years)
        in_shares = given.forward * ndtr(sign * d1)
        in_bonds = given.discounted * ndtr(sign * d2)
        delta = sign * paid_out * ndtr(sign * d1)
        gamma = np.where(density > 0.0, paid_out * density / (given.spot * sd), 0.0)
        vega = given.forward * density * root
        moving = given.forward * density * sigma
        decay = np.where(moving > 0.0, moving / (2.0 * root), 0.0)
        carry = sign * (given.dividend_yield * in_shares - given.rate * in_bonds)
        theta = np.where(np.isinf(decay), -np.inf, carry - decay)
        rho = sign * given.years * in_bonds
    lost = np.isnan(theta)
    if lost.any():
        raise InvalidInput(
            f"rate is {float(given.rate[lost].flat[0])!r} on a strike of {float(given.strike[lost].flat[0])!r}; the "
            "interest on it, or the dividends on the spot, must not exceed what a double holds."
        )
    price = value(given, sd)
    # Adding zero turns the -0.0 of an option that cannot move into 0.0.
    found = [np.asarray(x + 0.0) for x in (price, delta, gamma, vega, theta, rho)]
    if price.ndim == 0:
        return Greeks(*(float(x) for x in found))
    return Greeks(*found)


@overload
def implied_vol(
    kind: Kind, price: float, spot: float, strike: float, years: float, rate: float, dividend_yield: float = 0.0
) -> float: ...
@overload
def implied_vol(
    kind: Kind,
    price: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike = 0.0,
) -> FloatArray: ...
def implied_vol(
    kind: Kind,
    price: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike = 0.0,
) -> float | FloatArray:
    """The volatility at which ``put`` or ``call`` gives ``price``; per square root of year.

    ``spot``, ``strike`` and ``years`` must be above zero: at zero no volatility moves the price. A price at its lower
    bound, the discounted intrinsic value, gives 0.0; one below it by no more than rounding (16 units in the last place
    of max(F', K')) counts as on it.

    Method: ``insure.pricing.normalised.implied_deviation``. Measured (tests/references/test_pricing_black_scholes.py):
    a volatility put into ``put`` or ``call`` comes back within 2e-13 relative wherever the price determines it, from
    standard deviations of 1e-8 to 12 and prices down to 1e-290; elsewhere within what the rounding of the price itself
    leaves open, and always so that the volatility found gives the price back (4e-13 relative).

    Raises:
        InvalidInput: the price is an arbitrage (below intrinsic; at or above K' for a put, F' for a call), or another
            argument is not allowed.
    """
    numbers("spot", spot, low=0.0, open_low=True)
    numbers("strike", strike, low=0.0, open_low=True)
    numbers("years", years, low=0.0, open_low=True)
    given, paid = contract.write_with(kind, spot, strike, years, rate, dividend_yield, price=price)
    _check_arbitrage(given, paid)
    sd = normalised.implied_deviation(
        np.atleast_1d(-np.abs(given.moneyness)),
        np.atleast_1d(np.maximum(paid - given.intrinsic, 0.0) / given.scale),
        np.atleast_1d((given.ceiling - paid) / given.scale),
    ).reshape(paid.shape)
    return contract.as_given(sd / np.sqrt(given.years))


def _price(
    kind: Kind,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    vol: ArrayLike,
    dividend_yield: ArrayLike,
) -> float | FloatArray:
    given, sigma = contract.write_with(kind, spot, strike, years, rate, dividend_yield, vol=vol)
    with np.errstate(over="ignore", under="ignore"):
        sd = sigma * np.sqrt(given.years)
    return contract.as_given(value(given, np.asarray(sd)))


def value(given: Contract, sd: FloatArray) -> FloatArray:
    """Price of a contract at the standard deviation ``sd`` = vol sqrt(T) of the logarithm, of the contract's shape."""
    x = np.atleast_1d(-np.abs(given.moneyness))
    time_value = given.scale * normalised.out_of_money(x, np.atleast_1d(sd)).reshape(sd.shape)
    return np.asarray(given.intrinsic + time_value)


def d1_d2(moneyness: FloatArray, sd: FloatArray) -> tuple[FloatArray, FloatArray]:
    """d1 and d2; at sd 0 plus or minus infinity, and 0 exactly at the forward (the limit of small volatility)."""
    h = np.where(moneyness == 0.0, 0.0, moneyness / sd)
    # At infinite moneyness (spot or strike zero) no volatility moves the option.
    h = np.where(np.isinf(moneyness), moneyness, h)
    half = np.where(np.isinf(h), 0.0, 0.5 * sd)
    return h + half, h - half


def _check_arbitrage(given: Contract, paid: FloatArray) -> None:
    slack = _ROUNDING * np.maximum(given.forward, given.discounted)
    good = (paid >= given.intrinsic - slack) & (paid < given.ceiling)
    if not good.all():
        price, low, high = (float(a[~good].flat[0]) for a in (paid, given.intrinsic, given.ceiling))
        raise InvalidInput(
            f"price is {price!r}; a {given.kind} without arbitrage costs {low!r} (its discounted intrinsic value) or "
            f"more and less than {high!r}."
        )
