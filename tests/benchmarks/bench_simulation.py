"""The laboratory's figures as ratios, all in one run: ``make bench``, or this file by itself."""

import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Protocol

import numpy as np
from scipy.special import ndtr

from insure.simulation import GBM, Bates, Bootstrap, Heston, Kou, Merton, Model, Recipe, Study, compare, simulate
from insure.simulation.engine import run
from insure.strategies import Cppi, Opening, Strategy, SyntheticPut

PATHS, STEPS, RATE, VOL, DRIFT = 50_000, 252, 0.03, 0.2, 0.07
COST_BPS, BAND = 10.0, 0.02


class Benchmark(Protocol):
    """What is used of pytest-benchmark's fixture."""

    def pedantic(self, target: Callable[[], object], *, rounds: int, iterations: int) -> object:
        """Run and time."""
        ...


def seconds(work: Callable[[], object], times: int = 5, clock: Callable[[], float] = time.process_time) -> float:
    """The best of several runs, in processor time: what other programs take is not ours."""
    best = math.inf
    for _ in range(times):
        begun = clock()
        work()
        best = min(best, clock() - begun)
    return best


def numpy_fund(*, option: bool) -> float:
    """The same fund in vectorised NumPy, without twin and attribution: CPPI, or the weight-tracking put."""
    random = np.random.default_rng(1)
    dt = 1.0 / STEPS
    spot, cash, units = np.full(PATHS, 100.0), np.full(PATHS, 100.0), np.zeros(PATHS)
    begun = SyntheticPut(90.0).begin(Opening(100.0, 100.0, 1.0, RATE, 0.0, VOL))
    strike, structure = begun.state.strike, begun.state.units
    for i in range(STEPS):
        left = 1.0 - i * dt
        nav = cash + units * spot
        held = units * spot / nav
        if option:
            deviation = VOL * math.sqrt(left)
            d1 = (np.log(spot / strike) + RATE * left) / deviation + 0.5 * deviation
            equity = structure * spot * ndtr(d1)
            bond = structure * strike * math.exp(-RATE * left) * ndtr(deviation - d1)
            weight = equity / (equity + bond)
        else:
            weight = 4.0 * np.maximum(nav - 90.0 * math.exp(-RATE * left), 0.0) / nav
        weight = np.minimum(weight, 1.0)
        wanted = np.where(np.abs(weight - held) <= BAND, units, weight * nav / spot) if i else weight * nav / spot
        affordable = units + np.maximum(cash, 0.0) / (spot * (1.0 + COST_BPS * 1e-4))
        wanted = np.where(wanted > units, np.minimum(wanted, affordable), wanted)
        change = wanted - units
        cash = (cash - change * spot - COST_BPS * 1e-4 * np.abs(change) * spot) * math.exp(RATE * dt)
        units = wanted
        spot = spot * np.exp((DRIFT - 0.5 * VOL**2) * dt + VOL * math.sqrt(dt) * random.standard_normal(PATHS))
    return float((cash + units * spot).mean())


def ours(strategy: Strategy, model: Model, workers: int = 1) -> Callable[[], Study]:
    """A study as it is asked for: fund and twin; besides what NumPy computes, breaches, turnover, costs, exposure."""
    return lambda: simulate(
        strategy, model, paths=PATHS, steps=STEPS, rate=RATE, cost_bps=COST_BPS, band=BAND, workers=workers
    )


def attributed(strategy: Strategy, model: Model) -> Callable[[], object]:
    """The twin at every step and slippage by cause, which a study computes when it is asked."""
    study = ours(strategy, model)()
    return lambda: run(study._arrangement, workers=1)  # what the first ``attribution()`` runs


def sweep(count: int) -> Callable[[], object]:
    """Several multipliers on the same paths."""
    strategies = tuple(Cppi(90.0, 3.0 + 0.25 * k) for k in range(count))
    return lambda: compare(Recipe(strategies=strategies, model=GBM(VOL, DRIFT), paths=PATHS, put_vol=VOL), workers=1)


_MEMORY = """
from pathlib import Path
from insure.simulation import GBM, simulate
from insure.strategies import Cppi
study = simulate(Cppi(90.0), GBM(0.2, 0.07), paths={paths}, steps={steps}, cost_bps=10.0, band=0.02)
lines = Path("/proc/self/status").read_text().splitlines()
print(next(int(line.split()[1]) for line in lines if "VmHWM" in line) / 1024)
"""


def memory(paths: int, steps: int) -> float:
    """Peak of a fresh process, MB."""
    code = _MEMORY.format(paths=paths, steps=steps)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


_FIRST = """
import time
from insure.simulation import GBM, simulate
from insure.strategies import Cppi, SyntheticPut
told = []
for strategy in (Cppi(90.0), SyntheticPut(90.0), SyntheticPut(90.0)):
    begun = time.perf_counter()
    simulate(strategy, GBM(0.2, 0.07), paths=256, steps=4, progress=lambda what, done: told.append(what))
    print(round(time.perf_counter() - begun, 2), sum("compiled" in what for what in told))
"""


def first_use() -> list[str]:
    """Seconds and kernels compiled so far: a first strategy, a second, the second again."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "INSURE_CACHE_DIR": folder}
        done = subprocess.run(
            [sys.executable, "-c", _FIRST], capture_output=True, text=True, check=True, env=environment
        )
    return done.stdout.strip().splitlines()


def table() -> None:
    """Print every ratio with what it must reach."""
    cppi, put, gbm = Cppi(90.0), SyntheticPut(90.0), GBM(VOL, DRIFT)
    lines: list[tuple[str, str, str]] = []
    base: dict[str, float] = {}
    for name, strategy, option in (("CPPI", cppi, False), ("OBPI", put, True)):
        ours(strategy, gbm)()
        numpy_time = seconds(lambda option=option: numpy_fund(option=option), 3)  # type: ignore[misc]  # bound now
        one = seconds(ours(strategy, gbm))
        wall_one, wall_two = (seconds(ours(strategy, gbm, n), 9, time.perf_counter) for n in (1, 2))
        base[name] = one
        per = 1e9 / (PATHS * STEPS)
        whole = seconds(attributed(strategy, gbm))
        lines += [
            (
                f"{name}: NumPy / one thread with causes",
                f"{numpy_time / whole:.1f}x",
                f"({whole * 1e9 / (PATHS * STEPS):.1f} ns)",
            ),
            (
                f"{name}: NumPy / one thread",
                f"{numpy_time / one:.1f}x",
                f"({numpy_time * per:.1f} / {one * per:.1f} ns)",
            ),
            (f"{name}: NumPy / two threads", f"{numpy_time / one * wall_one / wall_two:.1f}x", ">= 10x"),
            (f"{name}: two threads against one", f"{wall_one / wall_two:.2f}x", ">= 1.85x, by the clock on the wall"),
        ]
    history = (np.random.default_rng(1).standard_t(4, 2500) * 0.008).tolist()
    models: tuple[Model, ...] = (
        Merton(0.15, DRIFT, 1.0, -0.05, 0.1),
        Kou(0.15, DRIFT, 1.0, 0.3, 20.0, 15.0),
        Heston(0.04, 0.04, 2.0, 0.5, -0.7, DRIFT),
        Bates(0.04, 0.04, 2.0, 0.5, -0.7, 1.0, -0.05, 0.1, DRIFT),
        Bootstrap(history, 10.0, DRIFT),
    )
    for model in models:
        for name, strategy in (("CPPI", cppi), ("OBPI", put)):
            ours(strategy, model)()
            ratio = seconds(ours(strategy, model)) / base[name]
            lines.append((f"{name}: {type(model).__name__} / GBM", f"{ratio:.2f}x", "<= 2.5x"))
    alone, nine = seconds(sweep(1)), seconds(sweep(9), 3)
    lines.append(("each further strategy / its own run", f"{(nine - alone) / 8 / alone:.2f}", "<= 0.30"))
    small, large, long = memory(256, 4), memory(1_000_000, 252), memory(100_000, 2520)
    lines.append(("peak memory, 1e6 paths x 252 steps", f"{large:.0f} MB", f"< 250 MB (256 paths: {small:.0f} MB)"))
    lines.append(("peak memory, 1e5 paths x 2,520 steps", f"{long:.0f} MB", "flat in steps"))
    for what, line in zip(("first strategy", "second strategy", "again"), first_use(), strict=True):
        taken, count = line.split()
        lines.append((f"first use, {what}", f"{taken} s", f"{count} kernels compiled so far; <= 3 s a strategy"))
    for name, found, wanted in lines:
        sys.stdout.write(f"{name:40s} {found:>10s}   {wanted}\n")


def bench_simulation(benchmark: Benchmark) -> None:
    """The table, once."""
    benchmark.pedantic(table, rounds=1, iterations=1)


if __name__ == "__main__":
    table()
