"""Discovery: encounters that are watched, and how far each way of finding them has come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "watched_encounter",
        sa.Column("key", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("ehr", sa.String(64), nullable=False),
        sa.Column("encounter", sa.String(255), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        *(sa.Column(name, sa.String(64), nullable=False) for name in ("seen_sha256", "version_sha256", "pending_sha256")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("pending_s", "found_s", "look_at_s", "taken_s")),
        sa.Column("jobs", sa.Integer, nullable=False),
        sa.Column("job", sa.String(32), nullable=False),
        sa.Column("claim", sa.String(32), nullable=False),
        sa.UniqueConstraint("tenant", "ehr", "encounter", name="uq_watched_encounter"),
    )
    op.create_index("ix_watched_encounter_due", "watched_encounter", ["tenant", "ehr", "state", "look_at_s"])
    op.create_table(
        "discovery_mark",
        sa.Column("key", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("ehr", sa.String(64), nullable=False),
        sa.Column("way", sa.String(32), nullable=False),
        sa.Column("mark", sa.String(64), nullable=False),
        sa.Column("place", sa.String(64), nullable=False),
        sa.Column("changed_s", sa.BigInteger, nullable=False),
        sa.Column("held_until_s", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.UniqueConstraint("tenant", "ehr", "way", name="uq_discovery_mark"),
    )


def downgrade() -> None:
    """Drop the tables: encounters that wait are found anew, and those that are coded are coded again where their notes changed."""
    op.drop_table("discovery_mark")
    op.drop_table("watched_encounter")
