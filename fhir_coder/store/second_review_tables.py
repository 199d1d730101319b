"""The tables of second reviews, and of what their agreement brought about. A second review goes with its coding."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Float, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from fhir_coder.store.cipher import Sealed
from fhir_coder.store.tables import EncryptedText, Table


class SecondReviewRow(Table):
    """One coding that passed and was drawn. The coder is who has it, or had it when it was done; empty while nobody has.

    ``locked_until_s`` (epoch seconds) is until when nobody else takes it over. ``first`` are the codes that passed, ``codes`` those of the second
    coder, in order; both are empty until it is done."""

    __tablename__ = "second_review"
    __table_args__ = (Index("ix_second_review_state", "tenant", "state"),)

    coded_encounter: Mapped[int] = mapped_column(ForeignKey("coded_encounter.key", ondelete="CASCADE"), unique=True)
    drawn_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state: Mapped[str] = mapped_column(String(16))
    coder_id: Mapped[str] = mapped_column(String(255))
    coder_issuer: Mapped[str] = mapped_column(String(255))
    coder_name: Mapped[Sealed | None] = mapped_column(EncryptedText)
    locked_until_s: Mapped[int] = mapped_column(BigInteger)
    first: Mapped[list[Any]] = mapped_column(JSON)
    codes: Mapped[list[Any]] = mapped_column(JSON)
    completed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PassingRow(Table):
    """A tenant's encounters may no longer pass (``is_suspended``), or may again: the newest row holds. ``count``, ``agreement`` and ``floor`` are
    what it was judged by; the person and the reason are of who let them pass again."""

    __tablename__ = "passing"
    __table_args__ = (Index("ix_passing_tenant", "tenant", "key"),)

    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    is_suspended: Mapped[bool]
    count: Mapped[int]
    agreement: Mapped[float] = mapped_column(Float)
    floor: Mapped[float] = mapped_column(Float)
    person_id: Mapped[str] = mapped_column(String(255))
    person_issuer: Mapped[str] = mapped_column(String(255))
    reason: Mapped[Sealed | None] = mapped_column(EncryptedText)
