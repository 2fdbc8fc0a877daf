"""Models of the index out of a fund's own history, with a word on where each number comes from.

Every model grows at the rate: no equity premium is counted on, and what the fund has seen of one it cannot tell from
chance (vol / sqrt(years)).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from insure.arguments import FloatArray, numbers, one_of, positive
from insure.simulation import calibration, variance_calibration
from insure.simulation.models import GBM, Model
from insure.stress.jumps import SESSIONS_PER_YEAR
from insure.stress.position import Position

NAMES = ("gbm", "merton", "kou", "heston", "bates", "bootstrap", "filtered", "regime")
"""What a fund can be simulated under."""
_GROWTH = "the rate of the last decision: no equity premium is counted on"


@dataclass(frozen=True, slots=True)
class ModelParameter:
    """One number of a model, and how it came about."""

    name: str
    value: float
    standard_error: float | None
    """None where there is none; ``origin`` says why."""
    origin: str


class Calibrated(NamedTuple):
    """A model with its numbers."""

    model: Model
    parameters: tuple[ModelParameter, ...]


def calibrated(position: Position, name: str, closes: Sequence[float] | FloatArray = ()) -> Calibrated:
    """The model of that name, from the history of the fund's index.

    Each is fitted as ``insure.simulation.calibration`` and ``variance_calibration`` say; gbm takes the hedge volatility
    of the last decision where the history is shorter than 250 returns.

    Args:
        position: the fund; its rate, dividend yield and hedge volatility of the last decision.
        name: one of ``NAMES``.
        closes: the fund's own history, one a session.

    Raises:
        InvalidInput: an unknown name, too short a history, or one that has no such model in it.
    """
    one_of("model", name, NAMES)
    prices = numbers("closes", closes, low=0.0, open_low=True)
    returns = np.diff(np.log(prices)) + position.snapshot.dividend_yield / SESSIONS_PER_YEAR
    return _MAKERS[name](position, returns)


def _gbm(position: Position, returns: FloatArray) -> Calibrated:
    if returns.size >= calibration.LEAST_RETURNS:
        return _fitted(position, returns, calibration.fit_gbm)
    vol, rate = positive("volatility", position.vol), position.snapshot.rate
    why = (
        f"the hedge volatility of the last decision ({position.snapshot.volatility.method}): a history of "
        f"{returns.size} returns is too short to estimate from, {calibration.LEAST_RETURNS} are needed"
    )
    return Calibrated(
        GBM(vol, rate), (ModelParameter("vol", vol, None, why), ModelParameter("drift", rate, None, _GROWTH))
    )


def _fitted(position: Position, returns: FloatArray, fit: Callable[..., calibration.Calibration[Model]]) -> Calibrated:
    found = fit(returns, steps_per_year=SESSIONS_PER_YEAR, drift=position.snapshot.rate)
    return Calibrated(found.model, _told(found))


def _source(found: calibration.Calibration[Model]) -> str:
    source = f"estimated from {found.returns:,} returns of the fund's own history"
    return f"{source}, {found.jumps} of them told to be jumps" if found.jumps else source


def _told(found: calibration.Calibration[Model]) -> tuple[ModelParameter, ...]:
    source = _source(found)
    return tuple(
        ModelParameter(
            name,
            each.value,
            each.standard_error,
            _GROWTH if name == "drift" else (f"{source}; no error: {each.reason}" if each.reason else source),
        )
        for name, each in found.parameters.items()
    )


def _by(fit: Callable[..., calibration.Calibration[Model]]) -> Callable[[Position, FloatArray], Calibrated]:
    return lambda position, returns: _fitted(position, returns, fit)


def _regime(position: Position, returns: FloatArray) -> Calibrated:
    found = _fitted(position, returns, calibration.fit_regimes)
    begun = "the paths begin in the likelier regime"
    return found._replace(
        parameters=tuple(
            replace(parameter, origin=f"{parameter.origin}; {begun}") if parameter.name == "wild" else parameter
            for parameter in found.parameters
        )
    )


_MAKERS: dict[str, Callable[[Position, FloatArray], Calibrated]] = {
    "gbm": _gbm,
    "merton": _by(calibration.fit_merton),
    "kou": _by(calibration.fit_kou),
    "heston": _by(variance_calibration.fit_heston),
    "bates": _by(variance_calibration.fit_bates),
    "bootstrap": _by(calibration.fit_bootstrap),
    "filtered": _by(calibration.fit_filtered_history),
    "regime": _regime,
}
