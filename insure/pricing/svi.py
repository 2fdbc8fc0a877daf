"""One expiry of a volatility surface: Gatheral's SVI smile, and its calibration to quotes.

With k = ln(strike/forward), the total implied variance (volatility squared times years) is

    w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2))

Source: J. Gatheral (2004), "A Parsimonious Arbitrage-Free Implied Volatility Parameterization"; J. Gatheral, A.
Jacquier (2014), "Arbitrage-Free SVI Volatility Surfaces", Quantitative Finance 14, eq. (3.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import QuantLib
from numpy.typing import ArrayLike

from insure.arguments import FloatArray, number, numbers, positive
from insure.errors import InvalidInput

FEWEST_QUOTES = 5

_TIGHT = 1e-14
_GUESSES = 13
_SMALLEST_SLOPE = 1e-5
_STEEPEST_SKEW = 0.99


@dataclass(frozen=True, slots=True)
class Svi:
    """A smile in total variance; the five numbers are Gatheral's raw parameters.

    Raises:
        InvalidInput: b is negative, rho is not between -1 and 1, sigma is not above zero, or the least total variance,
            a + b sigma sqrt(1 - rho^2), is not above zero.
    """

    a: float
    b: float
    rho: float
    m: float
    sigma: float

    def __post_init__(self) -> None:
        number("a", self.a)
        number("b", self.b, low=0.0, allowed="a finite number, zero or more")
        number("rho", self.rho, low=-1.0, high=1.0)
        number("m", self.m)
        positive("sigma", self.sigma)
        if not self.least > 0.0:
            raise InvalidInput(
                f"a is {self.a!r}; it must leave a least total variance, a + b sigma sqrt(1 - rho^2), above zero, "
                f"not {self.least!r}."
            )

    @property
    def least(self) -> float:
        """The smallest total variance of the smile."""
        return self.a + self.b * self.sigma * float(np.sqrt(1.0 - self.rho * self.rho))

    def total_variance(self, k: ArrayLike) -> FloatArray:
        """w(k); k = ln(strike/forward), of any shape."""
        x = numbers("k", k) - self.m
        return np.asarray(self.a + self.b * (self.rho * x + np.sqrt(x * x + self.sigma * self.sigma)))

    def slope(self, k: ArrayLike) -> FloatArray:
        """dw/dk."""
        x = numbers("k", k) - self.m
        return np.asarray(self.b * (self.rho + x / np.sqrt(x * x + self.sigma * self.sigma)))

    def curvature(self, k: ArrayLike) -> FloatArray:
        """d2w/dk2."""
        x = numbers("k", k) - self.m
        return np.asarray(self.b * self.sigma * self.sigma / (x * x + self.sigma * self.sigma) ** 1.5)

    def shifted(self, by: float) -> "Svi":
        """The smile that has at k the total variance this one has at k - ``by``."""
        return Svi(self.a, self.b, self.rho, self.m + number("by", by), self.sigma)


@dataclass(frozen=True, slots=True)
class Fit:
    """A calibrated smile and how well it meets its quotes."""

    smile: Svi
    rms_error: float
    """Root mean square of fitted less quoted volatility, per square root of year."""
    worst_error: float
    """Largest absolute difference, per square root of year."""


def fit(strikes: Sequence[float], vols: Sequence[float], forward: float, years: float) -> Fit:
    """The smile of least squared error in volatility, each quote weighing the same.

    QuantLib's ``SviInterpolatedSmileSection`` does the least squares (Levenberg-Marquardt to 1e-14, b (1 + |rho|) up to
    4). It starts from the best of a grid of (m, sigma), at each of which the other three are a linear least-squares
    problem (S. De Marco, C. Martini (2009), "Quasi-Explicit Calibration of Gatheral's SVI Model"). QuantLib wants whole
    days, so the smile is fitted on a clock on which the expiry is exactly a year away: total variance does not know the
    difference.

    Measured (tests/references/test_pricing_surface.py): smiles that are SVI come back within 1e-8 in volatility; on
    noisy quotes the error is within 1e-6 of the best of eight starts of ``scipy.optimize.least_squares``.

    Args:
        strikes: money, above zero, at least five different ones.
        vols: quoted implied volatility at each strike, above zero.
        forward: forward price to the expiry, money, above zero.
        years: to the expiry, above zero.

    Raises:
        InvalidInput: an argument is not allowed, or the quotes leave no positive total variance.
    """
    k = np.log(numbers("strikes", strikes, low=0.0, open_low=True) / positive("forward", forward))
    quoted = numbers("vols", vols, low=0.0, open_low=True)
    if not (k.shape == quoted.shape and k.ndim == 1 and np.unique(k).size >= FEWEST_QUOTES):
        raise InvalidInput(
            f"strikes has shape {k.shape} with {np.unique(k).size} different values and vols shape {quoted.shape}; a "
            f"smile needs one vol a strike and {FEWEST_QUOTES} strikes or more."
        )
    order = np.argsort(k)
    deviations = quoted[order] * np.sqrt(positive("years", years))
    smile = _least_squares(k[order], deviations, _start(k[order], deviations))
    errors = (np.sqrt(smile.total_variance(k[order])) - deviations) / np.sqrt(years)
    return Fit(smile, float(np.sqrt(np.mean(errors * errors))), float(np.abs(errors).max()))


def _least_squares(k: FloatArray, deviations: FloatArray, start: Svi) -> Svi:
    today = QuantLib.Date(1, 1, 2000)
    with QuantLib.SavedSettings():
        QuantLib.Settings.instance().evaluationDate = today
        section = QuantLib.SviInterpolatedSmileSection(
            today + 365,
            1.0,
            [float(strike) for strike in np.exp(k)],
            False,
            float(np.interp(0.0, k, deviations)),
            [float(deviation) for deviation in deviations],
            start.a,
            start.b,
            start.sigma,
            start.rho,
            start.m,
            *(False,) * 5,
            False,
            QuantLib.EndCriteria(10_000, 100, _TIGHT, _TIGHT, _TIGHT),
            QuantLib.LevenbergMarquardt(_TIGHT, _TIGHT, _TIGHT),
        )
        return Svi(section.a(), section.b(), section.rho(), section.m(), section.sigma())


def _start(k: FloatArray, deviations: FloatArray) -> Svi:
    """The best of a grid of (m, sigma), each with its linear least squares for the rest."""
    width = float(k[-1] - k[0])
    guesses = [
        _linear_fit(k, deviations, float(m), float(sigma))
        for m in np.linspace(k[0], k[-1], _GUESSES)
        for sigma in width * np.geomspace(0.01, 2.0, _GUESSES)
    ]
    return min(guesses, key=lambda guess: float(np.sum((np.sqrt(guess.total_variance(k)) - deviations) ** 2)))


def _linear_fit(k: FloatArray, deviations: FloatArray, m: float, sigma: float) -> Svi:
    """For given m and sigma: a, b rho and b by linear least squares in variance, moved inside what is allowed."""
    variance = deviations * deviations
    x = k - m
    columns = np.column_stack([np.ones_like(k), x, np.sqrt(x * x + sigma * sigma)])
    found = np.linalg.lstsq(columns, variance, rcond=None)[0]
    b = max(float(found[2]), _SMALLEST_SLOPE * float(variance.mean()))
    rho = float(np.clip(found[1] / b, -_STEEPEST_SKEW, _STEEPEST_SKEW))
    depth = b * sigma * float(np.sqrt(1.0 - rho * rho))
    return Svi(max(float(found[0]), 1e-3 * float(variance.min()) - depth), b, rho, m, sigma)
