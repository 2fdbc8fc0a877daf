"""Heston's and Bates's parameters out of closes alone, by the moments that a moving variance leaves in returns.

With returns r of one step dt, stationary variance of mean theta, and h steps between two of them,

    E[r^2] = theta dt
    Cov(r_t^2, r_{t+h}^2) = theta xi^2 / (2 kappa) dt^2 e^{-kappa h dt}
    Cov(r_t, r_{t+h}^2) = rho xi theta dt^2 e^{-kappa (h - 1/2) dt}

up to terms of higher order in dt: clusters of volatility tell kappa and xi, and how much falls are followed by more of
it than rises are tells rho. Least squares over 126 lags; errors by leaving out one of 16 stretches of the history at a
time (jackknife).

Sources: the model, Heston (1993), Review of Financial Studies 6(2), eq. (1) and (4); the autocovariance, Bollerslev &
Zhou (2002), J. Econometrics 109; the third moment ("leverage correlation"), Bouchaud, Matacz & Potters
(2001), Physical Review Letters 87, 228701; the jackknife, Kuensch (1989), Annals of Statistics 17.

In histories of 24 years simulated from known parameters the medians of the estimates are within 15 % of them, but for a
reversion that looks up to 35 % quicker than it is; the errors stated are those of the estimates to a factor of 2.5
(tests/simulation/test_simulation_variance.py).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from insure.arguments import FloatArray, number
from insure.errors import InvalidInput
from insure.simulation.calibration import Calibration, Parameter, fit_merton, history_of, split_in_jumps
from insure.simulation.models import Bates, Heston

LAGS = 126
LEAST_RETURNS = 1000
"""Fewer returns do not tell the pace of variance."""
_NOW = 21
"""The last returns, whose mean square is the variance that paths begin with."""
_STRETCHES = 16
_PACES = np.geomspace(0.25, 100.0, 240)
"""Reversions that are tried, per year: memories of four years down to two and a half sessions."""
_GIVEN = "given, not estimated"


class _Moments(NamedTuple):
    mean: float
    reversion: float
    moves: float
    """Vol of variance."""
    correlation: float


def fit_heston(
    returns: Sequence[float] | FloatArray, *, steps_per_year: float = 252.0, drift: float | None = None
) -> Calibration[Heston]:
    """Heston's model by the moments of returns and of their squares.

    Args:
        returns: log returns with dividends, at least 1,000.
        steps_per_year: returns in a year.
        drift: expected growth per year where it is known; None: the history's own.

    Raises:
        InvalidInput: too few returns, or ones whose squares do not move together: there is no variance to model.

    Formulas, sources and accuracy: see the module.
    """
    history = history_of(returns, steps_per_year)
    found, errors = _found(history.moves, history.frequency)
    expected = _expected(history.moves, history.frequency, drift)
    now = _now(history.moves, history.frequency)
    parameters = {"variance": now, **_told(found, errors), "drift": expected}
    model = Heston(now.value, found.mean, found.reversion, found.moves, found.correlation, expected.value)
    return Calibration(model, parameters, history.size)


def fit_bates(
    returns: Sequence[float] | FloatArray, *, steps_per_year: float = 252.0, drift: float | None = None
) -> Calibration[Bates]:
    """Merton's jumps by ``fit_merton``, and Heston's variance out of the returns that are no jumps.

    Arguments, errors and accuracy are those of the two; a jump's return counts as the mean of the others.
    """
    history = history_of(returns, steps_per_year)
    jumps = fit_merton(returns, steps_per_year=steps_per_year, drift=drift)
    split = split_in_jumps(history, 4.0)
    calm = np.where(split.told, 0.0, history.moves - split.mean)
    found, errors = _found(calm, history.frequency)
    now = _now(calm, history.frequency)
    sizes = {name: jumps.parameters[name] for name in ("jump_intensity", "jump_mean", "jump_std", "drift")}
    parameters = {"variance": now, **_told(found, errors), **sizes}
    model = Bates(
        now.value,
        found.mean,
        found.reversion,
        found.moves,
        found.correlation,
        jumps.model.jump_intensity,
        jumps.model.jump_mean,
        jumps.model.jump_std,
        jumps.model.drift,
    )
    return Calibration(model, parameters, history.size, jumps.jumps)


def _found(moves: FloatArray, frequency: float) -> tuple[_Moments, _Moments]:
    """Estimates, and their errors by the jackknife."""
    if moves.size < LEAST_RETURNS:
        raise InvalidInput(
            f"returns has {moves.size} entries; a model of variance needs {LEAST_RETURNS} or more to tell its pace."
        )
    whole = _moments(moves, frequency)
    stretches = np.array_split(np.arange(moves.size), _STRETCHES)
    again = np.array([_moments(np.delete(moves, left_out), frequency) for left_out in stretches])
    spread = np.sqrt((_STRETCHES - 1.0) / _STRETCHES * ((again - again.mean(axis=0)) ** 2).sum(axis=0))
    return whole, _Moments(*(float(error) for error in spread))


def _moments(moves: FloatArray, frequency: float) -> _Moments:
    centred = moves - moves.mean()
    squares = centred * centred
    apart = squares - squares.mean()
    lags = np.arange(1, LAGS + 1)
    together = np.array([np.mean(apart[:-lag] * apart[lag:]) for lag in lags])
    following = np.array([np.mean(centred[:-lag] * apart[lag:]) for lag in lags])
    shapes = np.exp(-np.outer(_PACES, lags) / frequency)
    heights = shapes @ together / (shapes * shapes).sum(axis=1)
    # What is left of the squares is theirs less what the shape explains.
    best = int(np.argmax(np.where(heights > 0.0, heights * (shapes @ together), -np.inf)))
    reversion, height = float(_PACES[best]), float(heights[best])
    if not height > 0.0:
        raise InvalidInput("returns: their squares do not move together; there is no moving variance in them.")
    mean = float(squares.mean()) * frequency
    moves_of_variance = math.sqrt(2.0 * reversion * height * frequency**2 / mean)
    shape = np.exp(-reversion * (lags - 0.5) / frequency)
    slope = float(shape @ following / (shape @ shape)) * frequency**2
    correlation = min(max(slope / (moves_of_variance * mean), -0.99), 0.99)
    return _Moments(mean, reversion, moves_of_variance, correlation)


def _now(moves: FloatArray, frequency: float) -> Parameter:
    centred = moves[-_NOW:] - moves.mean()
    value = max(float(np.mean(centred**2)) * frequency, 1e-8)
    return Parameter(value, value * math.sqrt(2.0 / _NOW))


def _told(found: _Moments, errors: _Moments) -> dict[str, Parameter]:
    names = ("mean_variance", "reversion", "vol_of_variance", "correlation")
    return {
        name: Parameter(value, error)
        if error > 0.0
        else Parameter(value, None, "the same whichever stretch of the history is left out")
        for name, value, error in zip(names, found, errors, strict=True)
    }


def _expected(moves: FloatArray, frequency: float, drift: float | None) -> Parameter:
    if drift is not None:
        return Parameter(number("drift", drift), None, _GIVEN)
    years = moves.size / frequency
    growth = math.log(float(np.mean(np.exp(moves)))) * frequency
    return Parameter(growth, float(moves.std(ddof=1)) * math.sqrt(frequency / years))
