"""The triggers that make audited tables append-only; every migration recreates them, since rebuilding a table drops
its triggers.
"""

from sqlalchemy import Connection, inspect, text

from insure.book.tables import APPEND_ONLY, FIXED_COLUMNS


def create_triggers(connection: Connection) -> None:
    """Refuse UPDATE and DELETE on every audited table, and on orders whatever is not their state."""
    there = set(inspect(connection).get_table_names())  # an older schema has fewer, and fewer columns
    audited = [table for table in APPEND_ONLY if table in there]
    for table in audited:
        _refuse(connection, table, "UPDATE", "UPDATE")
        _refuse(connection, table, "DELETE", "DELETE")
    has = {column["name"] for column in inspect(connection).get_columns("orders")}
    _refuse(connection, "orders", "UPDATE", f"UPDATE OF {', '.join(name for name in FIXED_COLUMNS if name in has)}")
    _refuse(connection, "orders", "DELETE", "DELETE")
    if connection.dialect.name != "sqlite":
        for table in (*audited, "orders"):
            _refuse(connection, table, "TRUNCATE", "TRUNCATE", each="STATEMENT")


def _refuse(connection: Connection, table: str, event: str, when: str, each: str = "ROW") -> None:
    name = f"{table}_refuses_{event.lower()}"
    said = f"{table} is append-only: {event} refused"
    if connection.dialect.name == "sqlite":
        connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
        connection.execute(
            text(f"CREATE TRIGGER {name} BEFORE {when} ON {table} BEGIN SELECT RAISE(ABORT, '{said}'); END")
        )
        return
    connection.execute(
        text(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{said}'; END $$"
        )
    )
    connection.execute(text(f"DROP TRIGGER IF EXISTS {name} ON {table}"))
    connection.execute(
        text(f"CREATE TRIGGER {name} BEFORE {when} ON {table} FOR EACH {each} EXECUTE FUNCTION {name}()")
    )
