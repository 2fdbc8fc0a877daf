"""Memory for many numbers: laid on pages, and used again once nobody holds it."""

import mmap
import weakref
from collections import deque
from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from insure.arguments import FloatArray

PAGE = mmap.PAGESIZE // 8
"""Numbers of a page."""
MOST_KEPT = 64 << 20
"""Bytes that stay with the process when a result is let go."""

_LET_GO: deque[mmap.mmap] = deque(maxlen=1)


_ALIGNED = 16 * PAGE
_LARGE_PAGE = 2 << 20


def on_pages(sizes: Sequence[int]) -> list[FloatArray]:
    """Arrays of so many numbers, each from a boundary of sixteen pages on; what is in them is open.

    In large pages where the system has them, so that no address is looked for; why else: ``insure.simulation.layout``.
    """
    length = 8 * sum(_lengths(sizes, _ALIGNED))
    room = np.frombuffer(_mapped(-(-length // _LARGE_PAGE) * _LARGE_PAGE + _LARGE_PAGE), dtype=np.float64)
    return _laid_out(room, -room.ctypes.data % _LARGE_PAGE // 8, sizes, _ALIGNED)


def used_again(sizes: Sequence[int]) -> list[FloatArray]:
    """Arrays of so many numbers, each from a page's beginning on, in the memory of the last ones where nobody holds any
    part of those any more.

    Fresh memory is cleared by the system page by page, which can cost more than a formula that fills it. One
    stretch of at most ``MOST_KEPT`` bytes is kept.
    """
    length = 8 * max(sum(_lengths(sizes, PAGE)), PAGE)
    memory = _kept(length) or _mapped(length)
    room = np.frombuffer(memory, dtype=np.float64)
    if len(memory) <= MOST_KEPT:
        weakref.finalize(room, _LET_GO.append, memory).atexit = False
    return _laid_out(room, 0, sizes, PAGE)


def _lengths(sizes: Sequence[int], unit: int) -> list[int]:
    """Whole units."""
    return [-(-size // unit) * unit for size in sizes]


def _laid_out(room: FloatArray, first: int, sizes: Sequence[int], unit: int) -> list[FloatArray]:
    ends = accumulate(_lengths(sizes, unit), initial=first)
    return [room[start : start + size] for start, size in zip(ends, sizes, strict=False)]


def _kept(length: int) -> mmap.mmap | None:
    """Memory that was let go, of that length to twice as much."""
    try:
        memory = _LET_GO.pop()
    except IndexError:  # none was, or another thread has it
        return None
    return memory if length <= len(memory) <= 2 * length else None


def _mapped(length: int) -> mmap.mmap:
    memory = mmap.mmap(-1, length)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        memory.madvise(mmap.MADV_HUGEPAGE)
    return memory
