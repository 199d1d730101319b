"""Forms that made a coding, so that the same one sent again makes no second. It goes empty of a coding that is deleted: what was deleted is not made again."""

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


def downgrade() -> None:
    """Drop the table: a form that was sent before it could make a second coding."""
    op.drop_table("sent_form")
