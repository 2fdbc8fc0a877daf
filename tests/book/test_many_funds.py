"""Many funds in one transaction: each slot whole or not there, and a commit for a thousand of them."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from insure.book import Book
from insure.book.verify import verify
from insure.broker import PaperBroker
from insure.errors import InvalidInput, NothingDue
from insure.fund import Fund
from schedules.jobs import BATCH, Refused, Tick, tick_many
from tests.book.conftest import OpenBook
from tests.book.market import ListedPrices, a_fund, first_slots, listed

SYNCS_A_COMMIT = 5
"""tests/faults/test_power.py::test_a_commit_costs_at_most_five_syncs."""


def _funds(count: int) -> list[Fund]:
    return [replace(a_fund(), id=f"fund-{number:05d}") for number in range(count)]


def _feed(_: Fund) -> ListedPrices:
    return listed()


def test_a_batch_does_what_single_ticks_do_with_fewer_commits(open_book: OpenBook) -> None:
    slot = first_slots(1)[0]
    commits: list[object] = []

    def count(connection: object) -> None:
        commits.append(connection)

    with open_book() as book:
        event.listen(Engine, "commit", count)
        try:
            due = [(fund, slot) for fund in _funds(25)]
            done = list(tick_many(book, due, _feed, PaperBroker(), lambda _, slot: slot.at, batch=10))
        finally:
            event.remove(Engine, "commit", count)
        assert len(done) == 25
        assert all(isinstance(each, Tick) for each in done)
        assert len(commits) == 3
        assert verify(book).findings == ()


def test_a_full_batch_costs_less_than_one_sync_for_a_hundred_funds() -> None:
    assert SYNCS_A_COMMIT * 100 <= BATCH


def test_a_fund_that_cannot_run_does_not_stop_the_others(open_book: OpenBook) -> None:
    slot, later = first_slots(2)
    early = replace(a_fund(), id="early", protection=replace(a_fund().protection, start=later.session))
    due = [(fund, slot) for fund in (*_funds(2), early, *_funds(1))]
    with open_book() as book:
        done = list(tick_many(book, due, _feed, PaperBroker(), lambda _, slot: slot.at))
        assert [type(each) for each in done] == [Tick, Tick, Refused, Refused]
        errors = [each.error for each in done if isinstance(each, Refused)]
        assert isinstance(errors[0], InvalidInput)
        assert isinstance(errors[1], NothingDue)
        assert [len(book.runs(each)) for each in ("fund-00000", "fund-00001", "early")] == [1, 1, 0]
        assert verify(book).findings == ()


def test_a_batch_that_breaks_off_keeps_nothing_of_itself_and_all_before(tmp_path: Path) -> None:
    slot = first_slots(1)[0]

    def feed(fund: Fund) -> ListedPrices:
        if fund.id == "fund-00007":
            raise KeyboardInterrupt
        return listed()

    with Book.open(tmp_path / "insure.db") as book:
        due = [(fund, slot) for fund in _funds(10)]
        told = tick_many(book, due, feed, PaperBroker(), lambda _, slot: slot.at, batch=5)
        kept = [next(told) for _ in range(5)]
        with pytest.raises(KeyboardInterrupt):
            next(told)
        assert len(kept) == book.head()[0] // 2 == 5
        assert verify(book).findings == ()
