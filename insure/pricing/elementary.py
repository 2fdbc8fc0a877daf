"""The few elementary functions that every rule is written with: plain scalars here, vector code in the laboratory.

``insure.simulation.vector_math`` gives exactly these names a body that compiles to packed instructions, so a rule that
calls them is one text for the live decision, the replay and the Monte Carlo kernel. A rule calls nothing else.
"""

import math

_HALF_SQRT2 = math.sqrt(0.5)
_INV_SQRT_2PI = 1.0 / math.sqrt(2.0 * math.pi)


def exp(x: float) -> float:
    """e to the x; an overflow is infinity, as in compiled code, not an exception."""
    return math.exp(x) if x < 709.78 else math.inf


def log(x: float) -> float:
    """Natural logarithm; minus infinity at zero, as in compiled code."""
    return math.log(x) if x > 0.0 else -math.inf


def sqrt(x: float) -> float:
    """Square root of a number that is zero or more."""
    return math.sqrt(x)


def norm_cdf(x: float) -> float:
    """Standard normal distribution function, by erfc: relative accuracy also in the lower tail."""
    return 0.5 * math.erfc(-x * _HALF_SQRT2)


def norm_pdf(x: float) -> float:
    """Standard normal density."""
    return _INV_SQRT_2PI * math.exp(-0.5 * x * x)
