"""Rare breaches against closed forms down to 1e-7, and against waiting for them at 1e-3."""

import math
from typing import Any

import numpy as np
import pytest

from insure.errors import InvalidInput
from insure.gap_risk import discrete_cppi, jump_cppi
from insure.simulation import GBM, Heston, Merton, Recipe, simulate
from insure.simulation.rare import rare
from insure.strategies import BuyAndHold, Cppi, Strategy, SyntheticPut

RATE = 0.03
UNBOUNDED = 1e6


def recipe(strategy: Strategy, model: GBM | Merton, steps: int, paths: int = 20_480, **more: Any) -> Recipe:
    return Recipe(
        strategies=(strategy,), model=model, steps=steps, paths=paths, seed=12, rate=RATE, max_weight=UNBOUNDED, **more
    )


@pytest.mark.parametrize("multiplier", [8.0, 6.0, 5.0, 4.0])
def test_deep_steps_of_a_diffusion_are_balders(multiplier: float) -> None:
    """Monthly trading: from 3e-2 down to 1e-6 and below."""
    vol, drift, steps = 0.2, 0.06, 12
    exact = discrete_cppi(100.0, 90.0, multiplier, 1.0, steps, RATE, drift, vol)
    found = rare(recipe(Cppi(90.0, multiplier), GBM(vol, drift), steps))
    value, error = found.probability.value, found.probability.standard_error
    assert abs(value - exact.shortfall_probability) < 4.0 * error, (
        f"multiplier {multiplier}: {value:.4g} +- {error:.1g}, closed form {exact.shortfall_probability:.4g}"
    )
    assert error < 0.08 * value, f"the error is {error / value:.1%} of {value:.3g} with 20,480 paths"
    size = found.expected_size
    assert abs(size.value - exact.expected_shortfall) < 4.0 * size.standard_error
    assert abs(found.weight.value - 1.0) < 5.0 * found.weight.standard_error


@pytest.mark.parametrize(
    ("model", "multiplier"),
    [
        (Merton(0.05, 0.06, 0.05, -0.05, 0.06), 6.0),
        (Merton(0.05, 0.06, 0.02, -0.05, 0.06), 4.0),
    ],
)
def test_deep_jumps_are_cont_and_tankovs(model: Merton, multiplier: float) -> None:
    exact = jump_cppi(100.0, 90.0, multiplier, 1.0, RATE, 0.06, model)
    found = rare(recipe(Cppi(90.0, multiplier), model, 250, 6144))
    value, error = found.probability.value, found.probability.standard_error
    # A step's diffusion beside the jump, and a second jump in the same step, are of the order of the step.
    scheme = 0.05 * exact.loss_probability
    assert abs(value - exact.loss_probability) < 4.0 * error + scheme, (
        f"{value:.4g} +- {error:.1g}, closed form {exact.loss_probability:.4g}"
    )
    assert error < 0.1 * value, f"the error is {error / value:.1%} of {value:.3g}"


@pytest.mark.parametrize("event", ["shortfall", "breach"])
def test_waiting_for_it_gives_the_same(event: str) -> None:
    """A capped put replication with costs and a lag has no closed form: 300,000 plain paths at 1e-3."""
    given = recipe(Cppi(92.0, 5.0), Merton(0.15, 0.06, 0.3, -0.08, 0.06), 50, 20_480, band=0.02, lag=1)
    plain = simulate(
        Cppi(92.0, 5.0),
        given.model,
        steps=50,
        paths=300_000,
        seed=77,
        rate=RATE,
        band=0.02,
        lag=1,
        max_weight=UNBOUNDED,
    )
    found = rare(given, event=event)  # type: ignore[arg-type]  # a parameter's text
    expected = plain.figures[f"{event}_probability"]
    assert 2e-4 < expected.value < 2e-2, f"the case should be near 1e-3, it is {expected.value:.2g}"
    apart = abs(found.probability.value - expected.value)
    allowed = 4.0 * math.hypot(found.probability.standard_error, expected.standard_error)
    assert apart < allowed, f"{found.probability}, by waiting {expected}"
    per_path = found.probability.standard_error * math.sqrt(20_480)
    assert per_path < expected.standard_error * math.sqrt(300_000), "sampling by importance is noisier than waiting"


def test_errors_stated_are_the_true_ones() -> None:
    """Over 40 seeds the estimates scatter as their standard errors say."""
    found = []
    for seed in range(40):
        given = Recipe(
            strategies=(Cppi(90.0, 5.0),), model=GBM(0.2, 0.06), steps=12, paths=2048, seed=seed, max_weight=UNBOUNDED
        )
        found.append(rare(given, depth=0.2).probability)
    exact = discrete_cppi(100.0, 90.0, 5.0, 1.0, 12, RATE, 0.06, 0.2).shortfall_probability
    distances = np.array([(one.value - exact) / one.standard_error for one in found])
    assert 0.7 < distances.std() < 1.4, f"estimates scatter {distances.std():.2f} of what is stated"
    assert abs(distances.mean()) < 0.6


def test_threads_change_no_bit() -> None:
    given = recipe(SyntheticPut(90.0, vol=0.2), Merton(0.15, 0.06, 1.0, -0.1, 0.1), 20, 9000)
    one, three = (rare(given, event="breach", depth=0.3, workers=workers) for workers in (1, 3))
    assert one == three


def test_what_cannot_be_weighted_is_refused() -> None:
    heston = Recipe(strategies=(Cppi(90.0),), model=Heston(0.04, 0.04, 2.0, 0.5, -0.7), steps=12)
    with pytest.raises(InvalidInput, match="heston"):
        rare(heston)
    with pytest.raises(InvalidInput, match="promises nothing"):
        rare(recipe(BuyAndHold(), GBM(0.2, 0.05), 4))
