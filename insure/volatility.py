"""Where the hedge volatility comes from: five sources, one estimate that says what it saw.

Every volatility here is per square root of year; returns are logarithmic, close to close. ``estimate`` looks at nothing
dated after ``as_of``, and at no close outside its window, so the same window gives the same bits however much history
was handed in.
"""

import datetime as dt
import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, TypeAlias

import numpy as np
from annotated_types import Ge, Gt, Le, Lt

from insure.arguments import FloatArray, fraction, not_negative, number, one_of, positive, whole
from insure.errors import InvalidInput, MarketDataError

_EWMA_TOLERANCE = 0.001
_GARCH_LEAST = 100


@dataclass(frozen=True, slots=True)
class Estimate:
    """One volatility with what it was made of."""

    vol: float
    """Per square root of year, after smoothing, floor and cap."""
    method: str
    """What was estimated, in words."""
    window: int
    """How many returns it was estimated from; 0 where none were needed."""
    last: dt.date | None
    """The last date that was looked at; None where none was."""
    note: str
    """What smoothing, floor or cap changed; empty where they changed nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bounds:
    """What every source has: bounds, smoothing, the length of a year."""

    __pydantic_config__: ClassVar[dict[str, str | bool]] = {"extra": "forbid", "allow_inf_nan": False}

    floor: Annotated[float, Ge(0.0), Le(100.0)] = 0.0
    """No estimate is below this volatility."""
    cap: Annotated[float, Gt(0.0), Le(100.0)] | None = None
    """No estimate is above this volatility; None for no cap."""
    smoothing: Annotated[float, Ge(0.0), Lt(1.0)] = 0.0
    """Fraction of the previous estimate that is kept: ``smoothing * previous + (1 - smoothing) * new``."""
    sessions_per_year: Annotated[float, Gt(0.0), Le(1e6)] = 252.0
    """Closes in a year."""


def _check_bounds(source: _Bounds) -> None:
    not_negative("floor", source.floor)
    if source.cap is not None:
        positive("cap", source.cap)
        if not source.floor <= source.cap:
            raise InvalidInput(f"floor is {source.floor!r}; it must be {source.cap!r} (the cap) or less.")
    if not fraction("smoothing", source.smoothing) < 1.0:
        raise InvalidInput(f"smoothing is {source.smoothing!r}; it must be below 1, or no new estimate ever counts.")
    positive("sessions_per_year", source.sessions_per_year)


@dataclass(frozen=True, slots=True)
class Fixed(_Bounds):
    """A volatility that was agreed on; it must lie between its own floor and cap."""

    vol: Annotated[float, Ge(0.0), Le(100.0)]
    """Per square root of year."""
    kind: Literal["fixed"] = field(default="fixed", kw_only=True)

    def __post_init__(self) -> None:
        _check_bounds(self)
        cap = math.inf if self.cap is None else self.cap
        number("vol", self.vol, low=self.floor, high=cap)


@dataclass(frozen=True, slots=True)
class Realised(_Bounds):
    """Sample volatility of the last ``window`` returns.

    ``mean="sample"`` takes the mean return off and divides by n - 1 (Hull, Options, Futures and Other Derivatives,
    "Estimating volatility from historical data"); ``mean="zero"`` divides the sum of squares by n (the convention of
    variance swaps).
    """

    window: Annotated[int, Ge(2)] = 60
    """Returns."""
    mean: Literal["sample", "zero"] = "sample"
    kind: Literal["realised"] = field(default="realised", kw_only=True)

    def __post_init__(self) -> None:
        _check_bounds(self)
        whole("window", self.window, low=2)
        one_of("mean", self.mean, ("sample", "zero"))


@dataclass(frozen=True, slots=True)
class Ewma(_Bounds):
    """Exponentially weighted squares of returns: ``(1 - d) sum d^i r_i^2 / (1 - d^n)``, i = 0 the newest.

    J.P. Morgan/Reuters, RiskMetrics Technical Document, 4th ed. 1996, chapter 5, with the weights of the n returns
    made to add up to 1. ``window=None`` takes the document's n for a tolerance of 0.1 %: the smallest n with
    ``d^n <= 0.001`` (112 returns at 0.94; its table 5.7).
    """

    decay: Annotated[float, Gt(0.0), Lt(1.0)] = 0.94
    window: Annotated[int, Ge(1)] | None = None
    """Returns."""
    kind: Literal["ewma"] = field(default="ewma", kw_only=True)

    def __post_init__(self) -> None:
        _check_bounds(self)
        if not positive("decay", self.decay) < 1.0:
            raise InvalidInput(f"decay is {self.decay!r}; it must be a number between 0 and 1, both excluded.")
        if self.window is not None:
            whole("window", self.window, low=1)


@dataclass(frozen=True, slots=True)
class Garch(_Bounds):
    """GARCH(1,1) or its asymmetric form fitted to the last ``window`` returns by normal maximum likelihood.

    ``h' = w + (a + g [e < 0]) e^2 + b h`` with a constant mean return; g = 0 for ``"garch"`` (Bollerslev 1986,
    J. Econometrics 31), free for ``"gjr"`` (Glosten, Jagannathan, Runkle 1993, J. Finance 48). The estimate is
    the mean of the variances forecast for the next ``horizon`` sessions, per year. The fit is the package arch's.
    """

    model: Literal["garch", "gjr"] = "garch"
    window: Annotated[int, Ge(_GARCH_LEAST)] = 750
    """Returns."""
    horizon: Annotated[int, Ge(1), Le(2520)] = 1
    """Sessions."""
    kind: Literal["garch"] = field(default="garch", kw_only=True)

    def __post_init__(self) -> None:
        _check_bounds(self)
        one_of("model", self.model, ("garch", "gjr"))
        whole("window", self.window, low=_GARCH_LEAST)
        number("horizon", whole("horizon", self.horizon, low=1), high=2520)


@dataclass(frozen=True, slots=True)
class Index(_Bounds):
    """An implied volatility that somebody quotes: one quote, or an index such as VIX in points."""

    series: str
    """Its name, for the sentence that says it is missing."""
    scale: Annotated[float, Gt(0.0), Le(1_000.0)] = 0.01
    """Volatility of one unit of the quote: 0.01 for points (20 is 20 %), 1.0 for quotes that are volatilities."""
    max_age_days: Annotated[int, Ge(0), Le(366)] = 5
    """Calendar days that a quote may be older than ``as_of``."""
    kind: Literal["index"] = field(default="index", kw_only=True)

    def __post_init__(self) -> None:
        _check_bounds(self)
        if not self.series.strip():
            raise InvalidInput(f"series is {self.series!r}; it must be the name of the quoted series.")
        positive("scale", self.scale)
        whole("max_age_days", self.max_age_days)


Source: TypeAlias = Fixed | Realised | Ewma | Garch | Index


def closes_needed(source: Source) -> int:
    """How many closes ``estimate`` needs for this source: its window and one more; 0 where it needs none."""
    if isinstance(source, Fixed | Index):
        return 0
    if isinstance(source, Ewma):
        return _ewma_window(source) + 1
    return source.window + 1


def estimate(
    source: Source,
    dates: Sequence[dt.date],
    closes: Sequence[float] | FloatArray,
    *,
    quotes: Mapping[dt.date, float] | None = None,
    previous: Estimate | float | None = None,
    as_of: dt.date | None = None,
) -> Estimate:
    """The volatility that was known at the close of ``as_of``.

    Args:
        source: what to estimate; its docstring has the formula.
        dates: dates of the closes, strictly ascending.
        closes: prices above zero, one a date; only the last ``closes_needed(source)`` up to ``as_of`` are looked at.
        quotes: for ``Index``: level by date, in units of ``source.scale``; dates after ``as_of`` are not looked at.
        previous: the estimate before this one, for ``source.smoothing``; None for the first.
        as_of: the day of the estimate; None for the last of ``dates`` (for ``Index`` without dates, of ``quotes``).

    Raises:
        MarketDataError: history too short, a price that cannot be, dates out of order, no fresh quote, no GARCH fit.
        InvalidInput: dates and closes differ in number, or ``previous`` is no volatility.

    Accuracy: realised and EWMA agree with the sums written out in exact decimal arithmetic to 1e-13 relative, GARCH
    with arch's own forecast to the bit (tests/references/test_volatility_formulas.py). No close or quote after
    ``as_of`` changes a bit (tests/properties/test_volatility_foresight.py).
    """
    if len(dates) != len(closes):
        raise InvalidInput(f"closes has {len(closes)} prices; it must have one for each of the {len(dates)} dates.")
    if isinstance(source, Fixed):
        return _finish(source, source.vol, "fixed", 0, None, previous)
    if isinstance(source, Index):
        vol, day = _quoted(source, quotes, as_of or (dates[-1] if dates else None))
        return _finish(source, vol, f"implied, quoted by {source.series}", 0, day, previous)

    end = len(dates) if as_of is None else bisect_right(dates, as_of)
    needed = closes_needed(source)
    if end < needed:
        raise MarketDataError(
            f"The {source.kind} volatility needs {needed} closes (a window of {needed - 1} returns) and there are {end}"
            + (f" up to {as_of}." if as_of else ".")
        )
    returns = _log_returns(dates[end - needed : end], closes[end - needed : end])
    last = dates[end - 1]
    if isinstance(source, Realised):
        spread = returns - returns.mean() if source.mean == "sample" else returns
        variance = float(spread @ spread) / (source.window - (source.mean == "sample"))
        method = f"realised, {source.mean} mean"
    elif isinstance(source, Ewma):
        variance = float(_ewma_weights(source.decay, len(returns)) @ (returns * returns))
        method = f"EWMA, decay {source.decay:g}"
    else:
        variance = _garch_variance(source, returns)
        method = f"{source.model.upper()}(1,1), horizon {source.horizon}"
    vol = math.sqrt(variance * source.sessions_per_year)
    return _finish(source, vol, method, needed - 1, last, previous)


def _log_returns(dates: Sequence[dt.date], closes: Sequence[float] | FloatArray) -> FloatArray:
    for before, after in pairwise(dates):
        if not before < after:
            raise MarketDataError(f"The dates of the closes must ascend; {after} comes after {before}.")
    try:
        prices = np.asarray(closes, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise MarketDataError(f"The closes up to {dates[-1]} are not all numbers: {error}.") from error
    good = np.isfinite(prices) & (prices > 0.0)
    if not good.all():
        at = int(np.argmin(good))
        raise MarketDataError(f"The close of {dates[at]} is {float(prices[at])!r}; it must be a price above zero.")
    return np.diff(np.log(prices))


def _ewma_window(source: Ewma) -> int:
    if source.window is not None:
        return int(source.window)
    return max(1, math.ceil(math.log(_EWMA_TOLERANCE) / math.log(source.decay)))


@lru_cache(maxsize=64)
def _ewma_weights(decay: float, n: int) -> FloatArray:
    weights = decay ** np.arange(n - 1, -1, -1, dtype=np.float64)
    weights /= weights.sum()
    weights.flags.writeable = False
    return weights


def _garch_variance(source: Garch, returns: FloatArray) -> float:
    """Mean variance a session over the horizon; arch works on per cent, where its optimiser is well scaled."""
    from arch.univariate import GARCH, ConstantMean  # noqa: PLC0415  # 1.6 s to import, for this source alone

    if not returns.std() > 1e-12:
        raise MarketDataError(f"The last {source.window} returns are all the same: no GARCH model can be fitted.")
    volatility = GARCH(p=1, o=1 if source.model == "gjr" else 0, q=1)
    with np.errstate(all="ignore"):  # the optimiser's trial steps may overflow; its answer is checked below
        fit = ConstantMean(100.0 * returns, volatility=volatility, rescale=False).fit(disp="off", show_warning=False)
        variances = fit.forecast(horizon=source.horizon, reindex=False).variance.to_numpy()[-1]
    variance = float(np.mean(variances)) / 10_000.0
    if fit.convergence_flag != 0 or not 0.0 < variance < math.inf:
        raise MarketDataError(
            f"The {source.model} model does not fit the last {source.window} returns: the optimiser answered "
            f"{fit.convergence_flag} and a variance of {variance!r} a session."
        )
    return variance


def _quoted(source: Index, quotes: Mapping[dt.date, float] | None, as_of: dt.date | None) -> tuple[float, dt.date]:
    """The newest quote that is not after ``as_of`` and not too old, found without a walk through the series."""
    if not quotes:
        raise MarketDataError(f"There are no quotes of {source.series}; its volatility needs one.")
    day = as_of or max(quotes)
    for age in range(source.max_age_days + 1):
        at = day - dt.timedelta(days=age)
        if at in quotes:
            level = quotes[at]
            if not 0.0 < level < math.inf:
                raise MarketDataError(f"{source.series} of {at} is {level!r}; it must be a number above zero.")
            return source.scale * float(level), at
    raise MarketDataError(f"There is no quote of {source.series} of {day} or the {source.max_age_days} days before.")


def _finish(
    source: Source, raw: float, method: str, window: int, last: dt.date | None, previous: Estimate | float | None
) -> Estimate:
    """Smooth, then bound: the bounds hold for what leaves here."""
    vol, notes = raw, []
    if source.smoothing > 0.0:
        if previous is None:
            notes.append(f"not smoothed: no estimate before this one (smoothing {source.smoothing:g})")
        else:
            kept = not_negative("previous", previous.vol if isinstance(previous, Estimate) else previous)
            vol = source.smoothing * kept + (1.0 - source.smoothing) * vol
            notes.append(f"smoothed: {source.smoothing:g} of the previous {kept:.6g} kept, new {raw:.6g}")
    if vol < source.floor:
        notes.append(f"raised from {vol:.6g} to the floor {source.floor:g}")
        vol = source.floor
    elif source.cap is not None and vol > source.cap:
        notes.append(f"lowered from {vol:.6g} to the cap {source.cap:g}")
        vol = source.cap
    return Estimate(vol, method, window, last, "; ".join(notes))
