"""Bulk runs: how each encounter of an export ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "bulk_end",
        sa.Column("key", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("run", sa.String(32), nullable=False),
        sa.Column("encounter", sa.String(255), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("end", sa.String(16), nullable=False),
        sa.Column("error", sa.String(16), nullable=False),
        sa.Column("coding", sa.String(32), nullable=False, index=True),
        sa.Column("part", sa.Integer, nullable=False),
        sa.Column("lengths", sa.JSON, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("ended_s", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("tenant", "run", "encounter", name="uq_bulk_end_encounter"),
    )
    op.create_index("ix_bulk_end_part", "bulk_end", ["tenant", "run", "part"])


def downgrade() -> None:
    """Drop the table: a run that is not over can no longer be gone on with."""
    op.drop_table("bulk_end")
