"""Reviews and the decisions on them. Every coding that is there gets its review."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_RANKS = {"information": 1, "advisory": 2, "blocking": 3}


def _string(name: str, length: int) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=False)


def _number(name: str) -> sa.Column:
    return sa.Column(name, sa.Integer, nullable=False)


def _owned(name: str, owner: str, *parts: sa.schema.SchemaItem) -> None:
    """A table of a tenant whose rows go with the row they belong to."""
    belongs = sa.ForeignKey(f"{owner}.key", ondelete="CASCADE")
    op.create_table(
        name,
        sa.Column("key", sa.Integer, primary_key=True),
        _string("tenant", 64),
        sa.Column(owner, sa.Integer, belongs, nullable=False, unique=owner == "coded_encounter"),
        *parts,
    )


def upgrade() -> None:
    """Make the tables, and a review for every coding."""
    _owned(
        "review",
        "coded_encounter",
        _string("state", 16),
        _number("version"),
        sa.Column("is_touched", sa.Boolean, nullable=False),
        _string("superseded_by", 32),
        _string("supersedes", 32),
        _string("provider", 255),
        _number("severity"),
        _number("code_count"),
        sa.Column("codes", sa.JSON, nullable=False),
        sa.Column("reasons", sa.JSON, nullable=False),
        _string("hold_reason", 32),
        _string("assigned_id", 255),
        _string("assigned_issuer", 255),
        sa.Column("assigned_name", sa.Text, nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        _string("holder_id", 255),
        _string("holder_issuer", 255),
        sa.Column("holder_name", sa.Text, nullable=True),
        sa.Column("locked_until_s", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_review_listed", "review", ["tenant", "superseded_by", "state"])
    _decisions()
    _take_over(op.get_bind())


def _decisions() -> None:
    _owned(
        "review_decision",
        "review",
        _number("sequence"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        _string("person_id", 255),
        _string("person_issuer", 255),
        sa.Column("person_name", sa.Text, nullable=True),
        _string("act", 16),
        _string("code", 16),
        _string("instead", 16),
        _string("reason", 32),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.Column("words", sa.Text, nullable=True),
        sa.UniqueConstraint("review", "sequence", name="uq_review_decision_sequence"),
    )


def _take_over(connection: sa.Connection) -> None:
    """The newest coding of an encounter is listed; the provider of old ones is not known here."""
    old = sa.Table("coded_encounter", sa.MetaData(), autoload_with=connection)
    review = sa.Table("review", sa.MetaData(), autoload_with=connection)
    newest: dict[tuple[str, str, str], str] = {}
    for one in connection.execute(sa.select(old).order_by(old.c.key.desc())).mappings().all():
        encounter = (one["tenant"], one["ehr"], one["encounter_reference"] or one["id"])
        later = newest.setdefault(encounter, one["id"])
        codes = _column(connection, one["key"], "assignment", "code")
        empty = dict.fromkeys(("supersedes", "provider", "hold_reason", "assigned_id", "assigned_issuer", "holder_id", "holder_issuer"), "")
        row = {
            "tenant": one["tenant"],
            "coded_encounter": one["key"],
            "state": "passed" if one["disposition"] == "pass" else "waiting",
            "version": 0,
            "is_touched": False,
            "superseded_by": "" if later == one["id"] else later,
            "severity": max((_RANKS.get(name, 0) for name in _column(connection, one["key"], "finding", "severity")), default=0),
            "code_count": len(codes),
            "codes": codes,
            "reasons": list(dict.fromkeys(_column(connection, one["key"], "reason", "code"))),
            "locked_until_s": 0,
            "changed_at": one["created_at"],
        }
        connection.execute(review.insert(), empty | row)


def _column(connection: sa.Connection, key: int, table: str, name: str) -> list[str]:
    part = sa.table(table, sa.column("coded_encounter"), sa.column("position"), sa.column(name))
    return list(connection.scalars(sa.select(part.c[name]).where(part.c.coded_encounter == key).order_by(part.c.position)))


def downgrade() -> None:
    """Drop the tables: what people decided is gone then."""
    op.drop_table("review_decision")
    op.drop_table("review")
