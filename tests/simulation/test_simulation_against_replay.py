"""The kernels against the replay: the same strategy along the same path, value by value and cause by cause."""

from typing import Any

import pytest

from insure.backtest import replay
from insure.costs import Costs
from insure.rebalancing import DriftBand, WhalleyWilmottBand
from insure.simulation import Merton, Study, simulate
from insure.simulation.engine import draw
from insure.strategies import (
    BuyAndHold,
    ConstantMix,
    Cppi,
    DeltaNeutral,
    Hybrid,
    Option,
    StaticPut,
    StopLoss,
    Strategy,
    SyntheticPut,
    Tipp,
)

STEPS, YEARS, RATE, VOL = 30, 0.5, 0.03, 0.2
JUMPY = Merton(0.15, 0.05, 6.0, -0.08, 0.08)

STRATEGIES: dict[str, Strategy] = {
    "weight": SyntheticPut(92.0, YEARS, VOL),
    "units": SyntheticPut(92.0, YEARS, VOL, tracking="units"),
    "resolve": SyntheticPut(92.0, YEARS, VOL, tracking="resolve"),
    "paid out": SyntheticPut(92.0, YEARS, VOL, dividends="paid_out"),
    "external": SyntheticPut(92.0, YEARS, VOL, financing="external"),
    "leland": SyntheticPut(92.0, YEARS, VOL, leland_cost_bps=20.0),
    "cppi": Cppi(92.0, 5.0, YEARS),
    "cppi by volatility": Cppi(92.0, 8.0, YEARS, gap_sigmas=4.0, gap_years=0.02),
    "tipp": Tipp(0.92, 5.0),
    "stop loss": StopLoss(92.0, YEARS),
    "mix": ConstantMix(0.6),
    "hold": BuyAndHold(0.9),
    "static put": StaticPut(92.0, YEARS, VOL),
    "hybrid": Hybrid(92.0, YEARS, VOL, bought=0.5, gap=0.95, put_years=0.3),
    "options, hedged": DeltaNeutral((Option("put", 0.5, 95.0, 0.5), Option("call", -0.3, 105.0, 0.25)), VOL),
}
FRICTIONS: dict[str, dict[str, Any]] = {
    "none": {},
    "band and costs": {"cost_bps": 25.0, "band": 0.03},
    "to the edge, levered": {"cost_bps": 25.0, "band": 0.05, "band_to": "edge", "max_weight": 1.5},
    "lag": {"cost_bps": 10.0, "lag": 2},
    "calendar and lag": {"cost_bps": 10.0, "lag": 1, "every": 3, "band": 0.02},
    "throttle": {"max_turnover": 0.05, "cost_bps": 10.0, "every": 2},
    "price list": {
        "costs": Costs(
            commission_per_trade=0.02,
            commission_bps=5.0,
            half_spread_bps=10.0,
            commission_minimum=0.03,
            impact_coefficient=0.5,
            average_daily_volume=50.0,
        ),
        "band": 0.01,
    },
    "a band of its own cost": {"cost_bps": 25.0, "band": WhalleyWilmottBand(25.0, 5.0), "band_to": "edge"},
    "a band that widens": {"cost_bps": 10.0, "band": DriftBand(0.01, 0.25), "lag": 1, "every": 2},
    "lots and tickets": {"lot": 0.1, "min_ticket": 1.0, "cost_bps": 10.0, "lag": 1},
}


def both(strategy: Strategy, frictions: dict[str, Any], paths: int = 6, dividend_yield: float = 0.02) -> None:
    """Simulate, then replay every path, and compare."""
    common: dict[str, Any] = {"rate": RATE, "dividend_yield": dividend_yield, "put_vol": 0.22, **frictions}
    study: Study = simulate(strategy, JUMPY, 100.0, YEARS, STEPS, paths, 7, **common, workers=1)
    causes = study.path_causes()
    closes = draw(study.recipe, 0, paths)
    for path in range(paths):
        oracle = replay(
            strategy, closes[path], 100.0, STEPS, steps_per_year=STEPS / YEARS, vols=_seen(strategy), **common
        )
        assert study.terminal[path] == pytest.approx(oracle.values.iloc[-1], abs=1e-9), (
            f"path {path} ends at {study.terminal[path]!r} here and at {oracle.values.iloc[-1]!r} in the replay"
        )
        assert study.twin[path] == pytest.approx(oracle.twin.iloc[-1], abs=1e-9), f"twins of path {path} differ"
        expected = oracle.attribution().sum()
        for cause in set(expected.index) | set(causes.columns):
            here = float(causes[cause].iloc[path]) if cause in causes else 0.0
            there = float(expected[cause]) if cause in expected.index else 0.0
            assert here == pytest.approx(there, abs=1e-9), (
                f"path {path}: {cause} is {here!r} here, {there!r} in the replay"
            )


def _seen(strategy: Strategy) -> float:
    """What the rule sees: its own volatility, else the model's."""
    return JUMPY.annual_vol if strategy.hedge_vol is None else strategy.hedge_vol


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_is_the_replay(name: str) -> None:
    both(STRATEGIES[name], FRICTIONS["band and costs"])


@pytest.mark.parametrize("name", FRICTIONS)
def test_every_friction_is_the_replay(name: str) -> None:
    both(STRATEGIES["weight"], FRICTIONS[name])


@pytest.mark.parametrize("name", ["units", "cppi", "tipp", "hybrid"])
def test_bands_that_follow_the_path_are_the_replay(name: str) -> None:
    both(STRATEGIES[name], FRICTIONS["a band of its own cost"])


@pytest.mark.parametrize("name", ["static put", "hold", "cppi", "tipp"])
def test_frictions_and_memory_together_are_the_replay(name: str) -> None:
    both(STRATEGIES[name], FRICTIONS["calendar and lag"])
