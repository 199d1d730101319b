"""The tables of the audit and of what is done with whole patients. Events and checkpoints are append-only: triggers of the migration refuse
changes, and refuse removal of an event that no checkpoint covers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fhir_coder.store.tables import Table


class AuditEventRow(Table):
    """One event of a tenant's chain (:mod:`fhir_coder.audit.chain`): ``content`` is its canonical JSON, ``hash`` the sha256 of that; the other
    columns repeat what it tells, for searching. No text of a note and no token is in any."""

    __tablename__ = "audit_event"
    __table_args__ = (
        UniqueConstraint("tenant", "sequence"),
        Index("ix_audit_event_patient", "tenant", "patient"),
        Index("ix_audit_event_recorded", "tenant", "recorded"),
    )

    sequence: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
    event: Mapped[str] = mapped_column(String(64))
    patient: Mapped[str] = mapped_column(String(1000))
    recorded: Mapped[str] = mapped_column(String(32))
    content: Mapped[str] = mapped_column(Text)


class AuditCheckpointRow(Table):
    """The last event that retention removed, each time it did: from here the chain goes on."""

    __tablename__ = "audit_checkpoint"
    __table_args__ = (UniqueConstraint("tenant", "sequence"),)

    sequence: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class LegalHoldRow(Table):
    """A patient (``Patient/7``) or encounter (``Encounter/7``) of which nothing is deleted until ``released_at``, at whatever EHR."""

    __tablename__ = "legal_hold"
    __table_args__ = (Index("ix_legal_hold_subject", "tenant", "subject"),)

    subject: Mapped[str] = mapped_column(String(255))
    reason: Mapped[str] = mapped_column(String(255))
    placed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    placed_by: Mapped[str] = mapped_column(String(255))
    released_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    released_by: Mapped[str] = mapped_column(String(255))


class PatientMergeRow(Table):
    """Codings (``codings``: their ids) that were of ``source`` and became ``target``'s; taken back when ``undone_at`` is set."""

    __tablename__ = "patient_merge"
    __table_args__ = (Index("ix_patient_merge_target", "tenant", "target"),)

    source: Mapped[str] = mapped_column(String(255))
    target: Mapped[str] = mapped_column(String(255))
    ehr: Mapped[str] = mapped_column(String(64))
    codings: Mapped[list[Any]] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(String(255))
    merged_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    merged_by: Mapped[str] = mapped_column(String(255))
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    undone_by: Mapped[str] = mapped_column(String(255))
