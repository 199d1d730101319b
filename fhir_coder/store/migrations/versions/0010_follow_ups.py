"""What decisions bring about outside the reviews."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TEXTS = {"kind": 16, "target": 64, "progress": 16, "detail": 500, "reference": 255}
_TIMES = ("created_s", "next_attempt_s", "claimed_s", "settled_s")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "follow_up",
        sa.Column("key", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("review", sa.Integer, sa.ForeignKey("review.key", ondelete="CASCADE"), nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        *(sa.Column(name, sa.String(length), nullable=False) for name, length in _TEXTS.items()),
        sa.Column("attempts", sa.Integer, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in _TIMES),
        sa.UniqueConstraint("review", "sequence", "kind", "target", name="uq_follow_up_duty"),
    )
    op.create_index("ix_follow_up_due", "follow_up", ["tenant", "progress", "next_attempt_s"])


def downgrade() -> None:
    """Drop the table: what was still to be done is forgotten."""
    op.drop_table("follow_up")
