"""SIGKILL before and after every SQL statement of a tick, and all along the sending of its order; then a restart."""

from contextlib import suppress
from pathlib import Path

from insure.book import Book
from insure.book.verify import verify
from insure.broker import PaperBroker
from insure.errors import NothingDue
from schedules.jobs import tick
from schedules.orders.sending import deliver
from tests.book.market import a_fund, first_slots, listed, run
from tests.faults.killing import FileBroker, Moments, copy_of, dump, in_a_child

SLOT = 2
PAPER = a_fund(band=0.0)
OUTSIDE = a_fund(band=0.0, broker="blotter")


def _tick(path: Path) -> None:
    slot = first_slots(SLOT + 1)[SLOT]
    with Book.open(path) as book, suppress(NothingDue):
        tick(book, PAPER, slot, listed(), PaperBroker(), slot.at)


def _deliver(path: Path, moments: Moments | None = None) -> None:
    with Book.open(path) as book:
        deliver(book, FileBroker(path.parent / "executed.jsonl", moments), first_slots(SLOT + 1)[SLOT].at)


def test_a_tick_killed_at_any_statement_ends_as_one_that_was_not(tmp_path: Path) -> None:
    base = tmp_path / "insure.db"
    with Book.open(base) as book:
        run(book, PAPER, SLOT)
    undisturbed = copy_of(base, tmp_path / "undisturbed")
    killed, moments = in_a_child(lambda _: _tick(undisturbed), fatal=-1)
    assert not killed
    assert moments >= 40, "the tick has fewer statements than it must have"
    wanted, before = dump(undisturbed), dump(base)
    states, path = set(), base
    for fatal in range(moments):
        path = copy_of(base, tmp_path / f"killed-{fatal}")
        killed, _ = in_a_child(lambda _, path=path: _tick(path), fatal=fatal)  # type: ignore[misc]  # bound at once
        assert killed, f"moment {fatal} of {moments} never came"
        found = dump(path)
        assert found in (before, wanted), f"killed at moment {fatal}, the book holds half of a slot"
        states.add(found == wanted)
        _tick(path)
        assert dump(path) == wanted, f"killed at moment {fatal} and resumed, the book is not what it should be"
    assert False in states, "no kill came before the commit"
    with Book.open(path) as book:
        assert verify(book).findings == ()


def test_an_order_killed_anywhere_on_its_way_is_executed_once_and_booked_once(tmp_path: Path) -> None:
    folder = tmp_path / "base"
    folder.mkdir()
    base = folder / "insure.db"
    with Book.open(base) as book:
        broker = FileBroker(folder / "executed.jsonl")
        for slot in first_slots(SLOT):
            tick(book, OUTSIDE, slot, listed(), broker, slot.at)
            deliver(book, broker, slot.at)
        slot = first_slots(SLOT + 1)[SLOT]
        tick(book, OUTSIDE, slot, listed(), broker, slot.at)
    executed = (folder / "executed.jsonl").read_bytes()

    def fresh(name: str) -> Path:
        path = copy_of(base, tmp_path / name)
        (path.parent / "executed.jsonl").write_bytes(executed)
        return path

    undisturbed = fresh("undisturbed")
    killed, moments = in_a_child(lambda counted: _deliver(undisturbed, counted), fatal=-1)
    assert not killed
    assert moments >= 40, "the way of an order has fewer moments than it must have"
    wanted = dump(undisturbed, "order_events", "audit")
    for fatal in range(moments):
        path = fresh(f"killed-{fatal}")
        killed, _ = in_a_child(
            lambda counted, path=path: _deliver(path, counted),  # type: ignore[misc]  # bound at once
            fatal=fatal,
        )
        assert killed, f"moment {fatal} of {moments} never came"
        _deliver(path)
        lines = FileBroker(path.parent / "executed.jsonl").lines()
        keys = [key for key, *_ in lines]
        assert len(keys) == len(set(keys)) == SLOT + 1, f"killed at moment {fatal}: executed {keys}"
        assert dump(path, "order_events", "audit") == wanted, f"killed at moment {fatal}, the book differs"
        with Book.open(path) as book:
            assert book.open_orders() == []
            assert verify(book, again=False).findings == ()
