"""The triggers that make audited tables append-only; every migration recreates them, since rebuilding a table drops
its triggers.
"""

from sqlalchemy import Connection, text

from insure.book.tables import APPEND_ONLY


def create_triggers(connection: Connection) -> None:
    """Refuse UPDATE and DELETE on every audited table, in the dialect of the connection."""
    for table in APPEND_ONLY:
        for event in ("UPDATE", "DELETE"):
            name = f"{table}_refuses_{event.lower()}"
            said = f"{table} is append-only: {event} refused"
            if connection.dialect.name == "sqlite":
                connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
                connection.execute(
                    text(f"CREATE TRIGGER {name} BEFORE {event} ON {table} BEGIN SELECT RAISE(ABORT, '{said}'); END")
                )
            else:
                connection.execute(
                    text(
                        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
                        f"$$ BEGIN RAISE EXCEPTION '{said}'; END $$"
                    )
                )
                connection.execute(text(f"DROP TRIGGER IF EXISTS {name} ON {table}"))
                connection.execute(
                    text(f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
                )
