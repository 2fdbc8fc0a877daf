"""Memory of results: laid on pages, used again when nobody holds it, and never before."""

import gc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from insure.simulation import room

SIZE = 100_003


@given(st.lists(st.integers(0, 3_000), min_size=1, max_size=6))
def test_arrays_begin_on_pages_of_one_stretch(sizes: list[int]) -> None:
    for arrays, pages in ((room.on_pages(sizes), 16), (room.used_again(sizes), 1)):
        unit = pages * 8 * room.PAGE
        assert [array.size for array in arrays] == sizes
        starts = [array.ctypes.data for array in arrays if array.size]
        assert all(start % unit == 0 for start in starts), f"an array does not begin with {pages} pages"
        for start, size, after in zip(starts, [size for size in sizes if size], starts[1:], strict=False):
            assert start + 8 * size <= after < start + 8 * size + unit, "two arrays overlap, or lie apart"


def test_what_is_let_go_is_used_again() -> None:
    first = room.used_again([SIZE, SIZE])
    where = first[0].ctypes.data
    del first
    again = room.used_again([SIZE, SIZE])
    assert again[0].ctypes.data == where
    assert room.used_again([SIZE, SIZE])[0].ctypes.data != where, "the same memory was handed out twice"


def test_what_is_held_in_any_part_stays_as_it_is() -> None:
    first = room.used_again([SIZE, SIZE])
    first[1][:] = 7.0
    held = first[1].reshape(-1, 1)[5:9].T
    del first
    gc.collect()
    for _ in range(3):
        other = room.used_again([SIZE, SIZE])
        for array in other:
            array[:] = -1.0
        del other
    assert held.tolist() == [[7.0] * 4]


@pytest.mark.parametrize("size", [SIZE // 4, SIZE * 4])
def test_memory_of_another_size_is_not_kept_for_it(size: int) -> None:
    """A small result does not sit on a large stretch, nor a large one on a small."""
    first = room.used_again([SIZE])
    del first
    found = room.used_again([size])
    found[0][:] = 1.0
    assert found[0].size == size
    held = found[0].base
    assert isinstance(held, np.ndarray)
    assert held.size < size + room.PAGE


def test_a_large_result_is_given_back_to_the_system() -> None:
    del room.used_again([room.MOST_KEPT // 8 + room.PAGE])[0]
    assert all(len(memory) <= room.MOST_KEPT for memory in room._LET_GO)


def test_threads_never_share() -> None:
    def work(number: int) -> bool:
        for _ in range(60):
            (mine,) = room.used_again([SIZE])
            mine[:] = number
            if not (mine == number).all():
                return False
            del mine
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(8))), "two threads wrote into one array"
