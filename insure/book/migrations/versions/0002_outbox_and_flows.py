"""The life of an order, one row a state; flows of holders and fees; the volume cap of an order."""

import sqlalchemy as sa
from alembic import op

from insure.book.columns import Instant, Money, Session

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; give orders their volume cap, and the events that their states amount to."""
    op.create_table(
        "order_events",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("order_key", sa.String(192), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_order_events"),
        sa.ForeignKeyConstraint(["order_key"], ["orders.key"], name="fk_order_events_order_key_orders"),
    )
    op.create_index("ix_order_events_order_key", "order_events", ["order_key"])
    op.create_table(
        "flows",
        sa.Column("key", sa.String(192), nullable=False),
        sa.Column("fund_id", sa.String(63), nullable=False),
        sa.Column("session", Session, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("money", Money, nullable=False),
        sa.Column("reverses", sa.String(192), nullable=True),
        sa.Column("booked", Instant, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_flows"),
        sa.ForeignKeyConstraint(["reverses"], ["flows.key"], name="fk_flows_reverses_flows"),
    )
    op.create_index("ix_flows_fund_id_session", "flows", ["fund_id", "session"])
    op.create_index("ix_fills_order_key", "fills", ["order_key"])
    op.create_index("ix_audit_fund_id_sequence", "audit", ["fund_id", "sequence"])
    op.add_column("orders", sa.Column("volume_cap_fraction", sa.Float, nullable=False, server_default="0.1"))
    op.execute(
        "INSERT INTO order_events (order_key, at, state, detail) "
        "SELECT orders.key, runs.started, orders.state, 'as kept before states had rows of their own' "
        "FROM orders JOIN runs ON runs.id = orders.run_id ORDER BY orders.run_id, orders.key"
    )


def downgrade() -> None:
    """A book only grows."""
    raise NotImplementedError("A book is never taken back to an older schema; restore a backup instead.")
