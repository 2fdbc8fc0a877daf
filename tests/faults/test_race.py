"""Eight processes that race for the same slots: each slot is run once, and nobody sees an error."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from insure.book import Book
from insure.book.verify import verify
from tests.book.conftest import postgres, postgres_book
from tests.book.market import a_fund

__all__ = ["postgres", "postgres_book"]
PROCESSES = 8
_RACER = """
import sys
from pathlib import Path
from insure.book import Book
from insure.broker import PaperBroker
from insure.errors import NothingDue
from schedules.jobs import tick
from tests.book.market import a_fund, first_slots, listed
where, count = sys.argv[1], int(sys.argv[2])
ran = 0
with Book.connect(where) if "://" in where else Book.open(Path(where)) as book:
    feed, fund = listed(), a_fund()
    sys.stdin.readline()
    for slot in first_slots(count):
        try:
            tick(book, fund, slot, feed, PaperBroker(), slot.at)
            ran += 1
        except NothingDue:
            pass
print(ran)
"""


def _race(where: str, slots: int) -> list[int]:
    root = Path(__file__).parents[2]
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", _RACER, where, str(slots)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
        )
        for _ in range(PROCESSES)
    ]
    answers = []
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    for racer in racers:
        out, errors = racer.communicate(timeout=300)
        assert racer.returncode == 0, f"a racer failed: {errors[-2000:]}"
        answers.append(int(out.split()[-1]))
    return answers


@pytest.mark.parametrize(("database", "slots"), [("sqlite", 200), ("postgresql", 50)])
def test_each_slot_is_run_once(database: str, slots: int, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    path = tmp_path / "insure.db"
    where = str(path) if database == "sqlite" else str(request.getfixturevalue("postgres_book"))
    answers = _race(where, slots)
    assert sum(answers) == slots, f"{slots} slots, and the racers say they ran {answers}"
    with Book.open(path) if database == "sqlite" else Book.connect(where) as book:
        assert len(book.runs(a_fund().id)) == slots
        assert verify(book).findings == ()
