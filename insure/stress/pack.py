"""One call, one object with all tables: what is asked of a stress, and what came of it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from insure.arguments import FloatArray, number, one_of
from insure.errors import FloorUnaffordable, InsureError, InvalidInput
from insure.simulation.crises import NAMES, Replay
from insure.simulation.crisis_tables.crisis import STRONGEST
from insure.simulation.scenarios import Outage, Scenario, Shape, synthetic
from insure.stress.comparison import Compared, compare, rivals
from insure.stress.gaps import LADDER, GapRung, Survivable, gap_ladder, survivable
from insure.stress.herd import OCTOBER_1987, Herd, Market, herd
from insure.stress.journey import Journey, drive
from insure.stress.jumps import LEAST_RETURNS, FittedJumps, fit_jumps
from insure.stress.models import NAMES as MODELS
from insure.stress.models import ModelResult, NotSimulated, Progress, simulated
from insure.stress.position import Position, Sessions
from insure.stress.reverse import Reverse, reverse_stress

INSIDE = (("1987-10", dt.date(1987, 10, 19)), ("2010-05-06", dt.date(2010, 5, 6)))
"""Days that the standard pack replays from inside too."""


@dataclass(frozen=True, slots=True)
class Pack:
    """What is asked: the tables of a stress.

    Attributes:
        gaps: instant moves, fractions; empty for no ladder.
        shapes: synthetic shapes, replays and drawn paths, each begun at today's market.
        compares: whether the seven strategies run along every shape.
        market: that a crowd sells into; None for no table of the herd.
        reverses: whether reverse stress is done.
        outages: whether the price of an hour of outage is measured.
        model: simulated besides, by name; None for none.
        paths, seed, workers, cluster: of the simulation.
        points: whether journeys keep their path in the figures.
    """

    gaps: tuple[float, ...] = LADDER
    shapes: tuple[Shape, ...] = ()
    compares: bool = True
    market: Market | None = OCTOBER_1987
    reverses: bool = True
    outages: bool = True
    model: str | None = None
    paths: int = 100_000
    seed: int = 1
    workers: int | None = None
    cluster: str | None = None
    points: bool = False


def standard_pack(strength: float = 1.0) -> Pack:
    """The standard tables: the ladder, the ten synthetic shapes, thirteen crises and two days from inside.

    Args:
        strength: multiplies the log returns of the crises, 0 to 10.
    """
    return Pack(shapes=(*synthetic(), *crises(NAMES, strength), *inside(strength)))


def crises(
    names: Sequence[str], strength: float = 1.0, first: dt.date | None = None, within: dt.date | None = None
) -> tuple[Replay, ...]:
    """Replays of crises by name.

    Args:
        names: of the library.
        strength: multiplies the log returns, 0 to 10.
        first: the session that today stands for; None is the first of the crisis.
        within: a day to replay from inside, in place of sessions.

    Raises:
        InvalidInput: an unknown name, with those that are known.
    """
    number("strength", strength, low=0.0, high=STRONGEST)
    return tuple(Replay(name, strength=strength, first=first, inside=within) for name in names)


def inside(strength: float = 1.0) -> tuple[Replay, ...]:
    """The days that the standard pack replays from inside."""
    return tuple(Replay(name, strength=strength, inside=day) for name, day in INSIDE)


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """One scenario: the fund itself, and the seven strategies beside it."""

    journey: Journey
    comparison: tuple[Compared, ...]
    comparison_missing: str
    """Why there is no comparison; empty where there is one, or none was asked for."""

    def figures(self, *, points: bool = False) -> dict[str, object]:
        """As JSON."""
        row = self.journey.figures(points=points)
        row["comparison"] = [rival.figures() for rival in self.comparison]
        row["comparison_not_computed"] = self.comparison_missing or None
        return row


@dataclass(frozen=True, slots=True)
class OutageCost:
    """What hours without a desk cost in the fall of the synthetic shape ``outage``."""

    hours: float
    nav: float
    cost: float
    """Money against the same fall with the desk at work."""
    cost_per_hour: float
    lowest_cushion: float | None


@dataclass(frozen=True, slots=True)
class StressResult:
    """One fund under stress: all tables, and a sentence for each that was not computed."""

    fund: str
    name: str
    session: dt.date
    nav: float
    spot: float
    floor: float | None
    weight: float
    twin: float | None
    slippage: float | None
    """Fund minus twin today."""
    gaps: tuple[GapRung, ...]
    survivable: Survivable | None
    jumps: FittedJumps | None
    scenarios: tuple[ScenarioResult, ...]
    outages: tuple[OutageCost, ...]
    herd: Herd | None
    reverse: Reverse | None
    model: ModelResult | None
    not_computed: tuple[str, ...]
    points: bool = field(default=False, repr=False)

    @property
    def breached(self) -> tuple[str, ...]:
        """Scenarios in which the fund went through its floor."""
        return tuple(each.journey.scenario for each in self.scenarios if each.journey.breach is not None)

    def figures(self) -> dict[str, object]:
        """As JSON: every table under its name."""
        return {
            "fund": self.fund,
            "name": self.name,
            "session": self.session.isoformat(),
            "nav": self.nav,
            "spot": self.spot,
            "floor": self.floor,
            "weight": self.weight,
            "twin": self.twin,
            "slippage": self.slippage,
            "gaps": [rung.figures() for rung in self.gaps],
            "survivable": None if self.survivable is None else self.survivable.figures(),
            "jumps": None if self.jumps is None else self.jumps.figures(),
            "scenarios": [each.figures(points=self.points) for each in self.scenarios],
            "breached": list(self.breached),
            "outages": [
                {
                    "hours": outage.hours,
                    "nav": outage.nav,
                    "cost": outage.cost,
                    "cost_per_hour": outage.cost_per_hour,
                    "lowest_cushion": outage.lowest_cushion,
                }
                for outage in self.outages
            ],
            "herd": None if self.herd is None else self.herd.figures(),
            "reverse": None if self.reverse is None else self.reverse.figures(),
            "model": None if self.model is None else self.model.to_json(),
            "not_computed": list(self.not_computed),
        }


def stress(
    position: Position,
    pack: Pack | None = None,
    closes: Sequence[float] | FloatArray = (),
    dates: Sequence[dt.date] = (),
    progress: Progress | None = None,
) -> StressResult:
    """Stress a fund as it stands: every table of the pack in one object.

    Args:
        position: the fund as it stands.
        pack: what to compute; default ``standard_pack()``.
        closes: the fund's own price history, one a session, for frequencies and the jump model; may be empty.
        dates: of the closes.
        progress: told what a simulation is doing.

    Raises:
        InvalidInput: a model that is not known, or figures of its simulation that are not allowed.

    A table that cannot be computed is left out with a sentence that says why, under ``not_computed``. The standard pack
    decides about 2,100 slots and runs the rivals along as many steps.
    """
    asked = standard_pack() if pack is None else pack
    missing: list[str] = []
    ahead = Sessions(position)
    jumps, why = _fitted(closes, dates)
    ladder = gap_ladder(position, asked.gaps, ahead) if asked.gaps else ()
    gap = survivable(position, closes, jumps, why) if asked.gaps else None
    scenarios = _along(position, asked, ahead, missing)
    outages = _outages(position, ahead, missing) if asked.outages else ()
    crowd = None
    if asked.market is not None:
        try:
            crowd = herd(position, asked.market)
        except InsureError as refusal:
            missing.append(f"not computed: herd: {refusal}")
    reverse = None
    if asked.reverses:
        try:
            reverse = reverse_stress(position, jumps, why)
        except InsureError as refusal:
            missing.append(f"not computed: reverse stress: {refusal}")
    study = None
    if asked.model is not None:
        one_of("model", asked.model, MODELS)
        try:
            study = simulated(
                position,
                asked.model,
                closes,
                paths=asked.paths,
                seed=asked.seed,
                workers=asked.workers,
                cluster=asked.cluster,
                progress=progress,
            )
        except (NotSimulated, FloorUnaffordable) as refusal:
            missing.append(f"not computed: model {asked.model}: {refusal}")
    if position.snapshot.daily_volume is None and asked.gaps:
        missing.append("not computed: days of volume: the feed has no volume for the last 20 sessions")
    if position.track is None:
        missing.append(f"not computed: slippage: {position.track_missing}")
    floor = _floor(position, ladder, ahead)
    return StressResult(
        fund=position.fund.id,
        name=position.fund.name,
        session=position.snapshot.session,
        nav=position.nav,
        spot=position.spot,
        floor=floor,
        weight=position.equity / position.nav,
        twin=None if position.track is None else position.track.twin_value,
        slippage=None if position.track is None else position.slippage_before,
        gaps=ladder,
        survivable=gap,
        jumps=jumps,
        scenarios=scenarios,
        outages=outages,
        herd=crowd,
        reverse=reverse,
        model=study,
        not_computed=tuple(missing),
        points=asked.points,
    )


def _floor(position: Position, ladder: tuple[GapRung, ...], ahead: Sessions) -> float | None:
    return ladder[0].floor if ladder else gap_ladder(position, (0.0,), ahead)[0].floor


def _fitted(closes: Sequence[float] | FloatArray, dates: Sequence[dt.date]) -> tuple[FittedJumps | None, str]:
    if len(closes) <= LEAST_RETURNS:
        return None, f"the history has {len(closes)} closes; a jump model needs more than {LEAST_RETURNS}"
    try:
        return fit_jumps(closes, dates), ""
    except InvalidInput as refusal:
        return None, str(refusal)


def _begun(position: Position, shape: Shape) -> Scenario:
    return shape.path(position.spot, rate=position.snapshot.rate, vol=max(position.vol, 1e-6))


def _along(position: Position, asked: Pack, ahead: Sessions, missing: list[str]) -> tuple[ScenarioResult, ...]:
    start, why = None, ""
    if asked.compares and asked.shapes:
        try:
            start = rivals(position)
        except (InvalidInput, FloorUnaffordable) as refusal:
            why = f"not computed: {refusal}"
            missing.append(f"not computed: comparison of strategies: {refusal}")
    results = []
    for shape in asked.shapes:
        scenario = _begun(position, shape)
        try:
            journey = drive(position, scenario, ahead)
        except InsureError as refusal:
            missing.append(f"not computed: scenario {shape.name}: {refusal}")
            continue
        compared = compare(position, scenario, start) if start is not None else ()
        results.append(ScenarioResult(journey, compared, why))
    return tuple(results)


def _outages(position: Position, ahead: Sessions, missing: list[str]) -> tuple[OutageCost, ...]:
    """The fall of ``Outage`` with the desk at work, and with one to five hours of it dark."""
    costs = []
    try:
        at_work = drive(position, _begun(position, Outage(outage_hours=0.0)), ahead).end.nav_after
        for hours in (1.0, 2.0, 3.0, 5.0):
            dark = drive(position, _begun(position, Outage(outage_hours=hours)), ahead)
            lost = at_work - dark.end.nav_after
            costs.append(OutageCost(hours, dark.end.nav_after, lost, lost / hours, dark.lowest_cushion))
    except InsureError as refusal:
        missing.append(f"not computed: price of an outage: {refusal}")
    return tuple(costs)
