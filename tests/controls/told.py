"""A desk whose clock and prices a test says, and what its command line answers."""

from decimal import Decimal
from pathlib import Path

import time_machine

from insure.book import Book
from insure.book.alerts import AlertBook
from insure.book.verify import verify
from tests.conftest import Insure, Said
from tests.schedules.world import at, outcomes, write_fund

QUIET = "market_halt_falls = []\nbreaker_gap_budget = 0\nbreaker_slippage_sigmas = 0\n"
"""The breakers have tests of their own."""
PRICES = {"25": "1000", "27": "1001", "30": "1010"}


class Told:
    """A desk in a folder, its command line at instants that the test says, and its prices."""

    def __init__(self, insure: Insure, folder: Path, controls: str, people: str = '["Ada", "Ben", "Cleo"]') -> None:
        self.insure, self.folder = insure, folder
        folder.mkdir()
        (folder / "desk.toml").write_text(f'name = "Tested desk"\npeople = {people}\n', encoding="utf-8")
        self.path = write_fund(folder, start="2026-11-25", slot="close-60min", deadline=30)
        text = self.path.read_text(encoding="utf-8").replace('kind = "sample"', 'kind = "csv"\nfile = "prices.csv"')
        self.path.write_text(f"{text}\n[controls]\n{QUIET}{controls}\n", encoding="utf-8")
        self.tell(**PRICES)

    def tell(self, **closes: str) -> None:
        lines = [f"2026-11-{int(day.strip('d')):02},{close}" for day, close in closes.items()]
        (self.folder / "prices.csv").write_text("\n".join(["date,close", "2026-11-24,1000", *lines]) + "\n")

    def __call__(self, moment: str, *arguments: str) -> Said:
        with time_machine.travel(at(f"2026-11-{moment}"), tick=False):
            return self.insure(*arguments, "--desk", str(self.folder))

    def json(self, moment: str, *arguments: str) -> dict[str, object]:
        said = self(moment, *arguments, "--json")
        return said.json

    def waiting(self, moment: str) -> list[dict[str, object]]:
        found = self.json(moment, "status")["proposals"]
        assert isinstance(found, list)
        return found

    def change(self, before: str, after: str) -> None:
        text = self.path.read_text(encoding="utf-8")
        assert before in text
        self.path.write_text(text.replace(before, after), encoding="utf-8")

    @property
    def outcomes(self) -> dict[str, str]:
        with Book.open(self.folder / "insure.db") as book:
            return outcomes(book)

    @property
    def units(self) -> Decimal:
        with Book.open(self.folder / "insure.db") as book:
            return book.standing("tested").holdings.units

    def verified(self) -> None:
        with Book.open(self.folder / "insure.db") as book:
            found = verify(book).findings
        assert not found, [finding.sentence for finding in found]


def alerts(desk: Told) -> dict[str, str]:
    with Book.open(desk.folder / "insure.db") as book:
        return {one.alert.kind: one.alert.grade for one in AlertBook(book).open()}


def number(found: list[dict[str, object]]) -> str:
    assert len(found) == 1, f"one proposal should wait: {found}"
    return str(found[0]["id"])
