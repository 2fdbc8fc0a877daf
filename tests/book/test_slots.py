"""One slot, one transaction: whole or not there, once and never twice, with entries that balance to the cent."""

from decimal import Decimal

import pytest
import sqlalchemy as sa

from insure.book import Book
from insure.book.ledger import Leg, Posting
from insure.book.tables import entries, metadata, runs
from insure.broker import PaperBroker
from insure.errors import BookError, NothingDue
from schedules.jobs import tick
from tests.book.conftest import OpenBook
from tests.book.market import a_fund, execute, first_slots, listed, run


def rows(book: Book) -> dict[str, int]:
    """How many rows each table has."""
    with book.engine.connect() as connection:
        return {
            name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for name, table in metadata.tables.items()
        }


def test_a_second_run_of_a_slot_is_nothing_due_and_writes_nothing(open_book: OpenBook) -> None:
    with open_book() as book:
        run(book, a_fund(), 3)
        before = rows(book), book.head()
        slot = first_slots(3)[2]
        with pytest.raises(NothingDue, match="already ran its slot"):
            tick(book, a_fund(), slot, listed(), PaperBroker(), slot.at)
        assert (rows(book), book.head()) == before


def test_the_database_itself_refuses_a_second_run(open_book: OpenBook) -> None:
    with open_book() as book:
        run(book, a_fund(), 1)
        others = [column for column in runs.c if column.name != "id"]
        again = sa.insert(runs).from_select([column.name for column in others], sa.select(*others))
        with pytest.raises(BookError, match=r"UNIQUE|unique"):
            execute(book, again)


def test_a_dry_run_keeps_nothing(open_book: OpenBook) -> None:
    with open_book() as book:
        run(book, a_fund(), 2)
        before = rows(book), book.head()
        slot = first_slots(3)[2]
        done = tick(book, a_fund(), slot, listed(), PaperBroker(), slot.at, keep=False)
        assert done.record is not None, "a dry run decides as a run does"
        assert (rows(book), book.head()) == before


def test_a_slot_that_raises_leaves_nothing(open_book: OpenBook) -> None:
    slot = first_slots(1)[0]
    with open_book() as book:
        page = book.slot(a_fund(), slot, slot.at)
        with pytest.raises(ZeroDivisionError), page as opened:
            opened.end("OK", str(1 // len(opened.flows())), None)
        assert set(rows(book).values()) == {0}


def test_a_slot_cannot_be_left_without_an_outcome(open_book: OpenBook) -> None:
    slot = first_slots(1)[0]
    with open_book() as book:
        with pytest.raises(BookError, match="without an outcome"), book.slot(a_fund(), slot, slot.at):
            pass
        assert set(rows(book).values()) == {0}


def test_legs_sum_to_zero_and_balances_are_the_holdings(open_book: OpenBook) -> None:
    with open_book() as book:
        done = run(book, a_fund(dividends="paid_out"), 60)
        with book.engine.connect() as connection:
            sums = connection.execute(
                sa.select(entries.c.posting, sa.func.sum(entries.c.money), sa.func.sum(entries.c.units)).group_by(
                    entries.c.posting
                )
            ).all()
        assert len(sums) > 60
        assert [name for name, money, units in sums if money != 0 or units != 0] == []
        last = done[-1].record
        assert last is not None
        assert book.standing("guarded").holdings == last.after


def test_a_posting_that_does_not_balance_cannot_be_made() -> None:
    with pytest.raises(BookError, match=r"does not balance: 0\.01 money"):
        Posting("p", (Leg("cash", money=Decimal("10.00")), Leg("capital", money=Decimal("-9.99"))))


def test_records_read_back_bit_for_bit(open_book: OpenBook) -> None:
    with open_book() as book:
        done = run(book, a_fund(), 30)
        assert [tick.record for tick in done] == list(book.records("guarded"))


def test_the_first_subscription_issues_units_at_one_hundred(open_book: OpenBook) -> None:
    with open_book() as book:
        run(book, a_fund(), 1)
        assert book.standing("guarded").shares == Decimal("10000.000000")
