"""The laboratory's figures as ratios, all in one run: ``make bench``, or this file by itself."""

import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

import numpy as np

from insure.arguments import FloatArray
from insure.costs import Costs
from insure.pricing.black_scholes import Greeks
from insure.simulation import (
    GBM,
    Bates,
    Bootstrap,
    Heston,
    Kou,
    Merton,
    Model,
    Recipe,
    Study,
    compare,
    greeks,
    simulate,
)
from insure.simulation.engine import run
from insure.strategies import Cppi, Strategy, SyntheticPut
from tests.benchmarks import peers

PATHS, STEPS, RATE, VOL, DRIFT = 100_000, 252, 0.03, 0.2, 0.07
"""Paths: what ``simulate`` takes where nobody says otherwise."""
COST_BPS, BAND = 10.0, 0.02
FUND = peers.Terms(PATHS, STEPS, RATE, VOL, DRIFT, COST_BPS, BAND)
OPTIONS, FEW_OPTIONS, FEW_PATHS = 1_000_000, 20_000, 200
SOME_PATHS, PLACES = 25_600, 24
Line = tuple[str, str, str]


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


def in_turn(
    works: Sequence[Callable[[], object]], times: int = 7, clock: Callable[[], float] = time.process_time
) -> list[float]:
    """The best of several runs of each, A B A B, so that a busy neighbour falls on all of them alike."""
    best = [math.inf] * len(works)
    for _ in range(times):
        for number, work in enumerate(works):
            best[number] = min(best[number], seconds(work, 1, clock))
    return best


def ours(strategy: Strategy, model: Model, workers: int = 1) -> Callable[[], Study]:
    """A study as it is asked for: fund and twin; besides what NumPy computes, breaches, turnover, costs, exposure."""
    return lambda: simulate(
        strategy, model, paths=PATHS, steps=STEPS, rate=RATE, cost_bps=COST_BPS, band=BAND, workers=workers
    )


def attributed(strategy: Strategy, model: Model) -> Callable[[], object]:
    """The twin at every step and slippage by cause, which a study computes when it is asked."""
    study = ours(strategy, model)()
    return lambda: run(study._arrangement, workers=1)  # what the first ``attribution()`` runs


def sweep(count: int, *, frictions: bool = False) -> Callable[[], object]:
    """Several multipliers on the same paths, with or without costs and band."""
    strategies = tuple(Cppi(90.0, 3.0 + 0.25 * k) for k in range(count))
    free = Recipe(strategies=strategies, model=GBM(VOL, DRIFT), paths=SOME_PATHS, put_vol=VOL)
    costly = replace(free, costs=Costs(commission_bps=COST_BPS), band=BAND)
    return lambda: compare(costly if frictions else free, workers=1)


def shared(*, frictions: bool) -> tuple[float, float]:
    """Nanoseconds a path and step of one strategy alone, and of each of eight more on its paths.

    Which rows of a study are in each other's way in the nearest cache hangs on where its memory lies, by 20 per cent:
    the mean over several places.
    """
    one, nine = sweep(1, frictions=frictions), sweep(9, frictions=frictions)
    one()
    occupied, spent = [], [0.0, 0.0]
    for size in np.random.default_rng(1).integers(300, 1_500, PLACES).tolist():
        alone, all_nine = seconds(one, 3), seconds(nine, 2)
        spent[0] += alone
        spent[1] += (all_nine - alone) / 8
        occupied.append(np.empty(size * 512))  # a new place for what comes next
    return spent[0] * 1e9 / (PLACES * SOME_PATHS * STEPS), spent[1] * 1e9 / (PLACES * SOME_PATHS * STEPS)


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


def jax_line(name: str, begun: Callable[[], Callable[[], object]], ours: float) -> list[Line]:
    """JAX on the processors that it takes for itself, by the clock on the wall; compiled before it is measured."""
    if not peers.installed("jax"):
        return [(name, "not installed", ">= 7x; the extra `peers` has it")]
    work = begun()
    work()
    return [(name, f"{seconds(work, 5, time.perf_counter) / ours:.1f}x", ">= 7x, by the clock on the wall")]


def quantlib_lines(cppi: float) -> list[Line]:
    """The fund along QuantLib's paths; per path-step, since nobody waits for as many of them."""
    if not peers.installed("QuantLib"):
        return [("CPPI: QuantLib / one thread", "not installed", "")]
    taken = seconds(lambda: peers.quantlib_fund(FUND, FEW_PATHS), 2) / FEW_PATHS
    return [("CPPI: QuantLib / one thread", f"{taken / (cppi / PATHS):.0f}x", "its paths, a loop in Python")]


def six(given: tuple[FloatArray, ...], threads: int, clock: Callable[[], float], *, held: bool = False) -> float:
    """Seconds for price and five Greeks; each result let go before the next one, or all of them held."""
    spot, strike, years, rate, vol, paid = given
    kept: list[Greeks[FloatArray]] = []

    def work() -> None:
        found = greeks("put", spot, strike, years, rate, vol, paid, workers=threads)
        if held:
            kept.append(found)

    if held:
        work()  # takes what an earlier result left
    return seconds(work, 5 if held else 25, clock)


def options() -> list[Line]:
    """Price and five Greeks of a million puts; SciPy has one thread."""
    given = peers.options(OPTIONS)
    spot, strike, years, rate, vol, paid = given
    greeks("put", spot, strike, years, rate, vol, paid)
    theirs = seconds(lambda: peers.scipy_six(spot, strike, years, rate, vol, paid), 9)
    one = six(given, 1, time.process_time)
    wall_one, wall_two = (six(given, threads, time.perf_counter) for threads in (1, 2))
    held = six(given, 2, time.perf_counter, held=True)
    lines = [
        (
            "six values of 1e6 options: SciPy / one",
            f"{theirs / one:.1f}x",
            f"({theirs * 1e3:.0f} / {one * 1e3:.1f} ms)",
        ),
        ("six values: SciPy / two threads", f"{theirs / one * wall_one / wall_two:.1f}x", ">= 10x"),
        ("the same, every result held", f"{theirs / one * wall_one / held:.1f}x", "in memory that the system clears"),
        *jax_line("six values: JAX / two threads", lambda: peers.jax_six(given), wall_two),
    ]
    if peers.installed("QuantLib"):
        few = peers.options(FEW_OPTIONS)
        taken = seconds(lambda: peers.quantlib_six(few), 2) / FEW_OPTIONS * OPTIONS
        lines.append(("six values: QuantLib / one thread", f"{taken / one:.0f}x", "BlackCalculator, one by one"))
    else:
        lines.append(("six values: QuantLib / one thread", "not installed", ""))
    return lines


def table() -> None:
    """Print every ratio with what it must reach."""
    cppi, put, gbm = Cppi(90.0), SyntheticPut(90.0), GBM(VOL, DRIFT)
    lines: list[Line] = []
    base: dict[str, float] = {}
    for name, strategy, option in (("CPPI", cppi, False), ("OBPI", put, True)):
        ours(strategy, gbm)()
        numpy_time, one = in_turn([partial(peers.numpy_fund, FUND, option=option), ours(strategy, gbm)])
        wall_one, wall_two = in_turn([ours(strategy, gbm, n) for n in (1, 2)], 25, time.perf_counter)
        base[name] = one
        per = 1e9 / (PATHS * STEPS)
        whole = seconds(attributed(strategy, gbm))
        lines += jax_line(f"{name}: JAX / two threads", partial(peers.jax_fund, FUND, option=option), wall_two)
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
            spent, lognormal = in_turn([ours(strategy, model), ours(strategy, gbm)])
            lines.append((f"{name}: {type(model).__name__} / GBM", f"{spent / lognormal:.2f}x", "<= 2.5x"))
    lines += quantlib_lines(base["CPPI"])
    lines += options()
    for what, frictions in (("each further strategy / its own run", False), ("the same with costs and band", True)):
        alone, further = shared(frictions=frictions)
        lines.append(
            (what, f"{further / alone:.2f}", f"<= 0.30  ({further:.2f} / {alone:.2f} ns, {PLACES} places in memory)")
        )
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
