"""European options under random variance and log-normal jumps: the Bates model, Heston's and Merton's together.

The variance is Heston's (``insure.pricing.heston``), the jumps Merton's (``insure.pricing.merton``), independent of it:

    ln phi(z) = ln phi_Heston(z) + T (lambda (e^{iz m - z^2 s^2/2} - 1) - iz lambda k),   m = jump_mean, s = jump_std

Source: D. Bates (1996), "Jumps and Stochastic Volatility", RFS 9, eq. (6)-(8). QuantLib gives ln phi_Heston,
``insure.pricing.fourier`` integrates; why not by QuantLib's ``BatesEngine``: see ``heston``.

Measured, in tests/references/test_pricing_characteristic.py: within 1e-13 of max(spot, strike) of an independent
integration, and within 1e-10 of QuantLib's ``BatesEngine`` where that one converges.
"""

from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from insure.arguments import FloatArray
from insure.pricing import contract, fourier, merton
from insure.pricing.contract import Kind
from insure.pricing.heston import Variance
from insure.pricing.jumps import LogNormalJumps


@overload
def put(
    spot: float,
    strike: float,
    years: float,
    rate: float,
    dividend_yield: float = 0.0,
    *,
    variance: float,
    mean_variance: float,
    reversion: float,
    vol_of_variance: float,
    correlation: float,
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
    dividend_yield: ArrayLike = 0.0,
    *,
    variance: float,
    mean_variance: float,
    reversion: float,
    vol_of_variance: float,
    correlation: float,
    jump_intensity: float,
    jump_mean: float,
    jump_std: float,
) -> FloatArray: ...
def put(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike = 0.0,
    *,
    variance: float,
    mean_variance: float,
    reversion: float,
    vol_of_variance: float,
    correlation: float,
    jump_intensity: float,
    jump_mean: float,
    jump_std: float,
) -> float | FloatArray:
    """Price of the European put, money per unit of the index.

    Arguments as in ``heston.put`` and, of the jumps, ``merton.put``. Limits are exact: spot 0, strike 0 and years 0 as
    in ``black_scholes``; no jumps is Heston; vol_of_variance 0 is Merton at the average variance. Jumps all of one size
    (``jump_std`` below 1e-3) on a random variance of almost nothing cannot be integrated and are refused.

    Formula, source and accuracy: see the module.

    Raises:
        InvalidInput: an argument is not finite or outside what those functions allow, or the integral does not
            converge.
    """
    process = Variance(variance, mean_variance, reversion, vol_of_variance, correlation)
    jumps = LogNormalJumps(jump_intensity, jump_mean, jump_std)
    return _price("put", spot, strike, years, rate, dividend_yield, process, jumps)


@overload
def call(
    spot: float,
    strike: float,
    years: float,
    rate: float,
    dividend_yield: float = 0.0,
    *,
    variance: float,
    mean_variance: float,
    reversion: float,
    vol_of_variance: float,
    correlation: float,
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
    dividend_yield: ArrayLike = 0.0,
    *,
    variance: float,
    mean_variance: float,
    reversion: float,
    vol_of_variance: float,
    correlation: float,
    jump_intensity: float,
    jump_mean: float,
    jump_std: float,
) -> FloatArray: ...
def call(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike = 0.0,
    *,
    variance: float,
    mean_variance: float,
    reversion: float,
    vol_of_variance: float,
    correlation: float,
    jump_intensity: float,
    jump_mean: float,
    jump_std: float,
) -> float | FloatArray:
    """Price of the European call, money per unit of the index; arguments, limits and errors as ``put``."""
    process = Variance(variance, mean_variance, reversion, vol_of_variance, correlation)
    jumps = LogNormalJumps(jump_intensity, jump_mean, jump_std)
    return _price("call", spot, strike, years, rate, dividend_yield, process, jumps)


def _price(
    kind: Kind,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    process: Variance,
    jumps: LogNormalJumps,
) -> float | FloatArray:
    given = contract.write(kind, spot, strike, years, rate, dividend_yield)
    if process.certain:
        return contract.as_given(merton.value(given, np.sqrt(process.average(given.years)), jumps))
    diffusion = process.characteristic()
    return contract.as_given(fourier.price(given, lambda time: jumps.added_to(diffusion(time), time)))
