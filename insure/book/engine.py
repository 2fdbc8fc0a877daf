"""Opening the database so that what it acknowledges is on disk, and refusing one that cannot be trusted with that."""

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, StatementError
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from insure.errors import BookError, InsureError

BUSY_SECONDS = 30.0
"""How long a writer waits for another one before it gives up."""
_MAGIC, _HEADER = b"SQLite format 3\0", 100
_MIGRATIONS = Path(__file__).parent / "migrations"
_WRITES = "insure_writes"
_ONE_WRITER = 0x696E73757265
"""Key of the PostgreSQL lock that queues writers, as ``BEGIN IMMEDIATE`` does in SQLite: the chain has one end."""


def sqlite_engine(path: Path, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """An engine on a SQLite file, with durability that survived simulated power cuts (tests/faults/test_power.py):
    rollback journal, ``synchronous=EXTRA``, foreign keys on, and ``BEGIN IMMEDIATE`` so that two writers queue instead
    of colliding.
    """
    # mode=rw: a file that is missing stays missing instead of becoming an empty book.
    place = URL.create("sqlite", database=f"file:{path}", query={"mode": "rw", "uri": "true"})
    engine = create_engine(place, connect_args={"timeout": busy_seconds})

    @event.listens_for(engine, "connect")
    def pragmas(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        if not isinstance(connection, sqlite3.Connection):
            raise BookError("the SQLite driver is not Python's own")
        connection.isolation_level = None
        for pragma in ("journal_mode=DELETE", "synchronous=EXTRA", "foreign_keys=ON", "cell_size_check=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def postgres_engine(url: str) -> Engine:
    """An engine on a PostgreSQL server; several hosts may share its book.

    Raises:
        BookError: the URL cannot be read, or names another kind of database. The sentence never holds the URL: it may
            hold a password.
    """
    try:
        place = make_url(url)
    except (ArgumentError, ValueError):
        # Without its cause, which may quote a part of the URL.
        raise BookError(
            "database in desk.toml is no URL; expected a file name or postgresql+psycopg://user@host/name."
        ) from None
    if place.drivername not in {"postgresql", "postgresql+psycopg"}:
        raise BookError(f"database in desk.toml is {place.drivername}; a book lives in SQLite or postgresql+psycopg.")
    try:
        engine = create_engine(place.set(drivername="postgresql+psycopg"), hide_parameters=True, pool_pre_ping=True)
    except ImportError as error:
        raise BookError("PostgreSQL needs its driver: install insure[postgres].") from error

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get(_WRITES, False):
            # The server's own default may acknowledge a commit before it is on disk.
            connection.exec_driver_sql("SET LOCAL synchronous_commit = on")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ONE_WRITER})")
        else:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    return engine


def shown(url: str) -> str:
    """A database URL without its password, for errors and reports."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return "the database"


@contextmanager
def reading(engine: Engine, where: str) -> Iterator[Connection]:
    """A transaction that sees one state of the book and changes nothing.

    Raises:
        BookError: the database refuses, in one sentence.
    """
    try:
        with engine.connect() as connection, connection.begin():
            yield connection
    except StatementError as error:
        raise _refusal(error, f"{where} cannot be read", "") from error
    except UnicodeDecodeError as error:
        raise BookError(f"{where} holds bytes that are no text; it is damaged.") from error
    except OverflowError as error:
        raise BookError(f"{where} cannot be asked for so large a number: {error}.") from error


@contextmanager
def writing(engine: Engine, where: str) -> Iterator[Connection]:
    """A transaction that is kept whole when the block ends, and not at all when it raises.

    Raises:
        BookError: the database refuses, in one sentence; nothing was kept.
    """
    try:
        with engine.connect() as plain:
            connection = plain.execution_options(**{_WRITES: True})
            with connection.begin():
                yield connection
    except StatementError as error:
        raise _refusal(error, f"{where} refused", " Nothing of this was kept.") from error
    except UnicodeDecodeError as error:
        raise BookError(f"{where} holds bytes that are no text; it is damaged. Nothing of this was kept.") from error
    except OverflowError as error:
        raise BookError(f"{where} cannot hold so large a number: {error}. Nothing of this was kept.") from error


def _refusal(error: StatementError, before: str, after: str) -> InsureError:
    """What the database said on one line, or what a column of ours said before it was asked."""
    if isinstance(error.orig, InsureError):
        return error.orig
    lines = str(error.orig).strip().splitlines()
    said = lines[0].strip().rstrip(".") if lines else type(error.orig).__name__
    return BookError(f"{before}: {said}.{after}")


def create_sqlite(path: Path) -> None:
    """A new book under ``path``, which appears only when it is complete; one that appeared meanwhile is left alone.

    Raises:
        BookError: the folder cannot be written.
    """
    try:
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)  # made with mode 0600
        os.close(number)
        draft = Path(name)
        try:
            engine = sqlite_engine(draft)
            try:
                migrate(engine, str(path))
            finally:
                engine.dispose()
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
        finally:
            draft.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise BookError(f"{path} cannot be made: {error.strerror}.") from error


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to disk."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def check_whole(engine: Engine, path: Path) -> None:
    """Refuse a file that is empty or shorter than its own header says.

    Raises:
        BookError: it is.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise BookError(f"{path} cannot be opened: {error.strerror}.") from error
    doubt = "Nothing was done with it. Restore a backup (`insure restore`)"
    if size == 0:
        raise BookError(f"{path} is empty, which a book never is. {doubt}, or remove the file to begin a new book.")
    if _header(path)[:16] != _MAGIC or size < _HEADER:
        raise BookError(f"{path} is not a database. {doubt}.")
    with reading(engine, str(path)) as connection:
        connection.execute(text("SELECT count(*) FROM sqlite_master"))  # rolls back what a crash left half-written
        header = _header(path)
        size = path.stat().st_size
    page = int.from_bytes(header[16:18], "big")
    expected = (65536 if page == 1 else page) * int.from_bytes(header[28:32], "big")
    if size < expected:
        raise BookError(f"{path} is truncated: it has {size:,} bytes of {expected:,}. {doubt}.")


def _header(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEADER)
    except OSError as error:
        raise BookError(f"{path} cannot be opened: {error.strerror}.") from error


@lru_cache(maxsize=1)
def _revisions() -> tuple[str | None, frozenset[str]]:
    """The newest schema, and all that this version knows."""
    scripts = ScriptDirectory(str(_MIGRATIONS))
    return scripts.get_current_head(), frozenset(script.revision for script in scripts.walk_revisions())


def migrate(engine: Engine, where: str) -> None:
    """Bring the schema to the newest version.

    Raises:
        BookError: the book was written by a newer version of the product, or is no book.
    """
    head, known = _revisions()
    with reading(engine, where) as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current == head:
        return
    if current is not None and current not in known:
        raise BookError(
            f"{where} was written by a newer version (schema {current!r}, this version knows {head}). "
            "Update the installation; nothing was changed."
        )
    with writing(engine, where) as connection:
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def sqlite_schema(connection: Connection) -> dict[str, str]:
    """The statements that made a SQLite book, by name."""
    rows = connection.execute(text("SELECT type || ' ' || name AS name, coalesce(sql, '') AS sql FROM sqlite_master"))
    return {row.name: row.sql for row in rows}


@lru_cache(maxsize=1)
def newest_sqlite_schema() -> dict[str, str]:
    """The statements that make a SQLite book of this version."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    try:
        migrate(engine, "memory")
        with reading(engine, "memory") as connection:
            return sqlite_schema(connection)
    finally:
        engine.dispose()


def schema(engine: Engine, where: str) -> str:
    """The version of the schema."""
    with reading(engine, where) as connection:
        return MigrationContext.configure(connection).get_current_revision() or "none"
