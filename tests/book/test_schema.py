"""The schema: what migrations make is what the tables say, nothing audited can be changed, no doubtful file is used."""

import sqlite3
import stat
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext

import insure.book.alerts
import insure.book.migrations
import insure.book.questions
from insure.book import Book
from insure.book.engine import sqlite_engine
from insure.book.tables import APPEND_ONLY, FIXED_COLUMNS, metadata, orders
from insure.errors import BookError
from insure.flows import Flow
from tests.book.conftest import OpenBook
from tests.book.market import a_fund, execute, first_slots, run

MIGRATIONS = Path(insure.book.migrations.__file__).parent


def _upgrade(path: Path, revision: str) -> None:
    """A book as an older version made it."""
    path.touch()
    engine = sqlite_engine(path)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def test_migrations_make_what_the_tables_say(open_book: OpenBook) -> None:
    with open_book() as book, book.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == [], "migrations and insure/book/tables.py differ"


@pytest.mark.parametrize("table", [*APPEND_ONLY, "orders"])
@pytest.mark.parametrize("change", ["UPDATE", "DELETE"])
def test_nothing_audited_can_be_changed(open_book: OpenBook, table: str, change: str) -> None:
    with open_book() as book:
        run(book, a_fund(), 3)
        fill_every_table(book)
        audited = metadata.tables[table]
        column = audited.c[FIXED_COLUMNS[0] if table == "orders" else audited.c.keys()[0]]
        with book.engine.connect() as connection:
            assert connection.execute(sa.select(sa.func.count()).select_from(audited)).scalar(), f"{table} is empty"
        statement = sa.delete(audited) if change == "DELETE" else sa.update(audited).values({column: column})
        with pytest.raises(BookError, match=f"{table} is append-only: {change} refused"):
            execute(book, statement)


@pytest.mark.parametrize("column", FIXED_COLUMNS)
def test_of_an_order_only_its_state_moves(open_book: OpenBook, column: str) -> None:
    with open_book() as book:
        run(book, a_fund(), 1)
        with pytest.raises(BookError, match="orders is append-only"):
            execute(book, sa.update(orders).values({column: orders.c[column]}))


def fill_every_table(book: Book) -> None:
    """A flow, so that no table is without a row."""
    slot = first_slots(1)[0]
    book.book_flow(Flow("guarded:a", "guarded", slot.session, "subscription", Decimal(1)), slot.at)


def test_a_migration_recreates_the_triggers(tmp_path: Path) -> None:
    path = tmp_path / "insure.db"
    _upgrade(path, "0001")
    with closing(sqlite3.connect(path)) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.commit()
    Book.open(path).close()
    with closing(sqlite3.connect(path)) as raw:
        found = {name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    expected = {f"{table}_refuses_{event}" for table in (*APPEND_ONLY, "orders") for event in ("update", "delete")}
    assert found == expected


def test_orders_of_an_older_book_get_the_events_of_their_states(tmp_path: Path) -> None:
    path = tmp_path / "insure.db"
    _upgrade(path, "0001")
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(
            "INSERT INTO runs VALUES (1, 'old', '2007-01-03', 'close', '2007-01-03T21:00:00.000000+00:00', "
            "'2007-01-03T21:00:00.000000+00:00', 'OK', 'bought')"
        )
        raw.execute(
            "INSERT INTO orders VALUES ('old:2007-01-03:close:1', 1, 'old', 'Index', 5000000, 100000000, 105000000, "
            "'2007-01-03T22:00:00.000000+00:00', 'filled')"
        )
        raw.commit()
    with Book.open(path) as book:
        kept = book.order("old:2007-01-03:close:1")
        assert (kept.state, kept.order.volume_cap_fraction) == ("filled", 0.1)
        with book.engine.connect() as connection:
            events = connection.exec_driver_sql("SELECT order_key, state FROM order_events").all()
        assert [tuple(event) for event in events] == [("old:2007-01-03:close:1", "filled")]


def test_a_new_book_can_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    Book.open(tmp_path / "insure.db").close()
    assert stat.S_IMODE((tmp_path / "insure.db").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["insure.db"], "a draft was left behind"


def test_a_book_of_a_newer_version_is_refused(open_book: OpenBook) -> None:
    with open_book() as book:
        execute(book, sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(BookError, match=r"newer version.*9999.*nothing was changed"):
        open_book()


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), (b"date,close\n2008-10-15,907.84\n" * 50, "not a database"), (b"SQLite format 3\0", ".")],
)
def test_a_file_that_is_no_book_is_refused_and_left_alone(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "insure.db"
    path.write_bytes(content)
    with pytest.raises(BookError, match=said):
        Book.open(path)
    assert path.read_bytes() == content


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BookError, match="cannot be made: No such file or directory"):
        Book.open(tmp_path / "nowhere" / "insure.db")


def test_a_database_of_someone_else_is_not_made_a_book(tmp_path: Path) -> None:
    path = tmp_path / "insure.db"
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("CREATE TABLE runs (other INTEGER)")
        raw.commit()
    before = path.read_bytes()
    with pytest.raises(BookError, match="runs already exists"):
        Book.open(path)
    assert path.read_bytes() == before
