"""Runs the migrations on the connection that the book hands over."""

from alembic import context

from insure.book.tables import metadata
from insure.book.triggers import create_triggers

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, transactional_ddl=True)
context.run_migrations()
create_triggers(connection)
