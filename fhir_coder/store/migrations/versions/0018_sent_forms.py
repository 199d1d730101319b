"""Forms that made a coding, so that the same one sent again makes no second: empty of a coding that is deleted, which is not made again. And names of the
providers of uploaded notes; uploads of before have theirs once the provider is named again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "sent_form",
        sa.Column("key", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("sending", sa.String(64), nullable=False),
        sa.Column("coded_encounter", sa.Integer, sa.ForeignKey("coded_encounter.key", ondelete="SET NULL"), index=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("tenant", "sending", name="uq_sent_form_sending"),
    )
    op.create_table(
        "uploaded_provider",
        sa.Column("key", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("reference", sa.String(255), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.UniqueConstraint("tenant", "reference", name="uq_uploaded_provider_reference"),
    )


def downgrade() -> None:
    """Drop the tables: a form that was sent before could make a second coding then, and names are lost."""
    op.drop_table("uploaded_provider")
    op.drop_table("sent_form")
