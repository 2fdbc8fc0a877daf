"""CPPI that trades on given dates only: the law of its value at the horizon, and how often it misses the guarantee."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from insure.arguments import FloatArray, not_negative, number, positive, whole
from insure.errors import InvalidInput
from insure.gap_risk.cushion import initial_cushion, proportional_cost
from insure.gap_risk.lognormal import Partial, partial_moments


@dataclass(frozen=True, slots=True)
class DiscreteCppi:
    """What CPPI on equidistant dates makes of a fund; V_T is its value at the horizon, G the guarantee."""

    mean: float
    """E[V_T], money at the horizon."""
    variance: float
    """Var[V_T], money squared."""
    local_shortfall_probability: float
    """P(V <= F at the next date | V > F at this one)."""
    shortfall_probability: float
    """P(V_T <= G)."""
    expected_shortfall: float
    """E[(G - V_T)^+], over all outcomes, money at the horizon."""
    shortfall_given_loss: float
    """E[G - V_T | V_T <= G], money at the horizon; 0.0 where the probability of a shortfall is 0.0."""


def discrete_cppi(
    value: float,
    guarantee: float,
    multiplier: float,
    years: float,
    steps: int,
    rate: float,
    drift: float,
    vol: float,
    *,
    cost_bps: float = 0.0,
) -> DiscreteCppi:
    """Mean, variance and shortfall of simple CPPI traded at ``steps`` equidistant dates, the index being lognormal.

    The rule: at dates 0, dt, ..., T - dt the exposure is set to ``m C``, with ``C = V - G exp(-r (T - t))``, whatever
    leverage that takes; from the first date with ``C <= 0`` on, everything is in cash. Each trade costs ``cost_bps`` of
    the money traded, paid out of the cushion (``cushion_after_cost``): the purchase at date 0, each rebalancing, and
    the sale of everything when the cushion is gone; nothing is traded at T.

    Args:
        value: NAV at the start, money.
        guarantee: money promised at the horizon.
        multiplier: above zero; up to 1 no shortfall can happen.
        years: length of the period.
        steps: number of trading dates before the horizon, equidistant.
        rate: per year, continuously compounded.
        drift: expected growth of the index per year: ``E[S_T] = S_0 exp(drift T)``.
        vol: per square root of year.
        cost_bps: basis points of traded value.

    Raises:
        FloorUnaffordable: the discounted guarantee is not below the value.
        InvalidInput: an argument is out of range, or the moments exceed the range of floats.

    Formula (no costs; Y = S'/S exp(-r dt), A = m Y - (m - 1), n = steps, a+ = E[A^+], a- = E[A^-]):

        local shortfall    p = N(-d2),  d2 = [ln(m / (m - 1)) + (drift - r) dt - vol^2 dt / 2] / (vol sqrt(dt))
        shortfall          1 - (1 - p)^n
        expected shortfall exp(r T) C0 a- (1 + a+ + ... + a+^(n-1))
        mean               G + exp(r T) C0 [a+^n - a- (1 + a+ + ... + a+^(n-1))]

    and the variance by the law of total variance, step by step, which keeps its accuracy where mean^2 is large.

    With costs ``local_shortfall_probability`` is that of a date with trading, where the cushion must survive the cost
    too; at the horizon it is the one above.

    Source: Balder, Brandl, Mahayni 2009, "Effectiveness of CPPI strategies under discrete-time trading", J. Economic
    Dynamics and Control 33, 204-220. Their expected shortfall is ``shortfall_given_loss`` here.

    Accuracy: all six figures agree with a quadrature of the one-step integrals to 1e-9 relative, and with simulation
    of the rule, with and without costs, within four standard errors (tests/references/test_gap_risk_discrete.py).
    """
    cushion = initial_cushion(value, guarantee, years, rate)
    m = positive("multiplier", multiplier)
    n = whole("steps", steps, low=1)
    drift = number("drift", drift)
    vol = not_negative("vol", vol)
    k = proportional_cost(cost_bps, m)
    dt = years / n
    try:
        step = _Step.of(m, k, (drift - rate) * dt, vol * math.sqrt(dt))
        scale = math.exp(rate * years) * cushion / (1.0 + k * m)
        survived = step.gain ** (n - 1)
        lost = step.loss * _geometric_sum(step, n - 1)
        shortfall = scale * (lost + survived * step.last.below * m)
        mean = guarantee + scale * (survived * step.last_mean - lost)
        variance = scale * scale * _variance(step, n)
    except OverflowError as error:
        raise _too_large(m, vol, drift, years) from error
    if not (math.isfinite(mean) and math.isfinite(variance) and math.isfinite(shortfall)):
        raise _too_large(m, vol, drift, years)
    local = step.probability if n > 1 else step.last.probability_below
    total = _at_least_once(step.probability, n - 1, step.last.probability_below)
    return DiscreteCppi(mean, variance, local, total, shortfall, shortfall / total if total > 0.0 else 0.0)


def _too_large(m: float, vol: float, drift: float, years: float) -> InvalidInput:
    return InvalidInput(
        f"multiplier is {m:g}, vol {vol:g} and drift {drift:g} over {years:g} years; the moments of such a fund exceed "
        "the range of floats, so one of them must be smaller."
    )


def multiplier_for_shortfall(
    probability: float, years: float, steps: int, rate: float, drift: float, vol: float
) -> float:
    """Largest multiplier whose ``discrete_cppi`` (no costs) misses the guarantee with at most this probability.

    ``m = 1 / (1 - exp((drift - r - vol^2/2) dt + vol sqrt(dt) N^-1(p)))`` with ``p = 1 - (1 - probability)^(1/steps)``;
    infinite where no multiplier is too large, because the index outgrows the rate with that certainty.

    Raises:
        InvalidInput: the probability is not strictly between 0 and 1, or another argument is out of range.

    Source: solved for m from the shortfall probability of Balder, Brandl, Mahayni 2009. ``discrete_cppi`` gives the
    probability back to 1e-9 relative (tests/references/test_gap_risk_discrete.py).
    """
    allowed = "a probability between 0 and 1, both excluded"
    probability = number("probability", probability, low=0.0, high=1.0, allowed=allowed)
    if not 0.0 < probability < 1.0:
        raise InvalidInput(f"probability is {probability!r}; it must be {allowed}.")
    n = whole("steps", steps, low=1)
    dt = positive("years", years) / n
    vol = not_negative("vol", vol)
    growth = (number("drift", drift) - number("rate", rate)) * dt - 0.5 * vol * vol * dt
    local = -math.expm1(math.log1p(-probability) / n)
    log_bar = growth + vol * math.sqrt(dt) * float(ndtri(local))
    return -1.0 / math.expm1(log_bar) if log_bar < 0.0 else math.inf


@dataclass(frozen=True, slots=True)
class _Step:
    """One step of the discounted cushion: it becomes ``gain_factor >= 0``, or minus ``loss_factor`` for good.

    With ``k`` the cost, the gain factor is ``v (Y - bar)^+ + (u - v) (Y - 1)^+``: v is the slope of the trade after a
    fall (selling, for m > 1), u that after a rise; ``v (1 - bar) = 1``, because Y = 1 needs no trade.
    """

    probability: float
    gain: float
    """E[gain_factor]"""
    excess: float
    """E[gain_factor] - 1, without cancellation."""
    gain_squared: float
    gain_variance: float
    loss: float
    """E[loss_factor]"""
    loss_variance: float
    last: Partial
    """Y against (m - 1) / m, for the step to the horizon, after which nothing is traded."""
    last_mean: float
    last_variance: float

    @classmethod
    def of(cls, m: float, k: float, log_mean: float, s: float) -> "_Step":
        buying, selling = m * (1.0 + k) / (1.0 + k * m), m * (1.0 - k) / (1.0 - k * m)
        u, v = (buying, selling) if m > 1.0 else (selling, buying)
        w = m * (1.0 - k)
        bar = 1.0 - 1.0 / v
        fall, rise = partial_moments(log_mean, s, bar), partial_moments(log_mean, s, 1.0)
        mean, growth, spread = math.exp(log_mean), math.expm1(log_mean), math.expm1(s * s)
        extra = u - v
        gain = v * fall.above + extra * rise.above
        gain_squared = (
            v * v * fall.above_squared
            + 2.0 * v * extra * (rise.above_squared + (1.0 - bar) * rise.above)
            + extra * extra * rise.above_squared
        )
        if fall.probability_below < 0.5:
            gain_variance = (
                v * v * (mean * mean * spread + fall.below_squared - fall.below**2)
                + 2.0 * v * v * ((bar - mean) * fall.below - fall.below_squared)
                + extra * extra * (rise.above_squared - rise.above**2)
                + 2.0 * v * extra * (rise.above_squared - growth * rise.above - fall.below * rise.above)
            )
        else:
            gain_variance = gain_squared - gain * gain
        return cls(
            probability=fall.probability_below,
            gain=gain,
            excess=v * (growth + fall.below) + extra * rise.above,
            gain_squared=gain_squared,
            gain_variance=gain_variance,
            loss=w * fall.below,
            loss_variance=w * w * (fall.below_squared - fall.below**2),
            last=partial_moments(log_mean, s, 1.0 - 1.0 / m),
            last_mean=1.0 + m * growth,
            last_variance=m * m * mean * mean * spread,
        )


def _geometric_sum(step: _Step, terms: int) -> float:
    """1 + g + ... + g^(terms - 1) with g the expected gain."""
    if terms == 0:
        return 0.0
    if step.gain <= 0.0:
        return 1.0
    log_gain = math.log1p(step.excess) if step.excess > -0.5 else math.log(step.gain)
    return math.expm1(terms * log_gain) / step.excess if step.excess != 0.0 else float(terms)


def _variance(step: _Step, n: int) -> float:
    """Variance of the terminal discounted cushion per unit of cushion, after n steps.

    With k steps to go it has mean M_k; one step more has the variance
    ``E[gain^2] Var_k + M_k^2 Var[gain] + Var[loss] + 2 M_k E[gain] E[loss]``.
    """
    if n == 1:
        return step.last_variance
    to_go = np.arange(n - 1, dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        sums = _geometric_sums(step, to_go)
        means = step.gain**to_go * step.last_mean - step.loss * sums
        added = means**2 * step.gain_variance + step.loss_variance + 2.0 * means * step.gain * step.loss
        carried = step.gain_squared ** to_go[::-1]
        return float(step.gain_squared ** (n - 1) * step.last_variance + added @ carried)


def _geometric_sums(step: _Step, terms: FloatArray) -> FloatArray:
    if step.gain <= 0.0:
        return np.minimum(terms, 1.0)
    if step.excess == 0.0:
        return terms
    log_gain = math.log1p(step.excess) if step.excess > -0.5 else math.log(step.gain)
    sums: FloatArray = np.expm1(terms * log_gain) / step.excess
    return sums


def _at_least_once(probability: float, times: int, last: float) -> float:
    """1 - (1 - probability)^times (1 - last), accurate where it is small."""
    if probability >= 1.0 or last >= 1.0:
        return 1.0 if (times > 0 and probability >= 1.0) or last >= 1.0 else last
    return -math.expm1(times * math.log1p(-probability) + math.log1p(-last))
