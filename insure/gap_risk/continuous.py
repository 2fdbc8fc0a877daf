"""CPPI traded without pause on an index without jumps: the benchmark that never loses."""

import math
from dataclasses import dataclass

from scipy.special import ndtri

from insure.arguments import not_negative, number, positive
from insure.errors import InvalidInput
from insure.gap_risk.cushion import initial_cushion
from insure.pricing.elementary import exp, norm_cdf, norm_pdf


@dataclass(frozen=True, slots=True)
class ContinuousCppi:
    """The law of V_T: the guarantee plus a lognormal cushion."""

    guarantee: float
    """Money at the horizon; no value is below it."""
    log_mean: float
    """Mean of ln(V_T - guarantee)."""
    log_std: float
    """Standard deviation of ln(V_T - guarantee): ``m vol sqrt(T)``."""
    mean: float
    """E[V_T], money at the horizon."""
    variance: float
    """Var[V_T], money squared."""

    def quantile(self, probability: float) -> float:
        """The value that V_T stays at or below with this probability, money.

        Raises:
            InvalidInput: the probability is not strictly between 0 and 1.
        """
        p = number("probability", probability)
        if not 0.0 < p < 1.0:
            raise InvalidInput(f"probability is {probability!r}; it must be between 0 and 1, both excluded.")
        return self.guarantee + exp(self.log_mean + self.log_std * float(ndtri(p)))

    def probability_below(self, value: float) -> float:
        """P(V_T <= value)."""
        cushion = number("value", value) - self.guarantee
        if not cushion > 0.0:
            return 0.0
        distance = math.log(cushion) - self.log_mean
        if self.log_std == 0.0:
            return 1.0 if distance >= 0.0 else 0.0
        return norm_cdf(distance / self.log_std)

    def density(self, value: float) -> float:
        """Density of V_T at a value, per unit of money.

        Raises:
            InvalidInput: the fund has no volatility, so its value has no density.
        """
        if not self.log_std > 0.0:
            raise InvalidInput(f"log_std is {self.log_std!r}; it must be above zero for the value to have a density.")
        cushion = number("value", value) - self.guarantee
        if not cushion > 0.0:
            return 0.0
        return norm_pdf((math.log(cushion) - self.log_mean) / self.log_std) / (cushion * self.log_std)


def continuous_cppi(
    value: float, guarantee: float, multiplier: float, years: float, rate: float, drift: float, vol: float
) -> ContinuousCppi:
    """Law of the value at the horizon of CPPI traded in continuous time, without leverage cap, on a lognormal index.

    Args:
        value: NAV at the start, money.
        guarantee: money promised at the horizon.
        multiplier: above zero.
        years: length of the period.
        rate: per year, continuously compounded.
        drift: expected growth of the index per year.
        vol: per square root of year.

    Raises:
        FloorUnaffordable: the discounted guarantee is not below the value.
        InvalidInput: an argument is out of range, or the moments exceed the range of floats.

    Formula, C0 = V - G exp(-r T):

        V_T = G + C0 exp[(r + m (drift - r) - m^2 vol^2 / 2) T + m vol sqrt(T) Z]
        E[V_T] = G + C0 exp[(r + m (drift - r)) T],   Var[V_T] = (E[V_T] - G)^2 (exp(m^2 vol^2 T) - 1)

    Source: Black and Perold 1992, "Theory of constant proportion portfolio insurance", J. Economic Dynamics and
    Control 16, 403-426. Agrees with scipy's lognormal law to 1e-12 and is the limit of ``discrete_cppi`` for many steps
    (tests/references/test_gap_risk_continuous.py).
    """
    cushion = initial_cushion(value, guarantee, years, rate)
    m = positive("multiplier", multiplier)
    drift = number("drift", drift)
    vol = not_negative("vol", vol)
    std = m * vol * math.sqrt(years)
    log_expected = math.log(cushion) + (rate + m * (drift - rate)) * years
    try:
        expected = math.exp(log_expected)
        variance = expected * expected * math.expm1(std * std)
    except OverflowError:
        expected = variance = math.inf
    if not (math.isfinite(expected) and math.isfinite(variance)):
        raise InvalidInput(
            f"multiplier is {m:g}, vol {vol:g} and drift {drift:g} over {years:g} years; the moments of such a fund "
            "exceed the range of floats, so one of them must be smaller."
        )
    return ContinuousCppi(float(guarantee), log_expected - 0.5 * std * std, std, guarantee + expected, variance)


def continuous_cppi_value(
    value: float,
    guarantee: float,
    multiplier: float,
    years: float,
    elapsed: float,
    rate: float,
    vol: float,
    spot_ratio: float,
) -> float:
    """Value of continuously traded CPPI when the index stands at ``spot_ratio`` times its start: no path matters.

    ``V_t = G exp(-r (T - t)) + C0 (S_t/S_0)^m exp[(1 - m) (r + m vol^2 / 2) t]``; what it falls short of the same
    exposure bought and held is the price of trading with the market (volatility cost).

    Args:
        value: NAV at the start, money.
        guarantee: money promised at the horizon.
        multiplier: above zero.
        years: length of the period.
        elapsed: years since the start, at most ``years``.
        rate: per year, continuously compounded.
        vol: per square root of year, realised along the path.
        spot_ratio: index now over index at the start, above zero, dividends reinvested.

    Source: Black and Perold 1992. Agrees with ``discrete_cppi``'s rule traded 200,000 times along one path to 1e-3 of
    the cushion (tests/references/test_gap_risk_continuous.py).
    """
    cushion = initial_cushion(value, guarantee, years, rate)
    m = positive("multiplier", multiplier)
    t = number("elapsed", elapsed, low=0.0, high=years)
    vol = not_negative("vol", vol)
    log_ratio = math.log(positive("spot_ratio", spot_ratio))
    floor = guarantee * exp(-rate * (years - t))
    now = floor + cushion * exp(m * log_ratio + (1.0 - m) * (rate + 0.5 * m * vol * vol) * t)
    if not math.isfinite(now):
        raise InvalidInput(f"spot_ratio is {spot_ratio!r}; at multiple {m:g} the value exceeds the range of floats.")
    return now
