"""What an encounter was coded with and from: artifacts by hash, the settings that decide, its facts, and whose its notes are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _string(name: str, length: int) -> sa.Column:
    """Empty in the rows that are there already: it was not recorded then."""
    return sa.Column(name, sa.String(length), nullable=False, server_default="")


def _flag(name: str) -> sa.Column:
    return sa.Column(name, sa.Boolean, nullable=False, server_default="0")


CODED_ENCOUNTER = (
    lambda: _string("release_artifact", 64),
    lambda: _string("index_artifact", 64),
    lambda: _string("ranker_artifact", 64),
    lambda: _string("knowledge_artifact", 64),
    lambda: sa.Column("configuration", sa.JSON, nullable=False, server_default="{}"),
    lambda: _flag("is_inline"),
    lambda: sa.Column("recorded", sa.JSON, nullable=False, server_default="[]"),
    lambda: _string("facts_sha256", 64),
    lambda: sa.Column("facts", sa.Text),  # sealed
)
NOTE = (
    lambda: _string("version", 64),
    lambda: _string("author", 255),
    lambda: _string("authority", 16),
    lambda: _flag("is_signed"),
)


def upgrade() -> None:
    """Add the columns in place: a table of SQLite that is made anew loses its parts, which go when their encounter's row does."""
    for table, columns in (("coded_encounter", CODED_ENCOUNTER), ("note", NOTE)):
        for column in columns:
            op.add_column(table, column())


def downgrade() -> None:
    """Drop the columns."""
    for table, columns in (("note", NOTE), ("coded_encounter", CODED_ENCOUNTER)):
        for column in columns:
            op.drop_column(table, column().name)
