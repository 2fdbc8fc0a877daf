"""A running fund, simulated from where it stands: as if it had never stopped, against the replay of the whole way."""

import math
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from insure.arguments import FloatArray
from insure.costs import Costs
from insure.errors import InvalidInput
from insure.rebalancing import FixedBand
from insure.simulation import GBM, Bootstrap, Heston, Merton, Model, Recipe, RegimeSwitching
from insure.simulation.engine import draw
from insure.simulation.standing import Continuation, Standing, go_on
from insure.slippage import Mark
from insure.strategies import (
    BuyAndHold,
    Cppi,
    DeltaNeutral,
    Hybrid,
    Opening,
    Option,
    StaticPut,
    StopLoss,
    Strategy,
    SyntheticPut,
    Tipp,
)
from insure.walk import Frictions, Walk

BEFORE, AFTER, DT = 20, 24, 1.0 / 252.0
YEARS, RATE, YIELD, VOL, PUT_VOL = (BEFORE + AFTER) * DT, 0.03, 0.01, 0.2, 0.22
PATHS = 5
BAND, COSTS = 0.02, Costs(commission_bps=10.0, half_spread_bps=5.0)

STRATEGIES: dict[str, Strategy] = {
    "weight": SyntheticPut(92.0, YEARS, vol=VOL),
    "units": SyntheticPut(92.0, YEARS, vol=VOL, tracking="units"),
    "resolve": SyntheticPut(92.0, YEARS, vol=VOL, tracking="resolve"),
    "paid out": SyntheticPut(92.0, YEARS, vol=VOL, dividends="paid_out"),
    "cppi": Cppi(92.0, 5.0, YEARS),
    "stepped": Cppi(92.0, 3.0, YEARS, floor_rule="stepped", steps=((0.0, 90.0), (30 * DT, 91.5))),
    "tipp": Tipp(0.92, 5.0),
    "stop loss": StopLoss(92.0, YEARS),
    "hold": BuyAndHold(0.9),
    "static put": StaticPut(92.0, YEARS, VOL),
    "hybrid": Hybrid(92.0, YEARS, VOL, bought=0.5, gap=0.95),
    "options, hedged": DeltaNeutral((Option("put", 0.5, 95.0, YEARS), Option("call", 0.3, 105.0, 30 * DT)), VOL),
}
MODELS: dict[str, Model] = {
    "gbm": GBM(0.25, RATE),
    "merton": Merton(0.15, 0.05, 6.0, -0.08, 0.08),
    "heston": Heston(0.04, 0.05, 2.0, 0.6, -0.7, RATE),
    "bootstrap": Bootstrap([0.01, -0.02, 0.003, 0.015, -0.011], 3.0, RATE),
    "regimes": RegimeSwitching((0.1, 0.4), (5.0, 20.0), RATE),
}


def first_half() -> FloatArray:
    """The way so far: down, and half back."""
    random = np.random.default_rng(2)
    steps = random.normal(0.0, 0.009, BEFORE) + np.r_[np.full(BEFORE // 2, -0.006), np.full(BEFORE // 2, 0.004)]
    return np.asarray(100.0 * np.exp(np.concatenate(([0.0], np.cumsum(steps)))))


def walked(strategy: Strategy, spots: FloatArray, closes: int) -> Walk:
    """The replay's own loop over so many closes."""
    marks = [
        Mark(float(spot), max((BEFORE + AFTER - i) * DT, 0.0), RATE, YIELD, PUT_VOL) for i, spot in enumerate(spots)
    ]
    start = strategy.begin(Opening(100.0, float(spots[0]), YEARS, RATE, YIELD, VOL, PUT_VOL))
    frictions = Frictions(0, 1, FixedBand(BAND), 0.0, 0.0, 1.0, math.inf, 0.0, 0.0, COSTS)
    walk = Walk(strategy, start, 100.0, marks, np.full(len(marks), VOL), DT, frictions)
    for i in range(closes):
        walk.close(i)
    return walk


def standing(strategy: Strategy) -> tuple[Standing, float, float]:
    """Where it stands after the first half, its value, and the index."""
    spots = first_half()
    walk = walked(strategy, np.concatenate((spots, np.full(AFTER, spots[-1]))), BEFORE + 1)
    held = walk._position  # the replay's books
    start = walk.start._replace(state=walk._state, legs=held.legs)
    where = Standing(strategy, start, walk.twin, held.units, 100.0, BEFORE * DT, VOL, PUT_VOL, (True,) * AFTER)
    return where, held.nav(walk.marks[BEFORE]), float(spots[-1])


def recipe(strategy: Strategy, model: Model, value: float, spot: float, **more: Any) -> Recipe:
    given: dict[str, Any] = {"years": AFTER * DT, "steps": AFTER, "paths": PATHS, "seed": 9, "rate": RATE}
    given |= {"dividend_yield": YIELD, "value": value, "spot": spot, "costs": COSTS, "band": BAND, "put_vol": PUT_VOL}
    return Recipe(strategies=(strategy,), model=model, **{**given, **more})


def agrees(strategy: Strategy, model: Model) -> None:
    where, value, spot = standing(strategy)
    asked = recipe(strategy, model, value, spot)
    study = go_on(asked, where, workers=1)
    causes = study.path_causes()
    ahead = draw(replace(asked, strategies=(BuyAndHold(1.0),)), 0, PATHS)
    for path in range(PATHS):
        whole = walked(strategy, np.concatenate((first_half(), ahead[path, 1:])), BEFORE + AFTER + 1)
        assert study.terminal[path] == pytest.approx(whole.navs[-1], abs=1e-9), f"path {path}: fund"
        assert study.twin[path] == pytest.approx(whole.twins[-1], abs=1e-9), f"path {path}: twin"
        total = float(causes.iloc[path].sum())
        assert total == pytest.approx(study.slippage[path], abs=1e-9), f"path {path}: causes do not add up"


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_goes_on_as_if_it_had_never_stopped(name: str) -> None:
    agrees(STRATEGIES[name], MODELS["merton"])


@pytest.mark.parametrize("name", MODELS)
def test_every_model_goes_on_from_todays_index(name: str) -> None:
    agrees(STRATEGIES["weight"], MODELS[name])


def test_what_fund_less_twin_is_today_stands_apart() -> None:
    where, value, spot = standing(STRATEGIES["weight"])
    study = go_on(recipe(where.strategy, MODELS["gbm"], value, spot), where)
    today = value - where.twin.value_and_delta(Mark(spot, AFTER * DT, RATE, YIELD, PUT_VOL))[0]
    assert study.causes["financing"].value == pytest.approx(today * math.exp(RATE * AFTER * DT), rel=1e-12)
    assert sum(cause.value for cause in study.causes.values()) == pytest.approx(
        study.figures["slippage_mean"].value, abs=1e-9
    )


def test_no_slot_no_trade() -> None:
    where, value, spot = standing(STRATEGIES["cppi"])
    asked = recipe(where.strategy, MODELS["gbm"], value, spot, paths=256)
    still = go_on(asked, replace(where, decides=(False,) * AFTER))
    assert still.figures["turnover"].value == 0.0
    cash = value - where.units * spot
    grown = math.exp(RATE * AFTER * DT), math.exp(YIELD * AFTER * DT)
    np.testing.assert_allclose(still.terminal, cash * grown[0] + where.units * grown[1] * still.index, rtol=1e-12)
    weekly = go_on(asked, replace(where, decides=tuple(k % 5 == 4 for k in range(AFTER))))
    daily = go_on(asked, where)
    assert 0.0 < weekly.figures["turnover"].value < daily.figures["turnover"].value


def test_the_least_weight_is_kept() -> None:
    where, value, spot = standing(STRATEGIES["stop loss"])
    asked = recipe(where.strategy, GBM(0.6, RATE), value, spot, paths=512)
    assert go_on(asked, where).figures["cash_lock_probability"].value > 0.1
    kept = go_on(asked, replace(where, lowest_weight=0.3))
    assert kept.figures["cash_lock_probability"].value == 0.0


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_threads_and_machines_change_no_bit(workers: int) -> None:
    where, value, spot = standing(STRATEGIES["hybrid"])
    asked = recipe(where.strategy, MODELS["heston"], value, spot, paths=1500)
    one = go_on(asked, where, workers=1)
    np.testing.assert_array_equal(one.terminal, go_on(asked, where, workers=workers).terminal)
    sent = pickle.loads(pickle.dumps(Continuation(asked, where)))  # noqa: S301  # our own
    for mine, theirs in zip(Continuation(asked, where).book_numbers(), sent.book_numbers(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_cluster_gives_the_bits_of_one_process() -> None:
    distributed = pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    where, value, spot = standing(STRATEGIES["cppi"])
    asked = recipe(where.strategy, MODELS["merton"], value, spot, paths=3000)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0", protocol="inproc://"
    ) as place:
        away = go_on(asked, where, cluster=place.scheduler_address)
    np.testing.assert_array_equal(go_on(asked, where).terminal, away.terminal)


def test_what_cannot_go_on_is_refused() -> None:
    where, value, spot = standing(STRATEGIES["cppi"])
    asked = recipe(where.strategy, MODELS["gbm"], value, spot)
    with pytest.raises(InvalidInput, match="goes on with its own strategy alone"):
        go_on(replace(asked, strategies=(where.strategy, where.strategy)), where)
    with pytest.raises(InvalidInput, match="decides names 3 closes; there are 24 to go"):
        go_on(asked, replace(where, decides=(True,) * 3))
