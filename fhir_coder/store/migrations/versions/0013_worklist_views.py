"""Saved views of the worklist, and which one opens first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "worklist_view",
        sa.Column("key", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        sa.Column("owner_id", sa.String(255), nullable=False),
        sa.Column("owner_issuer", sa.String(255), nullable=False),
        sa.Column("is_shared", sa.Boolean, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("query", sa.Text),
    )
    op.create_index("ix_worklist_view_owner", "worklist_view", ["tenant", "owner_id", "owner_issuer"])
    op.create_table(
        "worklist_default",
        sa.Column("key", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("person_id", sa.String(255), nullable=False),
        sa.Column("person_issuer", sa.String(255), nullable=False),
        sa.Column("view", sa.Integer, sa.ForeignKey("worklist_view.key", ondelete="CASCADE"), nullable=False),
        sa.UniqueConstraint("tenant", "person_id", "person_issuer", name="uq_worklist_default_person"),
    )
    op.create_index("ix_worklist_default_view", "worklist_default", ["view"])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("worklist_default")
    op.drop_table("worklist_view")
