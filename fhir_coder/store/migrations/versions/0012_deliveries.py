"""What is written to the EHR after a coding, beside what was written with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Number the deliveries of a coding: those that are there already came with it."""
    for table in ("proposal", "receipt"):
        op.add_column(table, sa.Column("delivery", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    """Drop the numbers, and what they tell apart."""
    for table in ("proposal", "receipt"):
        rows = sa.table(table, sa.column("delivery"))
        op.execute(rows.delete().where(rows.c.delivery != 0))
        op.drop_column(table, "delivery")
