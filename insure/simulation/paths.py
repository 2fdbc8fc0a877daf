"""Paths of the index, compiled: four steps of one block at a time, for each model of ``insure.simulation.models``.

Every model writes rows of ln(spot / first spot) and of the spot. Random numbers are a function of (seed, path, step,
stream), so a path is the same whatever block, thread or machine draws it.
"""

from collections.abc import Callable

import numpy as np

from insure.pricing.elementary import exp, log, norm_cdf, sqrt
from insure.simulation import layout as at
from insure.simulation import random as streams
from insure.simulation.compiler import Pointer, Word, carray
from insure.simulation.layout import LANES
from insure.simulation.vector_math import float_of, inlined, sine_cosine

N = LANES
_WORLD = at.WORLD_ROWS * N
X, S, XN, D, M = at.LOGS * N, at.SPOTS * N, at.NIGHTS * N, at.DRAWS * N, at.MEMORY * N
_DIFFUSION, _JUMPS, _SIZES, _VARIANCE = streams.DIFFUSION, streams.JUMPS, streams.JUMP_SIZES, streams.VARIANCE
_RESAMPLING, _REGIMES, _OVERNIGHT, _RARE = streams.RESAMPLING, streams.REGIMES, streams.OVERNIGHT, streams.RARE


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
def draw_normals(w: Pointer, to: int, first: int, draw: int, stream: int, seed: Word) -> None:
    """Four rows of standard normals for a block, from offset ``to``, by Box & Muller."""
    draw_uniforms(w, to, first, draw, stream, seed)
    for i in range(N):
        sine, cosine = sine_cosine(w[to + N + i])
        radius = sqrt(-2.0 * log(w[to + i]))
        w[to + i] = radius * cosine
        w[to + N + i] = radius * sine
    for i in range(N):
        sine, cosine = sine_cosine(w[to + 3 * N + i])
        radius = sqrt(-2.0 * log(w[to + 2 * N + i]))
        w[to + 2 * N + i] = radius * cosine
        w[to + 3 * N + i] = radius * sine


@inlined
def _carry(w: Pointer, draw: int) -> None:
    """The last mark of the draw before is the first of this one."""
    if draw > 0:
        for i in range(N):
            w[X + i] = w[X + 4 * N + i]
            w[S + i] = w[S + 4 * N + i]


# Terms that all models share: first spot, overnight share of a step's variance, sqrt(share (1 - share)).
_SPOT, _SHARE, _BRIDGE, _OWN = 0, 1, 2, 3


def gbm(*, nights: bool) -> Callable[..., None]:
    """Geometric Brownian motion, exact at every mark. Terms: drift and deviation of one step's log."""

    def world(world: Pointer, terms: Pointer, first: int, draw: int, seed: Word) -> None:
        w, c = carray(world, (_WORLD,)), carray(terms, (_OWN + 2,))
        first_spot, share, bridge, drift, deviation = c[_SPOT], c[_SHARE], c[_BRIDGE], c[_OWN], c[_OWN + 1]
        _carry(w, draw)
        draw_normals(w, D, first, draw, _DIFFUSION, seed)
        for i in range(N):
            x = w[X + i]
            for q in range(4):
                x += drift + deviation * w[D + q * N + i]
                w[X + (q + 1) * N + i] = x
                w[S + (q + 1) * N + i] = first_spot * exp(x)
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
        w = carray(world, (_WORLD,))
        levels = int(carray(terms, (_OWN + 3 + own,))[_OWN + 2 + own])
        c = carray(terms, (_OWN + 3 + own + levels,))
        first_spot, share, bridge, drift, deviation = c[_SPOT], c[_SHARE], c[_BRIDGE], c[_OWN], c[_OWN + 1]
        _carry(w, draw)
        if exponential:
            _exponential_jumps(w, D + 8 * N, c, _OWN + 2, first, draw, seed)
        else:
            _normal_jumps(w, D + 8 * N, c, _OWN + 2, first, draw, seed)
        draw_normals(w, D, first, draw, _DIFFUSION, seed)
        for i in range(N):
            x = w[X + i]
            for q in range(4):
                x += drift + deviation * w[D + q * N + i] + w[D + (8 + q) * N + i]
                w[X + (q + 1) * N + i] = x
                w[S + (q + 1) * N + i] = first_spot * exp(x)
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


@inlined
def _normal_jumps(w: Pointer, to: int, c: Pointer, at_terms: int, first: int, draw: int, seed: Word) -> None:
    """Four rows of the sum of normal jumps in a step. Jumps are rare: only where one fell is its size drawn."""
    mean, spread, levels = c[at_terms], c[at_terms + 1], int(c[at_terms + 2])
    none = c[at_terms + 3] if levels > 0 else 1.0
    draw_uniforms(w, to, first, draw, _JUMPS, seed)
    for q in range(4):
        for i in range(N):
            here = to + q * N + i
            u = w[here]
            w[here] = 0.0
            if u > none:
                count = 1.0
                for k in range(1, levels):
                    count += 1.0 if u > c[at_terms + 3 + k] else 0.0
                w0, w1, w2, w3 = _words(first, i, draw, _SIZES, seed)
                sine, cosine = sine_cosine(_uniform(w1 if q < 2 else w3))
                z = sqrt(-2.0 * log(_uniform(w0 if q < 2 else w2))) * (cosine if q % 2 == 0 else sine)
                w[here] = count * mean + sqrt(count) * spread * z


@inlined
def _exponential_jumps(w: Pointer, to: int, c: Pointer, at_terms: int, first: int, draw: int, seed: Word) -> None:
    """Four rows of the sum of double-exponential jumps in a step, each jump drawn by itself."""
    up, rise, fall, levels = c[at_terms], c[at_terms + 1], c[at_terms + 2], int(c[at_terms + 3])
    none = c[at_terms + 4] if levels > 0 else 1.0
    draw_uniforms(w, to, first, draw, _JUMPS, seed)
    for q in range(4):
        for i in range(N):
            here = to + q * N + i
            u = w[here]
            total = 0.0
            if u > none:
                count = 1
                for k in range(1, levels):
                    count += 1 if u > c[at_terms + 4 + k] else 0
                for k in range(count):
                    w0, w1, _, _ = _words(first, i, draw, _SIZES + 256 * (4 * k + q), seed)
                    size = -log(_uniform(w1))
                    total += size * rise if _uniform(w0) < up else -size * fall
            w[here] = total


@inlined
def _heston_step(
    w: Pointer, i: int, q: int, c: Pointer, growth: float, v: float, jump: float, x: float
) -> tuple[float, float, float]:
    """One step of the quadratic-exponential scheme; the log after it, the variance after it, the deviation of it."""
    decay, pull, spread, constant = c[_OWN + 1], c[_OWN + 2], c[_OWN + 3], c[_OWN + 4]
    k1, k2, k3, k4 = c[_OWN + 5], c[_OWN + 6], c[_OWN + 7], c[_OWN + 8]
    z = w[D + (4 + q) * N + i]
    mean = v * decay + pull
    square = v * spread + constant
    psi = square / (mean * mean)
    # psi <= 3/2: a (b + z)^2. The correction needs E[e^{A v}].
    steady = min(psi, 1.5)
    inverse = 2.0 / steady
    b2 = inverse - 1.0 + sqrt(inverse) * sqrt(max(inverse - 1.0, 0.0))
    a = mean / (1.0 + b2)
    b = sqrt(b2)
    quadratic = a * (b + z) * (b + z)
    lever = k2 + 0.5 * k4
    rest = 1.0 - 2.0 * lever * a
    # psi > 3/2: an atom at zero and an exponential tail.
    wild = max(psi, 1.5)
    p = (wild - 1.0) / (wild + 1.0)
    beta = (1.0 - p) / mean
    above = norm_cdf(-z)
    exponential = max(log((1.0 - p) / above), 0.0) / beta
    calm = psi <= 1.5
    # One logarithm for both kinds.
    logarithm = log(rest if calm else p + beta * (1.0 - p) / (beta - lever))
    log_expected = lever * b2 * a / rest - 0.5 * logarithm if calm else logarithm
    after = quadratic if calm else exponential
    correction = -log_expected - (k1 + 0.5 * k3) * v
    deviation = sqrt(max(k3 * v + k4 * after, 0.0))
    moved = growth + correction + k1 * v + k2 * after + deviation * w[D + q * N + i] + jump
    return x + moved, after, deviation


def heston(*, nights: bool, jumps: bool) -> Callable[..., None]:
    """Stochastic variance by Andersen's scheme; with ``jumps``, Merton's besides."""

    def world(world: Pointer, terms: Pointer, first: int, draw: int, seed: Word) -> None:
        w = carray(world, (_WORLD,))
        if jumps:
            c = carray(terms, (_OWN + 12 + int(carray(terms, (_OWN + 12,))[_OWN + 11]),))
        else:
            c = carray(terms, (_OWN + 9,))
        first_spot, share, bridge, growth = c[_SPOT], c[_SHARE], c[_BRIDGE], c[_OWN]
        _carry(w, draw)
        if jumps:
            _normal_jumps(w, D + 8 * N, c, _OWN + 9, first, draw, seed)
        draw_normals(w, D, first, draw, _DIFFUSION, seed)
        draw_normals(w, D + 4 * N, first, draw, _VARIANCE, seed)
        for q in range(4):
            for i in range(N):
                jump = w[D + (8 + q) * N + i] if jumps else 0.0
                x, v, deviation = _heston_step(w, i, q, c, growth, w[M + i], jump, w[X + q * N + i])
                w[X + (q + 1) * N + i] = x
                w[S + (q + 1) * N + i] = first_spot * exp(x)
                w[M + i] = v
                if nights:
                    w[D + (4 + q) * N + i] = deviation
        if nights:
            draw_normals(w, D, first, draw, _OVERNIGHT, seed)
            for i in range(N):
                for q in range(4):
                    x0, x1 = w[X + q * N + i], w[X + (q + 1) * N + i]
                    jump = w[D + (8 + q) * N + i] if jumps else 0.0
                    moved = jump + share * (x1 - x0 - jump)
                    w[XN + q * N + i] = x0 + moved + bridge * w[D + (4 + q) * N + i] * w[D + q * N + i]

    return world


def bootstrap(*, nights: bool) -> Callable[..., None]:
    """Blocks of a history of log returns, of geometric length (Politis & Romano 1994), wrapped around its end.

    Memory: position in the history. Terms: probability that a block ends, deviation of one step (for the overnight
    bridge), how many returns, then the returns.
    """

    def world(world: Pointer, terms: Pointer, first: int, draw: int, seed: Word) -> None:
        w = carray(world, (_WORLD,))
        size = carray(terms, (_OWN + 3,))[_OWN + 2]
        c = carray(terms, (_OWN + 3 + int(size),))
        first_spot, share, bridge, ends, deviation = c[_SPOT], c[_SHARE], c[_BRIDGE], c[_OWN], c[_OWN + 1]
        _carry(w, draw)
        draw_uniforms(w, D, first, draw, _RESAMPLING, seed)
        draw_uniforms(w, D + 4 * N, first, draw, _REGIMES, seed)
        for q in range(4):
            for i in range(N):
                fresh = w[D + (4 + q) * N + i] * size
                follows = w[M + i] + 1.0
                position = fresh if w[D + q * N + i] < ends or w[M + i] < 0.0 else (0.0 if follows >= size else follows)
                whole = np.int64(position)
                w[M + i] = np.float64(whole)
                w[D + q * N + i] = c[_OWN + 3 + whole]
        for q in range(4):
            for i in range(N):
                x = w[X + q * N + i] + w[D + q * N + i]
                w[X + (q + 1) * N + i] = x
                w[S + (q + 1) * N + i] = first_spot * exp(x)
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
        w = carray(world, (_WORLD,))
        size = carray(terms, (_OWN + 5,))[_OWN + 4]
        c = carray(terms, (_OWN + 5 + int(size),))
        first_spot, share, bridge, mean = c[_SPOT], c[_SHARE], c[_BRIDGE], c[_OWN]
        omega, alpha, beta = c[_OWN + 1], c[_OWN + 2], c[_OWN + 3]
        _carry(w, draw)
        draw_uniforms(w, D, first, draw, _RESAMPLING, seed)
        for i in range(4 * N):
            w[D + i] = c[_OWN + 5 + np.int64(w[D + i] * size)]
        for q in range(4):
            for i in range(N):
                residual = w[D + q * N + i]
                variance = w[M + i]
                deviation = sqrt(variance)
                shock = deviation * residual
                x = w[X + q * N + i] + mean - 0.5 * variance + shock
                w[D + (4 + q) * N + i] = deviation
                w[M + i] = omega + alpha * shock * shock + beta * variance
                w[X + (q + 1) * N + i] = x
                w[S + (q + 1) * N + i] = first_spot * exp(x)
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
        w, c = carray(world, (_WORLD,)), carray(terms, (_OWN + 6,))
        first_spot, share, bridge = c[_SPOT], c[_SHARE], c[_BRIDGE]
        drift_0, deviation_0, drift_1, deviation_1 = c[_OWN], c[_OWN + 1], c[_OWN + 2], c[_OWN + 3]
        leave_0, leave_1 = c[_OWN + 4], c[_OWN + 5]
        _carry(w, draw)
        draw_normals(w, D, first, draw, _DIFFUSION, seed)
        draw_uniforms(w, D + 4 * N, first, draw, _REGIMES, seed)
        for q in range(4):
            for i in range(N):
                wild = w[M + i] > 0.5
                drift = drift_1 if wild else drift_0
                deviation = deviation_1 if wild else deviation_0
                x = w[X + q * N + i] + drift + deviation * w[D + q * N + i]
                u = w[D + (4 + q) * N + i]
                stays = u >= (leave_1 if wild else leave_0)
                w[M + i] = 1.0 if wild == stays else 0.0
                w[D + (4 + q) * N + i] = deviation
                w[X + (q + 1) * N + i] = x
                w[S + (q + 1) * N + i] = first_spot * exp(x)
        if nights:
            draw_normals(w, D, first, draw, _OVERNIGHT, seed)
            for i in range(N):
                for q in range(4):
                    x0, x1 = w[X + q * N + i], w[X + (q + 1) * N + i]
                    w[XN + q * N + i] = x0 + share * (x1 - x0) + bridge * w[D + (4 + q) * N + i] * w[D + q * N + i]

    return world
