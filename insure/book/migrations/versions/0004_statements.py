"""Statements of controls are rows of the chain: found by kind and fund."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index the chain by kind."""
    op.create_index("ix_audit_kind_fund_id_sequence", "audit", ["kind", "fund_id", "sequence"])


def downgrade() -> None:
    """A book only grows."""
    raise NotImplementedError("A book is never taken back to an older schema; restore a backup instead.")
