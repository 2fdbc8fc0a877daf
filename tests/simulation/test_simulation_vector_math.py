"""Packed elementary functions against the plain ones, at the accuracy that their module states."""

from collections.abc import Callable

import numpy as np
import pytest

from insure.arguments import FloatArray
from insure.pricing import elementary
from insure.simulation import vector_math
from insure.simulation.compilation import FLOATS, Kernel
from insure.simulation.compiler import Pointer, carray, types


def over(function: Callable[[float], float], name: str, values: FloatArray) -> FloatArray:
    """The compiled function over an array."""

    def loop(given: Pointer, found: Pointer, size: int) -> None:
        x, y = carray(given, (size,)), carray(found, (size,))
        for i in range(size):
            y[i] = function(x[i])

    kernel = Kernel(loop, types.void(FLOATS, FLOATS, types.int64), f"test-{name}", kept=False)
    found = np.empty_like(values)
    kernel(values.ctypes.data, found.ctypes.data, values.size)
    return found


GRID = np.random.default_rng(1)
CASES: list[tuple[str, FloatArray, float]] = [
    ("exp", np.concatenate([GRID.uniform(-707, 709, 4000), GRID.normal(0, 1e-3, 1000)]), 5e-16),
    ("log", np.concatenate([GRID.lognormal(0, 50, 4000), 1.0 + GRID.normal(0, 1e-6, 1000)]), 5e-16),
    ("sqrt", GRID.lognormal(0, 50, 4000), 0.0),
    ("norm_cdf", GRID.uniform(-8, 9, 6000), 2e-14),
    ("norm_cdf", GRID.uniform(-1, 9, 6000), 4e-15),
    ("norm_cdf", GRID.uniform(-37, -8, 4000), 5e-13),
]


@pytest.mark.parametrize(("name", "values", "allowed"), CASES)
def test_packed_functions_have_the_accuracy_stated(name: str, values: FloatArray, allowed: float) -> None:
    plain: Callable[[float], float] = getattr(elementary, name)
    expected = np.array([plain(float(x)) for x in values])
    found = over(plain, name, values)
    worst = (
        float(np.max(np.abs(found / expected - 1.0)))
        if name != "log"
        else float(np.max(np.abs(found - expected) / np.maximum(np.abs(expected), 1e-300)))
    )
    assert worst <= allowed, f"{name} is off by {worst:.1e} relative; {allowed:.0e} is stated"


def test_density_is_accurate() -> None:
    values = GRID.uniform(-40, 40, 4000)
    expected = np.array([elementary.norm_pdf(float(x)) for x in values])
    worst = float(np.max(np.abs(over(elementary.norm_pdf, "norm_pdf", values) - expected)))
    assert worst <= 5e-16, f"norm_pdf is off by {worst:.1e}"


@pytest.mark.parametrize(
    ("name", "at", "expected"),
    [
        ("exp", 0.0, 1.0),
        ("exp", -np.inf, 0.0),
        ("exp", np.inf, np.inf),
        ("exp", 800.0, np.inf),
        ("exp", -800.0, 0.0),
        ("exp", np.nan, np.nan),
        ("log", 0.0, -np.inf),
        ("log", -1.0, -np.inf),
        ("log", np.inf, np.inf),
        ("log", np.nan, np.nan),
        ("norm_cdf", np.inf, 1.0),
        ("norm_cdf", -np.inf, 0.0),
        ("norm_cdf", 0.0, 0.5),
        ("norm_cdf", 1e200, 1.0),
        ("norm_cdf", -1e200, 0.0),
    ],
)
def test_edges_are_those_of_the_plain_functions(name: str, at: float, expected: float) -> None:
    found = over(getattr(elementary, name), name, np.array([at]))[0]
    assert found == pytest.approx(expected, abs=1e-15, nan_ok=True), f"{name}({at}) is {found}, not {expected}"


def test_sine_and_cosine_of_a_turn() -> None:
    turns = np.concatenate([np.linspace(0.0, 1.0, 4001), GRID.uniform(0, 1, 4000)])
    for which, expected in ((0, np.sin), (1, np.cos)):

        def part(u: float, which: int = which) -> float:
            sine, cosine = vector_math.sine_cosine(u)
            return sine if which == 0 else cosine

        compiled = vector_math.compiled(part)
        worst = float(np.max(np.abs(over(compiled, f"turn-{which}", turns) - expected(2.0 * np.pi * turns))))
        assert worst <= 1.5e-15, f"off by {worst:.1e}; NumPy's own 2 pi u is rounded at 9e-16"
