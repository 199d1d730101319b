"""The tables. Every one carries the tenant; whatever may hold words of a note is an :class:`EncryptedText` column and nothing else."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Float, ForeignKey, Index, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from fhir_coder.store.cipher import Sealed


class EncryptedText(TypeDecorator[Sealed]):
    """Text that only :class:`Sealed` values go into. Raises TypeError for plain text, before it reaches the database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Sealed | None, dialect: Dialect) -> str | None:
        """Refuse what no cipher has sealed."""
        if value is not None and not isinstance(value, Sealed):
            raise TypeError("an encrypted column takes sealed text only")
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Sealed | None:
        """Mark what comes out as sealed."""
        return None if value is None else Sealed(value)


class Table(DeclarativeBase):
    """Root of the mapped classes."""

    key: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(String(64))


class CodedEncounterRow(Table):
    """One coding of one encounter. ``encounter_reference`` is as the EHR named it, empty for one that has no id.

    The ``..._artifact`` columns hold digests of :mod:`fhir_coder.record` (empty: coded before artifacts were kept). ``facts`` is the encounter
    without its notes' texts, ``facts_sha256`` the hash of what of it bears on the codes,
    ``recorded`` the diagnoses that the EHR held already (codes and references); ``is_inline``: the notes came with the request, ``is_uploaded``: as files, by a person;
    ``billing_withheld``: why no claim or export to a health plan may be made of it (resources and the rule), or empty.
    """

    __tablename__ = "coded_encounter"
    __table_args__ = (Index("ix_coded_encounter_reference", "tenant", "encounter_reference", "key"),)

    id: Mapped[str] = mapped_column(String(32), unique=True)
    ehr: Mapped[str] = mapped_column(String(64))
    encounter_reference: Mapped[str] = mapped_column(String(255))
    patient_reference: Mapped[str] = mapped_column(String(255))
    service_date: Mapped[date | None]
    release_id: Mapped[str] = mapped_column(String(32))
    release_status: Mapped[str] = mapped_column(String(16))
    versions: Mapped[dict[str, Any]] = mapped_column(JSON)
    disposition: Mapped[str] = mapped_column(String(16))
    is_confident: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    engine_version: Mapped[str] = mapped_column(String(32))
    release_artifact: Mapped[str] = mapped_column(String(64))
    index_artifact: Mapped[str] = mapped_column(String(64))
    ranker_artifact: Mapped[str] = mapped_column(String(64))
    knowledge_artifact: Mapped[str] = mapped_column(String(64))
    configuration: Mapped[dict[str, Any]] = mapped_column(JSON)
    is_inline: Mapped[bool]
    is_uploaded: Mapped[bool]
    recorded: Mapped[list[Any]] = mapped_column(JSON)
    facts_sha256: Mapped[str] = mapped_column(String(64))
    facts: Mapped[Sealed | None] = mapped_column(EncryptedText)
    billing_withheld: Mapped[str] = mapped_column(String(255))


class Part(Table):
    """A row that belongs to a coded encounter, in order of ``position``."""

    __abstract__ = True

    coded_encounter: Mapped[int] = mapped_column(ForeignKey("coded_encounter.key", ondelete="CASCADE"), index=True)
    position: Mapped[int]


class AssignmentRow(Part):
    """A code assignment; ``position`` is its rank. The explanation may quote evidence."""

    __tablename__ = "assignment"

    code: Mapped[str] = mapped_column(String(16))
    display: Mapped[str] = mapped_column(Text)
    probability: Mapped[float] = mapped_column(Float)
    disposition: Mapped[str] = mapped_column(String(16))
    features: Mapped[dict[str, Any]] = mapped_column(JSON)
    explanation: Mapped[Sealed | None] = mapped_column(EncryptedText)


class RejectionRow(Part):
    """A code that was not assigned, and why."""

    __tablename__ = "rejection"

    code: Mapped[str] = mapped_column(String(16))
    display: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(String(32))
    probability: Mapped[float] = mapped_column(Float)
    instead: Mapped[str] = mapped_column(String(16))


class FindingRow(Part):
    """What an edit said. ``query`` is the question it gives rise to and its options, our own words; what it quotes is :class:`EvidenceRow`."""

    __tablename__ = "finding"

    edit: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(64))
    severity: Mapped[str] = mapped_column(String(16))
    codes: Mapped[list[Any]] = mapped_column(JSON)
    detail: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    query: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class ReasonRow(Part):
    """Why the encounter, or some of its codes, goes to review."""

    __tablename__ = "reason"

    code: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    codes: Mapped[list[Any]] = mapped_column(JSON)


class EvidenceRow(Part):
    """A span of a note that a decision rests on. ``owner`` is assignment, rejection, finding, query or uncoded; ``owner_position`` its position."""

    __tablename__ = "evidence"

    owner: Mapped[str] = mapped_column(String(16))
    owner_position: Mapped[int]
    note_id: Mapped[str] = mapped_column(String(64))
    start: Mapped[int]
    end: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    section: Mapped[str] = mapped_column(String(32))
    words: Mapped[Sealed | None] = mapped_column(EncryptedText)


class ProposalRow(Part):
    """One proposed resource. ``content`` is the whole; ``outline``, used without a key, is the same without the places for free text.

    ``delivery`` is 0 for what was proposed with the coding, and counts what was sent after it from 1.
    """

    __tablename__ = "proposal"

    delivery: Mapped[int]
    full_url: Mapped[str] = mapped_column(String(255))
    resource_type: Mapped[str] = mapped_column(String(64))
    content: Mapped[Sealed | None] = mapped_column(EncryptedText)
    outline: Mapped[str | None] = mapped_column(Text)


class ReceiptRow(Part):
    """What the EHR answered for the proposal of the same delivery and position. The outcome is the EHR's text and may repeat ours."""

    __tablename__ = "receipt"

    delivery: Mapped[int]
    status: Mapped[str] = mapped_column(String(64))
    location: Mapped[str] = mapped_column(String(255))
    etag: Mapped[str] = mapped_column(String(128))
    issues: Mapped[list[Any]] = mapped_column(JSON)
    outcome: Mapped[Sealed | None] = mapped_column(EncryptedText)


class TrailRow(Part):
    """One event in the ordered record of decisions; ``detail`` holds ids, counts and codes."""

    __tablename__ = "trail"

    event: Mapped[str] = mapped_column(String(32))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)


class NoteRow(Part):
    """A note that was read: its hash, version and author in plain, its canonical text encrypted or dropped."""

    __tablename__ = "note"

    note_id: Mapped[str] = mapped_column(String(64))
    reference: Mapped[str] = mapped_column(String(255))
    content_type: Mapped[str] = mapped_column(String(128))
    sha256: Mapped[str] = mapped_column(String(64))
    length: Mapped[int]
    version: Mapped[str] = mapped_column(String(64))
    author: Mapped[str] = mapped_column(String(255))
    authority: Mapped[str] = mapped_column(String(16))
    is_signed: Mapped[bool]
    text: Mapped[Sealed | None] = mapped_column(EncryptedText)
