"""A fund simulated from where it stands: decision for decision what the fund of floats does along the same paths."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from insure.arguments import FloatArray
from insure.decision import fund_calendar
from insure.errors import InvalidInput
from insure.simulation import GBM, Recipe
from insure.simulation.engine import draw
from insure.simulation.scenarios.path import SESSION, Step
from insure.strategies import BuyAndHold
from insure.stress import Position
from insure.stress.models import NotSimulated, simulated
from insure.stress.runner import Runner, run
from tests.contracts import Toml
from tests.stress.standing import TODAY, begun, seen

PATHS, SEED = 12, 3
KINDS: list[dict[str, Toml]] = [
    {"kind": "synthetic_put"},
    {"kind": "synthetic_put", "tracking": "units"},
    {"kind": "cppi", "multiplier": 4.0},
    {"kind": "tipp", "multiplier": 3.0},
    {"kind": "stop_loss"},
    {"kind": "static_put"},
    {"kind": "hybrid"},
]


FIXED: dict[str, Toml] = {"width_weight": 0.02}
WHALLEY_WILMOTT: dict[str, Toml] = {"kind": "whalley_wilmott", "risk_aversion": 20.0, "to": "edge"}
DRIFT: dict[str, Toml] = {"kind": "drift", "width_weight": 0.005, "widening_sigmas": 0.5}
RUNS: list[tuple[dict[str, Toml], dict[str, Toml]]] = [
    *((strategy, FIXED) for strategy in KINDS),
    (KINDS[0], WHALLEY_WILMOTT),
    (KINDS[2], WHALLEY_WILMOTT),
    (KINDS[0], DRIFT),
    (KINDS[2], DRIFT),
]


def half_way(strategy: dict[str, Toml], band: dict[str, Toml] = FIXED) -> Position:
    """The fund of the tests, 60 sessions on: the index 4 % down, its holdings still those of the first day."""
    first = begun(strategy=strategy, costs={"commission_bps": 5.0}, limits={"no_cushion": "model"}, band=band)
    session = fund_calendar(first.fund).offset(TODAY, 60)
    market = seen(96.0, session)
    assert first.memory is not None
    memory = first.memory
    if strategy["kind"] == "tipp":
        # It has seen a better day since.
        start = memory.start._replace(state=memory.start.state._replace(peak=1_050_000.0))
        memory = replace(memory, start=start)
    assert first.track is not None
    mark = first.track.mark._replace(spot=96.0, years_left=first.track.mark.years_left - 60 * SESSION)
    track = replace(first.track, mark=mark)
    behind = replace(first, snapshot=market, memory=memory, track=track)
    return replace(behind, track=replace(track, causes={"gamma": behind.nav - track.twin_value}))


@pytest.mark.parametrize(("strategy", "band"), RUNS, ids=lambda terms: "-".join(str(word) for word in terms.values()))
def test_every_path_is_the_runners(strategy: dict[str, Toml], band: dict[str, Toml]) -> None:
    """The runner is held to the replay and to live decisions; its end values are those of the study."""
    position = half_way(strategy, band)
    study = simulated(position, "gbm", paths=PATHS, seed=SEED, workers=1)
    spots = _spots(position, study.steps)
    ends, twins = [], []
    for path in spots:
        runner = Runner.standing(position, attributed=True)
        steps = [Step(str(k), SESSION if k else 0.0, float(spot), 0.03, 0.2) for k, spot in enumerate(path)]
        # At the horizon nothing is traded.
        steps[-1] = replace(steps[-1], tradable=False)
        done = run(runner, steps, [0.2] * len(steps), 0.0)
        ends.append(done.nav)
        twins.append(done.twin)
    for name, values in (("terminal", ends), ("twin", twins)):
        expected, found = float(np.mean(values)), study.figures[f"{name}_mean"].value
        assert found == pytest.approx(expected, rel=1e-9), f"{name}: {found} here, {expected} along the same paths"
    assert study.steps == 252 - 60
    before = study.attribution["before"].value
    assert before == pytest.approx(position.slippage_before * np.exp(0.03 * study.years), rel=1e-9)
    total = sum(cause.value or 0.0 for cause in study.attribution.values())
    assert total == pytest.approx(study.figures["slippage_mean"].value, abs=1e-6)


def _spots(position: Position, steps: int) -> FloatArray:
    recipe = Recipe(
        strategies=(BuyAndHold(1.0),),
        model=GBM(position.vol, 0.03),
        years=steps * SESSION,
        steps=steps,
        paths=PATHS,
        seed=SEED,
        spot=position.spot,
    )
    return draw(recipe, 0, PATHS)


def test_threads_change_no_figure() -> None:
    position = half_way({"kind": "cppi"})
    one = simulated(position, "gbm", paths=2_000, seed=SEED, workers=1)
    assert one.to_json() == simulated(position, "gbm", paths=2_000, seed=SEED, workers=2).to_json()


def test_a_fund_trades_at_its_slots() -> None:
    every = half_way({"kind": "cppi"})
    schedule = replace(every.fund.schedule, slot="last session of month close")
    monthly = replace(every, fund=replace(every.fund, schedule=schedule))
    found = [simulated(position, "gbm", paths=500, seed=SEED) for position in (every, monthly)]
    turnover = [study.figures["turnover"].value or 0.0 for study in found]
    assert 0.0 < turnover[1] < 0.5 * turnover[0]
    assert any("10 of 192 sessions" in sentence for sentence in found[1].assumptions), found[1].assumptions


def test_the_guarantee_of_a_ratchet_is_todays() -> None:
    found = simulated(half_way({"kind": "tipp", "multiplier": 3.0}), "gbm", paths=500, seed=SEED)
    assert found.paired is not None
    assert found.paired.guarantee == pytest.approx(0.9 * 1_050_000.0)


def test_what_is_said_is_what_is_assumed() -> None:
    told = simulated(half_way({"kind": "static_put"}), "gbm", paths=256)
    assert any("kept to their expiry" in sentence for sentence in told.assumptions)
    position = half_way({"kind": "cppi"})
    assert position.track is not None
    bare = simulated(replace(position, track=None, track_missing="its put cost too much"), "gbm", paths=256)
    assert bare.assumptions[0].startswith("The book has no true put beside the fund (its put cost too much)")
    assert (bare.attribution.get("before") is None) or abs(bare.attribution["before"].value or 0.0) < 1e-6


def test_lots_and_tickets_are_counted() -> None:
    position = half_way({"kind": "cppi"})
    lots = replace(position.fund.lots, lot_units=Decimal(500), smallest_ticket_money=Decimal(60_000))
    coarse = simulated(replace(position, fund=replace(position.fund, lots=lots)), "gbm", paths=500, seed=SEED)
    fine = simulated(position, "gbm", paths=500, seed=SEED)
    assert (coarse.figures["turnover"].value or 0.0) < (fine.figures["turnover"].value or 0.0)
    assert "lots" in coarse.attribution
    assert "lots" not in fine.attribution


def test_what_lies_behind_cannot_be_simulated() -> None:
    over = replace(begun(protection={"roll": "none"}), snapshot=seen(session=dt.date(2011, 3, 1)))
    with pytest.raises(NotSimulated, match="there is nothing to simulate"):
        simulated(over, "gbm")
    with pytest.raises(NotSimulated, match="has no protection period in force"):
        simulated(replace(begun(), memory=None, track_missing="no floor can be bought"), "gbm")
    with pytest.raises(InvalidInput, match="model is 'tulips'"):
        simulated(begun(), "tulips")
