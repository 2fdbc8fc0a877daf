"""Power cuts: whatever a disk may hold afterwards, every acknowledged slot is there, whole, and none is half there."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import apsw
import numpy as np
import pytest
from sqlalchemy import Engine, event

from insure.book import Book
from insure.book.verify import verify
from insure.broker import PaperBroker
from schedules.jobs import tick
from tests.book.market import a_fund, first_slots, listed
from tests.faults.killing import dump
from tests.faults.power import Deed, Disk, NotingVfs

FUND = a_fund(band=0.0)
BEFORE, NOTED = 2, 6
PRAGMAS = ("journal_mode=DELETE", "synchronous=EXTRA", "foreign_keys=ON")
Statement = tuple[str, tuple[object, ...]]


def _statements(path: Path) -> list[list[Statement]]:
    """What each of the noted slots says to the database, and at last the book with all of them in it."""
    told: list[Statement] = []

    def note(*arguments: object) -> None:
        _, _, statement, parameters, _, many = arguments
        assert isinstance(statement, str)
        rows = parameters if many else [parameters]
        assert isinstance(rows, list)
        told.extend((statement, tuple(row)) for row in rows)

    groups = []
    with Book.open(path) as book:
        event.listen(Engine, "before_cursor_execute", note)
        try:
            for slot in first_slots(BEFORE + NOTED)[BEFORE:]:
                told.clear()
                tick(book, FUND, slot, listed(), PaperBroker(), slot.at)
                groups.append([*told, ("COMMIT", ())])
        finally:
            event.remove(Engine, "before_cursor_execute", note)
    return groups


@dataclass(frozen=True, slots=True)
class Noted:
    """A book, and everything that the disk was told while more slots were written to it."""

    base: bytes
    deeds: list[Deed]
    states: list[list[str]]
    """The whole content before the first noted slot, and after each."""


def _noted(folder: Path, pragmas: tuple[str, ...] = PRAGMAS) -> Noted:
    path = folder / "insure.db"
    with Book.open(path) as book:
        for slot in first_slots(BEFORE):
            tick(book, FUND, slot, listed(), PaperBroker(), slot.at)
    base = path.read_bytes()
    groups = _statements(path)
    path.write_bytes(base)
    deeds: list[Deed] = []
    states = [dump(path)]
    vfs = NotingVfs("noting", deeds)
    vfs.made.add(path.name)
    connection = apsw.Connection(str(path), vfs="noting")
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")
    for number, statements in enumerate(groups, start=1):
        for statement, parameters in statements:
            connection.execute(statement, parameters).fetchall()
        deeds.append(Deed("acknowledged", offset=number))
        states.append(dump(path))
    connection.close()
    vfs.unregister()
    with Book.open(path) as book:
        assert verify(book).findings == (), "what was noted is no sound book"
    return Noted(base, deeds, states)


def _cut(folder: Path, noted: Noted, images: int, seed: int) -> tuple[int, int]:
    """Cut power ``images`` times; how many images lost an acknowledged slot, and how many hold no whole state."""
    generator = np.random.default_rng(seed)
    lost = unsound = 0
    cuts = np.sort(generator.integers(0, len(noted.deeds) + 1, images))
    disk, done, acknowledged = Disk({"insure.db": noted.base}, durable={"insure.db"}), 0, 0
    place = folder / "image"
    for cut in cuts.tolist():
        for deed in noted.deeds[done:cut]:
            disk.do(deed)
            if deed.kind == "acknowledged":
                acknowledged = deed.offset
        done = cut
        place.mkdir()
        for name, content in disk.after_a_cut(generator).items():
            (place / name).write_bytes(content)
        state = _state(place / "insure.db", noted.states)
        unsound += state is None
        lost += state is not None and state < acknowledged
        shutil.rmtree(place)
    return lost, unsound


def _state(path: Path, states: list[list[str]]) -> int | None:
    """Which of the whole states a disk holds; None where it holds none of them, or is damaged."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            if connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                return None
            found = list(connection.iterdump())
    except sqlite3.DatabaseError:
        return None
    return states.index(found) if found in states else None


def test_no_acknowledged_slot_is_lost_in_a_power_cut(tmp_path: Path) -> None:
    lost, unsound = _cut(tmp_path, _noted(tmp_path), images=1000, seed=3)
    assert (lost, unsound) == (0, 0), f"of 1,000 images {lost} lost an acknowledged slot, {unsound} hold no whole state"


@pytest.mark.soak
def test_no_acknowledged_slot_is_lost_in_many_power_cuts(tmp_path: Path) -> None:
    lost, unsound = _cut(tmp_path, _noted(tmp_path), images=10_000, seed=4)
    assert (lost, unsound) == (0, 0), (
        f"of 10,000 images {lost} lost an acknowledged slot, {unsound} hold no whole state"
    )


def test_the_simulated_disk_does_lose_what_is_not_synced(tmp_path: Path) -> None:
    """The oracle is no yes-sayer: without syncs it finds losses at once."""
    noted = _noted(tmp_path, ("journal_mode=DELETE", "synchronous=OFF", "foreign_keys=ON"))
    lost, unsound = _cut(tmp_path, noted, images=100, seed=5)
    assert lost + unsound > 50


def test_a_commit_costs_at_most_five_syncs(tmp_path: Path) -> None:
    deeds = _noted(tmp_path).deeds
    syncs = sum(deed.kind in {"sync", "folder"} for deed in deeds)
    assert syncs <= 5 * NOTED, f"{syncs} syncs for {NOTED} commits"
