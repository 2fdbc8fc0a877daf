"""A fund under a model of the index: the laboratory's study, gone on with from where the fund stands in the book."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from insure.arguments import FloatArray, one_of
from insure.decision import fund_calendar
from insure.decision.options import legs_at
from insure.errors import FloorUnaffordable, InvalidInput
from insure.slippage import Mark, Twin
from insure.slots import slots
from insure.strategies import Strategy
from insure.stress.calibrated import NAMES, ModelParameter, calibrated
from insure.stress.comparison import guarantee_of
from insure.stress.histogram import Histogram, histogram
from insure.stress.paired import Paired, paired
from insure.stress.position import Position
from insure.volatility import Fixed

if TYPE_CHECKING:
    from insure.simulation import Study
    from insure.simulation.standing import Standing

Progress = Callable[[str, float], None]
GOES_ON = "At or below the floor the rule goes on; live everything would become cash."
"""What a simulation does otherwise than a fund that goes to cash without a cushion."""


class NotSimulated(InvalidInput):
    """A fund that nothing lies ahead of, or a history that the model is not found in."""


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
    calibration: tuple[ModelParameter, ...]
    """The same numbers with their standard errors, and a word on where each comes from."""
    paths: int
    seed: int
    steps: int
    years: float
    figures: dict[str, ModelFigure]
    """Terminal value, true put and slippage with their quantiles, breach and shortfall, turnover, costs."""
    attribution: dict[str, ModelFigure]
    """Mean slippage at the horizon by cause; adds up to its mean. ``before`` is what there was of it today."""
    assumptions: tuple[str, ...]
    slippage_histogram: Histogram
    paired: Paired | None
    """The seven strategies on the same paths; None where ``paired_missing`` says why."""
    paired_missing: str

    def to_json(self) -> dict[str, object]:
        """As JSON."""
        return asdict(self)


def simulated(
    position: Position,
    name: str,
    closes: Sequence[float] | FloatArray = (),
    *,
    paths: int = 100_000,
    seed: int = 1,
    workers: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> ModelResult:
    """Simulate a fund from where it stands to its horizon, session by session, beside its true put.

    What it holds, what its strategy remembers, its guarantee, its twin and the time left are those of the book; it
    decides at the slots of its schedule, within its limits, band, throttle, lots and tickets, at its own costs.

    Args:
        position: the fund as it stands.
        name: one of ``calibrated.NAMES``; its numbers come from the fund's own history.
        closes: that history, one a session.
        paths: how many.
        seed: of the paths.
        workers: threads; they change no bit.
        cluster: address of a dask.distributed scheduler that paths are handed out to; None for this process.
        progress: told what is being done.

    Raises:
        NotSimulated: the history does not have the model in it, or no protection period is in force.
        InvalidInput: an unknown model, or another argument that is not allowed.
        FloorUnaffordable: the fund has no twin in the book, and today's value does not buy one.
    """
    from insure.simulation import Recipe  # noqa: PLC0415 - the laboratory loads when it is asked for
    from insure.simulation.price_list import price_list  # noqa: PLC0415
    from insure.simulation.standing import go_on  # noqa: PLC0415

    fund, snapshot = position.fund, position.snapshot
    one_of("model", name, NAMES)
    try:
        decides = _slots_ahead(position)
        found = calibrated(position, name, closes)
    except InvalidInput as refusal:
        raise NotSimulated(str(refusal)) from refusal
    _, left = position.times()
    where, measured = _standing(position, decides)
    limits, lots = fund.limits, fund.lots
    recipe = Recipe(
        strategies=(where.strategy,),
        model=found.model,
        value=position.nav,
        years=left,
        steps=len(decides),
        paths=paths,
        seed=seed,
        rate=snapshot.rate,
        dividend_yield=snapshot.dividend_yield,
        costs=price_list(fund.costs),
        band=fund.no_trade_band,
        band_to=fund.band.to,
        max_weight=limits.highest_weight,
        max_turnover=limits.largest_change_weight if limits.largest_change_weight < 1.0 else math.inf,
        lot=float(lots.lot_units) if lots.lot_units > _FINE else 0.0,
        min_ticket=float(lots.smallest_ticket_money),
        put_vol=snapshot.put_vol,
        spot=position.spot,
        seen_vol=position.vol,
    )
    study = go_on(recipe, where, workers=workers, progress=progress, cluster=cluster)
    beside, why_not = _beside(position, where.strategy, study, workers, cluster)
    figures = {key: _figure(each.value, each.standard_error) for key, each in study.figures.items()}
    causes = {_NAMED.get(key, key): _figure(each.value, each.standard_error) for key, each in study.causes.items()}
    return ModelResult(
        model=name,
        parameters={parameter.name: parameter.value for parameter in found.parameters},
        calibration=found.parameters,
        paths=paths,
        seed=seed,
        steps=len(decides),
        years=left,
        figures=figures,
        attribution=causes,
        assumptions=(*measured, *_assumptions(position, decides)),
        slippage_histogram=histogram(study.slippage),
        paired=beside,
        paired_missing=why_not,
    )


_NAMED = {"financing": "before"}
"""The cause that a study books what fund less twin is at its beginning under; on a running fund it has that name."""
_FINE = Decimal("0.000001")
"""Lots no coarser than this are not counted."""


def _slots_ahead(position: Position) -> tuple[bool, ...]:
    """For each session after today's up to the horizon: whether the fund has a slot in it."""
    fund, today = position.fund, position.snapshot.session
    calendar, end = fund_calendar(fund), position.in_force().period.end
    if not today < end:
        raise InvalidInput(f"the protection period of {fund.id} ends today; there is nothing to simulate.")
    first = calendar.next(today)
    due = {slot.session for slot in slots(fund.schedule.timing, calendar, first, end)}
    return tuple(session in due for session in calendar.sessions(first, end))


def _standing(position: Position, decides: tuple[bool, ...]) -> tuple["Standing", tuple[str, ...]]:
    """Where the fund stands, in the words of the laboratory, and what must be said of it."""
    from insure.simulation.standing import Standing  # noqa: PLC0415

    fund, snapshot, memory = position.fund, position.snapshot, position.in_force()
    elapsed, left = position.times()
    # Options as they are held, on the clock of the period: time to its horizon.
    held = legs_at(fund, position.holdings.options, snapshot.session)
    legs = tuple(leg._replace(before_horizon=left + leg.before_horizon) for leg in held)
    guarantee = guarantee_of(position) if fund.protects else 0.0
    said: tuple[str, ...] = ()
    if position.track is not None:
        twin = position.track.twin
    else:
        mark = Mark(position.spot, left, snapshot.rate, snapshot.dividend_yield, snapshot.put_vol)
        twin = Twin.bought(position.nav, guarantee, mark, memory.start.dividends)
        said = (f"The book has no true put beside the fund ({position.track_missing}): it is one bought today.",)
    return Standing(
        strategy=position.strategy,
        start=memory.start._replace(legs=legs, guarantee=guarantee),
        twin=twin,
        units=float(position.holdings.units),
        period_spot=memory.period.spot,
        elapsed=elapsed,
        vol=position.vol,
        put_vol=snapshot.put_vol,
        decides=decides,
        lowest_weight=fund.limits.lowest_weight,
    ), said


def _beside(
    position: Position, own: Strategy, study: "Study", workers: int | None, cluster: str | None
) -> tuple[Paired | None, str]:
    """The seven strategies on the study's paths, or why they are not."""
    try:
        return paired(position, own, study, workers=workers, cluster=cluster), ""
    except (FloorUnaffordable, InvalidInput) as refusal:
        return None, f"not computed: comparison on the simulated paths: {refusal}"


def _figure(value: float, error: float) -> ModelFigure:
    return ModelFigure(float(value) if math.isfinite(value) else None, float(error) if math.isfinite(error) else None)


def _assumptions(position: Position, decides: tuple[bool, ...]) -> tuple[str, ...]:
    fund = position.fund
    slots_ahead = sum(decides)
    said = [
        (
            f"Gone on with from the close of {position.snapshot.session}: holdings, memory, guarantee and time left "
            "are those of the book; today's close trades nothing more."
        ),
        (
            f"Decided and traded at the closes of {slots_ahead:,} of {len(decides):,} sessions; a slot inside a "
            "session stands at its close, and there is one a session at most."
        ),
        "The index grows at the rate, which stays what it is today, as does the dividend yield.",
    ]
    if not isinstance(fund.volatility, Fixed):
        said.append(f"The hedge volatility stays at today's {position.vol:.2%}; live it would follow its source.")
    if position.holdings.options:
        said.append("Options held are kept to their expiry and paid out in cash; none is bought after it.")
    if fund.limits.no_cushion == "cash" and fund.protects:
        said.append(GOES_ON)
    return tuple(said)


__all__ = ["GOES_ON", "NAMES", "ModelFigure", "ModelResult", "NotSimulated", "Progress", "simulated"]
