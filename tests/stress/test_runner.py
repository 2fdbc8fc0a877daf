"""The quick fund: the replay without frictions, exact slippage, and the hand-computed October 1987."""

from dataclasses import replace

import numpy as np
import pytest

from insure.backtest import replay
from insure.errors import InvalidInput
from insure.rebalancing import Band, DriftBand, FixedBand, WhalleyWilmottBand
from insure.simulation.crises import Replay
from insure.simulation.scenarios import PartialFill, Scenario, Step, Whipsaw, synthetic
from insure.strategies import (
    BuyAndHold,
    ConstantMix,
    Cppi,
    Hybrid,
    Opening,
    StaticPut,
    StopLoss,
    Strategy,
    SyntheticPut,
    Tipp,
)
from insure.stress import drive
from insure.stress.comparison import compare, rivals
from insure.stress.herd import programme
from insure.stress.runner import Rails, Run, Runner, put_twin, run
from tests.contracts import Toml
from tests.stress.standing import begun, october_1987, seen

OPENING = Opening(100.0, 100.0, 1.0, 0.07, 0.0, 0.18, 0.18)
FREE = Rails(locks=False)


BANDS = [FixedBand(0.0), FixedBand(0.02), WhalleyWilmottBand(5.0), DriftBand(0.005)]


def _ran(strategy: Strategy, scenario: Scenario, rails: Rails = FREE) -> Run:
    runner = Runner.fresh(strategy, OPENING, rails, put_twin(100.0, 90.0, OPENING))
    return run(runner, scenario.steps, [0.18] * len(scenario.steps), 0.0)


@pytest.mark.parametrize(
    "strategy",
    [
        SyntheticPut(90.0, 1.0, 0.18),
        SyntheticPut(90.0, 1.0, 0.18, tracking="units"),
        Cppi(90.0, 4.0, 1.0),
        Tipp(0.9, 4.0),
        StopLoss(90.0, 1.0),
        ConstantMix(0.6),
        BuyAndHold(1.0),
        StaticPut(90.0, 1.0, 0.18),
        Hybrid(90.0, 1.0, 0.18, bought=0.5),
    ],
    ids=lambda strategy: strategy.kind,
)
@pytest.mark.parametrize("band", BANDS, ids=["no band", "fixed", "whalley_wilmott", "drift"])
def test_a_quiet_run_is_the_replay(strategy: Strategy, band: Band) -> None:
    rng = np.random.default_rng(3)
    levels = 100.0 * np.exp(np.concatenate(([0.0], np.cumsum(rng.normal(0.0, 0.02, 60)))))
    steps = tuple(Step(str(k), 1 / 252 if k else 0.0, float(x), 0.07, 0.18) for k, x in enumerate(levels))
    done = _ran(strategy, Scenario("drawn", "drawn", steps, "drawn"), replace(FREE, commission=5e-4, band=band))
    told = replay(strategy, list(levels), steps=252, rate=0.07, cost_bps=5.0, band=band, put_vol=0.18, vols=0.18)
    assert done.navs[-1] == pytest.approx(float(told.values.iloc[-1]), rel=1e-9)
    assert list(done.weights[:-1]) == pytest.approx(list(told.weights.iloc[1:-1]), abs=1e-9)


FUND_BANDS: list[dict[str, Toml]] = [
    {},
    {"kind": "whalley_wilmott", "risk_aversion": 10.0, "cost_bps": 5.0, "to": "edge"},
    {"kind": "drift", "width_weight": 0.005, "widening_sigmas": 0.25},
]


@pytest.mark.parametrize("band", FUND_BANDS, ids=lambda band: str(band.get("kind", "no band")))
@pytest.mark.parametrize("kind", ["synthetic_put", "cppi", "tipp", "stop_loss", "static_put", "hybrid"])
def test_a_quick_run_is_the_journey(kind: str, band: dict[str, Toml]) -> None:
    """The fund in floats comes to what decisions in exact money come to, but for the millionths of a unit."""
    position = begun(strategy={"kind": kind}, band=band)
    scenario = Whipsaw(sessions=20).path(100.0, rate=0.03, vol=0.2)
    journey = drive(position, scenario)
    quick = run(Runner.standing(position, attributed=True), scenario.steps, [0.2] * 21, 0.0)
    assert quick.nav == pytest.approx(journey.end.nav_after, rel=1e-7)
    assert list(quick.weights) == pytest.approx([point.weight_after for point in journey.points], abs=1e-6)
    assert quick.twin == pytest.approx(journey.end.twin, rel=1e-9)
    assert journey.slippage == pytest.approx(sum(quick.causes.values()), abs=1e-7 * position.nav)


def test_black_monday_by_hand() -> None:
    done = _ran(SyntheticPut(95.0, 1.0, 0.18), october_1987())
    assert done.weights[done.labels.index("1987-10-19")] == pytest.approx(0.0395, abs=5e-5)


@pytest.mark.parametrize(("multiplier", "survives"), [(4.0, True), (5.0, False)])
def test_cppi_in_october_1987(multiplier: float, survives: bool) -> None:
    done = _ran(Cppi(90.0, multiplier, 1.0), october_1987())
    assert (done.breach is None) is survives


def test_what_a_model_had_to_sell_before_black_monday() -> None:
    """A fifth of the value from the 13th to the 16th, 12 bn of 60 bn insured, of which a third was done."""
    scenario = october_1987()
    done = _ran(SyntheticPut(95.0, 1.0, 0.18), scenario)
    first, last = done.labels.index("1987-10-13"), done.labels.index("1987-10-16")
    spots = [step.spot for step in scenario.steps[1:]]
    told = programme(
        done.weights[first : last + 1],
        done.navs[first : last + 1],
        spots[first : last + 1],
        60e9,
        1 / 3,
        ("1987-10-13", "1987-10-16"),
    )
    assert 0.17 < told.fraction < 0.25, f"the model sold {told.fraction:.1%} of its value, a fifth is on record"
    assert 10e9 < told.asked < 15e9
    assert told.done == pytest.approx(told.asked / 3)
    with pytest.raises(InvalidInput, match="as many each"):
        programme([0.5], [100.0], [1.0, 2.0], 1.0, 1.0)


@pytest.mark.parametrize("band", [0.0, 0.03])
def test_every_rivals_causes_add_up(band: float) -> None:
    position = begun(seen(vol=0.18), band={"width_weight": band}, costs={"commission_bps": 1.0, "half_spread_bps": 2.0})
    for shape in (*synthetic(), Replay("1987-10"), Replay("1997-10"), PartialFill(delay=1)):
        scenario = shape.path(position.spot, rate=0.03, vol=0.18)
        for rival in compare(position, scenario):
            assert rival.not_computed == ""
            assert rival.attribution is not None
            short = sum(rival.attribution.values()) - (rival.slippage or 0.0)
            assert abs(short) <= 1e-9 * position.nav, f"{rival.strategy} in {shape.name}: off by {short:g}"


def test_the_rivals_begin_with_the_same_money_and_floor() -> None:
    position = begun()
    told = rivals(position)
    assert [name for name, _ in told.strategies] == [
        "no hedge",
        "static put",
        "synthetic put",
        "CPPI",
        "TIPP",
        "stop-loss",
        "hybrid",
    ]
    assert told.value == position.nav
    assert told.guarantee == pytest.approx(0.9 * position.nav)


def test_the_static_put_is_its_own_twin() -> None:
    position = begun()
    scenario = Whipsaw().path(100.0, rate=0.03, vol=0.2)
    rows = {row.strategy: row for row in compare(position, scenario)}
    assert rows["static put"].slippage == pytest.approx(0.0, abs=1e-6)
    assert not rows["static put"].breached
    assert (rows["synthetic put"].slippage or 0.0) < -1e4, "a whipsaw costs who replicates"


def test_a_floor_that_is_dearer_than_the_fund_is_not_compared() -> None:
    position = begun()
    poor = replace(position, holdings=position.holdings.moved(units=-position.holdings.units))
    rows = compare(poor, Whipsaw().path(100.0, rate=0.03, vol=0.2))
    assert {row.nav for row in rows} == {None}
    assert all(row.not_computed.startswith("not computed: A floor of") for row in rows)
