"""What goes to billing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TEXTS = {
    "destination": 64,
    "review": 64,
    "coding": 32,
    "encounter_reference": 255,
    "control_id": 20,
    "frequency": 1,
    "replaces": 20,
    "state": 16,
    "acknowledgement": 8,
    "detail": 255,
    "signed_sha256": 64,
    "message_sha256": 64,
}
_TIMES = ("created_s", "next_attempt_s", "claimed_s", "sent_s", "acknowledged_s")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "billing_outbox",
        sa.Column("key", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        *(sa.Column(name, sa.String(length), nullable=False) for name, length in _TEXTS.items()),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("is_void", sa.Boolean, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in _TIMES),
        sa.Column("signed", sa.Text, nullable=True),
        sa.Column("message", sa.Text, nullable=True),
        sa.UniqueConstraint("tenant", "destination", "review", "version"),
    )
    for column in ("coding", "control_id", "state"):
        op.create_index(f"ix_billing_outbox_{column}", "billing_outbox", [column])


def downgrade() -> None:
    """Drop the table: what was not delivered is forgotten."""
    op.drop_table("billing_outbox")
