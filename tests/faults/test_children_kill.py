"""SIGKILL at every fifth moment while child orders are sent, then a restart: each is executed once, in its own time."""

import datetime as dt
from pathlib import Path

from insure.book import Book
from insure.book.verify import verify
from schedules.watch.delivering import delivered
from tests.execution.intraday import MINUTE, intraday, sessions, ticked, told
from tests.faults.killing import FileBroker, Moments, copy_of, in_a_child

OF = intraday(execution={"slices": 2})
SLOT = sessions(OF, 1)[0]


def _sent(path: Path, moments: Moments | None = None) -> None:
    """Deliver at the beginning of each of the two slices; after a kill no clock goes back before what was executed."""
    with Book.open(path) as book:
        broker = FileBroker(path.parent / "executed.jsonl", moments)
        executed = max((dt.datetime.fromisoformat(line[3]) for line in broker.lines()), default=SLOT.at)
        for now in (SLOT.at, SLOT.at + 30 * MINUTE):
            if now >= executed:
                delivered(book, broker, OF, now)


def test_a_restart_between_children_sends_each_once(tmp_path: Path) -> None:
    folder = tmp_path / "base"
    folder.mkdir()
    base = folder / "insure.db"
    with Book.open(base) as book:
        ticked(book, OF, SLOT, told(OF, ["100"]), FileBroker(folder / "executed.jsonl"))
    undisturbed = copy_of(base, tmp_path / "undisturbed")
    killed, moments = in_a_child(lambda counted: _sent(undisturbed, counted), fatal=-1)
    assert not killed
    assert moments >= 100, "the way of two children has fewer moments than it must have"
    wanted = FileBroker(undisturbed.parent / "executed.jsonl").lines()
    assert len(wanted) == 2
    for fatal in range(0, moments, 5):
        path = copy_of(base, tmp_path / f"killed-{fatal}")
        killed, _ = in_a_child(
            lambda counted, path=path: _sent(path, counted),  # type: ignore[misc]  # bound at once
            fatal=fatal,
        )
        assert killed, f"moment {fatal} of {moments} never came"
        _sent(path)
        found = FileBroker(path.parent / "executed.jsonl").lines()
        assert found == wanted, f"killed at moment {fatal}: executed {[line[0] for line in found]}"
        with Book.open(path) as book:
            assert book.open_orders() == [], f"killed at moment {fatal}, an order was forgotten"
            assert verify(book, again=False).findings == ()
