"""Compiled paths against the formulas of their models, written out in NumPy on the same random numbers."""

import math

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import poisson

from insure.arguments import FloatArray
from insure.simulation import Bates, Heston, Merton, Recipe
from insure.simulation import random as streams
from insure.simulation.engine import draw
from insure.strategies import BuyAndHold

SEED, STEPS, PATHS = 17, 40, 512
CASES = {
    "calm": Heston(0.04, 0.04, 2.0, 0.3, -0.7, 0.05),
    "often near zero": Heston(0.01, 0.02, 1.0, 1.0, -0.9, 0.05),
    "from zero": Heston(0.0, 0.04, 2.0, 0.8, 0.3, 0.05),
}


def normals(stream: int) -> FloatArray:
    """(steps, paths)."""
    numbers = np.arange(PATHS, dtype=np.int64)
    return np.concatenate([streams.normals(SEED, numbers, k, stream) for k in range(-(-STEPS // 4))])[:STEPS]


def quadratic_exponential(model: Heston, dt: float) -> tuple[FloatArray, float]:
    """Andersen (2008), 3.2.4, martingale correction of 4.3: spots (paths, steps + 1), and how often psi > 3/2."""
    kappa, theta, xi, rho = model.reversion, model.mean_variance, model.vol_of_variance, model.correlation
    decay = math.exp(-kappa * dt)
    k1 = 0.5 * dt * (kappa * rho / xi - 0.5) - rho / xi
    k2 = 0.5 * dt * (kappa * rho / xi - 0.5) + rho / xi
    k3 = k4 = 0.5 * dt * (1.0 - rho * rho)
    lever = k2 + 0.5 * k4
    v, logs, spots, wild_steps = np.full(PATHS, model.variance), np.zeros(PATHS), [np.full(PATHS, 100.0)], 0
    for z, w in zip(normals(streams.VARIANCE), normals(streams.DIFFUSION), strict=True):
        mean = theta + (v - theta) * decay
        square = v * xi**2 * decay * (1.0 - decay) / kappa + theta * xi**2 * (1.0 - decay) ** 2 / (2.0 * kappa)
        psi = square / mean**2
        wild = psi > 1.5
        b2 = 2.0 / np.where(wild, 1.5, psi) - 1.0
        b2 = b2 + np.sqrt((b2 + 1.0) * b2)
        a = mean / (1.0 + b2)
        p = np.where(wild, (psi - 1.0) / (psi + 1.0), 0.0)
        beta = (1.0 - p) / mean
        tail = np.maximum(np.log((1.0 - p) / ndtr(-z)), 0.0) / beta
        after = np.where(wild, tail, a * (np.sqrt(b2) + z) ** 2)
        rest = np.where(wild, 1.0, 1.0 - 2.0 * lever * a)
        calm_log = lever * b2 * a / rest - 0.5 * np.log(rest)
        expected = np.where(wild, np.log(p + beta * (1.0 - p) / (beta - lever)), calm_log)
        k0 = -expected - (k1 + 0.5 * k3) * v
        logs = logs + model.drift * dt + k0 + k1 * v + k2 * after + np.sqrt(k3 * v + k4 * after) * w
        v = after
        wild_steps += int(wild.sum())
        spots.append(100.0 * np.exp(logs))
    return np.array(spots).T, wild_steps / (STEPS * PATHS)


@pytest.mark.parametrize("name", CASES)
def test_heston_is_andersens_scheme(name: str) -> None:
    model = CASES[name]
    recipe = Recipe(strategies=(BuyAndHold(),), model=model, steps=STEPS, years=STEPS / 252, seed=SEED, paths=PATHS)
    expected, wild = quadratic_exponential(model, recipe.dt)
    assert (wild > 0.02) == (name != "calm"), f"{name}: {wild:.1%} of the steps have psi above 3/2"
    found = draw(recipe, 0, PATHS)
    worst = float(np.max(np.abs(found / expected - 1.0)))
    assert worst < 1e-11, f"{name}: the kernel is {worst:.1e} off the scheme"


def test_coarse_steps_are_the_same_scheme() -> None:
    """Steps of a quarter: the correction's logarithm needs more than its series."""
    model = Heston(0.04, 0.04, 1.5, 0.6, -0.8, 0.05)
    recipe = Recipe(strategies=(BuyAndHold(),), model=model, steps=STEPS, years=STEPS / 4, seed=SEED, paths=PATHS)
    expected, _ = quadratic_exponential(model, recipe.dt)
    worst = float(np.max(np.abs(draw(recipe, 0, PATHS) / expected - 1.0)))
    assert worst < 1e-11, f"the kernel is {worst:.1e} off the scheme"


def jump_counts(levels: list[float], paths: int, steps: int) -> FloatArray:
    """(steps, paths): how many jumps fall on a step; levels[k] = P(count <= k) over the four steps of a draw."""
    numbers = np.arange(paths, dtype=np.int64)
    edges = np.array([*levels, 1.0])
    counts: list[FloatArray] = []
    for k in range(-(-steps // 4)):
        u = streams.uniforms(SEED, numbers, k // 4, streams.JUMPS)[k % 4]
        together = sum((u > level).astype(np.int64) for level in levels)
        single = np.minimum((4.0 * (u - edges[0]) / (edges[1] - edges[0])).astype(np.int64), 3)
        of_step = [((together == 1) & (single == q)).astype(np.float64) for q in range(4)]
        for jump in range(int(np.max(together))):
            words = streams.words(SEED, numbers, k, streams.LATER_JUMPS + 256 * (jump // 64))
            step = (words[jump // 16 % 4] >> np.uint64(2 * (jump % 16))) & np.uint64(3)
            for q in range(4):
                of_step[q] += (together > max(jump, 1)) & (step == q)
        counts.extend(of_step)
    return np.array(counts[:steps])


def test_jumps_fall_where_their_uniforms_say() -> None:
    """Merton with jumps of one size and Bates without any: what is left is known path by path."""
    size = -0.07
    model = Merton(0.2, 0.05, 12.0, size, 0.0)
    recipe = Recipe(strategies=(BuyAndHold(),), model=model, steps=STEPS, years=STEPS / 252, seed=SEED, paths=PATHS)
    drift, deviation, _, _, count, *levels = model.dynamics(recipe.dt, 0.0).terms
    jumps = jump_counts(levels[: int(count)], PATHS, STEPS)
    assert np.max(jumps) >= 2.0, "no step has two jumps"
    logs = np.cumsum(drift + deviation * normals(streams.DIFFUSION) + size * jumps, axis=0).T
    assert np.allclose(draw(recipe, 0, PATHS)[:, 1:], 100.0 * np.exp(logs), rtol=1e-12, atol=0.0)

    calm = Heston(0.04, 0.04, 2.0, 0.3, -0.7, 0.05)
    jumpless = Bates(0.04, 0.04, 2.0, 0.3, -0.7, 0.0, -0.1, 0.1, 0.05)
    both = [
        draw(Recipe(strategies=(BuyAndHold(),), model=one, steps=STEPS, years=STEPS / 252, seed=SEED), 0, PATHS)
        for one in (calm, jumpless)
    ]
    assert np.array_equal(both[0], both[1]), "Bates without jumps is not Heston"


@pytest.mark.parametrize("expected", [0.001, 0.05, 0.6])
def test_jumps_of_a_step_are_poissons_and_know_nothing_of_other_steps(expected: float) -> None:
    """Of one uniform a draw: the counts have Poisson's law on each of its four steps, and any two are independent."""
    paths, steps = 100_000, 24
    levels = [float(poisson.cdf(k, 4.0 * expected)) for k in range(24)]
    counts = jump_counts(levels, paths, steps)
    for q in range(4):
        of_step = counts[q::4].ravel()
        for k in range(3):
            share = float(poisson.pmf(k, expected))
            error = math.sqrt(share * (1.0 - share) / of_step.size)
            found = float(np.mean(of_step == k))
            assert abs(found - share) <= 4.0 * error, f"step {q}: P({k} jumps) is {found:.6f}, Poisson says {share:.6f}"
    for one in range(8):
        for other in range(one):
            together = float(np.mean(counts[one] * counts[other])) - expected**2
            error = math.sqrt((expected + expected**2) ** 2 / paths)
            assert abs(together) <= 4.0 * error, f"jumps of steps {other} and {one} go together: {together:.2e}"
