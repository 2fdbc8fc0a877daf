"""Prices and Greeks of very many options at once: ``black_scholes.greeks`` for arrays of hundreds of thousands."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from insure.arguments import FloatArray, numbers, one_of, whole
from insure.errors import InvalidInput
from insure.pricing import black_scholes
from insure.pricing.black_scholes import Greeks
from insure.pricing.contract import KINDS, Kind
from insure.simulation.engine import cores
from insure.simulation.room import on_pages, used_again

FEW = 20_000
"""Up to so many options the plain formulas answer: they are done before a compiler is loaded."""
_INPUTS = ("spot", "strike", "years", "rate", "vol", "dividend_yield")
_OUTPUTS = tuple(field.name for field in fields(Greeks))
_SHARES = 4
"""Parts of the work for each thread, so that a busy processor holds up a part and not a half."""
_LINE = 8
"""Numbers in the 64 bytes that results are aligned to."""


def greeks(
    kind: Kind,
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    vol: ArrayLike,
    dividend_yield: ArrayLike = 0.0,
    *,
    workers: int | None = None,
    out: Greeks[FloatArray] | None = None,
) -> Greeks[FloatArray]:
    """Price, delta, gamma, vega, theta and rho of very many puts or calls.

    What ``insure.pricing.black_scholes.greeks`` says of arguments, formulas, limits and errors holds here. Options at a
    limit (no time to go, no volatility, a spot or strike of zero), those with a standard deviation of ten or more, and
    arguments that are not allowed are handed to it; so are all where there are no more than ``FEW``. The first use
    compiles for about 2 s; the result is kept in the user's cache folder.

    Args:
        kind: "put" or "call".
        spot: money per unit; like all that follow a number or an array, broadcast against each other.
        strike: money per unit.
        years: to expiry.
        rate: per year, continuously compounded.
        vol: per square root of year.
        dividend_yield: per year, continuously compounded.
        workers: threads; None for one a processor. They change no bit.
        out: what an earlier call for as many options gave back, to be written over. Without it, the memory of an
            earlier result that is held nowhere any more is used again; fresh memory can cost more than the formulas do.

    Returns:
        Arrays of the common shape.

    Raises:
        InvalidInput: as ``black_scholes.greeks``.

    Accuracy: within 1e-12 of ``black_scholes.greeks``, relative to each figure's natural scale (that of a price is the
    larger of spot and strike, discounted); where a small deviation s magnifies the rounding of d1, 4e-16 / s is added
    (tests/simulation/test_simulation_greeks.py). The price of an option far out of the money is a difference here: its
    digits below 1e-15 of the spot are a matter for the plain formulas.
    """
    one_of("kind", kind, KINDS)
    threads = cores() if workers is None else whole("workers", workers, low=1)
    values = (spot, strike, years, rate, vol, dividend_yield)
    given = [_floats(name, value) for name, value in zip(_INPUTS, values, strict=True)]
    shape = _common_shape(given)
    size = 0 if shape is None else int(np.prod(shape, dtype=np.int64))
    if shape is None or size <= FEW:
        few = black_scholes.greeks(kind, *given)
        return Greeks(*(np.asarray(getattr(few, name), dtype=np.float64) for name in _OUTPUTS))
    found = used_again([size] * len(_OUTPUTS)) if out is None else [array.reshape(-1) for array in _again(out, shape)]
    _compute(kind, [_Row.of(values, shape) for values in given], found, threads)
    return Greeks(*(array.reshape(shape) for array in found)) if out is None else out


def _floats(name: str, values: ArrayLike) -> FloatArray:
    """Numbers of any size; whether each is allowed is seen where it is used."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        return numbers(name, values)


def _common_shape(given: Sequence[FloatArray]) -> tuple[int, ...] | None:
    """None where there is none: the plain formulas have the sentence for it."""
    try:
        return np.broadcast_shapes(*(values.shape for values in given))
    except ValueError:
        return None


class _Row(NamedTuple):
    """One input as the kernel reads it."""

    values: FloatArray
    """All numbers in order, or the one number of all options."""
    single: bool

    @classmethod
    def of(cls, values: FloatArray, shape: tuple[int, ...]) -> "_Row":
        """As one row of the common shape."""
        if values.size == 1:
            return cls(values.reshape(1), single=True)
        return cls(np.ascontiguousarray(np.broadcast_to(values, shape)).reshape(-1), single=False)

    def at(self, where: NDArray[np.intp]) -> FloatArray:
        """The numbers of some options."""
        return self.values if self.single else self.values[where]


def _again(out: Greeks[FloatArray], shape: tuple[int, ...]) -> list[FloatArray]:
    """The arrays of an earlier call."""
    arrays = [getattr(out, name) for name in _OUTPUTS]
    for name, array in zip(_OUTPUTS, arrays, strict=True):
        fits = isinstance(array, np.ndarray) and array.shape == shape and array.dtype == np.float64
        if not (fits and array.flags.c_contiguous and array.ctypes.data % (_LINE * array.itemsize) == 0):
            raise InvalidInput(f"out.{name} is no array of an earlier call for options of the shape {shape}.")
    return arrays


def _compute(kind: Kind, rows: Sequence[_Row], found: Sequence[FloatArray], threads: int) -> None:
    """Fill the six results, one row each."""
    from insure.simulation.option_kernel import LANES, ROOM, option_kernel  # noqa: PLC0415  # loads the compiler

    kernel, is_call = option_kernel(), int(kind == "call")
    size = found[0].size
    blocks = size // LANES
    left_out = np.zeros(blocks + 1)
    steps = [0 if row.single else 1 for row in rows]
    standing = [np.full(LANES, row.values[0]) if row.single else row.values for row in rows]

    share = max(1, -(-blocks // (_SHARES * threads)))
    parts = [(first, min(share, blocks - first)) for first in range(0, blocks, share)]
    laid_out = on_pages([ROOM] * (len(parts) + 1) + [LANES] * len(_OUTPUTS))
    rooms, ends = laid_out[: len(parts) + 1], laid_out[len(parts) + 1 :]

    def run(
        part: tuple[int, int],
        room: FloatArray,
        given: Sequence[FloatArray],
        to: Sequence[FloatArray],
        strange: FloatArray,
    ) -> None:
        plan = np.array([*part, is_call, *steps], dtype=np.int64)
        addresses = np.array([array.ctypes.data for array in (*given, *to, room, strange)], dtype=np.uint64)
        kernel(plan.ctypes.data, addresses.ctypes.data)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda part, room: run(part, room, standing, found, left_out), parts, rooms))
    rest = size - blocks * LANES
    if rest:
        last = [row if step == 0 else np.resize(row[-rest:], LANES) for row, step in zip(standing, steps, strict=True)]
        run((0, 1), rooms[-1], last, ends, left_out[blocks:])
        for line, end in zip(found, ends, strict=True):
            line[-rest:] = end[:rest]
    if left_out.any():
        where = np.flatnonzero(np.isnan(found[0]))
        plain = black_scholes.greeks(kind, *(row.at(where) for row in rows))
        for line, name in zip(found, _OUTPUTS, strict=True):
            line[where] = getattr(plain, name)
