"""Seven ways to protect the same money, each begun fresh today, along the same scenario."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from insure.errors import FloorUnaffordable, InvalidInput
from insure.fund import Fund
from insure.pricing.elementary import exp
from insure.simulation.scenarios.path import Scenario
from insure.slippage import Twin
from insure.strategies import (
    BuyAndHold,
    Cppi,
    Hybrid,
    Opening,
    StaticPut,
    StopLoss,
    Strategy,
    SyntheticPut,
    Tipp,
)
from insure.strategy_terms import CppiTerms, SyntheticPutTerms, TippTerms
from insure.stress.position import Position
from insure.stress.runner import Rails, Runner, hedge_vols, put_twin, run

MULTIPLIER = 4.0
"""Multiple of the cushion for CPPI and TIPP where the fund itself names none."""
BOUGHT = 0.5
"""Fraction of the puts that the hybrid buys; the rest is replicated."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One strategy at the end of one scenario."""

    strategy: str
    nav: float | None
    """Money at the last step, costs paid; None where it was not computed."""
    floor: float | None
    """Of the contract, at the last step: the guarantee discounted."""
    lowest_distance: float | None
    """The least of NAV less the contract's floor on the way, money."""
    breached: bool | None
    """Whether NAV ever lay below the contract's floor."""
    slippage: float | None
    """Against the same capital in stock and the true put on the guarantee."""
    attribution: Mapping[str, float] | None
    """The slippage by cause; the sum is exact."""
    not_computed: str
    """Why not; empty where it was."""

    def figures(self) -> dict[str, object]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Rivals:
    """What a comparison starts from: the same value, floor and time to go for every strategy."""

    value: float
    guarantee: float
    opening: Opening
    strategies: tuple[tuple[str, Strategy], ...]
    twin: Twin | None
    missing: str
    """Why there is no twin to measure against; empty where there is one."""


def rivals(position: Position) -> Rivals:
    """The seven strategies, fresh on today's NAV with the guarantee and the horizon of the period in force.

    Where the fund promises no floor, the guarantee is its floor fraction of today's NAV.

    Raises:
        InvalidInput: no protection period is in force, or it has ended.
    """
    _, left = position.times()
    if not left > 0.0:
        raise InvalidInput(f"the protection period of {position.fund.id} ends today; there is no time to compare over")
    fund, snapshot, value = position.fund, position.snapshot, position.nav
    guarantee = guarantee_of(position)
    opening = Opening(
        value, position.spot, left, snapshot.rate, snapshot.dividend_yield, position.vol, snapshot.put_vol
    )
    missing, twin = "", None
    try:
        twin = put_twin(value, guarantee, opening)
    except FloorUnaffordable as refusal:
        missing = str(refusal)
    return Rivals(value, guarantee, opening, _strategies(fund, guarantee, opening), twin, missing)


def guarantee_of(position: Position) -> float:
    """What is promised at the horizon, money: of the contract, else its floor fraction of today's NAV."""
    memory = position.memory
    if memory is None or not memory.start.guarantee > 0.0:
        return position.fund.protection.floor_fraction * position.nav
    if isinstance(position.fund.strategy, TippTerms):
        return max(memory.start.guarantee, position.fund.protection.floor_fraction * memory.start.state.peak)
    return memory.start.guarantee


def _strategies(fund: Fund, guarantee: float, opening: Opening) -> tuple[tuple[str, Strategy], ...]:
    terms, years, vol = fund.strategy, opening.years, opening.vol
    multiplier = terms.multiplier if isinstance(terms, CppiTerms | TippTerms) else MULTIPLIER
    tracking = terms.tracking if isinstance(terms, SyntheticPutTerms) else "weight"
    return (
        ("no hedge", BuyAndHold(weight=1.0)),
        ("static put", StaticPut(floor=guarantee, years=years, vol=opening.market_vol)),
        ("synthetic put", SyntheticPut(floor=guarantee, years=years, vol=vol, tracking=tracking)),
        ("CPPI", Cppi(guarantee=guarantee, multiplier=multiplier, years=years)),
        ("TIPP", Tipp(protect=min(guarantee / opening.value, 1.0), multiplier=multiplier)),
        ("stop-loss", StopLoss(floor=guarantee, years=years)),
        ("hybrid", Hybrid(floor=guarantee, years=years, vol=vol, bought=BOUGHT)),
    )


def compare(position: Position, scenario: Scenario, begun: Rivals | None = None) -> tuple[Compared, ...]:
    """Every strategy along one scenario, under its trading conditions and the fund's own limits, band and costs.

    Args:
        position: the fund whose value, floor and time to go all of them take over.
        scenario: which ends at the horizon where it is longer.
        begun: of ``rivals``, where many scenarios share it.

    Attribution sums to fund minus twin to 1e-9 of the fund
    (tests/stress/test_runner.py::test_every_rivals_causes_add_up).
    """
    start = rivals(position) if begun is None else begun
    vols, spread = hedge_vols(position, scenario), position.fund.twin.vol_spread
    rails = Rails.of(position.fund)
    return tuple(_one(name, strategy, start, scenario, vols, spread, rails) for name, strategy in start.strategies)


def _one(
    name: str,
    strategy: Strategy,
    start: Rivals,
    scenario: Scenario,
    vols: list[float],
    spread: float,
    rails: Rails,
) -> Compared:
    if start.twin is None:
        return _refused(name, start.missing)
    try:
        runner = Runner.fresh(strategy, start.opening, rails, start.twin)
    except (FloorUnaffordable, InvalidInput) as refusal:
        return _refused(name, str(refusal))
    done = run(runner, scenario.steps, vols, spread)
    if not done.navs:
        return _refused(name, "the first step of the scenario lies beyond the horizon")
    years, distances, floor = start.opening.years, [], 0.0
    for step, nav in zip(scenario.steps[1:], done.navs, strict=False):
        years -= step.years
        floor = start.guarantee * exp(-step.rate * max(years, 0.0))
        distances.append(nav - floor)
    low = min(distances)
    return Compared(
        strategy=name,
        nav=done.nav,
        floor=floor,
        lowest_distance=low,
        breached=low < -1e-9 * start.value,
        slippage=done.nav - done.twin,
        attribution=dict(done.causes),
        not_computed="",
    )


def _refused(name: str, why: str) -> Compared:
    return Compared(name, None, None, None, None, None, None, f"not computed: {why}")
