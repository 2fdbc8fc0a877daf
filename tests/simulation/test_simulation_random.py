"""Philox against the published vectors, its NumPy twin against the kernels, and the laws of what is drawn."""

import numpy as np
import pytest

from insure.simulation import GBM, Recipe
from insure.simulation import random as streams
from insure.simulation.engine import draw
from insure.strategies import BuyAndHold

# kat_vectors of Random123 (Salmon et al. 2011), philox 4x32, 10 rounds.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_the_published_vectors(counter: tuple[int, ...], key: tuple[int, int], expected: tuple[int, ...]) -> None:
    found = streams.philox(tuple(np.uint64(word) for word in counter), key)
    assert [int(word) for word in found] == list(expected), "Philox4x32-10 does not give Random123's known answers"


@pytest.mark.parametrize("first", [0, 2**32 - 256, 2**40])
def test_compiled_paths_are_made_of_the_twins_normals(first: int) -> None:
    seed, steps, vol = 2**40 + 17, 10, 0.2
    recipe = Recipe(
        strategies=(BuyAndHold(),), model=GBM(vol, 0.05), steps=steps, years=steps / 252, seed=seed, paths=2
    )
    spots = draw(recipe, first, 256)
    paths = np.arange(first, first + 256, dtype=np.int64)
    numbers = [streams.normals(seed, paths, number, streams.DIFFUSION) for number in range(3)]
    z = np.concatenate(numbers)[:steps].T
    dt = 1 / 252
    logs = np.cumsum((0.05 - 0.5 * vol**2) * dt + vol * np.sqrt(dt) * z, axis=1)
    assert np.allclose(spots[:, 1:], 100.0 * np.exp(logs), rtol=1e-13, atol=0.0), "kernel and NumPy draw other numbers"


def test_streams_and_draws_do_not_meet() -> None:
    paths = np.arange(4096)
    one = streams.normals(3, paths, 0, streams.DIFFUSION)
    for draw_number, stream in ((1, streams.DIFFUSION), (0, streams.JUMPS)):
        other = streams.normals(3, paths, draw_number, stream)
        correlation = float(np.corrcoef(one.ravel(), other.ravel())[0, 1])
        assert abs(correlation) < 4.0 / np.sqrt(one.size), f"correlation {correlation:.4f} between two streams"


def test_normals_have_the_moments_of_normals() -> None:
    z = streams.normals(5, np.arange(500_000), 0, streams.DIFFUSION).ravel()
    for power, expected, variance in ((1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)):
        mean = float(np.mean(z**power))
        error = np.sqrt(variance / z.size)
        assert abs(mean - expected) < 4.0 * error, f"moment {power} is {mean:.5f}, not {expected} +- {error:.5f}"
