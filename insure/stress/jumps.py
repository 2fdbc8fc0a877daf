"""Jumps in a fund's own history, as the laboratory's calibration tells them, and how likely they make a deep day."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from scipy.special import gammaln, ndtr

from insure.arguments import FloatArray, number, numbers, whole
from insure.errors import InvalidInput
from insure.simulation.calibration import LEAST_RETURNS, fit_merton
from insure.simulation.models import Merton

THRESHOLD = 4.0
"""A return beyond so many standard deviations of the diffusion is a jump."""
SESSIONS_PER_YEAR = 252.0

_MOST_COUNTED = 60


@dataclass(frozen=True, slots=True)
class FittedJumps:
    """A jump diffusion with normal log-jumps, fitted to one history; its names are those of the Merton models."""

    vol: float
    """Of the diffusion, per square root of year."""
    drift: float
    """Expected growth of the price per year, jumps included, dividends already out of it, continuously compounded."""
    jump_intensity: float
    """Jumps per year."""
    jump_mean: float
    """Mean of the logarithm of a jump."""
    jump_std: float
    """Standard deviation of the logarithm of a jump."""
    returns: int
    """How many daily returns it was fitted to."""
    jumps: int
    """How many of them were told to be jumps."""
    first: dt.date | None = None
    last: dt.date | None = None
    standard_errors: Mapping[str, float | None] = field(default_factory=dict)
    """Of the five parameters, by name; None where there is none, empty where the model was given."""

    @property
    def model(self) -> Merton:
        """For the laboratory."""
        return Merton(self.vol, self.drift, self.jump_intensity, self.jump_mean, self.jump_std)

    def figures(self) -> dict[str, object]:
        """As JSON."""
        first, last = (None if day is None else day.isoformat() for day in (self.first, self.last))
        return {**asdict(self), "first": first, "last": last}

    def fall_probability(self, fall: float, sessions: int = 1) -> float:
        """P(at least one of so many sessions loses this fraction or more, close to close).

            1 - (1 - p)^n,   p = sum_k Poisson(k; lambda dt) N((ln(1 - fall) - a - k m) / sqrt(vol^2 dt + k s^2)),
            a = (drift - lambda (E[e^J] - 1) - vol^2 / 2) dt

        Args:
            fall: a fraction from 0 to below 1.
            sessions: how many, of 1/252 year.

        Source: the density of Merton (1976), J. Financial Economics 3, integrated. Agrees with simulation within four
        standard errors (tests/stress/test_jumps.py).
        """
        lost = number("fall", fall, low=0.0)
        if not lost < 1.0:
            raise InvalidInput(f"fall is {fall!r}; it must be below 1: no model of this kind loses everything.")
        dt_ = 1.0 / SESSIONS_PER_YEAR
        jump = math.expm1(self.jump_mean + 0.5 * self.jump_std**2)
        level = (self.drift - self.jump_intensity * jump - 0.5 * self.vol**2) * dt_
        expected = self.jump_intensity * dt_
        counts = np.arange(_MOST_COUNTED, dtype=np.float64)
        log_weights = -expected - gammaln(counts + 1.0)
        weights = np.exp(log_weights + counts * math.log(expected)) if expected > 0.0 else np.where(counts == 0, 1.0, 0)
        spread = np.sqrt(self.vol**2 * dt_ + counts * self.jump_std**2)
        distance = math.log1p(-lost) - level - counts * self.jump_mean
        below = np.where(spread > 0.0, ndtr(distance / np.maximum(spread, 1e-300)), distance >= 0.0)
        one = float(min((weights * below).sum(), 1.0))
        return -math.expm1(whole("sessions", sessions) * math.log1p(-one)) if one < 1.0 else 1.0


def fit_jumps(
    closes: Sequence[float] | FloatArray, dates: Sequence[dt.date] = (), *, threshold: float = THRESHOLD
) -> FittedJumps:
    """The jump diffusion of ``insure.simulation.calibration.fit_merton``, fitted to daily closes.

    Args:
        closes: one a session, in order.
        dates: of the closes, to be quoted; none need be given.
        threshold: in standard deviations, 2 or more.

    Raises:
        InvalidInput: fewer than 250 returns, fewer than 2 jumps among them, or closes that are not prices.

    On 40 years simulated from known parameters the volatility is found to 3 % and jumps well beyond the threshold
    within four standard errors (tests/stress/test_jumps.py). One constant volatility for the whole history makes
    clusters of turbulent days look like jumps: intensity is an upper estimate.
    """
    prices = numbers("closes", closes, low=0.0, open_low=True)
    fitted = fit_merton(np.diff(np.log(prices)), steps_per_year=SESSIONS_PER_YEAR, threshold=threshold)
    return FittedJumps(
        **{name: found.value for name, found in fitted.parameters.items()},
        returns=fitted.returns,
        jumps=fitted.jumps,
        first=dates[0] if dates else None,
        last=dates[-1] if dates else None,
        standard_errors={name: found.standard_error for name, found in fitted.parameters.items()},
    )


__all__ = ["LEAST_RETURNS", "SESSIONS_PER_YEAR", "THRESHOLD", "FittedJumps", "fit_jumps"]
