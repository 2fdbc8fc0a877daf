"""European options under Merton's jump-diffusion: Black-Scholes prices weighted by the number of jumps.

    dS/S = (r - q - lambda k) dt + vol dW + (e^J - 1) dN,   J ~ N(jump_mean, jump_std^2),   k = E[e^J] - 1

    price = sum_n Poisson(n; lambda T) BS(F' exp(n g - lambda k T), K', sqrt(vol^2 T + n jump_std^2)),   g = ln E[e^J]

Source: R. Merton (1976), "Option Pricing when Underlying Stock Returns are Discontinuous", JFE 3, eq. (16)-(18), with
the jump count under its own intensity instead of lambda (1 + k): the same sum, ordered otherwise.

The sum runs over all n but those that weigh less than 1e-17 in all, both for the strike and for the stock; what is left
out is below 1e-17 (K' + F'). Measured, in tests/references/test_pricing_characteristic.py: within 1e-13 of max(spot,
strike) of the integral over the characteristic function, and 1e-12 of QuantLib's ``BatesEngine`` at a still variance.
"""

from dataclasses import replace
from typing import overload

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, ndtr, pdtr, pdtrc, xlogy

from insure.arguments import FloatArray
from insure.errors import InvalidInput
from insure.pricing import black_scholes, contract
from insure.pricing.black_scholes import Greeks
from insure.pricing.contract import Contract, Kind
from insure.pricing.jumps import LogNormalJumps

_LEFT_OUT = 1e-17
_MOST_JUMPS = 500.0
_HIGHEST_LOG = 600.0
_SQRT_2PI = np.sqrt(2.0 * np.pi)


@overload
def put(
    spot: float,
    strike: float,
    years: float,
    rate: float,
    vol: float,
    dividend_yield: float = 0.0,
    *,
    jump_intensity: float,
    jump_mean: float,
    jump_std: float,
) -> float: ...
@overload
def put(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    vol: ArrayLike,
    dividend_yield: ArrayLike = 0.0,
    *,
    jump_intensity: float,
    jump_mean: float,
    jump_std: float,
) -> FloatArray: ...
def put(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    vol: ArrayLike,
    dividend_yield: ArrayLike = 0.0,
    *,
    jump_intensity: float,
    jump_mean: float,
    jump_std: float,
) -> float | FloatArray:
    """Price of the European put, money per unit of the index.

    ``spot``, ``strike``, ``years``, ``rate``, ``vol`` and ``dividend_yield`` as in ``black_scholes`` (numbers or
    arrays), with its exact limits at spot 0, strike 0 and years 0; ``jump_intensity`` jumps per year, zero or more, at
    most 500 of them expected over ``years`` (also counted under the stock's own measure, where E[e^J] times as many are
    expected); logarithms of jumps normal with ``jump_mean`` (-10 to 10) and ``jump_std`` (0 to 10).

    Raises:
        InvalidInput: an argument is not finite or outside what is said above.
    """
    jumps = LogNormalJumps(jump_intensity, jump_mean, jump_std)
    given, sigma = contract.write_with("put", spot, strike, years, rate, dividend_yield, vol=vol)
    return contract.as_given(value(given, sigma, jumps))


@overload
def call(
    spot: float,
    strike: float,
    years: float,
    rate: float,
    vol: float,
    dividend_yield: float = 0.0,
    *,
    jump_intensity: float,
    jump_mean: float,
    jump_std: float,
) -> float: ...
@overload
def call(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    vol: ArrayLike,
    dividend_yield: ArrayLike = 0.0,
    *,
    jump_intensity: float,
    jump_mean: float,
    jump_std: float,
) -> FloatArray: ...
def call(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    vol: ArrayLike,
    dividend_yield: ArrayLike = 0.0,
    *,
    jump_intensity: float,
    jump_mean: float,
    jump_std: float,
) -> float | FloatArray:
    """Price of the European call, money per unit of the index; arguments, limits and errors as ``put``."""
    jumps = LogNormalJumps(jump_intensity, jump_mean, jump_std)
    given, sigma = contract.write_with("call", spot, strike, years, rate, dividend_yield, vol=vol)
    return contract.as_given(value(given, sigma, jumps))


@overload
def greeks(
    kind: Kind,
    spot: float,
    strike: float,
    years: float,
    rate: float,
    vol: float,
    dividend_yield: float = 0.0,
    *,
    jump_intensity: float,
    jump_mean: float,
    jump_std: float,
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
    *,
    jump_intensity: float,
    jump_mean: float,
    jump_std: float,
) -> Greeks[FloatArray]: ...
def greeks(
    kind: Kind,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    vol: ArrayLike,
    dividend_yield: ArrayLike = 0.0,
    *,
    jump_intensity: float,
    jump_mean: float,
    jump_std: float,
) -> Greeks[float] | Greeks[FloatArray]:
    """Price, delta, gamma, vega (of the diffusion's ``vol``), theta and rho; arguments and errors as ``put``.

    Delta, gamma, vega and rho are the sums of their Black-Scholes terms. Theta is what the price's equation leaves:

        theta = r P - (r - q - lambda k) S delta - vol^2 S^2 gamma / 2 - lambda (E[P(S e^J)] - P)

    Limits at the kink (``vol`` 0 or ``years`` 0, F' = K') as in ``black_scholes.greeks``.
    """
    jumps = LogNormalJumps(jump_intensity, jump_mean, jump_std)
    given, sigma = contract.write_with(kind, spot, strike, years, rate, dividend_yield, vol=vol)
    return _greeks(given, sigma, jumps)


def value(given: Contract, sigma: FloatArray, jumps: LogNormalJumps) -> FloatArray:
    """Price of a contract at the diffusion's volatility ``sigma``, both of one shape."""
    total = np.zeros(given.years.shape)
    for count, weight in _weights(given.years, jumps):
        total += weight * black_scholes.value(*_after(count, given, sigma, jumps))
    return np.asarray(total)


def _greeks(given: Contract, sigma: FloatArray, jumps: LogNormalJumps) -> Greeks[float] | Greeks[FloatArray]:
    sign = 1.0 if given.kind == "call" else -1.0
    root = np.sqrt(given.years)
    paid_out = np.exp(-given.dividend_yield * given.years)
    price, delta, gamma, vega, rho, jumped, curvature = (np.zeros(given.years.shape) for _ in range(7))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        for count, weight in _weights(given.years, jumps):
            moved, sd = _after(count, given, sigma, jumps)
            d1, d2 = black_scholes.d1_d2(moved.moneyness, sd)
            density = np.exp(-0.5 * d1 * d1) / _SQRT_2PI
            shares = paid_out * _stretch(count, given.years, jumps)
            bends = (density > 0.0) & (weight > 0.0)
            # d sd / d vol; at a standard deviation that is the diffusion's alone it is sqrt(T), also at zero.
            widening = np.where(sd > sigma * root, sigma * given.years / sd, root)
            price += weight * black_scholes.value(moved, sd)
            delta += weight * sign * shares * ndtr(sign * d1)
            gamma += np.where(bends, weight * shares * density / (given.spot * sd), 0.0)
            curvature += np.where(bends & (sigma > 0.0), weight * moved.forward * density * sigma * sigma / sd, 0.0)
            vega += weight * moved.forward * density * widening
            rho += weight * sign * given.years * given.discounted * ndtr(sign * d2)
            jumped += weight * black_scholes.value(*_after(count + 1, given, sigma, jumps))
        drift = given.rate - given.dividend_yield - jumps.compensation
        theta = given.rate * price - drift * given.spot * delta - 0.5 * curvature - jumps.intensity * (jumped - price)
    found = [np.asarray(x + 0.0) for x in (price, delta, gamma, vega, theta, rho)]
    if price.ndim == 0:
        return Greeks(*(float(x) for x in found))
    return Greeks(*found)


def _weights(years: FloatArray, jumps: LogNormalJumps) -> list[tuple[int, FloatArray]]:
    """The jump counts that matter, each with its probability, normalised to one."""
    expected = jumps.intensity * years
    stretched = expected * np.exp(jumps.log_growth)
    most = float(np.max(np.maximum(expected, stretched), initial=0.0))
    least = float(np.min(np.minimum(expected, stretched), initial=_MOST_JUMPS))
    if not most <= _MOST_JUMPS:
        raise InvalidInput(
            f"jump_intensity is {jumps.intensity!r}, or {most:g} jumps expected over the longest of the years; it must "
            f"expect {_MOST_JUMPS:g} jumps or fewer."
        )
    counts = np.arange(int(most + 12.0 * np.sqrt(most) + 40.0))
    rare_below = pdtr(counts, least) < _LEFT_OUT
    rare_above = pdtrc(counts, most) < _LEFT_OUT
    kept = counts[int(rare_below.sum()) : int(np.argmax(rare_above)) + 1]
    if not kept.size * jumps.log_growth <= _HIGHEST_LOG:
        raise InvalidInput(
            f"jump_mean is {jumps.mean!r} with jump_std {jumps.std!r}; {kept.size} jumps of this size, which "
            f"jump_intensity {jumps.intensity!r} allows, must not carry the price beyond e^{_HIGHEST_LOG:g}."
        )
    weights = [np.exp(xlogy(n, expected) - expected - gammaln(n + 1.0)) for n in kept]
    total = np.sum(weights, axis=0)
    return [(int(n), np.asarray(weight / total)) for n, weight in zip(kept, weights, strict=True)]


def _stretch(count: int, years: FloatArray, jumps: LogNormalJumps) -> FloatArray:
    """What ``count`` jumps make of the forward, drift compensation taken off."""
    return np.asarray(np.exp(count * jumps.log_growth - jumps.compensation * years))


def _after(count: int, given: Contract, sigma: FloatArray, jumps: LogNormalJumps) -> tuple[Contract, FloatArray]:
    """The contract and standard deviation, given that ``count`` jumps happen until the horizon."""
    stretch = count * jumps.log_growth - jumps.compensation * given.years
    moved = replace(given, forward=np.asarray(given.forward * np.exp(stretch)), moneyness=given.moneyness + stretch)
    return moved, np.asarray(np.sqrt(sigma * sigma * given.years + count * jumps.std * jumps.std))
