"""The names of ``insure.pricing.elementary`` with bodies that compile to packed instructions.

A library call keeps a loop scalar; arithmetic, selects and shifts do not. Importing this module tells the compiler to
use these bodies wherever a rule calls ``exp``, ``log``, ``sqrt``, ``norm_cdf`` or ``norm_pdf``: a rule stays one text
for the live decision and for the laboratory.

Accuracy against the plain functions (tests/simulation/test_simulation_vector_math.py measures each):

=============  ==================  ==================================================================
exp            5e-16 relative      0 below -708, where the true value is under 3.3e-308; inf above 709
log            5e-16 relative      from 2.3e-308 up; minus infinity at zero and below, as the plain one
norm_cdf       2e-14 relative      for x >= -8 (4e-15 above -1); 5e-13 down to -37; 5e-308 below -37.5
norm_pdf       5e-16 absolute
sine, cosine   1e-15 absolute      of 2 pi u, u in [0, 1]
=============  ==================  ==================================================================

Sources: exp by the reduction of Cody & Waite (1980); log after fdlibm's e_log.c (Sun Microsystems, 1993); norm_cdf as
exp(-x^2/2) times a quotient of polynomials in |x|, the form of Hart et al. (1968), Computer Approximations, 5666. The
polynomials here are minimax fits (Remez) to 40 digits, their own error below 3e-15 for the cdf and 1e-16 elsewhere.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from insure.pricing import elementary
from insure.simulation.compiler import intrinsic, ir, njit, overload, types

COMPILATION: dict[str, Any] = {"fastmath": {"contract", "nsz", "arcp"}, "error_model": "numpy", "nogil": True}
"""How everything here is compiled: nothing re-associated, so that bits do not depend on the width of a vector.

Quotients of one divisor share its reciprocal: half a unit in the last place for most of the divisions.
"""

_Function = TypeVar("_Function", bound=Callable[..., object])


# Compiled code calls these, Python never does: without wrappers for it they compile in half the time.
_UNWRAPPED = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def inlined(function: _Function) -> _Function:
    """``function``, compiled into every place that calls it."""
    body: _Function = njit(forceinline=True, **_UNWRAPPED, **COMPILATION)(function)
    return body


def compiled(function: _Function) -> _Function:
    """``function``, compiled to be called by compiled code."""
    body: _Function = njit(**_UNWRAPPED, **COMPILATION)(function)
    return body


def adopt(plain: Callable[..., object], body: Callable[..., object]) -> None:
    """Compiled code that calls ``plain`` gets ``body``, inlined."""
    overload(plain, strict=False, jit_options={"forceinline": True, **COMPILATION})(lambda *_: body)


# The emitters below are numba's own protocol (typing context in, signature and code generator out), which has no types.
@intrinsic
def bits_of(typing_context, x):  # type: ignore[no-untyped-def]  # numba's protocol  # noqa: ARG001
    """The 64 bits of a float64, as int64."""

    def emit(context, builder, signature, values):  # type: ignore[no-untyped-def]  # numba's protocol  # noqa: ARG001
        return builder.bitcast(values[0], ir.IntType(64))

    return types.int64(types.float64), emit


@intrinsic
def float_of(typing_context, x):  # type: ignore[no-untyped-def]  # numba's protocol  # noqa: ARG001
    """The float64 whose bits these are."""

    def emit(context, builder, signature, values):  # type: ignore[no-untyped-def]  # numba's protocol  # noqa: ARG001
        return builder.bitcast(values[0], ir.DoubleType())

    return types.float64(types.int64), emit


MASKED = 64
"""Lanes of one mask."""


@intrinsic
def lanes_above(typing_context, pointer, level):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Which of the 64 numbers from an address on are above a level: a bit each."""

    def emit(context, builder, signature, values):  # type: ignore[no-untyped-def]  # noqa: ARG001
        pack, lane = ir.VectorType(ir.DoubleType(), MASKED), ir.VectorType(ir.IntType(32), MASKED)
        row = builder.load(builder.bitcast(values[0], pack.as_pointer()), align=8)
        single = builder.insert_element(ir.Constant(pack, ir.Undefined), values[1], ir.Constant(ir.IntType(32), 0))
        levels = builder.shuffle_vector(single, ir.Constant(pack, ir.Undefined), ir.Constant(lane, [0] * MASKED))
        return builder.bitcast(builder.fcmp_ordered(">", row, levels), ir.IntType(MASKED))

    return types.uint64(pointer, types.float64), emit


@intrinsic
def lanes_unknown(typing_context, pointer):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Which of the 64 numbers from an address on are none: a bit each."""

    def emit(context, builder, signature, values):  # type: ignore[no-untyped-def]  # noqa: ARG001
        pack = ir.VectorType(ir.DoubleType(), MASKED)
        row = builder.load(builder.bitcast(values[0], pack.as_pointer()), align=8)
        return builder.bitcast(builder.fcmp_unordered("uno", row, row), ir.IntType(MASKED))

    return types.uint64(pointer), emit


@intrinsic
def first_lane(typing_context, mask):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """The lowest bit that is set."""

    def emit(context, builder, signature, values):  # type: ignore[no-untyped-def]  # noqa: ARG001
        return builder.cttz(values[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), emit


_ROUND = 6755399441055744.0  # 1.5 * 2^52: adding it leaves the nearest whole number in the low bits
_LOG2_E = 1.4426950408889634
_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
_SMALLEST = 2.2250738585072014e-308
_INFINITY = float("inf")


@inlined
def exp_within(x: float) -> float:
    """e to the x, for x in [-708, 709] only."""
    shifted = x * _LOG2_E + _ROUND
    n = shifted - _ROUND
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    p = 2.500000833243082e-08
    p = p * r + 2.7630248485211643e-07
    p = p * r + 2.7557586548670366e-06
    p = p * r + 2.480149309891094e-05
    p = p * r + 0.00019841269506377436
    p = p * r + 0.0013888888943629745
    p = p * r + 0.008333333333494555
    p = p * r + 0.04166666666653016
    p = p * r + 0.16666666666666413
    p = p * r + 0.5000000000000011
    p = p * r + 1.0
    p = p * r + 1.0
    return float_of(bits_of(p) + (bits_of(shifted) << 52))  # type: ignore[no-any-return]  # numba publishes no types


@inlined
def exp_bounded(x: float) -> float:
    """e to the x, held within e^-708 and e^709."""
    low = -708.0 if x < -708.0 else x  # noqa: FURB136  # a select at once; min and max are compiled first
    return exp_within(709.0 if low > 709.0 else low)  # noqa: FURB136  # as above


@inlined
def _exp(x: float) -> float:
    grown = exp_bounded(x)
    kept = 0.0 if x < -708.0 else grown
    # Beyond the largest number infinity, and not a number where x is none.
    return kept if x <= 709.0 else x * _INFINITY


@inlined
def log_normal(x: float) -> float:
    """Natural logarithm of a normal number, which is above zero and finite."""
    bits = bits_of(x)
    # The exponent that leaves the mantissa in [sqrt(1/2), sqrt(2)).
    exponent = (bits - 0x3FE6A09E667F3BCD) >> 52
    f = float_of(bits - (exponent << 52)) - 1.0
    k = float_of(exponent + 0x4338000000000000) - _ROUND
    s = f / (2.0 + f)
    z = s * s
    r = 1.479819860511658591e-01
    r = r * z + 1.531383769920937332e-01
    r = r * z + 1.818357216161805012e-01
    r = r * z + 2.222219843214978396e-01
    r = r * z + 2.857142874366239149e-01
    r = r * z + 3.999999999940941908e-01
    r = r * z + 6.666666666666735130e-01
    half = 0.5 * f * f
    return k * _LN2_HIGH - ((half - (s * (half + r * z) + k * _LN2_LOW)) - f)  # type: ignore[no-any-return]  # as above


@inlined
def _log(x: float) -> float:
    value = log_normal(x)
    finite = value if x < _INFINITY else x
    return -_INFINITY if x < _SMALLEST else finite


_DEEPEST = 37.5


@inlined
def _tail_ratio(z: float) -> tuple[float, float]:
    """Numerator and denominator of N(-z) / e^{-z^2 / 2}, for z in [0, 37.5]."""
    p = 8.046879946867498e-06
    p = p * z + 0.00018443159188424527
    p = p * z + 0.0020613918993749197
    p = p * z + 0.014428330596182265
    p = p * z + 0.0686301281343324
    p = p * z + 0.22666241929661185
    p = p * z + 0.5091376163969341
    p = p * z + 0.7183883299447336
    p = p * z + 0.5
    q = 2.0170536796511485e-05
    q = q * z + 0.000462301443108576
    q = q * z + 0.005187313744344629
    q = q * z + 0.0366287634659769
    q = q * z + 0.17715700291710126
    q = q * z + 0.6034007173647055
    q = q * z + 1.4381090727461392
    q = q * z + 2.3012769193996436
    q = q * z + 2.2346612206926304
    q = q * z + 1.0
    return p, q


@inlined
def _size(x: float) -> float:
    """|x|, at most 37.5: beyond it the tail is under 5e-308."""
    size = abs(x)
    return _DEEPEST if size > _DEEPEST else size  # noqa: FURB136  # as above


@inlined
def _norm_cdf(x: float) -> float:
    z = _size(x)
    p, q = _tail_ratio(z)
    tail = p / q * exp_within(-0.5 * z * z)
    return tail if x < 0.0 else 1.0 - tail


@inlined
def bell_and_tails(x: float, y: float) -> tuple[float, float, float]:
    """e^{-x^2 / 2}, N(-|x|) over it, and N(-|y|) / e^{-y^2 / 2}: one exponential and one quotient for two tails."""
    z, size = _size(x), _size(y)
    p, q = _tail_ratio(z)
    p_other, q_other = _tail_ratio(size)
    quotient = 1.0 / (q * q_other)
    return exp_within(-0.5 * z * z), p * q_other * quotient, p_other * q * quotient


@inlined
def _norm_pdf(x: float) -> float:
    return 0.3989422804014327 * _exp(-0.5 * x * x)


@intrinsic
def _root(typing_context, x):  # type: ignore[no-untyped-def]  # numba's protocol  # noqa: ARG001
    def emit(context, builder, signature, values):  # type: ignore[no-untyped-def]  # numba's protocol  # noqa: ARG001
        return builder.call(builder.module.declare_intrinsic("llvm.sqrt", [ir.DoubleType()]), [values[0]])

    return types.float64(types.float64), emit


@inlined
def _sqrt(x: float) -> float:
    return _root(x)  # type: ignore[no-any-return]  # numba publishes no types


def _plain(body: Any) -> Callable[..., object]:
    """The text of a compiled function, which is what an overload takes."""
    text: Callable[..., object] = body.py_func
    return text


adopt(elementary.exp, _plain(_exp))
adopt(elementary.log, _plain(_log))
adopt(elementary.sqrt, _plain(_sqrt))
adopt(elementary.norm_cdf, _plain(_norm_cdf))
adopt(elementary.norm_pdf, _plain(_norm_pdf))


@inlined
def sine_cosine(u: float) -> tuple[float, float]:
    """sin and cos of 2 pi u, for u in [0, 1]: of twice the angle pi (u - 1/2), and half a turn on."""
    r = u - 0.5
    z = r * r
    s = -2.1085688947990734e-05
    s = s * z + 0.0004659420682785981
    s = s * z + -0.007370347468908301
    s = s * z + 0.08214587559645478
    s = s * z + -0.5992645284958568
    s = s * z + 2.5501640398445717
    s = s * z + -5.167712780049385
    s = s * z + 3.14159265358979
    s = s * r
    c = 4.149591699565863e-06
    c = c * z + -0.00010456658073536071
    c = c * z + 0.0019295562835928391
    c = c * z + -0.02580688873935289
    c = c * z + 0.23533063012980837
    c = c * z + -1.3352627688434646
    c = c * z + 4.058712126416498
    c = c * z + -4.934802200544676
    c = c * z + 1.0
    twice = 2.0 * s
    return -twice * c, twice * s - 1.0
