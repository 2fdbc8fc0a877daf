"""Storage that fails: a clear sentence, no traceback, nothing half-written, and nothing traded on a doubtful book."""

import os
import resource
import signal
import sqlite3
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from insure.book import Book
from insure.book.verify import verify
from insure.broker import PaperBroker
from insure.errors import BookError, InsureError
from schedules.jobs import tick
from tests.book.market import a_fund, first_slots, listed, run
from tests.faults.killing import copy_of, dump

FUND = a_fund(band=0.0)
WRITTEN = 6


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A book of a few slots."""
    path = tmp_path / "insure.db"
    with Book.open(path) as book:
        run(book, FUND, WRITTEN)
    return path


def _next(path: Path, busy_seconds: float = 0.05) -> None:
    slot = first_slots(WRITTEN + 1)[WRITTEN]
    with Book.open(path, busy_seconds) as book:
        tick(book, FUND, slot, listed(), PaperBroker(), slot.at)


def _in_a_child(action: Callable[[], None]) -> str:
    """What a child said that ran ``action``: empty where it went well, the sentence of a product error, or its type."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads
        child = os.fork()
    if child == 0:
        said = "the child did not come to its end"
        try:
            action()
            said = ""
        except InsureError as error:
            said = str(error)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the parent shall see it
            said = f"TRACEBACK {type(error).__name__}: {error}"
        finally:
            os.write(writing, said.encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        said = answer.read()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, f"the child died of signal {status}"
    return said


def test_a_full_disk_is_a_sentence_and_leaves_the_book_as_it_was(written: Path) -> None:
    before = dump(written)

    def on_a_full_disk() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (written.stat().st_size, resource.RLIM_INFINITY))
        _next(written)

    said = _in_a_child(on_a_full_disk)
    assert "refused" in said, said
    assert "Nothing of this was kept" in said
    assert dump(written) == before
    _next(written)
    with Book.open(written) as book:
        assert verify(book).findings == ()


def test_a_disk_too_full_for_a_new_book_is_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    def on_a_full_disk() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
        Book.open(tmp_path / "new.db")

    said = _in_a_child(on_a_full_disk)
    assert said, "a book cannot have been made in 20,000 bytes"
    assert "TRACEBACK" not in said, said
    assert not (tmp_path / "new.db").exists()


def test_a_read_only_book_can_be_read_and_verified_and_refuses_a_tick(written: Path) -> None:
    written.chmod(0o444)
    written.parent.chmod(0o555)

    def as_nobody() -> None:
        if os.getuid() == 0:  # the administrator may write whatever the mode says
            os.setuid(65534)
        with Book.open(written) as book:
            assert verify(book).findings == ()
        _next(written)

    said = _in_a_child(as_nobody)
    written.parent.chmod(0o755)
    written.chmod(0o600)
    assert "refused" in said, said
    assert "readonly" in said
    _next(written)


def test_a_locked_book_is_waited_for_and_then_a_sentence(written: Path) -> None:
    before = dump(written)
    with closing(sqlite3.connect(written, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BookError, match=r"locked\. Nothing of this was kept"):
            _next(written)
        other.execute("ROLLBACK")
    assert dump(written) == before
    _next(written)


def test_a_truncated_book_is_refused_wherever_it_was_cut(written: Path, tmp_path: Path) -> None:
    whole = written.read_bytes()
    generator = np.random.default_rng(7)
    lengths = {0, 1, 99, 100, 4096, len(whole) - 1, len(whole) - 4096, *generator.integers(0, len(whole), 40).tolist()}
    for length in sorted(lengths):
        path = tmp_path / "cut.db"
        path.write_bytes(whole[:length])
        with pytest.raises(BookError):
            _next(path)
        assert path.read_bytes() == whole[:length], f"a book cut to {length} bytes was written to"


def _flip(content: bytes, generator: np.random.Generator, bits: int) -> bytes:
    flipped = bytearray(content)
    for place in generator.integers(0, len(content) * 8, bits):
        flipped[place // 8] ^= 1 << (place % 8)
    return bytes(flipped)


def _flips(written: Path, count: int, seed: int) -> tuple[int, int, int]:
    """Flip one bit in each of ``count`` copies; how many were found, how many ticks were refused, how many harmless."""
    whole, wanted = written.read_bytes(), None
    undisturbed = copy_of(written, written.parent / "undisturbed")
    _next(undisturbed)
    wanted, before = dump(undisturbed), dump(written)
    generator = np.random.default_rng(seed)
    found = refused = harmless = 0
    for number in range(count):
        path = written.parent / "flipped.db"
        path.write_bytes(_flip(whole, generator, 1))
        for each in path.parent.glob("flipped.db-*"):
            each.unlink()
        doubtful = _doubted(path)
        found += doubtful
        if _refuses(path):
            refused += 1
            continue
        if doubtful:
            # The flip lies where this tick did not read: what it wrote must be what it would have written.
            _same_slot(path, undisturbed, f"flip {number} of seed {seed}")
        else:
            harmless += 1
            assert dump(path) == wanted, f"flip {number} of seed {seed} was not seen and changed the book"
    assert before != wanted
    return found, refused, harmless


def _refuses(path: Path) -> bool:
    try:
        _next(path)
    except InsureError as error:
        return bool(str(error).strip())
    return False


def _doubted(path: Path) -> bool:
    try:
        with Book.open(path) as book:
            return bool(verify(book, again=False).findings)
    except InsureError:
        return True


def _same_slot(path: Path, undisturbed: Path, what: str) -> None:
    """The newest decision of a book that was damaged elsewhere is the one of a sound book."""
    with Book.open(undisturbed) as sound, Book.open(path) as damaged:
        last, right = damaged.standing(FUND.id).last, sound.standing(FUND.id).last
        assert last == right, f"{what}: a decision was made on damaged figures"


def test_a_flipped_bit_is_found_or_changes_nothing(written: Path) -> None:
    found, refused, harmless = _flips(written, 100, seed=11)
    print(f"100 flips: {found} found by verify, {refused} ticks refused, {harmless} without effect")  # noqa: T201
    assert found > 30


@pytest.mark.soak
def test_a_thousand_flipped_bits(written: Path) -> None:
    found, refused, harmless = _flips(written, 1000, seed=12)
    print(f"1,000 flips: {found} found by verify, {refused} ticks refused, {harmless} without effect")  # noqa: T201
    assert found > 300
