"""From plain functions to machine code that is kept in the user's cache folder and called by address.

A kernel is compiled once for each model, each rule and each set of frictions, then kept in ``$INSURE_CACHE_DIR``, else
``$XDG_CACHE_HOME/insure``, else ``~/.cache/insure``. The name of its file holds a hash of every source whose text can
reach a kernel, of the compiler's version and of the processor: an edited rule is compiled anew, never taken from the
cache (tests/simulation/test_compilation.py).
"""

import ctypes
import dis
import gc
import hashlib
import os
import pickle
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import FunctionType
from typing import Any

import insure
from insure.pricing import elementary
from insure.simulation.compiler import CFunc, CompileResult, dumps, intrinsic, ir, normalize_signature, types, version
from insure.simulation.vector_math import COMPILATION, adopt

_PACKAGE = Path(insure.__file__).parent
_SOURCES = (
    "simulation/compilation.py",
    "simulation/compiler.py",
    "simulation/driver.py",
    "simulation/heston_paths.py",
    "simulation/kernels.py",
    "simulation/ladders.py",
    "simulation/layout.py",
    "simulation/offsets.py",
    "simulation/paths.py",
    "simulation/random.py",
    "simulation/short_ladder.py",
    "simulation/vector_math.py",
    "strategies",
    "pricing/elementary.py",
    "decision/rungs.py",
    "rebalancing.py",
    "costs.py",
)
FLOATS = types.CPointer(types.float64)
WHOLES = types.CPointer(types.int64)

STAGE = types.void(FLOATS, FLOATS, FLOATS, FLOATS, FLOATS)
"""One step of one thing: (world at its row, put, book, terms, row of the schedule)."""
WORLD = types.void(FLOATS, FLOATS, types.int64, types.int64, types.uint64)
"""Four steps of the index: (world, terms, first path, draw, seed)."""

_LOCK = threading.Lock()
_CTYPES: dict[object, type] = {types.int64: ctypes.c_int64, types.uint64: ctypes.c_uint64}


def cache_folder() -> Path:
    """Where compiled kernels are kept between runs."""
    named = os.environ.get("INSURE_CACHE_DIR")
    if named:
        return Path(named)
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "insure"


@lru_cache(maxsize=1)
def source_digest() -> str:
    """SHA-256 over every source whose text can end up inside a kernel, and the compiler's version."""
    digest = hashlib.sha256(version.encode())
    for name in _SOURCES:
        path = _PACKAGE / name
        for file in sorted(path.glob("*.py")) if path.is_dir() else [path]:
            digest.update(file.name.encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


class _Shelf:
    """What numba asks of a cache, for one kernel: its compiled form out of a file, and into it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _file(self, codegen: Any) -> Path:
        machine = hashlib.sha256(repr(codegen.magic_tuple()).encode()).hexdigest()[:16]
        return cache_folder() / f"{self._name}-{source_digest()[:24]}-{machine}.kernel"

    def load_overload(self, signature: object, target: Any) -> object | None:  # noqa: ARG002
        """The compiled kernel, or None where there is none that can be read."""
        target.refresh()
        try:
            payload = pickle.loads(self._file(target.codegen()).read_bytes())  # noqa: S301  # our own file, as numba's
        except (OSError, pickle.UnpicklingError, EOFError):
            return None
        rebuilt: object = CompileResult._rebuild(target, *payload)  # numba's protocol of caches
        return rebuilt

    def save_overload(self, signature: object, result: Any) -> None:  # noqa: ARG002
        """Keep it; a folder that cannot be written costs the next run a compilation, nothing else."""
        file = self._file(result.codegen)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as half:
                half.write(dumps(result._reduce()))  # numba's protocol of caches
            Path(half.name).replace(file)
        except OSError:
            return

    def holds(self, target: Any) -> bool:
        """Whether the kernel is there already."""
        return self._file(target.codegen()).is_file()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of cycles, which would walk through all that the compiler keeps, again and again."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


class Kernel:
    """One compiled function: its address, and how it came about.

    Args:
        function: plain function of numbers and addresses that returns nothing.
        signature: its types.
        name: of its file in the cache.
        kept: whether it is looked for in the cache, and put there.
    """

    def __init__(self, function: Callable[..., None], signature: object, name: str, *, kept: bool = True) -> None:
        self.name = name
        with _LOCK, _uncollected():
            callback = CFunc(function, normalize_signature(signature), locals={}, options=dict(COMPILATION))
            if kept:
                callback._cache = _Shelf(name)  # a cache of our own in the place of numba's
            callback.compile()
        self._callback = callback
        self.address: int = callback.address
        kinds = [_CTYPES.get(kind, ctypes.c_void_p) for kind in normalize_signature(signature)[0]]
        self._function = ctypes.CFUNCTYPE(None, *kinds)(self.address)
        self.from_cache: bool = callback.cache_hits > 0

    def assembly(self) -> str:
        """The machine code, as text; only of a kernel that was compiled in this process."""
        text: str = self._callback._library.get_asm_str()  # numba shows it for dispatchers only
        return text

    def __call__(self, *arguments: object) -> None:
        """Run it; other threads go on meanwhile. Pointers are given as addresses."""
        self._function(*arguments)


def is_cached(name: str) -> bool:
    """Whether a kernel of that name would come out of the cache."""
    target = CFunc._targetdescr.target_context  # the one target there is
    target.refresh()
    return _Shelf(name).holds(target)


_ADOPTED: set[FunctionType] = set()


def adopt_rule(rule: Callable[..., object]) -> None:
    """Let compiled code call ``rule`` and the plain functions that it is written with."""
    for function in _reachable(rule):
        if function.__module__ != elementary.__name__ and function not in _ADOPTED:
            _ADOPTED.add(function)
            adopt(function, function)


def _reachable(rule: Callable[..., object]) -> Iterator[FunctionType]:
    """``rule`` and every plain function of this package that its text names."""
    seen: set[FunctionType] = set()
    waiting = [rule]
    while waiting:
        function = waiting.pop()
        if not isinstance(function, FunctionType) or function in seen or not function.__module__.startswith("insure"):
            continue
        seen.add(function)
        yield function
        waiting.extend(
            function.__globals__[name] for name in function.__code__.co_names if name in function.__globals__
        )


def reads(rule: Callable[..., object], field: str) -> bool:
    """Whether a rule may look at a field of its memory, its second argument: of one handed on whole it may."""
    code = rule.__code__
    memory = code.co_varnames[1]
    for here, after in pairwise(dis.get_instructions(code)):
        names = here.argval if isinstance(here.argval, tuple) else (here.argval,)
        by_name = here.opname.startswith("LOAD_FAST") and len(names) == 1 and after.opname == "LOAD_ATTR"
        if memory in names and not (by_name and after.argval != field):
            return True
    return False


# Emitters are numba's own protocol (typing context in, signature and code generator out), which has no types.
@intrinsic
def shift(typing_context, pointer, numbers):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """The address so many float64 further on."""

    def emit(context, builder, signature, values):  # type: ignore[no-untyped-def]  # noqa: ARG001
        return builder.gep(values[0], [values[1]])

    return FLOATS(FLOATS, types.int64), emit


@intrinsic
def shift_wholes(typing_context, pointer, numbers):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """The address so many int64 further on."""

    def emit(context, builder, signature, values):  # type: ignore[no-untyped-def]  # noqa: ARG001
        return builder.gep(values[0], [values[1]])

    return WHOLES(WHOLES, types.int64), emit


@intrinsic
def at_address(typing_context, address):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """The float64 numbers at an address."""

    def emit(context, builder, signature, values):  # type: ignore[no-untyped-def]  # noqa: ARG001
        return builder.inttoptr(values[0], ir.DoubleType().as_pointer())

    return FLOATS(types.int64), emit


@intrinsic(prefer_literal=True)
def numbers_at(typing_context, pointer, first, count):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """So many float64 from there on, as a tuple; how many is known when this is compiled."""
    values = types.UniTuple(types.float64, count.literal_value)

    def emit(context, builder, signature, given):  # type: ignore[no-untyped-def]  # noqa: ARG001
        start = builder.gep(given[0], [given[1]])
        places = (builder.gep(start, [ir.Constant(ir.IntType(64), k)]) for k in range(values.count))
        return context.make_tuple(builder, values, [builder.load(place) for place in places])

    return values(FLOATS, types.int64, count), emit


@intrinsic
def copied(typing_context, to, line, count):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """So many float64 from one address on to another; the two do not overlap."""

    def emit(context, builder, signature, values):  # type: ignore[no-untyped-def]  # noqa: ARG001
        address, word = ir.IntType(8).as_pointer(), ir.IntType(64)
        copy = builder.module.declare_intrinsic("llvm.memcpy", [address, address, word])
        places = [builder.bitcast(value, address) for value in values[:2]]
        builder.call(copy, [*places, builder.shl(values[2], word(3)), ir.IntType(1)(0)])
        return context.get_dummy_value()

    return types.void(FLOATS, FLOATS, types.int64), emit


@intrinsic
def call_stage(typing_context, address, world, put, book, terms, row):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Call a compiled ``STAGE`` at an address."""

    def emit(context, builder, signature, values):  # type: ignore[no-untyped-def]  # noqa: ARG001
        floats = ir.DoubleType().as_pointer()
        function = ir.FunctionType(ir.VoidType(), [floats] * 5)
        builder.call(builder.inttoptr(values[0], function.as_pointer()), list(values[1:]))
        return context.get_dummy_value()

    return types.void(types.int64, FLOATS, FLOATS, FLOATS, FLOATS, FLOATS), emit


@intrinsic
def call_world(typing_context, address, world, terms, first, draw, seed):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Call a compiled ``WORLD`` at an address."""

    def emit(context, builder, signature, values):  # type: ignore[no-untyped-def]  # noqa: ARG001
        floats, whole = ir.DoubleType().as_pointer(), ir.IntType(64)
        function = ir.FunctionType(ir.VoidType(), [floats, floats, whole, whole, whole])
        builder.call(builder.inttoptr(values[0], function.as_pointer()), list(values[1:]))
        return context.get_dummy_value()

    return types.void(types.int64, FLOATS, FLOATS, types.int64, types.int64, types.uint64), emit


__all__ = [
    "FLOATS",
    "STAGE",
    "WHOLES",
    "WORLD",
    "Kernel",
    "adopt_rule",
    "at_address",
    "cache_folder",
    "call_stage",
    "call_world",
    "copied",
    "is_cached",
    "numbers_at",
    "reads",
    "shift",
    "shift_wholes",
    "source_digest",
]
