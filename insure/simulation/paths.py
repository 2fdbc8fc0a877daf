"""Paths of the index, compiled: four steps of one block at a time, for each model of ``insure.simulation.models``.

Every model writes rows of ln(spot / first spot) and of the spot. Random numbers are a function of (seed, path, step,
stream), so a path is the same whatever block, thread or machine draws it.
"""

from collections.abc import Callable

import numpy as np

from insure.pricing.elementary import sqrt
from insure.simulation import layout as at
from insure.simulation import random as streams
from insure.simulation.compilation import shift
from insure.simulation.compiler import Pointer, Word, carray
from insure.simulation.layout import LANES
from insure.simulation.vector_math import (
    MASKED,
    compiled,
    exp_bounded,
    first_lane,
    float_of,
    inlined,
    lanes_above,
    log_normal,
    sine_cosine,
)

N = LANES
WORLD = at.WORLD_ROWS * N
X, S, XN, D, M = at.LOGS * N, at.SPOTS * N, at.NIGHTS * N, at.DRAWS * N, at.MEMORY * N
RATIO, J = at.RATIOS * N, at.JUMPS * N
_DIFFUSION, _JUMPS, _SIZES = streams.DIFFUSION, streams.JUMPS, streams.JUMP_SIZES
_LATER_JUMPS = streams.LATER_JUMPS
_RESAMPLING, _REGIMES, _OVERNIGHT = streams.RESAMPLING, streams.REGIMES, streams.OVERNIGHT


@inlined
def _philox(c0: Word, c1: Word, c2: Word, c3: Word, k0: Word, k1: Word) -> tuple[Word, Word, Word, Word]:
    """Philox4x32-10; all numbers are unsigned 64-bit with 32 bits in use."""
    for _ in range(10):
        p0 = c0 * np.uint64(0xD2511F53)
        p1 = c2 * np.uint64(0xCD9E8D57)
        c0 = (p1 >> np.uint64(32)) ^ c1 ^ k0
        c1 = p1 & np.uint64(0xFFFFFFFF)
        c2 = (p0 >> np.uint64(32)) ^ c3 ^ k1
        c3 = p0 & np.uint64(0xFFFFFFFF)
        k0 = (k0 + np.uint64(0x9E3779B9)) & np.uint64(0xFFFFFFFF)
        k1 = (k1 + np.uint64(0xBB67AE85)) & np.uint64(0xFFFFFFFF)
    return c0, c1, c2, c3


@inlined
def _uniform(word: Word) -> float:
    """(word + 1/2) / 2^32: the word becomes the mantissa of a number in [1, 2)."""
    u: float = float_of(np.int64((word << np.uint64(20)) | np.uint64(0x3FF0000000000000))) - (1.0 - 2.0**-33)
    return u


@inlined
def draw_uniforms(w: Pointer, to: int, first: int, draw: int, stream: int, seed: Word) -> None:
    """Four rows of uniforms for a block, from offset ``to``."""
    low = np.uint64(0xFFFFFFFF)
    k0, k1 = seed & low, seed >> np.uint64(32)
    start = np.uint64(first)
    c2, c3 = np.uint64(draw), np.uint64(stream)
    for i in range(N):
        path = start + np.uint64(i)
        w0, w1, w2, w3 = _philox(path & low, path >> np.uint64(32), c2, c3, k0, k1)
        w[to + i] = _uniform(w0)
        w[to + N + i] = _uniform(w1)
        w[to + 2 * N + i] = _uniform(w2)
        w[to + 3 * N + i] = _uniform(w3)


@inlined
def _turned(w: Pointer, to: int) -> None:
    """Two rows of uniforms become normals."""
    for i in range(to, to + N):
        sine, cosine = sine_cosine(w[N + i])
        radius = sqrt(-2.0 * log_normal(w[i]))
        w[i], w[N + i] = radius * cosine, radius * sine


@inlined
def draw_normals(w: Pointer, to: int, first: int, draw: int, stream: int, seed: Word) -> None:
    """Four rows of standard normals for a block, from offset ``to``, by Box & Muller."""
    draw_uniforms(w, to, first, draw, stream, seed)
    for half in range(2):
        _turned(w, to + 2 * half * N)


@inlined
def carry(w: Pointer, draw: int) -> None:
    """The last mark of the draw before is the first of this one."""
    if draw > 0:
        for i in range(N):
            w[X + i] = w[X + 4 * N + i]
            w[S + i] = w[S + 4 * N + i]


@inlined
def moved_by(w: Pointer, i: int, q: int, move: float) -> None:
    """One step of ln(spot) by ``move``: one exponential for the ratio and the spot."""
    ratio = exp_bounded(move)
    w[X + (q + 1) * N + i] = w[X + q * N + i] + move
    w[RATIO + q * N + i] = ratio
    w[S + (q + 1) * N + i] = w[S + q * N + i] * ratio


# Terms that all models share: overnight share of a step's variance, sqrt(share (1 - share)).
SHARE, BRIDGE, OWN = 0, 1, 2


def gbm(*, nights: bool) -> Callable[..., None]:
    """Geometric Brownian motion, exact at every mark. Terms: drift and deviation of one step's log."""

    def world(world: Pointer, terms: Pointer, first: int, draw: int, seed: Word) -> None:
        w, c = carray(world, (WORLD,)), carray(terms, (OWN + 2,))
        share, bridge, drift, deviation = c[SHARE], c[BRIDGE], c[OWN], c[OWN + 1]
        carry(w, draw)
        # The normals lie where the ratios will: what a block touches has to stay in the nearest cache.
        draw_normals(w, RATIO, first, draw, _DIFFUSION, seed)
        for q in range(4):
            for i in range(N):
                moved_by(w, i, q, drift + deviation * w[RATIO + q * N + i])
        if nights:
            draw_normals(w, D, first, draw, _OVERNIGHT, seed)
            for i in range(N):
                for q in range(4):
                    x0, x1 = w[X + q * N + i], w[X + (q + 1) * N + i]
                    w[XN + q * N + i] = x0 + share * (x1 - x0) + bridge * deviation * w[D + q * N + i]

    return world


def jump_diffusion(*, nights: bool, exponential: bool) -> Callable[..., None]:
    """Brownian motion with jumps at Poisson times, exact at every mark: Merton's normal ones, or Kou's.

    Terms: drift and deviation of one step, the jump's own (Merton: mean, deviation; Kou: probability of a rise, mean
    rise, mean fall), how many levels, and P(count <= k) for k = 0, 1, ...
    """
    own = 3 if exponential else 2

    def world(world: Pointer, terms: Pointer, first: int, draw: int, seed: Word) -> None:
        w = carray(world, (WORLD,))
        levels = int(carray(terms, (OWN + 3 + own,))[OWN + 2 + own])
        c = carray(terms, (OWN + 3 + own + levels,))
        share, bridge, drift, deviation = c[SHARE], c[BRIDGE], c[OWN], c[OWN + 1]
        carry(w, draw)
        if exponential:
            _exponential_jumps(world, w, D + 8 * N, c, OWN + 2, first, draw, seed)
        else:
            normal_jumps(world, w, D + 8 * N, c, OWN + 2, first, draw, seed)
        draw_normals(w, D, first, draw, _DIFFUSION, seed)
        for q in range(4):
            for i in range(N):
                moved_by(w, i, q, drift + deviation * w[D + q * N + i] + w[D + (8 + q) * N + i])
        if nights:
            draw_normals(w, D, first, draw, _OVERNIGHT, seed)
            for i in range(N):
                for q in range(4):
                    x0, x1, jump = w[X + q * N + i], w[X + (q + 1) * N + i], w[D + (8 + q) * N + i]
                    moved = jump + share * (x1 - x0 - jump)
                    w[XN + q * N + i] = x0 + moved + bridge * deviation * w[D + q * N + i]

    return world


@inlined
def _words(first: int, lane: int, draw: int, stream: int, seed: Word) -> tuple[Word, Word, Word, Word]:
    """The four words of one path."""
    low = np.uint64(0xFFFFFFFF)
    path = np.uint64(first) + np.uint64(lane)
    return _philox(
        path & low, path >> np.uint64(32), np.uint64(draw), np.uint64(stream), seed & low, seed >> np.uint64(32)
    )


@compiled
def _normal_jump(c: Pointer, terms: int, count: int, first: int, lane: int, q: int, draw: int, seed: Word) -> float:
    """The sum of so many normal jumps on one step of one path."""
    mean, spread = c[terms], c[terms + 1]
    w0, w1, w2, w3 = _words(first, lane, draw, _SIZES, seed)
    sine, cosine = sine_cosine(_uniform(w1 if q < 2 else w3))
    z = sqrt(-2.0 * log_normal(_uniform(w0 if q < 2 else w2))) * (cosine if q % 2 == 0 else sine)
    total: float = count * mean + sqrt(np.float64(count)) * spread * z
    return total


@compiled
def _exponential_jump(
    c: Pointer, terms: int, count: int, first: int, lane: int, q: int, draw: int, seed: Word
) -> float:
    """The sum of so many double-exponential jumps on one step of one path, each drawn by itself."""
    up, rise, fall = c[terms], c[terms + 1], c[terms + 2]
    total = 0.0
    for k in range(count):
        w0, w1, _, _ = _words(first, lane, draw, _SIZES + 256 * (4 * k + q), seed)
        size = -log_normal(_uniform(w1))
        total += size * rise if _uniform(w0) < up else -size * fall
    return total


def _jumps_of(jump: Callable[..., float], table: int) -> Callable[..., None]:
    """Four rows of the sum of a step's jumps, whose sizes ``jump`` draws.

    One uniform u says how many fall within a draw's four steps; P(count <= k) stands from ``table`` on, its length
    before it. Jumps are rare: where there is one, what is left of u says on which step; where there are several, two
    bits each of other words do. Poisson's law split at random is Poisson's law on every step.
    """

    @compiled
    def fallen(
        w: Pointer, to: int, c: Pointer, terms: int, u: float, first: int, lane: int, draw: int, seed: Word
    ) -> None:
        levels, count = int(c[terms + table - 1]), 1
        while count < levels and u > c[terms + table + count]:
            count += 1
        if count == 1:
            below, above = c[terms + table], c[terms + table + 1] if levels > 1 else 1.0
            q = min(int(at.STEPS * ((u - below) / (above - below))), at.STEPS - 1)
            w[to + q * N + lane] = jump(c, terms, 1, first, lane, q, draw, seed)
            return
        on_steps = 0  # sixteen bits for each step's count
        for k in range(count):
            words = _words(first, lane, draw, _LATER_JUMPS + 256 * (k // 64), seed)
            step = int((words[k // 16 % 4] >> np.uint64(2 * (k % 16))) & np.uint64(3))
            on_steps += 1 << (16 * step)
        for q in range(at.STEPS):
            here = (on_steps >> (16 * q)) & 0xFFFF
            if here > 0:
                w[to + q * N + lane] = jump(c, terms, here, first, lane, q, draw, seed)

    @inlined
    def jumps(world: Pointer, w: Pointer, to: int, c: Pointer, terms: int, first: int, draw: int, seed: Word) -> None:
        quiet = c[terms + table] if c[terms + table - 1] > 0.0 else 1.0
        if draw > 0:
            # The rows are zero but where the draw before had jumps.
            before = J + (draw - 1) % at.STEPS * N
            for part in range(0, N, MASKED):
                struck = lanes_above(shift(world, before + part), quiet)
                while struck != np.uint64(0):
                    lane = part + first_lane(struck)
                    for q in range(at.STEPS):
                        w[to + q * N + lane] = 0.0
                    struck &= struck - np.uint64(1)
        if draw % at.STEPS == 0:
            draw_uniforms(w, J, first, draw // at.STEPS, _JUMPS, seed)
        row = J + draw % at.STEPS * N
        for part in range(0, N, MASKED):
            struck = lanes_above(shift(world, row + part), quiet)
            while struck != np.uint64(0):
                lane = part + first_lane(struck)
                fallen(w, to, c, terms, w[row + lane], first, lane, draw, seed)
                struck &= struck - np.uint64(1)

    return jumps


normal_jumps = _jumps_of(_normal_jump, 3)
_exponential_jumps = _jumps_of(_exponential_jump, 4)


def bootstrap(*, nights: bool) -> Callable[..., None]:
    """Blocks of a history of log returns, of geometric length (Politis & Romano 1994), wrapped around its end.

    Memory: position in the history. Terms: probability that a block ends, deviation of one step (for the overnight
    bridge), how many returns, then the returns.
    """

    def world(world: Pointer, terms: Pointer, first: int, draw: int, seed: Word) -> None:
        w = carray(world, (WORLD,))
        size = carray(terms, (OWN + 3,))[OWN + 2]
        c = carray(terms, (OWN + 3 + int(size),))
        share, bridge, ends, deviation = c[SHARE], c[BRIDGE], c[OWN], c[OWN + 1]
        carry(w, draw)
        draw_uniforms(w, D, first, draw, _RESAMPLING, seed)
        draw_uniforms(w, D + 4 * N, first, draw, _REGIMES, seed)
        for q in range(4):
            for i in range(N):
                fresh = w[D + (4 + q) * N + i] * size
                follows = w[M + i] + 1.0
                position = fresh if w[D + q * N + i] < ends or w[M + i] < 0.0 else (0.0 if follows >= size else follows)
                whole = np.int64(position)
                w[M + i] = np.float64(whole)
                w[D + q * N + i] = c[OWN + 3 + whole]
        for q in range(4):
            for i in range(N):
                moved_by(w, i, q, w[D + q * N + i])
        if nights:
            draw_normals(w, D, first, draw, _OVERNIGHT, seed)
            for i in range(N):
                for q in range(4):
                    x0, x1 = w[X + q * N + i], w[X + (q + 1) * N + i]
                    w[XN + q * N + i] = x0 + share * (x1 - x0) + bridge * deviation * w[D + q * N + i]

    return world


def filtered(*, nights: bool) -> Callable[..., None]:
    """Filtered historical simulation: a GARCH(1,1) variance scales residuals drawn from their history.

    Memory: variance of the coming step. Terms: mean log return of a step, omega, alpha, beta, how many residuals, the
    residuals (mean 0, variance 1).
    """

    def world(world: Pointer, terms: Pointer, first: int, draw: int, seed: Word) -> None:
        w = carray(world, (WORLD,))
        size = carray(terms, (OWN + 5,))[OWN + 4]
        c = carray(terms, (OWN + 5 + int(size),))
        share, bridge, mean = c[SHARE], c[BRIDGE], c[OWN]
        omega, alpha, beta = c[OWN + 1], c[OWN + 2], c[OWN + 3]
        carry(w, draw)
        draw_uniforms(w, D, first, draw, _RESAMPLING, seed)
        for i in range(4 * N):
            w[D + i] = c[OWN + 5 + np.int64(w[D + i] * size)]
        for q in range(4):
            for i in range(N):
                residual = w[D + q * N + i]
                variance = w[M + i]
                deviation = sqrt(variance)
                shock = deviation * residual
                w[D + (4 + q) * N + i] = deviation
                w[M + i] = omega + alpha * shock * shock + beta * variance
                moved_by(w, i, q, mean - 0.5 * variance + shock)
        if nights:
            draw_normals(w, D, first, draw, _OVERNIGHT, seed)
            for i in range(N):
                for q in range(4):
                    x0, x1 = w[X + q * N + i], w[X + (q + 1) * N + i]
                    w[XN + q * N + i] = x0 + share * (x1 - x0) + bridge * w[D + (4 + q) * N + i] * w[D + q * N + i]

    return world


def switching(*, nights: bool) -> Callable[..., None]:
    """Two regimes, calm and wild, each a Brownian motion; a step begins in the regime that the one before left.

    Memory: the regime, 0 or 1. Terms: drift and deviation of a step in each regime, probability of leaving each.
    """

    def world(world: Pointer, terms: Pointer, first: int, draw: int, seed: Word) -> None:
        w, c = carray(world, (WORLD,)), carray(terms, (OWN + 6,))
        share, bridge = c[SHARE], c[BRIDGE]
        drift_0, deviation_0, drift_1, deviation_1 = c[OWN], c[OWN + 1], c[OWN + 2], c[OWN + 3]
        leave_0, leave_1 = c[OWN + 4], c[OWN + 5]
        carry(w, draw)
        draw_normals(w, D, first, draw, _DIFFUSION, seed)
        draw_uniforms(w, D + 4 * N, first, draw, _REGIMES, seed)
        for q in range(4):
            for i in range(N):
                wild = w[M + i] > 0.5
                drift = drift_1 if wild else drift_0
                deviation = deviation_1 if wild else deviation_0
                u = w[D + (4 + q) * N + i]
                stays = u >= (leave_1 if wild else leave_0)
                w[M + i] = 1.0 if wild == stays else 0.0
                w[D + (4 + q) * N + i] = deviation
                moved_by(w, i, q, drift + deviation * w[D + q * N + i])
        if nights:
            draw_normals(w, D, first, draw, _OVERNIGHT, seed)
            for i in range(N):
                for q in range(4):
                    x0, x1 = w[X + q * N + i], w[X + (q + 1) * N + i]
                    w[XN + q * N + i] = x0 + share * (x1 - x0) + bridge * w[D + (4 + q) * N + i] * w[D + q * N + i]

    return world
