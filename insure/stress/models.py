"""The fund's strategy under a model of the index: the laboratory's study, begun on today's value, floor and horizon."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from insure.arguments import FloatArray, numbers, positive
from insure.costs import Costs
from insure.errors import InvalidInput
from insure.simulation.scenarios.path import SESSION
from insure.strategy_terms import Promise
from insure.stress.comparison import guarantee_of
from insure.stress.jumps import FittedJumps
from insure.stress.position import Position

if TYPE_CHECKING:
    from insure.simulation.models import Model

NAMES = ("gbm", "merton", "bootstrap")
"""Models that can be calibrated from the fund's own volatility and history."""

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class ModelFigure:
    """One number of a study with its standard error; None where it is not defined (nothing of the kind happened)."""

    value: float | None
    standard_error: float | None


@dataclass(frozen=True, slots=True)
class ModelResult:
    """A fund's strategy along simulated paths."""

    model: str
    parameters: dict[str, float]
    paths: int
    seed: int
    steps: int
    years: float
    figures: dict[str, ModelFigure]
    """Terminal value, true put and slippage with their quantiles, breach and shortfall, turnover, costs."""
    attribution: dict[str, ModelFigure]
    """Mean slippage at the horizon by cause; adds up to its mean."""
    assumptions: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """As JSON."""
        return asdict(self)


def simulated(
    position: Position,
    name: str,
    closes: Sequence[float] | FloatArray = (),
    jumps: FittedJumps | None = None,
    why: str = "",
    *,
    paths: int = 100_000,
    seed: int = 1,
    workers: int | None = None,
    progress: Progress | None = None,
) -> ModelResult:
    """Simulate the fund's strategy from today to its horizon, session by session, beside the true put.

    Args:
        position: the fund; its value, floor, time to go, limits, band and costs are taken over.
        name: "gbm" at the hedge volatility, "merton" with the jumps of the fund's own history, "bootstrap" of that
            history in blocks. The drift of all is the rate: no equity premium is counted on.
        closes: the fund's own history, one a session.
        jumps: fitted to it.
        why: the sentence for jumps that could not be fitted.
        paths: how many.
        seed: of the paths.
        workers: threads; they change no bit.
        progress: told what is being done.

    Raises:
        InvalidInput: an unknown model, too little history for it, or no protection period in force.
        FloorUnaffordable: today's value no longer pays for the floor.
    """
    from insure.simulation import simulate  # noqa: PLC0415 - the laboratory loads when it is asked for

    if name not in NAMES:
        raise InvalidInput(f"model is {name!r}; it must be one of {', '.join(NAMES)}.")
    fund, snapshot = position.fund, position.snapshot
    _, left = position.times()
    steps = round(left / SESSION)
    if steps < 1:
        raise InvalidInput(f"the protection period of {fund.id} ends today; there is nothing to simulate.")
    model, parameters = _model(position, name, closes, jumps, why)
    guarantee = guarantee_of(position) if fund.protects else 0.0
    protection, limits = fund.protection, fund.limits
    promise = Promise(
        guarantee, position.nav, left, position.vol, protection.dividends, protection.financing, position.spot
    )
    study = simulate(
        fund.strategy.strategy(promise),
        model,
        value=position.nav,
        years=left,
        steps=steps,
        paths=paths,
        seed=seed,
        rate=snapshot.rate,
        dividend_yield=snapshot.dividend_yield,
        band=fund.band.width_weight,
        band_to=fund.band.to,
        max_weight=limits.highest_weight,
        max_turnover=limits.largest_change_weight if limits.largest_change_weight < 1.0 else math.inf,
        put_vol=snapshot.put_vol,
        workers=workers,
        costs=Costs(commission_bps=fund.costs.commission_bps, half_spread_bps=fund.costs.half_spread_bps),
        spot=position.spot,
        progress=progress,
    )
    return ModelResult(
        model=name,
        parameters=parameters,
        paths=paths,
        seed=seed,
        steps=steps,
        years=left,
        figures={key: _figure(each.value, each.standard_error) for key, each in study.figures.items()},
        attribution={key: _figure(each.value, each.standard_error) for key, each in study.causes.items()},
        assumptions=_assumptions(position),
    )


def _figure(value: float, error: float) -> ModelFigure:
    return ModelFigure(float(value) if math.isfinite(value) else None, float(error) if math.isfinite(error) else None)


def _model(
    position: Position, name: str, closes: Sequence[float] | FloatArray, jumps: FittedJumps | None, why: str
) -> tuple["Model", dict[str, float]]:
    from insure.simulation import GBM, Bootstrap, Merton  # noqa: PLC0415

    rate = position.snapshot.rate
    if name == "gbm":
        vol = positive("volatility", position.vol)
        return GBM(vol=vol, drift=rate), {"vol": vol, "drift": rate}
    if name == "merton":
        if jumps is None:
            raise InvalidInput(f"the model merton cannot be fitted: {why or 'no history was given'}.")
        terms = {
            "vol": jumps.vol,
            "drift": rate,
            "jump_intensity": jumps.jump_intensity,
            "jump_mean": jumps.jump_mean,
            "jump_std": jumps.jump_std,
        }
        return Merton(**terms), terms
    prices = numbers("closes", closes, low=0.0, open_low=True)
    if prices.size < 251:
        raise InvalidInput(f"the model bootstrap has {prices.size} closes to draw from; it needs 251 or more.")
    model = Bootstrap(returns=np.diff(np.log(prices)).tolist(), drift=rate)
    return model, {"returns": float(prices.size - 1), "block_length": float(model.block_length or 1.0), "drift": rate}


def _assumptions(position: Position) -> tuple[str, ...]:
    fund = position.fund
    said = [
        "Begun fresh on today's value with today's guarantee and time to go; decided and traded at every close.",
        "The drift of the index is the rate.",
    ]
    if fund.limits.lowest_weight > 0.0:
        said.append(f"The lowest weight of {fund.limits.lowest_weight:.0%} is left out.")
    if fund.costs.commission_minimum_money or fund.lots.smallest_ticket_money:
        said.append("Minimum commission and smallest ticket are left out.")
    return tuple(said)
