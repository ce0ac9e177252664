"""Find an incident's signals in the order of its card"""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Make the index that has the order, and drop the one that it replaces."""
    op.create_index("signal_of_incident", "signal", ["incident", "state", "starts_at", "id"], unique=False)
    op.drop_index("ix_signal_incident", table_name="signal")


def downgrade() -> None:
    """Make the old index again."""
    op.create_index("ix_signal_incident", "signal", ["incident"], unique=False)
    op.drop_index("signal_of_incident", table_name="signal")
