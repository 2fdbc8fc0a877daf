"""Opening the database so that what it acknowledges is on disk, and refusing one that cannot be trusted with that."""

import os
import sqlite3
import stat
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from insure.errors import BookError

BUSY_SECONDS = 30
_MIGRATIONS = Path(__file__).parent / "migrations"


def sqlite_engine(path: Path) -> Engine:
    """An engine on a SQLite file, with durability that survived simulated power cuts: rollback journal,
    ``synchronous=EXTRA``, foreign keys on, and ``BEGIN IMMEDIATE`` so that two writers queue instead of colliding.
    """
    if not path.exists():
        # The file is made before SQLite sees it, so that nobody else can read it even for a moment.
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, stat.S_IRUSR | stat.S_IWUSR))
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def pragmas(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        if not isinstance(connection, sqlite3.Connection):
            raise BookError("the SQLite driver is not Python's own")
        connection.isolation_level = None
        for pragma in ("journal_mode=DELETE", "synchronous=EXTRA", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def migrate(engine: Engine, where: str) -> None:
    """Bring the schema to the newest version.

    Raises:
        BookError: the book was written by a newer version of the product, or is no book.
    """
    scripts = ScriptDirectory(str(_MIGRATIONS))
    head = scripts.get_current_head()
    try:
        with engine.begin() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
            if current == head:
                return
            if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
                raise BookError(
                    f"{where} was written by a newer version (schema {current}, this version knows {head}). "
                    "Update the installation; nothing was changed."
                )
            config = Config()
            config.set_main_option("script_location", str(_MIGRATIONS))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except DBAPIError as error:
        raise BookError(f"{where} cannot be opened as a book: {error.orig}.") from error
