"""Figures of a fund's past or of its simulated outcomes: small, exactly defined, arrays in and floats out.

A figure that has no value (no loss to divide by, too few numbers) is an ``InvalidInput`` that says so, never a NaN.
Nothing is annualised unless the argument ``per_year`` (observations in a year) is there. Losses, drawdowns and costs
are positive when money is lost. ``values`` are NAVs in time order (external flows taken out), ``returns`` simple
returns ``V'/V - 1``, ``index`` the index with its dividends reinvested.

Where empyrical defines the same figure, both agree to 1e-12 relative (tests/references/test_metrics_empyrical.py); the
laws of the others are in tests/properties/test_metrics_laws.py.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv

from insure.arguments import FloatArray, number, numbers, positive, whole
from insure.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Drawdown:
    """One stay below an earlier peak; positions count from the first value, which is 0."""

    depth: float
    """Largest loss from the peak, a fraction of it."""
    peak: int
    """Position of the (last) value at the peak, before the fall."""
    trough: int
    """Position of the first lowest value."""
    recovery: int | None
    """Position of the first value back at the peak; None while it is not."""
    length: int
    """Steps from the peak to the recovery, or to the last value while there is none."""


def returns(values: ArrayLike) -> FloatArray:
    """Simple returns ``V_i / V_(i-1) - 1`` of values above zero, one fewer than there are values."""
    v = _series("values", values, least=2, low=0.0, open_low=True)
    return v[1:] / v[:-1] - 1.0


def total_return(values: ArrayLike) -> float:
    """Last value over first, less 1."""
    v = _series("values", values, least=2, low=0.0, open_low=True)
    return float(v[-1] / v[0] - 1.0)


def annual_return(returns: ArrayLike, per_year: float) -> float:
    """Compound growth per year, ``(prod (1 + r))^(per_year / n) - 1``; -1 after a total loss."""
    r = _series("returns", returns, low=-1.0)
    return _annual(r, positive("per_year", per_year))


def volatility(returns: ArrayLike, per_year: float) -> float:
    """Sample standard deviation of the returns (divisor n - 1) times ``sqrt(per_year)``."""
    r = _series("returns", returns, least=2)
    return float(np.std(r, ddof=1) * math.sqrt(positive("per_year", per_year)))


def max_drawdown(values: ArrayLike) -> float:
    """Largest loss from an earlier peak, as a fraction of that peak; 0 where no value is below an earlier one."""
    v = _series("values", values, low=0.0, open_low=True)
    return float(np.max(1.0 - v / np.maximum.accumulate(v)))


def drawdowns(values: ArrayLike) -> tuple[Drawdown, ...]:
    """All stays below an earlier peak, in time order; the last may be unfinished."""
    v = _series("values", values, low=0.0, open_low=True)
    peaks = np.maximum.accumulate(v)
    below = v < peaks
    starts = np.flatnonzero(below & ~np.concatenate(([False], below[:-1])))
    found = []
    for start in starts:
        back = np.flatnonzero(~below[start:])
        end = int(start + back[0]) if back.size else v.size
        trough = int(start + np.argmin(v[start:end]))
        peak = int(start) - 1
        depth = float(1.0 - v[trough] / v[peak])
        recovery = end if back.size else None
        found.append(Drawdown(depth, peak, trough, recovery, (end if back.size else v.size - 1) - peak))
    return tuple(found)


def value_at_risk(returns: ArrayLike, confidence: float = 0.95) -> float:
    """Historical value at risk: minus the ``1 - confidence`` quantile of the returns.

    The quantile interpolates linearly between order statistics (definition 7 of Hyndman and Fan 1996, The American
    Statistician 50; NumPy's default). Negative where even that quantile is a gain.
    """
    r = _series("returns", returns)
    return -float(np.quantile(r, 1.0 - _confidence(confidence)))


def expected_shortfall(returns: ArrayLike, confidence: float = 0.95) -> float:
    """Minus the mean of the worst ``1 - confidence`` of the returns, the last of them counted by its fraction.

    ``-(r_(1) + ... + r_(k) + f r_(k+1)) / (k + f)`` with ``k + f = n (1 - confidence)``: expected shortfall of the
    empirical law (Acerbi and Tasche 2002, "On the coherence of expected shortfall", J. Banking & Finance 26). Never
    below ``value_at_risk``.
    """
    r = np.sort(_series("returns", returns))
    tail = r.size * (1.0 - _confidence(confidence))
    weights = np.clip(tail - np.arange(r.size), 0.0, 1.0)
    return -float(weights @ r / tail)


def omega(returns: ArrayLike, threshold: float = 0.0) -> float:
    """Gains above the threshold over losses below it, ``sum (r - t)^+ / sum (t - r)^+``.

    Keating and Shadwick 2002, "A universal performance measure", J. Performance Measurement 6. The threshold is a
    return per observation.

    Raises:
        InvalidInput: no return, or none to speak of, is below the threshold, so the ratio has no value.
    """
    excess = _series("returns", returns) - number("threshold", threshold)
    losses = float(np.sum(np.maximum(-excess, 0.0)))
    if not losses > 0.0:
        raise InvalidInput(
            f"Omega has no value: none of the {excess.size} returns is below {threshold:g}, the threshold."
        )
    ratio = float(np.sum(np.maximum(excess, 0.0))) / losses
    if not math.isfinite(ratio):
        raise InvalidInput(f"Omega has no value: the losses below {threshold:g}, {losses:g} in sum, are too small.")
    return ratio


def upside_capture(returns: ArrayLike, benchmark: ArrayLike, per_year: float) -> float:
    """Growth per year of the fund over that of its benchmark, both over the observations where the benchmark rose.

    Raises:
        InvalidInput: the benchmark never rose.
    """
    return _capture(returns, benchmark, per_year, rose=True)


def downside_capture(returns: ArrayLike, benchmark: ArrayLike, per_year: float) -> float:
    """Growth per year of the fund over that of its benchmark, both over the observations where the benchmark fell.

    0.4 says that the fund fell 0.4 % a year for each 1 % that the benchmark fell in those observations.

    Raises:
        InvalidInput: the benchmark never fell.
    """
    return _capture(returns, benchmark, per_year, rose=False)


def sharpe(returns: ArrayLike, risk_free: ArrayLike, per_year: float) -> float:
    """Mean return above the risk-free one over its standard deviation (divisor n - 1), times ``sqrt(per_year)``.

    Sharpe 1994, "The Sharpe ratio", J. Portfolio Management 21. ``risk_free`` is one return for all observations, or
    one for each.

    Raises:
        InvalidInput: the excess returns do not differ, so the ratio has no value.
    """
    excess = _excess(returns, risk_free, least=2)
    return _over("The Sharpe ratio", float(np.mean(excess)), float(np.std(excess, ddof=1))) * _root(per_year)


def sortino(returns: ArrayLike, risk_free: ArrayLike, per_year: float) -> float:
    """Mean return above the risk-free one over its downside deviation, times ``sqrt(per_year)``.

    The downside deviation is ``sqrt(sum (min(r - f, 0))^2 / n)`` over all n observations. Sortino and Price 1994,
    "Performance measurement in a downside risk framework", J. Investing 3. ``risk_free`` as in ``sharpe``.

    Raises:
        InvalidInput: no return is below the risk-free one, so the ratio has no value.
    """
    excess = _excess(returns, risk_free, least=1)
    below = math.sqrt(float(np.mean(np.minimum(excess, 0.0) ** 2)))
    return _over("The Sortino ratio", float(np.mean(excess)), below) * _root(per_year)


def calmar(values: ArrayLike, per_year: float) -> float:
    """Compound growth per year over the largest drawdown.

    Young 1991, "Calmar ratio: a smoother tool", Futures 20.

    Raises:
        InvalidInput: no value is below an earlier one, so the ratio has no value.
    """
    return _over("The Calmar ratio", annual_return(returns(values), per_year), max_drawdown(values))


def tracking_error(returns: ArrayLike, benchmark: ArrayLike, per_year: float) -> float:
    """Sample standard deviation of the returns less the benchmark's (divisor n - 1), times ``sqrt(per_year)``.

    Roll 1992, "A mean/variance analysis of tracking error", J. Portfolio Management 18.
    """
    r, b = _pair("returns", returns, "benchmark", benchmark, low=-1.0)
    return volatility(r - b, per_year)


def time_under_water(values: ArrayLike) -> float:
    """Share of the values after the first that are below an earlier one."""
    v = _series("values", values, least=2, low=0.0, open_low=True)
    return float(np.mean(v[1:] < np.maximum.accumulate(v)[1:]))


def longest_under_water(values: ArrayLike) -> int:
    """Steps of the longest stay below an earlier value, from that value until it is reached again, or to the last."""
    return max((stay.length for stay in drawdowns(values)), default=0)


def participation(values: ArrayLike, index: ArrayLike) -> float:
    """Growth factor of the fund over growth factor of the index, ``(V_n / V_0) / (I_n / I_0)``.

    An insured fund whose put expires worthless reaches its initial participation ``n S0 / V0``; above 1 is what the
    protection was worth in a fall.
    """
    v, i = _pair("values", values, "index", index, low=0.0)
    return float((v[-1] / v[0]) / (i[-1] / i[0]))


def protection_ratio(values: ArrayLike, floors: ArrayLike) -> float:
    """Share of the values that are at or above their floor: of dates, or of simulated outcomes.

    Args:
        values: money, any shape, at least one.
        floors: money, one for all or one for each.

    The comparison is exact: a value a hundredth of a cent short counts as short.
    """
    v = numbers("values", values)
    f = numbers("floors", floors)
    if v.size == 0:
        raise InvalidInput("values is empty; it must have at least 1 number.")
    if f.ndim and f.shape != v.shape:
        raise InvalidInput(f"floors has shape {f.shape}; it must be one number or have the shape of values, {v.shape}.")
    return float(np.mean(v >= f))


def cash_lock_share(weights: ArrayLike, threshold: float = 0.0) -> float:
    """Share of the equity weights that are at or below the threshold: how often the fund was locked in cash."""
    w = numbers("weights", weights)
    if w.size == 0:
        raise InvalidInput("weights is empty; it must have at least 1 number.")
    return float(np.mean(w <= number("threshold", threshold)))


def turnover(traded: ArrayLike, navs: ArrayLike, years: float) -> float:
    """Money traded as a multiple of NAV per year, ``sum |traded_i| / NAV_i / years``; buying and selling both count.

    Args:
        traded: money bought (above zero) or sold (below), one for each trade.
        navs: NAV at each trade, money.
        years: length of the time in which these are all the trades.
    """
    t = numbers("traded", traded)
    v = numbers("navs", navs, low=0.0, open_low=True)
    if t.ndim != 1 or t.shape != v.shape:
        raise InvalidInput(f"traded has shape {t.shape} and navs {v.shape}; they must be two rows of the same length.")
    return float(np.sum(np.abs(t) / v)) / positive("years", years)


def cost_of_insurance(values: ArrayLike, index: ArrayLike) -> float:
    """What insuring has cost to date: the same capital in the index less the fund, as a fraction of the capital.

    ``I_n / I_0 - V_n / V_0``; negative where the protection has paid more than it cost.
    """
    v, i = _pair("values", values, "index", index, low=0.0)
    return float(i[-1] / i[0] - v[-1] / v[0])


def probability_interval(count: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Bounds of a probability of which ``count`` of ``trials`` came true: the interval of Clopper and Pearson.

    Exact, so that it covers the probability at least as often as ``confidence`` says, also where nothing or everything
    came true and the standard error is zero. Clopper and Pearson 1934, "The use of confidence or fiducial limits
    illustrated in the case of the binomial", Biometrika 26.

    Raises:
        InvalidInput: there was no trial, or more came true than were tried.
    """
    n, k = whole("trials", trials, low=1), whole("count", count)
    if k > n:
        raise InvalidInput(f"count is {k}; of {n} trials no more can come true.")
    tail = 0.5 * (1.0 - _confidence(confidence))
    low = float(betaincinv(k, n - k + 1, tail)) if k > 0 else 0.0
    high = float(betaincinv(k + 1, n - k, 1.0 - tail)) if k < n else 1.0
    return low, high


def _excess(returns: ArrayLike, risk_free: ArrayLike, *, least: int) -> FloatArray:
    r, f = _series("returns", returns, least=least, low=-1.0), numbers("risk_free", risk_free)
    if f.ndim and f.shape != r.shape:
        raise InvalidInput(f"risk_free has shape {f.shape}; it must be one number or one for each of {r.size} returns.")
    return r - f


def _over(name: str, above: float, below: float) -> float:
    ratio = above / below if below > 0.0 else math.inf
    if not math.isfinite(ratio):
        raise InvalidInput(f"{name} has no value: it divides {above:g} by {below:g}.")
    return ratio


def _root(per_year: float) -> float:
    return math.sqrt(positive("per_year", per_year))


def _annual(r: FloatArray, per_year: float) -> float:
    if not float(np.min(r)) > -1.0:
        return -1.0
    log_growth = per_year * float(np.mean(np.log1p(r)))
    if not log_growth < 700.0:
        raise InvalidInput(f"The growth of these {r.size} returns at {per_year:g} a year exceeds the range of floats.")
    return math.expm1(log_growth)


def _capture(returns: ArrayLike, benchmark: ArrayLike, per_year: float, *, rose: bool) -> float:
    r, b = _pair("returns", returns, "benchmark", benchmark, low=-1.0)
    chosen = b > 0.0 if rose else b < 0.0
    if not chosen.any():
        word, side = ("rose", "upside") if rose else ("fell", "downside")
        raise InvalidInput(f"The {side} capture has no value: the benchmark never {word} in {b.size} observations.")
    per_year = positive("per_year", per_year)
    return _annual(r[chosen], per_year) / _annual(b[chosen], per_year)


def _confidence(confidence: float) -> float:
    c = number("confidence", confidence)
    if not 0.0 < c < 1.0:
        raise InvalidInput(f"confidence is {confidence!r}; it must be between 0 and 1, both excluded.")
    return c


def _series(
    name: str, values: ArrayLike, *, least: int = 1, low: float = -math.inf, open_low: bool = False
) -> FloatArray:
    x = numbers(name, values, low=low, open_low=open_low)
    if x.ndim != 1 or x.size < least:
        raise InvalidInput(f"{name} has shape {x.shape}; it must be one row of at least {least} numbers.")
    return x


def _pair(
    name: str, values: ArrayLike, other_name: str, others: ArrayLike, *, low: float
) -> tuple[FloatArray, FloatArray]:
    """Two rows of the same length; bound 0 for prices (excluded), -1 for returns (included)."""
    prices = low == 0.0
    x = _series(name, values, least=1 + prices, low=low, open_low=prices)
    y = _series(other_name, others, least=1 + prices, low=low, open_low=prices)
    if x.size != y.size:
        raise InvalidInput(f"{other_name} has {y.size} numbers; it must have as many as {name}, {x.size}.")
    return x, y
