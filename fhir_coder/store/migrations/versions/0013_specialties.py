"""The specialty of a visit beside its provider, for figures; unknown for what is there. Signed reviews are found by when they were signed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column in place, and the index."""
    op.add_column("review", sa.Column("specialty", sa.String(128), nullable=False, server_default=""))
    op.create_index("ix_review_signed", "review", ["tenant", "state", "signed_at"])


def downgrade() -> None:
    """Drop both."""
    op.drop_index("ix_review_signed", "review")
    op.drop_column("review", "specialty")
