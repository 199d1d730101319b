"""The first tables: coded encounters and everything that belongs to one, each with its tenant."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _encrypted(name: str) -> sa.Column:
    """A column that holds sealed text only."""
    return sa.Column(name, sa.Text)


def _string(name: str, length: int) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=False)


def _text(name: str) -> sa.Column:
    return sa.Column(name, sa.Text, nullable=False)


def _json(name: str) -> sa.Column:
    return sa.Column(name, sa.JSON, nullable=False)


def _part(table: str, *columns: sa.Column) -> None:
    """A table of rows that belong to a coded encounter."""
    op.create_table(
        table,
        sa.Column("key", sa.Integer, primary_key=True),
        _string("tenant", 64),
        sa.Column("coded_encounter", sa.Integer, sa.ForeignKey("coded_encounter.key", ondelete="CASCADE"), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        *columns,
    )
    op.create_index(f"ix_{table}_coded_encounter", table, ["coded_encounter"])


def upgrade() -> None:
    """Make the tables."""
    _coded_encounter()
    _part(
        "assignment",
        _string("code", 16),
        _text("display"),
        sa.Column("probability", sa.Float, nullable=False),
        _string("disposition", 16),
        _json("features"),
        _encrypted("explanation"),
    )
    _part(
        "rejection",
        _string("code", 16),
        _text("display"),
        _string("reason", 32),
        sa.Column("probability", sa.Float, nullable=False),
        _string("instead", 16),
    )
    _part("finding", _string("edit", 16), _string("name", 64), _string("severity", 16), _json("codes"), _text("detail"), _text("source"))
    _part("reason", _string("code", 64), _text("text"), _json("codes"))
    _evidence()
    _part("proposal", _string("full_url", 255), _string("resource_type", 64), _encrypted("content"), sa.Column("outline", sa.Text))
    _part("receipt", _string("status", 64), _string("location", 255), _string("etag", 128), _json("issues"), _encrypted("outcome"))
    _part("trail", _string("event", 32), _json("detail"))
    _part(
        "note",
        _string("note_id", 64),
        _string("reference", 255),
        _string("content_type", 128),
        _string("sha256", 64),
        sa.Column("length", sa.Integer, nullable=False),
        _encrypted("text"),
    )


def _coded_encounter() -> None:
    op.create_table(
        "coded_encounter",
        sa.Column("key", sa.Integer, primary_key=True),
        _string("tenant", 64),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        _string("ehr", 64),
        _string("encounter_reference", 255),
        _string("patient_reference", 255),
        sa.Column("service_date", sa.Date),
        _string("release_id", 32),
        _string("release_status", 16),
        _json("versions"),
        _string("disposition", 16),
        sa.Column("is_confident", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _string("engine_version", 32),
    )
    op.create_index("ix_coded_encounter_reference", "coded_encounter", ["tenant", "encounter_reference", "key"])


def _evidence() -> None:
    _part(
        "evidence",
        _string("owner", 16),
        sa.Column("owner_position", sa.Integer, nullable=False),
        _string("note_id", 64),
        sa.Column("start", sa.Integer, nullable=False),
        sa.Column("end", sa.Integer, nullable=False),
        _string("sha256", 64),
        _string("section", 32),
        _encrypted("words"),
    )


def downgrade() -> None:
    """Drop the tables, parts first."""
    for table in ("note", "trail", "receipt", "proposal", "evidence", "reason", "finding", "rejection", "assignment", "coded_encounter"):
        op.drop_table(table)
