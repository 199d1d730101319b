"""Which codings are of notes that a person uploaded."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column in place; of codings that are there already none was uploaded."""
    op.add_column("coded_encounter", sa.Column("is_uploaded", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("coded_encounter", "is_uploaded")
