"""Words that a person typed on a review and did not send yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_TEXTS = {"person_id": 255, "person_issuer": 255, "act": 16, "code": 16}


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "review_draft",
        sa.Column("key", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("review", sa.Integer, sa.ForeignKey("review.key", ondelete="CASCADE"), nullable=False),
        *(sa.Column(name, sa.String(length), nullable=False) for name, length in _TEXTS.items()),
        sa.Column("text", sa.Text, nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("review", "person_id", "person_issuer", name="uq_review_draft_person"),
    )


def downgrade() -> None:
    """Drop the table: what was typed and not sent is lost."""
    op.drop_table("review_draft")
