"""The tables of reviews: one row for each coding with what lists filter and sort by, and the decisions on it, which are only ever added.

Ids of people and codes stand in plain, names and free text sealed. Both go with the coding they belong to.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fhir_coder.store.cipher import Sealed
from fhir_coder.store.tables import EncryptedText, Table


class ReviewRow(Table):
    """One review: what its decisions lead to, in short, and who works on it.

    ``severity`` is the rank of the gravest finding that is shown (:data:`SEVERITIES`, 0 for none); ``codes`` are those that stand, ``reasons`` why it
    goes to review; ``specialty`` is of :mod:`fhir_coder.outcomes.specialty`. ``superseded_by`` is the id of a later coding of the same encounter, ``supersedes`` that of the last earlier one which a person
    had touched; empty for none. ``locked_until_s`` is in epoch seconds, 0 while nobody works on it.
    """

    __tablename__ = "review"
    __table_args__ = (
        Index("ix_review_listed", "tenant", "superseded_by", "state"),
        Index("ix_review_signed", "tenant", "state", "signed_at"),
    )

    coded_encounter: Mapped[int] = mapped_column(ForeignKey("coded_encounter.key", ondelete="CASCADE"), unique=True)
    state: Mapped[str] = mapped_column(String(16))
    version: Mapped[int]
    is_touched: Mapped[bool]
    superseded_by: Mapped[str] = mapped_column(String(32))
    supersedes: Mapped[str] = mapped_column(String(32))
    provider: Mapped[str] = mapped_column(String(255))
    specialty: Mapped[str] = mapped_column(String(128))
    severity: Mapped[int]
    code_count: Mapped[int]
    codes: Mapped[list[Any]] = mapped_column(JSON)
    reasons: Mapped[list[Any]] = mapped_column(JSON)
    hold_reason: Mapped[str] = mapped_column(String(32))
    assigned_id: Mapped[str] = mapped_column(String(255))
    assigned_issuer: Mapped[str] = mapped_column(String(255))
    assigned_name: Mapped[Sealed | None] = mapped_column(EncryptedText)
    signed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    holder_id: Mapped[str] = mapped_column(String(255))
    holder_issuer: Mapped[str] = mapped_column(String(255))
    holder_name: Mapped[Sealed | None] = mapped_column(EncryptedText)
    locked_until_s: Mapped[int] = mapped_column(BigInteger)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ReviewDecisionRow(Table):
    """One decision; ``detail`` holds ids, codes and numbers, ``words`` the free text and the name of whom it is assigned to, as JSON."""

    __tablename__ = "review_decision"
    __table_args__ = (UniqueConstraint("review", "sequence", name="uq_review_decision_sequence"),)

    review: Mapped[int] = mapped_column(ForeignKey("review.key", ondelete="CASCADE"))
    sequence: Mapped[int]
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    person_id: Mapped[str] = mapped_column(String(255))
    person_issuer: Mapped[str] = mapped_column(String(255))
    person_name: Mapped[Sealed | None] = mapped_column(EncryptedText)
    act: Mapped[str] = mapped_column(String(16))
    code: Mapped[str] = mapped_column(String(16))
    instead: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(32))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    words: Mapped[Sealed | None] = mapped_column(EncryptedText)
