"""The question to the provider that a finding gives rise to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column in place; findings that are there already asked nothing."""
    op.add_column("finding", sa.Column("query", sa.JSON))


def downgrade() -> None:
    """Drop the column, and the quotations that belong to it."""
    op.execute("DELETE FROM evidence WHERE owner = 'query'")
    op.drop_column("finding", "query")
