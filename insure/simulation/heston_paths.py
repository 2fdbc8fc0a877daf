"""Paths of an index with stochastic variance, compiled: Andersen's quadratic-exponential scheme on whole blocks.

Most lanes of a block are calm and take one packed loop with few roots and quotients; the others are gathered, stepped
by the general formulas in a packed loop of their own, and put back.
"""

from collections.abc import Callable

import numpy as np

from insure.pricing.elementary import log, norm_cdf, sqrt
from insure.simulation.compiler import Pointer, Word, carray
from insure.simulation.paths import (
    BRIDGE,
    OWN,
    RATIO,
    SHARE,
    SOME,
    WORLD,
    XN,
    D,
    M,
    N,
    S,
    X,
    carry,
    draw_normals,
    moved_by,
    normal_jumps,
)
from insure.simulation.random import DIFFUSION, OVERNIGHT, VARIANCE
from insure.simulation.vector_math import exp_bounded, inlined

PACK = 8
"""Lanes that the widest instructions take at once."""
_WILD = -1.0
"""In the place of a variance: the lane is left to ``_wild_steps``."""


@inlined
def _calm_steps(w: Pointer, q: int, c: Pointer, before: int, after: int, jumps: bool) -> int:
    """One step of the scheme on all lanes at once where psi <= 3/2 and the correction's logarithm has a short series.

    With m the mean and s^2 the variance of v', a (b + z)^2 = w + 2 sqrt(w h / d) z + h / d z^2 where h = s^2 / 2,
    w = sqrt(m^2 - h), d = m + w: two roots, and one quotient for this, the correction and its logarithm.

    Returns:
        How many lanes are left over, marked ``_WILD``.
    """
    growth, decay, pull, spread, constant = c[OWN], c[OWN + 1], c[OWN + 2], c[OWN + 3], c[OWN + 4]
    k2, k3, k4 = c[OWN + 6], c[OWN + 7], c[OWN + 8]
    lever = k2 + 0.5 * k4
    wild = 0
    for i in range(N):
        v, z = w[before + i], w[D + (4 + q) * N + i]
        mean = v * decay + pull
        half = 0.5 * (v * spread + constant)
        square = mean * mean
        root = sqrt(max(square - half, 0.25 * square))
        d = mean + root
        e = d - 2.0 * lever * half
        f = d + e
        quotient = 1.0 / (d * e * f)
        # ln(e / d) by the series of the inverse hyperbolic tangent.
        t = 2.0 * lever * half * (quotient * (d * e))
        tt = t * t
        series = 1.0 / 15.0
        series = series * tt + 1.0 / 13.0
        series = series * tt + 1.0 / 11.0
        series = series * tt + 1.0 / 9.0
        series = series * tt + 1.0 / 7.0
        series = series * tt + 1.0 / 5.0
        series = series * tt + 1.0 / 3.0
        series = series * tt + 1.0
        small = half * (quotient * (e * f))
        found = max(root + z * (2.0 * sqrt(root * small) + small * z), 0.0)
        log_expected = lever * root * (quotient * d * (d * f)) + t * series
        deviation = sqrt(max(k3 * v + k4 * found, 0.0))
        calm = half <= 0.75 * square and abs(t) <= 0.1
        move = growth + k2 * found - 0.5 * k3 * v - log_expected + deviation * w[D + q * N + i]
        moved_by(w, i, q, move + w[D + (8 + q) * N + i] if jumps else move)
        w[after + i] = found if calm else _WILD
        w[M + 2 * N + i] = deviation
        wild += 0 if calm else 1
    return wild


@inlined
def _gathered(w: Pointer, q: int, before: int, after: int, jumps: bool) -> int:
    """What a step needs of the lanes marked ``_WILD``, side by side in rows that are free meanwhile; how many."""
    count = 0
    for part in range(0, N, SOME):
        here = 0
        for i in range(part, part + SOME):
            here += 1 if w[after + i] == _WILD else 0
        if here > 0:
            for i in range(part, part + SOME):
                w[XN + count] = np.float64(i)
                count += 1 if w[after + i] == _WILD else 0
    for j in range(count):
        lane = np.int64(w[XN + j])
        w[XN + N + j] = w[before + lane]
        w[XN + 2 * N + j] = w[D + (4 + q) * N + lane]
        w[XN + 3 * N + j] = w[D + q * N + lane]
        w[RATIO + 4 * N + j] = w[D + (8 + q) * N + lane] if jumps else 0.0
    # Whole packs: what is left over of a loop goes lane by lane.
    packed = (count + PACK - 1) // PACK * PACK
    for j in range(count, packed):
        w[XN + N + j], w[XN + 2 * N + j], w[XN + 3 * N + j] = w[XN + N], w[XN + 2 * N], w[XN + 3 * N]
        w[RATIO + 4 * N + j] = w[RATIO + 4 * N]
    return count


@inlined
def _wild_steps(w: Pointer, q: int, c: Pointer, before: int, after: int, jumps: bool) -> None:
    """One step of the scheme, any variance, on the lanes that ``_calm_steps`` left over."""
    growth, decay, pull, spread, constant = c[OWN], c[OWN + 1], c[OWN + 2], c[OWN + 3], c[OWN + 4]
    k2, k3, k4 = c[OWN + 6], c[OWN + 7], c[OWN + 8]
    lever = k2 + 0.5 * k4
    count = _gathered(w, q, before, after, jumps)
    for j in range((count + PACK - 1) // PACK * PACK):
        v, z = w[XN + N + j], w[XN + 2 * N + j]
        mean = v * decay + pull
        psi = (v * spread + constant) / (mean * mean)
        calm = psi <= 1.5
        # psi <= 3/2: a (b + z)^2.
        inverse = 2.0 / min(psi, 1.5)
        b2 = inverse - 1.0 + sqrt(inverse) * sqrt(inverse - 1.0)
        a = mean / (1.0 + b2)
        b = sqrt(b2)
        rest = 1.0 - 2.0 * lever * a
        # psi > 3/2: an atom at zero and an exponential tail.
        wild = max(psi, 1.5)
        p = (wild - 1.0) / (wild + 1.0)
        beta = (1.0 - p) / mean
        found = a * (b + z) * (b + z) if calm else max(log((1.0 - p) / norm_cdf(-z)), 0.0) / beta
        # One logarithm for both kinds.
        logarithm = log(rest if calm else p + beta * (1.0 - p) / (beta - lever))
        log_expected = lever * b2 * a / rest - 0.5 * logarithm if calm else logarithm
        deviation = sqrt(max(k3 * v + k4 * found, 0.0))
        move = growth + k2 * found - 0.5 * k3 * v - log_expected + deviation * w[XN + 3 * N + j]
        move += w[RATIO + 4 * N + j]
        w[XN + N + j], w[XN + 2 * N + j], w[XN + 3 * N + j] = found, move, exp_bounded(move)
        w[RATIO + 4 * N + j] = deviation
    for j in range(count):
        i = np.int64(w[XN + j])
        w[after + i] = w[XN + N + j]
        w[M + 2 * N + i] = w[RATIO + 4 * N + j]
        w[X + (q + 1) * N + i] = w[X + q * N + i] + w[XN + 2 * N + j]
        w[RATIO + q * N + i] = w[XN + 3 * N + j]
        w[S + (q + 1) * N + i] = w[S + q * N + i] * w[XN + 3 * N + j]


def heston(*, nights: bool, jumps: bool) -> Callable[..., None]:
    """Stochastic variance by Andersen's scheme; with ``jumps``, Merton's besides."""

    def world(world: Pointer, terms: Pointer, first: int, draw: int, seed: Word) -> None:
        w = carray(world, (WORLD,))
        if jumps:
            c = carray(terms, (OWN + 12 + int(carray(terms, (OWN + 12,))[OWN + 11]),))
        else:
            c = carray(terms, (OWN + 9,))
        share, bridge = c[SHARE], c[BRIDGE]
        carry(w, draw)
        if jumps:
            normal_jumps(w, D + 8 * N, c, OWN + 9, first, draw, seed)
        draw_normals(w, D, first, draw, DIFFUSION, seed)
        draw_normals(w, D + 4 * N, first, draw, VARIANCE, seed)
        for q in range(4):
            before, after = M + (q % 2) * N, M + (1 - q % 2) * N
            if _calm_steps(w, q, c, before, after, jumps) > 0:
                _wild_steps(w, q, c, before, after, jumps)
            if nights:
                for i in range(N):
                    w[D + (4 + q) * N + i] = w[M + 2 * N + i]
        if nights:
            draw_normals(w, D, first, draw, OVERNIGHT, seed)
            for i in range(N):
                for q in range(4):
                    x0, x1 = w[X + q * N + i], w[X + (q + 1) * N + i]
                    jump = w[D + (8 + q) * N + i] if jumps else 0.0
                    moved = jump + share * (x1 - x0 - jump)
                    w[XN + q * N + i] = x0 + moved + bridge * w[D + (4 + q) * N + i] * w[D + q * N + i]

    return world
