"""Second reviews of what passed, and whether encounters may pass."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "second_review",
        sa.Column("key", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("coded_encounter", sa.Integer, sa.ForeignKey("coded_encounter.key", ondelete="CASCADE"), nullable=False, unique=True),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("coder_id", sa.String(255), nullable=False),
        sa.Column("coder_issuer", sa.String(255), nullable=False),
        sa.Column("coder_name", sa.Text, nullable=True),
        sa.Column("locked_until_s", sa.BigInteger, nullable=False),
        sa.Column("first", sa.JSON, nullable=False),
        sa.Column("codes", sa.JSON, nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index("ix_second_review_state", "second_review", ["tenant", "state"])
    op.create_table(
        "passing",
        sa.Column("key", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_suspended", sa.Boolean, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("agreement", sa.Float, nullable=False),
        sa.Column("floor", sa.Float, nullable=False),
        sa.Column("person_id", sa.String(255), nullable=False),
        sa.Column("person_issuer", sa.String(255), nullable=False),
        sa.Column("reason", sa.Text, nullable=True),
    )
    op.create_index("ix_passing_tenant", "passing", ["tenant", "key"])


def downgrade() -> None:
    """Drop the tables: what was coded a second time is forgotten, and that encounters may not pass too."""
    op.drop_table("passing")
    op.drop_table("second_review")
