"""Browser sessions and sign-ins that have begun."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _table("browser_session", "id_sha256", "person_sha256", sa.Column("seen_s", sa.BigInteger, nullable=False))
    _table("pending_sign_in", "state_sha256", "browser_sha256")


def _table(name: str, unique: str, searched: str, *columns: sa.Column) -> None:
    """A table of sealed content, found by one hash and listed by another."""
    op.create_table(
        name,
        sa.Column("key", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column(unique, sa.String(64), nullable=False, unique=True),
        sa.Column(searched, sa.String(64), nullable=False),
        sa.Column("created_s", sa.BigInteger, nullable=False),
        *columns,
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_index(f"ix_{name}_{searched}", name, [searched])


def downgrade() -> None:
    """Drop the tables: everybody signs in again."""
    op.drop_table("pending_sign_in")
    op.drop_table("browser_session")
