"""The names of ``insure.pricing.elementary`` with bodies that compile to packed instructions.

A library call keeps a loop scalar; arithmetic, selects and shifts do not. Importing this module tells the compiler to
use these bodies wherever a rule calls ``exp``, ``log``, ``sqrt``, ``norm_cdf`` or ``norm_pdf``: a rule stays one text
for the live decision and for the laboratory.

Accuracy against the plain functions (tests/simulation/test_vector_math.py measures each):

=============  ==================  ==================================================================
exp            5e-16 relative      0 below -708, where the true value is under 3.3e-308; inf above 709
log            5e-16 relative      from 2.3e-308 up; minus infinity at zero and below, as the plain one
norm_cdf       2e-14 relative      for x >= -8 (3e-15 above -1); 5e-13 down to -37; 0 below -37.6
norm_pdf       5e-16 absolute
sine, cosine   5e-16 absolute      of 2 pi u, u in [0, 1]
=============  ==================  ==================================================================

Sources: exp by the reduction of Cody & Waite (1980); log after fdlibm's e_log.c (Sun Microsystems, 1993); norm_cdf as
exp(-x^2/2) times a polynomial in (y - k)/(y + k), y = |x|/sqrt(2), the form of Schonfelder (1978), Math. Comp. 32(144).
"""

from collections.abc import Callable
from typing import Any, TypeVar

from insure.pricing import elementary
from insure.simulation.compiler import intrinsic, ir, njit, overload, types

COMPILATION: dict[str, Any] = {"fastmath": {"contract", "nsz"}, "error_model": "numpy", "nogil": True}
"""How everything here is compiled: nothing re-associated, so that bits do not depend on the width of a vector."""

_Function = TypeVar("_Function", bound=Callable[..., object])


def inlined(function: _Function) -> _Function:
    """``function``, compiled into every place that calls it."""
    body: _Function = njit(forceinline=True, **COMPILATION)(function)
    return body


def compiled(function: _Function) -> _Function:
    """``function``, compiled to be called."""
    body: _Function = njit(**COMPILATION)(function)
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


_ROUND = 6755399441055744.0  # 1.5 * 2^52: adding it leaves the nearest whole number in the low bits
_LOG2_E = 1.4426950408889634
_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
_SMALLEST = 2.2250738585072014e-308
_INFINITY = float("inf")


@inlined
def _exp(x: float) -> float:
    clamped = min(max(x, -708.0), 709.0)
    shifted = clamped * _LOG2_E + _ROUND
    n = shifted - _ROUND
    r = (clamped - n * _LN2_HIGH) - n * _LN2_LOW
    p = 1.6059043836821613e-10
    p = p * r + 2.08767569878681e-09
    p = p * r + 2.505210838544172e-08
    p = p * r + 2.755731922398589e-07
    p = p * r + 2.7557319223985893e-06
    p = p * r + 2.48015873015873e-05
    p = p * r + 0.0001984126984126984
    p = p * r + 0.001388888888888889
    p = p * r + 0.008333333333333333
    p = p * r + 0.041666666666666664
    p = p * r + 0.16666666666666666
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    grown = float_of(bits_of(p) + (bits_of(shifted) << 52))
    kept = 0.0 if x < -708.0 else grown
    bounded = _INFINITY if x > 709.0 else kept
    return x if x != x else bounded  # noqa: PLR0124  # not a number stays one


@inlined
def _log(x: float) -> float:
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
    value = k * _LN2_HIGH - ((half - (s * (half + r * z) + k * _LN2_LOW)) - f)
    finite = value if x < _INFINITY else x
    return -_INFINITY if x < _SMALLEST else finite


_CENTRE = 3.0


@inlined
def _norm_cdf(x: float) -> float:
    y = min(abs(x) * 0.7071067811865476, 1e60)
    scale = 1.0 / ((y + _CENTRE) * (1.0 + 2.0 * y))
    u = (y - _CENTRE) * (1.0 + 2.0 * y) * scale
    p = -3.3248215913772586e-09
    p = p * u + -7.417984306812286e-09
    p = p * u + 2.8752256184816363e-08
    p = p * u + 8.648145012557507e-08
    p = p * u + -1.2304866686463356e-07
    p = p * u + -5.937207606621087e-07
    p = p * u + 3.406420000828803e-07
    p = p * u + 3.4508427779655906e-06
    p = p * u + -7.226697562146001e-07
    p = p * u + -2.0087223310838455e-05
    p = p * u + 4.946593180648052e-06
    p = p * u + 0.00012509387306181452
    p = p * u + -0.00010515932549424179
    p = p * u + -0.0007798308014423582
    p = p * u + 0.0018886903564606426
    p = p * u + 0.0025293915692554945
    p = p * u + -0.023770514929649805
    p = p * u + 0.0683080273675683
    p = p * u + -0.11927366341399397
    p = p * u + 0.12964515870170884
    p = p * u + -0.04756229435348898
    p = p * u + -0.1356211061245673
    p = p * u + 1.2530080582697296
    tail = 0.5 * p * ((y + _CENTRE) * scale) * _exp(-0.5 * x * x)
    return tail if x < 0.0 else 1.0 - tail


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


adopt(elementary.exp, lambda x: _exp(x))  # noqa: PLW0108  # an overload's body is a plain function
adopt(elementary.log, lambda x: _log(x))  # noqa: PLW0108  # an overload's body is a plain function
adopt(elementary.sqrt, lambda x: _sqrt(x))  # noqa: PLW0108  # an overload's body is a plain function
adopt(elementary.norm_cdf, lambda x: _norm_cdf(x))  # noqa: PLW0108  # an overload's body is a plain function
adopt(elementary.norm_pdf, lambda x: _norm_pdf(x))  # noqa: PLW0108  # an overload's body is a plain function


@inlined
def _quarter(u: float) -> tuple[float, float, float]:
    """Nearest quarter of a turn to ``u``, and sine and cosine of the rest."""
    quarter = (4.0 * u + _ROUND) - _ROUND
    r = u - 0.25 * quarter
    z = r * r
    s = -0.7181223017785001
    s = s * z + 3.8199525848482803
    s = s * z + -15.094642576822984
    s = s * z + 42.058693944897634
    s = s * z + -76.70585975306136
    s = s * z + 81.60524927607504
    s = s * z + -41.341702240399755
    s = s * z + 6.283185307179586
    c = 0.282005968455791
    c = c * z + -1.7143907110886711
    c = c * z + 7.903536371318465
    c = c * z + -26.426256783374388
    c = c * z + 60.24464137187664
    c = c * z + -85.45681720669371
    c = c * z + 64.93939402266828
    c = c * z + -19.739208802178716
    c = c * z + 1.0
    return quarter, s * r, c


@inlined
def sine_cosine(u: float) -> tuple[float, float]:
    """sin and cos of 2 pi u, for u in [0, 1]."""
    quarter, s, c = _quarter(u)
    odd = quarter == 1.0 or quarter == 3.0  # noqa: PLR1714  # a tuple would not become a select
    sine = c if odd else s
    cosine = s if odd else c
    sine = -sine if quarter >= 2.0 and quarter < 4.0 else sine
    cosine = -cosine if quarter >= 1.0 and quarter < 3.0 else cosine
    return sine, cosine
