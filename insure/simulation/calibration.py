"""Models out of a history: each parameter with its standard error, or with the reason why it has none.

Returns are log returns with dividends, in order, one a step. What a history cannot tell it is not asked: the expected
growth of a year is known to about vol / sqrt(years), so that a study is better given its ``drift``.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from insure.arguments import FloatArray, number, numbers, positive
from insure.errors import InvalidInput
from insure.simulation.models import GBM, Bootstrap, FilteredHistory, Kou, Merton, Model, RegimeSwitching

if TYPE_CHECKING:
    import pandas as pd

_Model_co = TypeVar("_Model_co", bound=Model, covariant=True)

LEAST_RETURNS = 250
LEAST_JUMPS = 2
_GIVEN = "given, not estimated"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a model: what a history says of it."""

    value: float
    standard_error: float | None
    """None where there is none; ``reason`` says why."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Calibration(Generic[_Model_co]):
    """A model with what is known of its parameters."""

    model: _Model_co
    parameters: Mapping[str, Parameter]
    returns: int
    """How many returns it was fitted to."""
    jumps: int = 0
    """How many of them were told to be jumps; 0 for models that tell none apart."""

    def table(self) -> "pd.DataFrame":
        """Columns ``value``, ``standard_error`` (not a number where there is none) and ``reason``."""
        import pandas as pd  # noqa: PLC0415  # not with the package

        rows = {
            name: (p.value, math.nan if p.standard_error is None else p.standard_error, p.reason)
            for name, p in self.parameters.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index", columns=["value", "standard_error", "reason"])


def fit_gbm(
    returns: Sequence[float] | FloatArray, *, steps_per_year: float = 252.0, drift: float | None = None
) -> Calibration[GBM]:
    """Geometric Brownian motion by maximum likelihood: the returns' own mean and standard deviation.

    Args:
        returns: log returns with dividends, at least 250.
        steps_per_year: returns in a year.
        drift: expected growth per year where it is known; None: the history's own.

    Errors: vol / sqrt(2 n) of the volatility, sqrt(vol^2 / T + vol^4 / (2 n)) of the growth. Over 256 simulated
    histories they are those of the estimates within a fifth (tests/simulation/test_simulation_calibration.py).
    """
    history = history_of(returns, steps_per_year)
    vol = history.moves.std(ddof=1) * math.sqrt(history.frequency)
    growth = Parameter(
        float(history.moves.mean()) * history.frequency + 0.5 * vol**2,
        math.sqrt(vol**2 / history.years + 0.5 * vol**4 / history.size),
    )
    expected = _known(drift) or growth
    found = {"vol": Parameter(vol, vol / math.sqrt(2.0 * history.size)), "drift": expected}
    return Calibration(GBM(vol, expected.value), found, history.size)


def fit_merton(
    returns: Sequence[float] | FloatArray,
    *,
    steps_per_year: float = 252.0,
    drift: float | None = None,
    threshold: float = 4.0,
) -> Calibration[Merton]:
    """Normal jumps told from the diffusion by a threshold: a return that far from the mean is a jump.

    The diffusion's volatility begins at the bipower variation, which jumps hardly move; returns further off than
    ``threshold`` of its standard deviations are taken out and it is estimated again, until nothing changes. Mean and
    spread of the jumps are those of the returns taken out, less the diffusion's share of their variance.

    Jumps smaller than the threshold are not seen: they stay in the volatility, and intensity and spread are those of
    the jumps beyond it. Two jumps in one step are taken for one, and one step in 16,000 without any (at a threshold of
    4) for a jump. Where volatility itself moves, turbulent days look like jumps, and intensity is an upper bound.

    Args:
        returns: log returns with dividends, at least 250.
        steps_per_year: returns in a year.
        drift: expected growth per year where it is known; None: the history's own.
        threshold: standard deviations of the diffusion over one step.

    Raises:
        InvalidInput: fewer than two returns lie beyond the threshold; a history without jumps has no jump model.

    Sources: bipower variation, Barndorff-Nielsen & Shephard (2004), J. Financial Econometrics 2(1), eq. (6); threshold,
    Mancini (2009), Scandinavian J. Statistics 36(2). Parameters of simulated histories with jumps beyond the threshold
    are found, and the errors are theirs within a fifth (tests/simulation/test_simulation_calibration.py).
    """
    history = history_of(returns, steps_per_year)
    split = split_in_jumps(history, threshold)
    sizes = split.jumps
    count = sizes.size
    mean, spread = float(sizes.mean()), float(sizes.std(ddof=1))
    own = math.sqrt(max(spread**2 - split.step**2, 0.0))
    intensity = count / history.years
    jump_std = (
        Parameter(own, spread**2 / own / math.sqrt(2.0 * (count - 1.0)))
        if own > 0.0
        else Parameter(0.0, None, "the jumps found spread no more than the diffusion does")
    )
    jump = math.expm1(mean + 0.5 * own**2)
    growth = Parameter(split.growth + intensity * jump, _growth_error(history))
    expected = _known(drift) or growth
    found = {
        "vol": split.vol,
        "drift": expected,
        "jump_intensity": Parameter(intensity, math.sqrt(count) / history.years),
        "jump_mean": Parameter(mean, spread / math.sqrt(count)),
        "jump_std": jump_std,
    }
    return Calibration(Merton(split.vol.value, expected.value, intensity, mean, own), found, history.size, count)


def fit_kou(
    returns: Sequence[float] | FloatArray,
    *,
    steps_per_year: float = 252.0,
    drift: float | None = None,
    threshold: float = 4.0,
) -> Calibration[Kou]:
    """Double-exponential jumps by a threshold, those below it included.

    An exponential jump has no memory: what it exceeds the threshold u by is exponential again, whatever u is, and so is
    its sum with the diffusion's s z. On each side, with k returns beyond u and a mean excess e over it,

        rate = (k - 1) / (k e),    jumps a year = k / T exp(rate u - rate^2 s^2 / 2),

    where u and s are of one step's log return. So jumps that the threshold hides are counted all the same.

    Args:
        returns: log returns with dividends, at least 250.
        steps_per_year: returns in a year.
        drift: expected growth per year where it is known; None: the history's own.
        threshold: standard deviations of the diffusion over one step.

    Raises:
        InvalidInput: fewer than three returns lie beyond the threshold on a side, or rises have no mean.

    Sources: Kou (2002), Management Science 48(8), eq. (1); the split as in ``fit_merton``; the rest is the lack of
    memory of the exponential. Errors by the delta method. Tested as ``fit_merton``.
    """
    history = history_of(returns, steps_per_year)
    split = split_in_jumps(history, threshold)
    above = _side("above", split.jumps[split.jumps > 0.0], split, history)
    below = _side("below", -split.jumps[split.jumps < 0.0], split, history)
    if not above.rate > 1.0:
        raise InvalidInput(f"returns rise in jumps of {1.0 / above.rate:g} on average; the index would have no mean.")
    intensity = above.intensity + below.intensity
    up = above.intensity / intensity
    spread = math.hypot(above.intensity_error * below.intensity, below.intensity_error * above.intensity)
    jump = up * above.rate / (above.rate - 1.0) + (1.0 - up) * below.rate / (below.rate + 1.0) - 1.0
    growth = Parameter(split.growth + intensity * jump, _growth_error(history))
    expected = _known(drift) or growth
    vol = _without_hidden(split, above, below)
    found = {
        "vol": vol,
        "drift": expected,
        "jump_intensity": Parameter(intensity, math.hypot(above.intensity_error, below.intensity_error)),
        "up_probability": Parameter(up, spread / intensity**2),
        "up_rate": Parameter(above.rate, above.rate / math.sqrt(above.size)),
        "down_rate": Parameter(below.rate, below.rate / math.sqrt(below.size)),
    }
    model = Kou(vol.value, expected.value, intensity, up, above.rate, below.rate)
    return Calibration(model, found, history.size, above.size + below.size)


def fit_filtered_history(
    returns: Sequence[float] | FloatArray, *, steps_per_year: float = 252.0, drift: float | None = None
) -> Calibration[FilteredHistory]:
    """GARCH(1,1) by quasi maximum likelihood; the residuals are the history's own, the first variance its forecast.

    Args:
        returns: log returns with dividends, at least 250.
        steps_per_year: returns in a year.
        drift: expected growth per year where it is known; None: the history's own.

    Raises:
        InvalidInput: the fit does not converge, or alpha + beta is not below 1: the history has no long-run variance.

    Sources: Bollerslev (1986), J. Econometrics 31; errors robust to residuals that are not normal, Bollerslev &
    Wooldridge (1992), Econometric Reviews 11(2); the fit is that of the package arch. Parameters of simulated histories
    are found within four of their errors (tests/simulation/test_simulation_calibration.py).
    """
    from arch import arch_model  # noqa: PLC0415  # 1.6 s to import, and only this needs it

    history = history_of(returns, steps_per_year)
    # In per cent: arch's search expects numbers near one.
    fitted = arch_model(100.0 * history.moves, mean="Constant", vol="GARCH", p=1, q=1).fit(
        disp="off", show_warning=False
    )
    if fitted.convergence_flag != 0:
        raise InvalidInput(f"returns: no GARCH(1,1) was found for these {history.size} returns.")
    omega, alpha, beta = (float(fitted.params[name]) for name in ("omega", "alpha[1]", "beta[1]"))
    errors = [float(fitted.std_err[name]) for name in ("omega", "alpha[1]", "beta[1]")]
    if not alpha + beta < 1.0:
        raise InvalidInput(
            f"returns: their GARCH(1,1) has alpha + beta of {alpha + beta:.4f}; a history without a long-run variance "
            "makes no model."
        )
    variance = float(fitted.forecast(horizon=1, reindex=False).variance.to_numpy()[-1, 0]) * 1e-4
    growth = Parameter(math.log(float(np.mean(np.exp(history.moves)))) * history.frequency, _growth_error(history))
    expected = _known(drift) or growth
    residuals = tuple((fitted.resid / fitted.conditional_volatility).tolist())
    found = {
        "omega": _or_reason(omega * 1e-4, errors[0] * 1e-4),
        "alpha": _or_reason(alpha, errors[1]),
        "beta": _or_reason(beta, errors[2]),
        "variance": Parameter(variance, None, "a forecast from the last return, exact given the other parameters"),
        "drift": expected,
    }
    model = FilteredHistory(omega * 1e-4, alpha, beta, residuals, variance, expected.value, history.frequency)
    return Calibration(model, found, history.size)


def fit_regimes(
    returns: Sequence[float] | FloatArray, *, steps_per_year: float = 252.0, drift: float | None = None
) -> Calibration[RegimeSwitching]:
    """A calm and a wild regime by maximum likelihood.

    Args:
        returns: log returns with dividends, at least 250.
        steps_per_year: returns in a year.
        drift: expected growth per year where it is known; None: estimated with the rest.

    Raises:
        InvalidInput: no two regimes are found in the history.

    Sources: filter and likelihood, Hamilton (1989), Econometrica 57(2), section 4; the model is Hardy's (2001). Errors
    from the inverse of the likelihood's second derivatives. Parameters of simulated histories are found within four of
    their errors (tests/simulation/test_simulation_calibration.py).
    """
    from scipy.optimize import minimize  # noqa: PLC0415  # only this needs it

    history = history_of(returns, steps_per_year)
    values, dt, given = history.moves, 1.0 / history.frequency, _known(drift)
    overall = float(values.std()) * math.sqrt(history.frequency)

    def loss(point: FloatArray) -> float:
        growth = float(point[4]) if given is None else given.value
        return -_regime_filter(values, dt, np.exp(point[:4]), growth)[0]

    start = [math.log(0.7 * overall), math.log(2.0 * overall), math.log(1.0), math.log(5.0)]
    first: FloatArray = np.array([*start, *([] if given else [float(values.mean()) / dt + 0.5 * overall**2])])
    scales, rates = (math.log(0.1 * overall), math.log(10.0 * overall)), (math.log(0.02), math.log(0.5 / dt))
    centre = float(first[-1])
    bounds = [scales, scales, rates, rates, *[(centre - 2.0, centre + 2.0)] * (first.size - 4)]

    def average(point: FloatArray) -> float:
        return loss(point) / history.size

    best = minimize(average, first, method="L-BFGS-B", bounds=bounds)
    point: FloatArray = np.asarray(best.x)
    covariance = _inverse_curvature(loss, point)
    if covariance is None:
        raise InvalidInput(f"returns: no two regimes were found in these {history.size} returns.")
    amounts, errors = np.exp(point[:4]), np.sqrt(np.diag(covariance))
    expected = given or Parameter(float(point[4]), float(errors[4]))
    wild_now = _regime_filter(values, dt, amounts, expected.value)[1]
    relative = amounts * errors[:4]
    # The wild one is the second, whichever the search called so.
    order = (0, 1) if amounts[0] <= amounts[1] else (1, 0)
    vols = [Parameter(float(amounts[k]), float(relative[k])) for k in order]
    leave = [Parameter(float(amounts[2 + k]), float(relative[2 + k])) for k in order]
    wild = wild_now if order == (0, 1) else 1.0 - wild_now
    found = {
        "vol_calm": vols[0],
        "vol_wild": vols[1],
        "leave_calm": leave[0],
        "leave_wild": leave[1],
        "drift": expected,
        "wild": Parameter(wild, None, "probability that the next step is wild, exact given the other parameters"),
    }
    model = RegimeSwitching(
        (vols[0].value, vols[1].value), (leave[0].value, leave[1].value), expected.value, wild=wild > 0.5
    )
    return Calibration(model, found, history.size)


def fit_bootstrap(
    returns: Sequence[float] | FloatArray, *, steps_per_year: float = 252.0, drift: float | None = None
) -> Calibration[Bootstrap]:
    """The history itself, cut into blocks of the length that its squared returns ask for; as ``Bootstrap`` says."""
    history = history_of(returns, steps_per_year)
    model = Bootstrap(tuple(history.moves.tolist()), None, drift, history.frequency)
    growth = Parameter(math.log(float(np.mean(np.exp(history.moves)))) * history.frequency, _growth_error(history))
    found = {
        "block_length": Parameter(
            float(model.block_length or 1.0), None, "a rule of selection (Politis & White 2004), which states no error"
        ),
        "drift": _known(drift) or growth,
    }
    return Calibration(model, found, history.size)


# ---- what they share


class History(NamedTuple):
    """Returns, and how many of them make a year."""

    moves: FloatArray
    frequency: float

    @property
    def size(self) -> int:
        return int(self.moves.size)

    @property
    def years(self) -> float:
        return self.moves.size / self.frequency


def history_of(returns: Sequence[float] | FloatArray, steps_per_year: float) -> History:
    """Returns that a model can be fitted to, checked."""
    values = numbers("returns", np.asarray(returns, dtype=np.float64))
    if values.ndim != 1 or values.size < LEAST_RETURNS:
        raise InvalidInput(f"returns has shape {values.shape}; a model needs one row of {LEAST_RETURNS} or more.")
    if not values.std() > 0.0:
        raise InvalidInput(f"returns are all {values[0]:g}; a history that never moves makes no model.")
    return History(values, positive("steps_per_year", steps_per_year))


def _known(drift: float | None) -> Parameter | None:
    return None if drift is None else Parameter(number("drift", drift), None, _GIVEN)


def _or_reason(value: float, error: float) -> Parameter:
    if math.isfinite(error) and error > 0.0:
        return Parameter(value, error)
    return Parameter(value, None, "the likelihood has no curvature there: the estimate lies at its bound")


def _growth_error(history: History) -> float:
    """Of the mean of e^return, per year."""
    return float(history.moves.std(ddof=1)) * math.sqrt(history.frequency / history.years)


class Split(NamedTuple):
    """A history in diffusion and jumps."""

    vol: Parameter
    step: float
    """Deviation of the diffusion over one step."""
    bar: float
    """Distance from the diffusion's mean at which a return is a jump."""
    growth: float
    """Growth of the diffusion alone: mean return a year and half its variance."""
    jumps: FloatArray
    """Returns that are jumps, less the diffusion's mean."""
    mean: float
    """Of the diffusion, one step."""
    told: NDArray[np.bool_]
    """Which returns are jumps."""


def split_in_jumps(history: History, threshold: float) -> Split:
    """Tell jumps from the diffusion by a threshold, as ``fit_merton`` says."""
    limit = number("threshold", threshold, low=2.0)
    values = history.moves
    centred = np.abs(values - np.median(values))
    step = math.sqrt(0.5 * math.pi * float(np.mean(centred[1:] * centred[:-1])))
    mean = float(np.median(values))
    calm = np.ones(values.size, dtype=np.bool_)
    for _ in range(100):
        found = np.abs(values - mean) <= limit * step
        if np.array_equal(found, calm):
            break
        calm = found
        mean, step = float(values[calm].mean()), float(values[calm].std(ddof=1))
    jumps = values[~calm] - mean
    if jumps.size < LEAST_JUMPS:
        raise InvalidInput(
            f"returns: {jumps.size} of {values.size} lie beyond {limit:g} standard deviations; a jump model needs "
            f"{LEAST_JUMPS} or more."
        )
    vol = step * math.sqrt(history.frequency)
    error = vol / math.sqrt(2.0 * float(calm.sum()))
    return Split(Parameter(vol, error), step, limit * step, mean * history.frequency + 0.5 * vol**2, jumps, mean, ~calm)


class _Side(NamedTuple):
    """Exponential jumps to one side."""

    size: int
    rate: float
    intensity: float
    intensity_error: float


def _side(name: str, sizes: FloatArray, split: Split, history: History) -> _Side:
    count = int(sizes.size)
    if count < 3:
        raise InvalidInput(f"returns: {count} jumps lie {name} the threshold; exponential jumps need 3 or more a side.")
    rate = (count - 1.0) / float((sizes - split.bar).sum())
    intensity = count / history.years * math.exp(rate * split.bar - 0.5 * (rate * split.step) ** 2)
    # d ln intensity / d rate = u - rate s^2; the count is Poisson, and independent of the excesses.
    relative = math.hypot(1.0, rate * (split.bar - rate * split.step**2)) / math.sqrt(count)
    return _Side(count, rate, intensity, intensity * relative)


def _without_hidden(split: Split, above: _Side, below: _Side) -> Parameter:
    """The diffusion's volatility without the variance of the jumps that the threshold hides."""
    hidden = 0.0
    for side in (above, below):
        reach = side.rate * split.bar
        # E[J^2; J < u] of an exponential.
        square = (2.0 - math.exp(-reach) * (reach * reach + 2.0 * reach + 2.0)) / side.rate**2
        hidden += side.intensity * square
    left = split.vol.value**2 - hidden
    if not left > 0.0:
        return Parameter(0.0, None, "small jumps explain all of the variance")
    vol = math.sqrt(left)
    return Parameter(vol, (split.vol.standard_error or 0.0) * split.vol.value / vol)


def _regime_filter(values: FloatArray, dt: float, amounts: FloatArray, growth: float) -> tuple[float, float]:
    """Log likelihood, and the probability that the step after the last is wild."""
    vols, leave = amounts[:2], amounts[2:]
    both = float(leave.sum())
    changed = leave / both * -math.expm1(-both * dt)
    go, back = float(changed[0]), float(changed[1])
    deviations = vols * math.sqrt(dt)
    z = (values[:, None] - growth * dt + 0.5 * vols**2 * dt) / deviations
    # Never quite zero, so that one wild return does not end the search.
    densities = np.maximum(np.exp(-0.5 * z * z), 1e-90) / deviations / math.sqrt(2.0 * math.pi)
    wild = float(leave[0]) / both
    total, scale = 0.0, 1.0
    for calm_density, wild_density in densities.tolist():
        one, two = (1.0 - wild) * calm_density, wild * wild_density
        weight = one + two
        scale *= weight
        if not 1e-100 < scale < 1e100:
            total += math.log(scale)
            scale = 1.0
        wild = (one * go + two * (1.0 - back)) / weight
    return total + math.log(scale), wild


def _inverse_curvature(loss: Callable[[FloatArray], float], point: FloatArray) -> FloatArray | None:
    """Inverse of the matrix of second derivatives by central differences; None where it is not positive definite."""
    size, step = point.size, 1e-3
    units = np.eye(size) * step
    matrix = np.empty((size, size))
    for i in range(size):
        for j in range(i + 1):
            corners = (
                loss(point + units[i] + units[j])
                - loss(point + units[i] - units[j])
                - loss(point - units[i] + units[j])
                + loss(point - units[i] - units[j])
            )
            matrix[i, j] = matrix[j, i] = corners / (4.0 * step * step)
    if not (np.isfinite(matrix).all() and np.linalg.eigvalsh(matrix)[0] > 0.0):
        return None
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)
