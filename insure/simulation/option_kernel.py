"""Black-Scholes and its Greeks over blocks of options, compiled to packed instructions.

The formulas are those of ``insure.pricing.black_scholes``, which is the oracle; ``insure.simulation.greeks`` calls this
and gives to the oracle what lies outside its domain: a spot, strike, time or volatility of zero, a standard deviation
of ten or more, and whatever is not finite.
"""

import hashlib
import threading
from pathlib import Path

from insure.pricing.elementary import sqrt
from insure.simulation.compilation import FLOATS, WHOLES, Kernel, at_address, shift
from insure.simulation.compiler import Pointer, Word, carray, intrinsic, ir, types
from insure.simulation.vector_math import bell_and_tails, bits_of, exp_bounded, float_of, inlined

LANES = 256
"""Options in one block: eleven rows of them stay in the first cache."""
_WIDTH = 8
"""Numbers in one store of 64 bytes."""
INPUTS = 6
"""spot, strike, years, rate, vol, dividend yield."""
OUTPUTS = 6
"""price, delta, gamma, vega, theta, rho."""
PLAN = 3 + INPUTS
"""First block, how many, 1 for calls (else 0), and the step of each input in numbers: 1 for an array, 0 for one block
that stands for all."""
ADDRESSES = INPUTS + OUTPUTS + 2
"""Inputs, outputs (at multiples of 64 bytes), room for a block, and how many options of each block are left to others:
their price is not a number."""
SIGNATURE = types.void(WHOLES, types.CPointer(types.uint64))

PRICE, DELTA, GAMMA, VEGA, THETA, RHO = 0, LANES, 2 * LANES, 3 * LANES, 4 * LANES, 5 * LANES
ROOT, DEVIATION, ARGUMENT = 6 * LANES, 7 * LANES, 8 * LANES
DENSITY, FORWARD = 9 * LANES, 10 * LANES
DISCOUNTED, UP, BONDS = RHO, DELTA, PRICE
ROOM = 11 * LANES
"""Numbers of one block: outputs, and what is computed on the way."""

_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
_ROUND = 6755399441055744.0
_INV_SQRT_2PI = 0.3989422804014327
_NOT_A_NUMBER = float("nan")
_MANTISSA, _ONE = 0x000FFFFFFFFFFFFF, 0x3FF0000000000000
_ROOT_2 = 1.4142135623730951
_WIDEST, _FASTEST = 10.0, 600.0
"""Deviations, and growth and moneyness in logarithms, within which nothing overflows and the tails are known."""


@inlined
def _log_ratio(spot: float, strike: float) -> float:
    """ln(spot / strike) by one division; numbers above zero and not denormal.

    Both are 2^n m with m in [1, 2), one m is doubled or halved where their ratio is beyond sqrt(2), and
    ln(m/l) = 2 atanh((m - l)/(m + l)): the difference is exact, so that nothing is lost near the money. The series is
    that of fdlibm's e_log.c.
    """
    upper, lower = bits_of(spot), bits_of(strike)
    m = float_of((upper & _MANTISSA) | _ONE)
    n = float_of((lower & _MANTISSA) | _ONE)
    powers = (upper >> 52) - (lower >> 52)
    high, low = m > _ROOT_2 * n, n > _ROOT_2 * m
    powers += 1 if high else 0
    powers -= 1 if low else 0
    m = 0.5 * m if high else m
    m = 2.0 * m if low else m
    k = float_of(powers + 0x4338000000000000) - _ROUND
    s = (m - n) / (m + n)
    z = s * s
    r = 1.479819860511658591e-01
    r = r * z + 1.531383769920937332e-01
    r = r * z + 1.818357216161805012e-01
    r = r * z + 2.222219843214978396e-01
    r = r * z + 2.857142874366239149e-01
    r = r * z + 3.999999999940941908e-01
    r = r * z + 6.666666666666735130e-01
    value: float = k * _LN2_HIGH + (k * _LN2_LOW + (s * (r * z) + 2.0 * s))
    return value


# Emitters are numba's own protocol (typing context in, signature and code generator out), which has no types.
@intrinsic
def _soon(typing_context, given):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Ask memory for the ``LANES`` numbers at an address, which the next block will read."""

    def emit(context, builder, signature, values):  # type: ignore[no-untyped-def]  # noqa: ARG001
        kinds = [ir.IntType(8).as_pointer()]
        whole = ir.IntType(32)
        ask = builder.module.declare_intrinsic(
            "llvm.prefetch", kinds, ir.FunctionType(ir.VoidType(), [kinds[0], whole, whole, whole])
        )
        for first in range(0, LANES, _WIDTH):
            where = builder.bitcast(builder.gep(values[0], [ir.Constant(ir.IntType(64), first)]), kinds[0])
            builder.call(ask, [where, whole(0), whole(2), whole(1)])
        return context.get_dummy_value()

    return types.void(FLOATS), emit


@inlined
def _taken(address: Word, step: int, start: int) -> Pointer:
    """Where a block's numbers of one input stand; those of the block after it are asked for."""
    here = shift(at_address(address), step * start)
    _soon(shift(here, step * LANES))
    return carray(here, (LANES,))


@intrinsic
def _send(typing_context, to, given):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """``LANES`` numbers past the caches to an address of 64 bytes: results are not read again here."""

    def emit(context, builder, signature, values):  # type: ignore[no-untyped-def]  # noqa: ARG001
        vector = ir.VectorType(ir.DoubleType(), _WIDTH)
        once = builder.module.add_metadata([ir.Constant(ir.IntType(32), 1)])
        for first in range(0, LANES, _WIDTH):
            where = ir.Constant(ir.IntType(64), first)
            source = builder.bitcast(builder.gep(values[1], [where]), vector.as_pointer())
            target = builder.bitcast(builder.gep(values[0], [where]), vector.as_pointer())
            store = builder.store(builder.load(source, align=8), target, align=64)
            store.set_metadata("nontemporal", once)
        return context.get_dummy_value()

    return types.void(FLOATS, FLOATS), emit


@inlined
def _given_back(room: Pointer, row: int, address: Word, start: int) -> None:
    _send(shift(at_address(address), start), shift(room, row))


def _options(plan: Pointer, arrays: Pointer) -> None:  # noqa: PLR0915  # one loop, read in one go
    g, a = carray(plan, (PLAN,)), carray(arrays, (ADDRESSES,))
    first, blocks, sign = g[0], g[1], 2.0 * g[2] - 1.0
    room = at_address(a[INPUTS + OUTPUTS])
    w = carray(room, (ROOM,))
    left_out = carray(shift(at_address(a[INPUTS + OUTPUTS + 1]), first), (blocks,))
    for block in range(blocks):
        start = (first + block) * LANES
        spots, strikes, times = _taken(a[0], g[3], start), _taken(a[1], g[4], start), _taken(a[2], g[5], start)
        rates, vols, yields = _taken(a[3], g[6], start), _taken(a[4], g[7], start), _taken(a[5], g[8], start)
        # Short loops: a processor works on several lanes at once only where their chains of steps fit into its window.
        for i in range(LANES):
            root = sqrt(times[i])
            deviation = vols[i] * root
            moneyness = _log_ratio(spots[i], strikes[i]) + (rates[i] - yields[i]) * times[i]
            w[ROOT + i] = root
            w[DEVIATION + i] = deviation
            w[ARGUMENT + i] = sign * (moneyness / deviation + 0.5 * deviation)
        for i in range(LANES):
            w[FORWARD + i] = exp_bounded(-yields[i] * times[i])
            w[DISCOUNTED + i] = strikes[i] * exp_bounded(-rates[i] * times[i])
        for i in range(LANES):
            d1 = w[ARGUMENT + i]
            d2 = d1 - sign * w[DEVIATION + i]
            # K' n(d2) = F' n(d1): one exponential for both, and no quotient.
            bell, left_1, left_2 = bell_and_tails(d1, d2)
            tail_1, tail_2 = bell * left_1, spots[i] * w[FORWARD + i] * (bell * left_2)
            w[UP + i] = tail_1 if d1 < 0.0 else 1.0 - tail_1
            w[BONDS + i] = tail_2 if d2 < 0.0 else w[DISCOUNTED + i] - tail_2
            w[DENSITY + i] = _INV_SQRT_2PI * bell
        strange = 0
        for i in range(LANES):
            spot, years, deviation = spots[i], times[i], w[DEVIATION + i]
            growth, root, density = w[FORWARD + i], w[ROOT + i], w[DENSITY + i]
            up, in_bonds = w[UP + i], w[BONDS + i]
            forward = spot * growth
            in_shares, moving = forward * up, forward * density
            price = max(sign * (in_shares - in_bonds), sign * (forward - w[DISCOUNTED + i]), 0.0)
            delta, rho = sign * growth * up, sign * years * in_bonds
            both = 1.0 / (spot * deviation * years)
            gamma, vega = growth * density * (years * both), moving * root
            # vol / sqrt(T) = deviation / T.
            decay = 0.5 * moving * (deviation * deviation * spot * both)
            theta = sign * (yields[i] * in_shares - rates[i] * in_bonds) - decay
            usual = min(spot, strikes[i], years, vols[i]) > 0.0 and deviation < _WIDEST
            slow = max(abs(yields[i]), abs(rates[i])) * years < _FASTEST and abs(w[ARGUMENT + i] * deviation) < _FASTEST
            total = delta + gamma + vega + theta + rho + price
            known = usual and slow and total - total == 0.0
            w[PRICE + i] = price if known else _NOT_A_NUMBER
            w[DELTA + i] = delta
            w[GAMMA + i] = gamma
            w[VEGA + i] = vega
            w[THETA + i] = theta
            w[RHO + i] = rho
            strange += 0 if known else 1
        _given_back(room, PRICE, a[6], start)
        _given_back(room, DELTA, a[7], start)
        _given_back(room, GAMMA, a[8], start)
        _given_back(room, VEGA, a[9], start)
        _given_back(room, THETA, a[10], start)
        _given_back(room, RHO, a[11], start)
        left_out[block] = float(strange)


_LOCK = threading.Lock()
_KEPT: list[Kernel] = []


def option_kernel(*, kept: bool = True) -> Kernel:
    """The kernel: (plan, addresses of arrays); compiled once, then out of the user's cache folder."""
    if not kept:
        return Kernel(_options, SIGNATURE, "options-fresh", kept=False)
    with _LOCK:
        if not _KEPT:
            own = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
            _KEPT.append(Kernel(_options, SIGNATURE, f"greeks-{own}"))
        return _KEPT[0]
