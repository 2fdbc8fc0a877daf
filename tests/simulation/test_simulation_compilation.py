"""What is compiled, when, and where it is kept; and that a compiled rule is the plain rule."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from insure.rebalancing import Band, DriftBand, WhalleyWilmottBand, target_gamma
from insure.simulation import compilation, kernels
from insure.simulation import layout as at
from insure.simulation.layout import LANES
from insure.strategies import (
    BuyAndHold,
    ConstantMix,
    Cppi,
    DeltaNeutral,
    Hybrid,
    Opening,
    Option,
    Sight,
    State,
    StaticPut,
    StopLoss,
    Strategy,
    SyntheticPut,
    Terms,
    Tipp,
)

STRATEGIES: dict[str, Strategy] = {
    "weight": SyntheticPut(92.0),
    "units": SyntheticPut(92.0, tracking="units"),
    "resolve": SyntheticPut(92.0, tracking="resolve"),
    "external": SyntheticPut(92.0, financing="external", leland_cost_bps=20.0),
    "cppi": Cppi(92.0, 5.0, gap_sigmas=3.0),
    "tipp": Tipp(0.92),
    "stop loss": StopLoss(92.0),
    "mix": ConstantMix(0.5),
    "hold": BuyAndHold(0.8),
    "static put": StaticPut(92.0, vol=0.2),
    "hybrid": Hybrid(92.0, put_years=0.5, gap=0.9),
    "delta neutral": DeltaNeutral((Option("put", 1.0, 95.0, 0.5), Option("call", -0.5, 110.0, 1.0))),
}


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("left", [0.7, 0.01, 0.0])
def test_a_compiled_rule_is_the_plain_rule(name: str, left: float) -> None:
    strategy, random = STRATEGIES[name], np.random.default_rng(11)
    start = strategy.begin(Opening(100.0, 100.0, 1.0, 0.03, 0.01, 0.2))
    kernel = kernels.rule_stage(strategy.rule, len(start.terms), vol_along_path=False)
    world, book = np.zeros((at.WORLD_ROWS, LANES)), np.zeros((at.RING + 1, LANES))
    world[at.LOGS] = random.normal(0.0, 0.2, LANES)
    world[at.SPOTS] = 100.0 * np.exp(world[at.LOGS])
    book[at.NAV] = 100.0 * np.exp(random.normal(0.0, 0.15, LANES))
    book[at.HELD] = random.uniform(0.0, 1.0, LANES)
    for row, first in zip((at.PEAK, at.STRIKE, at.INSURED, at.MARK), start.state, strict=True):
        book[row] = first
    terms = np.zeros(at.B_RULE + len(start.terms))
    terms[at.B_RULE :] = start.terms
    terms[[at.B_RATE, at.B_YIELD, at.B_VOL]] = 0.03, 0.01, 0.2
    schedule = np.zeros(at.SCHEDULE_COLUMNS)
    schedule[[at.S_FLOOR, at.S_ELAPSED, at.S_LEFT_NOW, at.S_SIGNAL]] = 91.0, 1.0 - left, left, 1.0
    before = book.copy()
    kernel(world.ctypes.data, 0, book.ctypes.data, terms.ctypes.data, schedule.ctypes.data)
    for i in range(LANES):
        state = State(*(float(before[row, i]) for row in (at.PEAK, at.STRIKE, at.INSURED, at.MARK)))
        sight = Sight(
            float(before[at.NAV, i]),
            float(world[at.SPOTS, i]),
            float(world[at.LOGS, i]),
            float(before[at.HELD, i]),
            91.0,
            1.0 - left,
            left,
            0.03,
            0.01,
            0.2,
        )
        weight, floor, after = strategy.rule(start.terms, state, sight)
        found = [float(book[row, i]) for row in (at.WEIGHT, at.FLOOR, at.PEAK, at.STRIKE, at.INSURED, at.MARK)]
        expected = [weight, floor, *after]
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-12), f"{name} at {sight}: {found}, plain {expected}"


BANDS: dict[str, Band] = {"of its own cost": WhalleyWilmottBand(25.0, 5.0), "that widens": DriftBand(0.01, 0.25)}


@pytest.mark.parametrize("band", BANDS)
@pytest.mark.parametrize("name", ["weight", "units", "cppi", "tipp", "hybrid"])
@pytest.mark.parametrize("left", [0.7, 0.02])
def test_a_compiled_band_is_the_plain_band(band: str, name: str, left: float) -> None:
    strategy, bound, random = STRATEGIES[name], BANDS[band], np.random.default_rng(12)
    start = strategy.begin(Opening(100.0, 100.0, 1.0, 0.03, 0.01, 0.2))
    kernel = kernels.rule_stage(strategy.rule, len(start.terms), vol_along_path=False, band=bound)
    world, book = np.zeros((at.WORLD_ROWS, LANES)), np.zeros((at.RING + 1, LANES))
    world[at.LOGS] = random.normal(0.0, 0.15, LANES)
    world[at.SPOTS] = 100.0 * np.exp(world[at.LOGS])
    book[at.NAV] = 100.0 * np.exp(random.normal(0.0, 0.1, LANES))
    book[at.HELD] = random.uniform(0.0, 1.0, LANES)
    for row, first in zip((at.PEAK, at.STRIKE, at.INSURED, at.MARK), start.state, strict=True):
        book[row] = first
    terms = np.concatenate([np.zeros(at.B_RULE), start.terms, bound.terms])
    terms[[at.B_RATE, at.B_YIELD, at.B_VOL]] = 0.03, 0.01, 0.2
    schedule = np.zeros(at.SCHEDULE_COLUMNS)
    schedule[[at.S_FLOOR, at.S_ELAPSED, at.S_LEFT_NOW]] = 91.0, 1.0 - left, left
    kernel(world.ctypes.data, 0, book.ctypes.data, terms.ctypes.data, schedule.ctypes.data)
    for i in range(LANES):
        nav, spot, logs = float(book[at.NAV, i]), float(world[at.SPOTS, i]), float(world[at.LOGS, i])
        sight = Sight(nav, spot, logs, float(book[at.HELD, i]), 91.0, 1.0 - left, left, 0.03, 0.01, 0.2)
        plain = bound.rule(bound.terms, sight, target_gamma(strategy.rule, start.terms, start.state, sight))
        # Where gamma is nearly nothing its difference is rounding, and the width a cube root of that.
        allowed = 1e-12 if plain > 1e-4 else 1e-9
        assert book[at.WIDTH, i] == pytest.approx(plain, rel=0.0, abs=allowed), f"{name} at {sight}"


def _hands_on(terms: Terms, state: State, sight: Sight) -> tuple[float, float, State]:
    return sight.weight, sight.floor, state


def _by_place(terms: Terms, state: State, sight: Sight) -> tuple[float, float, State]:
    return state[3], sight.floor, State(state.peak, state.strike, state.units, 0.0)


def _unpacks(terms: Terms, state: State, sight: Sight) -> tuple[float, float, State]:
    _, _, _, mark = state
    return mark, sight.floor, State(0.0, 0.0, 0.0, 0.0)


def _only_writes(terms: Terms, state: State, sight: Sight) -> tuple[float, float, State]:
    return sight.weight, sight.floor, State(state.peak, state.strike, state.units, sight.spot)


def test_memory_that_a_rule_never_reads_is_found() -> None:
    for rule in (_hands_on, _by_place, _unpacks):
        assert compilation.reads(rule, "mark"), f"{rule.__name__} may look at the mark"
    assert not compilation.reads(_only_writes, "mark")
    assert compilation.reads(_only_writes, "peak")
    assert not compilation.reads(Cppi(92.0).rule, "mark")


@pytest.mark.parametrize("name", STRATEGIES)
def test_memory_that_a_rule_never_reads_changes_no_answer(name: str) -> None:
    strategy = STRATEGIES[name]
    start = strategy.begin(Opening(100.0, 100.0, 1.0, 0.03, 0.01, 0.2))
    sight = Sight(101.0, 97.0, np.log(0.97), 0.6, 91.0, 0.3, 0.7, 0.03, 0.01, 0.2)
    asked = strategy.rule(start.terms, start.state, sight)
    for field in State._fields:
        if not compilation.reads(strategy.rule, field):
            other = start.state._replace(**{field: 0.37 * getattr(start.state, field) + 5.0})
            assert strategy.rule(start.terms, other, sight) == asked, f"{name} answers by its {field}"


def test_importing_the_laboratory_loads_no_compiler() -> None:
    heavy = "('numba', 'llvmlite', 'pandas', 'arch', 'matplotlib', 'scipy.stats')"
    code = f"import sys, insure.simulation; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]", f"importing insure.simulation loads {done.stdout.strip()}"


def test_a_kernel_is_compiled_once_and_anew_when_a_source_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSURE_CACHE_DIR", str(tmp_path / "cache"))
    rule = ConstantMix().rule

    def built() -> bool:
        return kernels.rule_stage(rule, 1, vol_along_path=False).from_cache

    assert [built(), built()] == [False, True], "the second build does not come out of the cache"
    monkeypatch.setattr(compilation, "source_digest", lambda: "0" * 64)
    assert not built(), "a changed source is served from the cache"


def test_a_damaged_cache_is_compiled_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSURE_CACHE_DIR", str(tmp_path))
    rule = ConstantMix().rule
    kernels.rule_stage(rule, 1, vol_along_path=False)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    assert not kernels.rule_stage(rule, 1, vol_along_path=False).from_cache
    assert kernels.rule_stage(rule, 1, vol_along_path=False).from_cache
