"""Tokens that count once, and were used."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "used_token",
        sa.Column("key", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("token_sha256", sa.String(64), nullable=False),
        sa.Column("until_s", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("tenant", "token_sha256"),
    )
    op.create_index("ix_used_token_until_s", "used_token", ["until_s"])


def downgrade() -> None:
    """Drop the table: tokens that are still good could be used again."""
    op.drop_table("used_token")
