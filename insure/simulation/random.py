"""Random numbers that are a function of where they are used: Philox4x32-10 (Salmon et al. 2011, "Parallel random
numbers: as easy as 1, 2, 3", SC11), counter (path low, path high, draw, stream), key the seed.

A path's numbers depend on the seed and on the path's own number alone, so any split over threads or machines gives the
same bits. Streams keep uses apart: normals, jumps, variance and bootstrap never share a counter. The layout of counters
and streams is part of the format of saved studies (``insure.simulation.provenance.FORMAT``).

``words`` and ``normals`` are the NumPy twin of the same bits, for oracles; the compiled ones run inside the kernels.
"""

import numpy as np
from numpy.typing import NDArray

from insure.arguments import FloatArray

DIFFUSION, JUMPS, JUMP_SIZES, VARIANCE, RESAMPLING, REGIMES, OVERNIGHT, RARE, LATER_JUMPS = range(9)
"""Streams: the fourth word of the counter. A word of ``JUMPS`` serves a whole draw, a counter of it four draws."""

WORDS_PER_DRAW = 4
"""One counter gives four 32-bit words: four uniforms, or four normals; a draw serves four steps."""

_MULTIPLIER_0 = 0xD2511F53
_MULTIPLIER_1 = 0xCD9E8D57
_WEYL_0 = 0x9E3779B9
_WEYL_1 = 0xBB67AE85
_LOW = 0xFFFFFFFF
ROUNDS = 10

UintArray = NDArray[np.uint64]


def words(seed: int, paths: NDArray[np.int64], draw: int, stream: int) -> UintArray:
    """Four 32-bit words for each path, shape ``(4, paths)``.

    The published known-answer vectors of Random123 hold (tests/simulation/test_random.py).
    """
    numbers = paths.astype(np.uint64)
    return philox(
        (numbers & np.uint64(_LOW), numbers >> np.uint64(32), np.uint64(draw), np.uint64(stream)),
        (seed & _LOW, (seed >> 32) & _LOW),
    )


def philox(counter: tuple[UintArray | np.uint64, ...], key: tuple[int, int]) -> UintArray:
    """Philox4x32-10 of four counter words and two key words; shape ``(4, ...)``, 32 bits each."""
    low = np.uint64(_LOW)
    c0, c1, c2, c3 = (np.asarray(word, dtype=np.uint64) for word in np.broadcast_arrays(*counter))
    k0, k1 = key
    for _ in range(ROUNDS):
        product_0 = c0 * np.uint64(_MULTIPLIER_0)
        product_1 = c2 * np.uint64(_MULTIPLIER_1)
        c0, c1, c2, c3 = (
            (product_1 >> np.uint64(32)) ^ c1 ^ np.uint64(k0),
            product_1 & low,
            (product_0 >> np.uint64(32)) ^ c3 ^ np.uint64(k1),
            product_0 & low,
        )
        k0, k1 = (k0 + _WEYL_0) & _LOW, (k1 + _WEYL_1) & _LOW
    return np.stack([c0, c1, c2, c3])


def uniforms(seed: int, paths: NDArray[np.int64], draw: int, stream: int) -> FloatArray:
    """(word + 1/2) / 2^32: four uniforms in (0, 1) for each path, shape ``(4, paths)``."""
    return (words(seed, paths, draw, stream).astype(np.float64) + 0.5) * 2.0**-32


def normals(seed: int, paths: NDArray[np.int64], draw: int, stream: int) -> FloatArray:
    """Four standard normals for each path by Box & Muller (1958), shape ``(4, paths)``.

    Words 0 and 1 give normals 0 and 1, words 2 and 3 the others; the largest is 6.76 standard deviations, beyond
    which 1.4e-11 of a true normal lies.
    """
    u = uniforms(seed, paths, draw, stream)
    radius = np.sqrt(-2.0 * np.log(u[0::2]))
    turn = 2.0 * np.pi * u[1::2]
    sines, cosines = radius * np.sin(turn), radius * np.cos(turn)
    return np.stack([cosines[0], sines[0], cosines[1], sines[1]])
