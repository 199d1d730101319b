"""The audit's chain, append-only, with its checkpoints; legal holds and merges of patients."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_UNCOVERED = """NOT EXISTS (SELECT 1 FROM audit_checkpoint
    WHERE audit_checkpoint.tenant = OLD.tenant AND audit_checkpoint.sequence >= OLD.sequence)"""
_REFUSAL = "the audit is append-only"


def _string(name: str, length: int) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=False)


def _moment(name: str, is_open: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=is_open)


def _table(name: str, *parts: sa.schema.SchemaItem) -> None:
    op.create_table(name, sa.Column("key", sa.Integer, primary_key=True), _string("tenant", 64), *parts)


def upgrade() -> None:
    """Make the tables and what guards them."""
    _chain()
    _table(
        "legal_hold",
        _string("subject", 255),
        _string("reason", 255),
        _moment("placed_at"),
        _string("placed_by", 255),
        _moment("released_at", is_open=True),
        _string("released_by", 255),
    )
    op.create_index("ix_legal_hold_subject", "legal_hold", ["tenant", "subject"])
    _table(
        "patient_merge",
        _string("source", 255),
        _string("target", 255),
        _string("ehr", 64),
        sa.Column("codings", sa.JSON, nullable=False),
        _string("reason", 255),
        _moment("merged_at"),
        _string("merged_by", 255),
        _moment("undone_at", is_open=True),
        _string("undone_by", 255),
    )
    op.create_index("ix_patient_merge_target", "patient_merge", ["tenant", "target"])
    op.create_index("ix_coded_encounter_patient", "coded_encounter", ["tenant", "patient_reference"])
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _chain() -> None:
    """A number is one event's only, whoever writes."""
    _table(
        "audit_event",
        sa.Column("sequence", sa.Integer, nullable=False),
        _string("hash", 64),
        _string("event", 64),
        _string("patient", 1000),
        _string("recorded", 32),
        sa.Column("content", sa.Text, nullable=False),
        sa.UniqueConstraint("tenant", "sequence", name="uq_audit_event_sequence"),
    )
    op.create_index("ix_audit_event_patient", "audit_event", ["tenant", "patient"])
    op.create_index("ix_audit_event_recorded", "audit_event", ["tenant", "recorded"])
    _table(
        "audit_checkpoint",
        sa.Column("sequence", sa.Integer, nullable=False),
        _string("hash", 64),
        _moment("made_at"),
        sa.UniqueConstraint("tenant", "sequence", name="uq_audit_checkpoint_sequence"),
    )


def _guard_sqlite() -> None:
    """https://www.sqlite.org/lang_createtrigger.html"""
    for table in ("audit_event", "audit_checkpoint"):
        op.execute(f"CREATE TRIGGER {table}_update BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END")
    for table, condition in (("audit_event", f"WHEN {_UNCOVERED}"), ("audit_checkpoint", "")):
        op.execute(f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table} {condition} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END")


def _guard_postgresql() -> None:
    """https://www.postgresql.org/docs/current/plpgsql-trigger.html"""
    op.execute(
        f"""CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"""
    )
    op.execute(
        f"""CREATE FUNCTION audit_refuse_uncovered() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF {_UNCOVERED} THEN RAISE EXCEPTION '{_REFUSAL}'; END IF;
            RETURN OLD;
        END $$"""
    )
    for table, removing in (("audit_event", "audit_refuse_uncovered"), ("audit_checkpoint", "audit_refuse")):
        op.execute(f"CREATE TRIGGER {table}_update BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION audit_refuse()")
        op.execute(f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {removing}()")
        op.execute(f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()")


def downgrade() -> None:
    """Drop the tables with their triggers: the events are gone then."""
    op.drop_index("ix_coded_encounter_patient", "coded_encounter")
    for table in ("patient_merge", "legal_hold", "audit_event", "audit_checkpoint"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_refuse()")
        op.execute("DROP FUNCTION audit_refuse_uncovered()")
