"""The first book: contracts, runs, decisions, orders, fills, entries, audit."""

import sqlalchemy as sa
from alembic import op

from insure.book.columns import Instant, Money, Quantity, Session

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "contracts",
        sa.Column("fund_id", sa.String(63), nullable=False),
        sa.Column("config_sha256", sa.String(64), nullable=False),
        sa.Column("effective", sa.Text, nullable=False),
        sa.Column("first_used", Instant, nullable=False),
        sa.PrimaryKeyConstraint("fund_id", "config_sha256", name="pk_contracts"),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("fund_id", sa.String(63), nullable=False),
        sa.Column("session", Session, nullable=False),
        sa.Column("slot", sa.String(64), nullable=False),
        sa.Column("due", Instant, nullable=False),
        sa.Column("started", Instant, nullable=False),
        sa.Column("outcome", sa.String(8), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.UniqueConstraint("fund_id", "session", "slot", name="uq_runs_fund_id_session_slot"),
    )
    op.create_table(
        "decisions",
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("fund_id", sa.String(63), nullable=False),
        sa.Column("config_sha256", sa.String(64), nullable=False),
        sa.Column("code_version", sa.String(64), nullable=False),
        sa.Column("record", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_decisions"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_decisions_run_id_runs"),
    )
    op.create_index("ix_decisions_fund_id_run_id", "decisions", ["fund_id", "run_id"])
    op.create_table(
        "orders",
        sa.Column("key", sa.String(192), nullable=False),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("fund_id", sa.String(63), nullable=False),
        sa.Column("instrument", sa.String(200), nullable=False),
        sa.Column("units", Quantity, nullable=False),
        sa.Column("price", Quantity, nullable=False),
        sa.Column("price_limit", Quantity, nullable=False),
        sa.Column("good_until", Instant, nullable=False),
        sa.Column("state", sa.String(9), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_orders"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_orders_run_id_runs"),
    )
    op.create_index("ix_orders_fund_id_state", "orders", ["fund_id", "state"])
    op.create_table(
        "fills",
        sa.Column("reference", sa.String(256), nullable=False),
        sa.Column("order_key", sa.String(192), nullable=False),
        sa.Column("units", Quantity, nullable=False),
        sa.Column("price", Quantity, nullable=False),
        sa.Column("value", Money, nullable=False),
        sa.Column("commission", Money, nullable=False),
        sa.Column("spread", Money, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("reference", name="pk_fills"),
        sa.ForeignKeyConstraint(["order_key"], ["orders.key"], name="fk_fills_order_key_orders"),
    )
    op.create_table(
        "entries",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("run_id", sa.Integer, nullable=True),
        sa.Column("fund_id", sa.String(63), nullable=False),
        sa.Column("posting", sa.String(256), nullable=False),
        sa.Column("account", sa.String(16), nullable=False),
        sa.Column("money", Money, nullable=False),
        sa.Column("units", Quantity, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_entries"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_entries_run_id_runs"),
        sa.UniqueConstraint("posting", "account", name="uq_entries_posting_account"),
    )
    op.create_index("ix_entries_fund_id_account", "entries", ["fund_id", "account"])
    op.create_table(
        "audit",
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("fund_id", sa.String(63), nullable=True),
        sa.Column("run_id", sa.Integer, nullable=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("previous_sha256", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit"),
        sa.UniqueConstraint("sha256", name="uq_audit_sha256"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_audit_run_id_runs"),
    )


def downgrade() -> None:
    """There is nothing before the first book."""
    raise NotImplementedError("A book is never taken back to before its first table; restore a backup instead.")
