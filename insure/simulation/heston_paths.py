"""Paths of an index with stochastic variance, compiled: Andersen's quadratic-exponential scheme on whole blocks.

Most lanes of a block are calm and take one packed loop with few roots and quotients; the others are gathered, stepped
by the general formulas in a packed loop of their own, and put back.
"""

from collections.abc import Callable

import numpy as np

from insure.pricing.elementary import log, norm_cdf, sqrt
from insure.simulation import layout as at
from insure.simulation.compilation import shift
from insure.simulation.compiler import Pointer, Word, carray
from insure.simulation.paths import (
    BRIDGE,
    OWN,
    RATIO,
    SHARE,
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
from insure.simulation.vector_math import MASKED, exp_bounded, first_lane, inlined, lanes_unknown

DEVIATION = at.DEVIATIONS * N

PACK = 8
"""Lanes that the widest instructions take at once."""
_UNKNOWN = float("nan")
"""In the place of a variance: the lane is left to ``_wild_steps``, and all its steps from there on."""


@inlined
def _calm_steps(w: Pointer, q: int, c: Pointer, before: int, after: int, jumps: bool, nights: bool) -> None:
    """One step of the scheme on all lanes at once where psi <= 3/2 and the correction's logarithm has a short series.

    With m the mean and s^2 the variance of v', a (b + z)^2 = w + 2 sqrt(w h / d) z + h / d z^2 where h = s^2 / 2,
    w = sqrt(m^2 - h), d = m + w: two roots, and one quotient for this, the correction and its logarithm.

    The variance of all other lanes is ``_UNKNOWN``, which no later step can make known again.
    """
    growth, decay, pull, spread, constant = c[OWN], c[OWN + 1], c[OWN + 2], c[OWN + 3], c[OWN + 4]
    k2, k3, k4 = c[OWN + 6], c[OWN + 7], c[OWN + 8]
    lever = k2 + 0.5 * k4
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
        # ln(e / d) by the series of the inverse hyperbolic tangent; what is left out is below 1e-17 for |t| <= 0.02.
        t = 2.0 * lever * half * (quotient * (d * e))
        tt = t * t
        series = 1.0 / 9.0
        series = series * tt + 1.0 / 7.0
        series = series * tt + 1.0 / 5.0
        series = series * tt + 1.0 / 3.0
        series = series * tt + 1.0
        small = half * (quotient * (e * f))
        found = max(root + z * (2.0 * sqrt(root * small) + small * z), 0.0)
        log_expected = lever * root * (quotient * d * (d * f)) + t * series
        deviation = sqrt(max(k3 * v + k4 * found, 0.0))
        calm = half <= 0.75 * square and abs(t) <= 0.02
        move = growth + k2 * found - 0.5 * k3 * v - log_expected + deviation * w[D + q * N + i]
        moved_by(w, i, q, move + w[D + (8 + q) * N + i] if jumps else move)
        w[after + i] = found if calm else _UNKNOWN
        if nights:
            w[DEVIATION + q * N + i] = deviation


@inlined
def _listed(world: Pointer, w: Pointer, row: int) -> int:
    """The lanes whose variance is unknown, in whole packs, the first again where a pack is not full; how many."""
    count = 0
    for part in range(0, N, MASKED):
        unknown = lanes_unknown(shift(world, row + part))
        while unknown != np.uint64(0):
            w[XN + count] = np.float64(part + first_lane(unknown))
            count += 1
            unknown &= unknown - np.uint64(1)
    packed = (count + PACK - 1) // PACK * PACK
    for j in range(count, packed):
        w[XN + j] = w[XN]
    return packed


@inlined
def _wild_steps(w: Pointer, q: int, c: Pointer, count: int, jumps: bool, nights: bool) -> None:
    """One step of the scheme, any variance, on so many listed lanes, side by side in rows that are free meanwhile."""
    growth, decay, pull, spread, constant = c[OWN], c[OWN + 1], c[OWN + 2], c[OWN + 3], c[OWN + 4]
    k2, k3, k4 = c[OWN + 6], c[OWN + 7], c[OWN + 8]
    lever = k2 + 0.5 * k4
    for j in range(count):
        lane = np.int64(w[XN + j])
        w[XN + 2 * N + j] = w[D + (4 + q) * N + lane]
        w[XN + 3 * N + j] = w[D + q * N + lane]
        w[RATIO + 4 * N + j] = w[D + (8 + q) * N + lane] if jumps else 0.0
    for j in range(count):
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
        lane = np.int64(w[XN + j])
        if nights:
            w[DEVIATION + q * N + lane] = w[RATIO + 4 * N + j]
        w[X + (q + 1) * N + lane] = w[X + q * N + lane] + w[XN + 2 * N + j]
        w[RATIO + q * N + lane] = w[XN + 3 * N + j]
        w[S + (q + 1) * N + lane] = w[S + q * N + lane] * w[XN + 3 * N + j]


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
            normal_jumps(world, w, D + 8 * N, c, OWN + 9, first, draw, seed)
        draw_normals(w, D, first, draw, DIFFUSION, seed)
        draw_normals(w, D + 4 * N, first, draw, VARIANCE, seed)
        # The first row keeps the variance that the draw began with; the last gets the one it ends with.
        for q in range(4):
            before, after = M + (q if q < 3 else 1) * N, M + (q + 1 if q < 2 else 2 * q - 3) * N
            _calm_steps(w, q, c, before, after, jumps, nights)
        count = _listed(world, w, M + 3 * N)
        for j in range(count):
            w[XN + N + j] = w[M + np.int64(w[XN + j])]
        if count > 0:
            for q in range(4):
                _wild_steps(w, q, c, count, jumps, nights)
        for j in range(count):
            w[M + 3 * N + np.int64(w[XN + j])] = w[XN + N + j]
        for i in range(N):
            w[M + i] = w[M + 3 * N + i]
        if nights:
            draw_normals(w, D, first, draw, OVERNIGHT, seed)
            for i in range(N):
                for q in range(4):
                    x0, x1 = w[X + q * N + i], w[X + (q + 1) * N + i]
                    jump = w[D + (8 + q) * N + i] if jumps else 0.0
                    moved = jump + share * (x1 - x0 - jump)
                    w[XN + q * N + i] = x0 + moved + bridge * w[DEVIATION + q * N + i] * w[D + q * N + i]

    return world
