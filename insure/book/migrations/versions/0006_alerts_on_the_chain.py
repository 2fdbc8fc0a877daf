"""Alerts stand on the chain. No table changes; a program that raises them beside it may not open the book any more."""

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing: what was raised before is taken onto the chain by the first statement about an alert."""


def downgrade() -> None:
    """A book only grows."""
    raise NotImplementedError("A book is never taken back to an older schema; restore a backup instead.")
