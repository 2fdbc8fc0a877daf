"""European options where the variance itself is random: Heston's model.

    dS/S = (r - q) dt + sqrt(v) dW,   dv = reversion (mean_variance - v) dt + vol_of_variance sqrt(v) dZ,
    dW dZ = correlation dt,   v(0) = variance

Source: S. Heston (1993), "A Closed-Form Solution for Options with Stochastic Volatility", RFS 6, eq. (1), (4), (17).
The characteristic function is QuantLib's (``AnalyticHestonEngine.lnChF``, free of branch cuts and of cancellation at
small vol_of_variance: L. Andersen, M. Lake (2018)); it takes the time in years as a number, so that 0.3217 years are
0.3217 years and not a number of days. The integral over it is ``insure.pricing.fourier``: QuantLib's
own quadratures, tried on a grid like that of the tests, each stopped without a result or missed by 4e-9 and more
somewhere on it.

Measured, in tests/references/test_pricing_characteristic.py: within 1e-13 of max(spot, strike) of an independent
integration, from one session to 20 years, correlations of -0.99 to 0.3 and strikes of 0.5 to 2.5 times spot; within
1e-10 of QuantLib's engine where that one converges.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import overload

import numpy as np
import QuantLib
from numpy.typing import ArrayLike

from insure.arguments import FloatArray, not_negative, number
from insure.pricing import black_scholes, contract, fourier
from insure.pricing.contract import Kind

# QuantLib wants these above zero; a variance of 1e-300 is zero to every double that it is added to.
_ZERO = 1e-300
# A vol of variance below this moves no price by a unit in its last place; QuantLib's formula needs its square.
_STILL = 1e-16


@dataclass(frozen=True, slots=True)
class Variance:
    """The variance process."""

    variance: float
    """v(0), per year, zero or more."""
    mean_variance: float
    """Where it reverts to, per year, zero or more."""
    reversion: float
    """Speed, per year, zero or more."""
    vol_of_variance: float
    """Per square root of year, zero or more; at zero the variance is a function of time."""
    correlation: float
    """Of the price with its variance, -1 to 1."""

    def __post_init__(self) -> None:
        not_negative("variance", self.variance)
        not_negative("mean_variance", self.mean_variance)
        not_negative("reversion", self.reversion)
        not_negative("vol_of_variance", self.vol_of_variance)
        number("correlation", self.correlation, low=-1.0, high=1.0)

    @property
    def certain(self) -> bool:
        """Whether the variance is a function of time alone: no volatility of its own, or zero for ever."""
        stays_zero = self.variance == 0.0 and (self.reversion == 0.0 or self.mean_variance == 0.0)
        return self.vol_of_variance < _STILL or stays_zero

    def average(self, years: FloatArray) -> FloatArray:
        """Expected variance per year, averaged from now to ``years``."""
        pull = self.reversion * years
        weight = np.divide(-np.expm1(-pull), pull, out=np.ones_like(pull), where=pull > 0.0)
        return np.asarray(self.mean_variance + (self.variance - self.mean_variance) * weight)

    def characteristic(self) -> Callable[[float], fourier.Characteristic]:
        """The characteristic function at any time above zero; only where the variance is not ``certain``."""
        today = QuantLib.Date(1, 1, 2000)
        nothing = QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(today, 0.0, QuantLib.Actual365Fixed()))
        process = QuantLib.HestonProcess(
            nothing,
            nothing,
            QuantLib.QuoteHandle(QuantLib.SimpleQuote(1.0)),
            max(self.variance, _ZERO),
            max(self.reversion, _ZERO),
            max(self.mean_variance, _ZERO),
            self.vol_of_variance,
            self.correlation,
        )
        engine = QuantLib.AnalyticHestonEngine(QuantLib.HestonModel(process))

        def at(years: float) -> fourier.Characteristic:
            def log(z: complex) -> complex:
                found: complex = engine.lnChF(z, years)
                return found

            return fourier.Characteristic(log, envelope=log)

        return at


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
) -> float | FloatArray:
    """Price of the European put, money per unit of the index.

    ``spot``, ``strike``, ``years``, ``rate`` and ``dividend_yield`` as in ``black_scholes`` (numbers or arrays);
    ``variance`` and ``mean_variance`` per year, ``reversion`` per year, ``vol_of_variance`` per square root of year,
    all zero or more; ``correlation`` from -1 to 1. The Feller condition is not required. Limits are exact: spot 0,
    strike 0 and years 0 as in ``black_scholes``, vol_of_variance 0 is Black-Scholes at the average variance.
    At a correlation of exactly 1 or -1 with little variance the characteristic function may not decay within what can
    be integrated; that is refused in one sentence, not priced badly.

    Formula, source and accuracy: see the module.

    Raises:
        InvalidInput: an argument is not finite or outside what is said above, or the integral does not converge.
    """
    process = Variance(variance, mean_variance, reversion, vol_of_variance, correlation)
    return _price("put", spot, strike, years, rate, dividend_yield, process)


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
) -> float | FloatArray:
    """Price of the European call, money per unit of the index; arguments, limits and errors as ``put``."""
    process = Variance(variance, mean_variance, reversion, vol_of_variance, correlation)
    return _price("call", spot, strike, years, rate, dividend_yield, process)


def _price(
    kind: Kind,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    process: Variance,
) -> float | FloatArray:
    given = contract.write(kind, spot, strike, years, rate, dividend_yield)
    if process.certain:
        sd = np.sqrt(process.average(given.years) * given.years)
        return contract.as_given(black_scholes.value(given, np.asarray(sd)))
    return contract.as_given(fourier.price(given, process.characteristic()))
