"""Jumps in a fund's own history: told from its diffusion by a threshold, and how likely they make a deep day."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import gammaln, ndtr

from insure.arguments import FloatArray, number, numbers, positive, whole
from insure.errors import InvalidInput

THRESHOLD = 4.0
"""A return beyond so many standard deviations of the diffusion is a jump."""
LEAST_RETURNS = 250
LEAST_JUMPS = 2
SESSIONS_PER_YEAR = 252.0

_MOST_COUNTED = 60


@dataclass(frozen=True, slots=True)
class FittedJumps:
    """A jump diffusion with normal log-jumps, fitted to one history; its names are those of the Merton models."""

    vol: float
    """Of the diffusion, per square root of year."""
    drift: float
    """Expected growth of the index per year, jumps included, continuously compounded."""
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
    """Fit a jump diffusion to daily closes by telling returns beyond a threshold to be jumps.

    Starting from the bipower variation, which jumps hardly move, returns further from the mean than ``threshold``
    standard deviations of the diffusion are set aside and the standard deviation is estimated on the rest, until
    nothing changes. The jumps' mean and standard deviation are their sample moments.

    Args:
        closes: one a session, in order.
        dates: of the closes, to be quoted; none need be given.
        threshold: in standard deviations, above 2.

    Raises:
        InvalidInput: fewer than 250 returns, fewer than 2 jumps among them, or closes that are not prices.

    Sources: Mancini (2009), Scandinavian J. of Statistics 36, for the threshold; Barndorff-Nielsen and Shephard (2004),
    J. Financial Econometrics 2, for bipower variation. On 40 years simulated from known parameters the volatility is
    found to 3 % and jumps well beyond the threshold within four standard errors (tests/stress/test_jumps.py). One
    constant volatility for the whole history makes clusters of turbulent days look like jumps: intensity is an upper
    estimate.
    """
    prices = numbers("closes", closes, low=0.0, open_low=True)
    if not positive("threshold", threshold) > 2.0:
        raise InvalidInput(f"threshold is {threshold!r}; it must be above 2 standard deviations.")
    if not prices.size > LEAST_RETURNS:
        raise InvalidInput(
            f"the history has {max(prices.size - 1, 0)} returns; a jump model needs {LEAST_RETURNS} or more"
        )
    returns = np.diff(np.log(prices))
    mean = float(np.median(returns))
    std = math.sqrt(0.5 * math.pi * float(np.mean(np.abs(returns[1:] - mean) * np.abs(returns[:-1] - mean))))
    apart = np.abs(returns - mean) > threshold * std
    for _ in range(100):
        calm = returns[~apart]
        mean, std = float(calm.mean()), float(calm.std(ddof=1))
        again = np.abs(returns - mean) > threshold * std
        if (again == apart).all():
            break
        apart = again
    sizes = returns[apart] - mean
    if sizes.size < LEAST_JUMPS:
        raise InvalidInput(
            f"the history of {returns.size} returns has {sizes.size} beyond {threshold:g} standard deviations; a jump "
            f"model needs {LEAST_JUMPS} or more"
        )
    years = returns.size / SESSIONS_PER_YEAR
    vol, intensity = std * math.sqrt(SESSIONS_PER_YEAR), sizes.size / years
    jump_mean, jump_std = float(sizes.mean()), float(sizes.std(ddof=1))
    drift = mean * SESSIONS_PER_YEAR + 0.5 * vol**2 + intensity * math.expm1(jump_mean + 0.5 * jump_std**2)
    return FittedJumps(
        vol=vol,
        drift=drift,
        jump_intensity=intensity,
        jump_mean=jump_mean,
        jump_std=jump_std,
        returns=int(returns.size),
        jumps=int(sizes.size),
        first=dates[0] if dates else None,
        last=dates[-1] if dates else None,
    )
