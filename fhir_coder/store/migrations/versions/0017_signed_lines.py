"""What figures count of each signed review. Reviews that are signed already get theirs after the last migration, from their decisions
(:func:`fhir_coder.store.signed_lines.fill`): that takes the rules of the running version, which no migration may rest on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "signed_line",
        sa.Column("key", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("review", sa.Integer, sa.ForeignKey("review.key", ondelete="CASCADE"), nullable=False, unique=True),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("counted", sa.JSON, nullable=False),
    )


def downgrade() -> None:
    """Drop the table: nothing is lost that the decisions do not tell."""
    op.drop_table("signed_line")
