"""Why nothing of a coding may reach a health plan."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column in place; of codings that are there already nothing was withheld."""
    op.add_column("coded_encounter", sa.Column("billing_withheld", sa.String(255), nullable=False, server_default=""))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("coded_encounter", "billing_withheld")
