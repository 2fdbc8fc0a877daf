"""Child orders: not sent before a moment, at a venue, parts of one trade."""

import sqlalchemy as sa
from alembic import op

from insure.book.columns import Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An order of before is sent at once, at no venue in particular, and is the whole of its trade."""
    op.add_column("orders", sa.Column("not_before", Instant, nullable=True))
    op.add_column("orders", sa.Column("venue", sa.String(64), nullable=False, server_default=""))
    op.add_column("orders", sa.Column("parent", sa.String(192), nullable=False, server_default=""))


def downgrade() -> None:
    """A book only grows."""
    raise NotImplementedError("A book is never taken back to an older schema; restore a backup instead.")
