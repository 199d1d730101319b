"""Jobs: encounters that are coded after the call was answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "job",
        sa.Column("key", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        sa.Column("address_sha256", sa.String(64), nullable=False, unique=True),
        sa.Column("caller_sha256", sa.String(64), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in ("created_s", "next_attempt_s", "handed_out_s", "started_s", "ended_s", "expires_s")
        ),
        sa.Column("lease", sa.String(32), nullable=False),
        sa.Column("lease_until_s", sa.BigInteger, nullable=False),
        sa.Column("encounter", sa.String(255), nullable=False),
        sa.Column("coding", sa.String(32), nullable=False, index=True),
        sa.Column("error", sa.String(16), nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("asked", sa.Text),
        sa.Column("answer", sa.Text),
    )
    op.create_index("ix_job_due", "job", ["state", "tenant", "priority", "next_attempt_s"])


def downgrade() -> None:
    """Drop the table, with every job that waits."""
    op.drop_table("job")
