"""Alerts that latch until somebody acknowledges them; questions about prices, with their clocks."""

import sqlalchemy as sa
from alembic import op

from insure.book.columns import Instant, Quantity, Session

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "alerts",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("fund_id", sa.String(63), nullable=False),
        sa.Column("grade", sa.String(1), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("sentence", sa.Text, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("raised", Instant, nullable=False),
        sa.Column("last", Instant, nullable=False),
        sa.Column("notified", Instant, nullable=True),
        sa.Column("closed", Instant, nullable=True),
        sa.Column("closed_by", sa.String(200), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
    )
    op.create_index("ix_alerts_closed_fund_id_kind", "alerts", ["closed", "fund_id", "kind"])
    op.create_table(
        "questions",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("fund_id", sa.String(63), nullable=False),
        sa.Column("session", Session, nullable=False),
        sa.Column("slot", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("sentence", sa.Text, nullable=False),
        sa.Column("price", Quantity, nullable=True),
        sa.Column("asked", Instant, nullable=False),
        sa.Column("until", Instant, nullable=False),
        sa.Column("settled", Instant, nullable=True),
        sa.Column("answer", sa.String(16), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_questions"),
    )
    op.create_index("ix_questions_fund_id_settled", "questions", ["fund_id", "settled"])


def downgrade() -> None:
    """A book only grows."""
    raise NotImplementedError("A book is never taken back to an older schema; restore a backup instead.")
