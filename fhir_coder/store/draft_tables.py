"""The table of words that a person typed on a review and did not send yet. It goes with the review; the words stand there sealed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fhir_coder.store.cipher import Sealed
from fhir_coder.store.tables import EncryptedText, Table


class ReviewDraftRow(Table):
    """One draft, the only one of a person on a review: for which act, on which code (empty: none), and when it last changed."""

    __tablename__ = "review_draft"
    __table_args__ = (UniqueConstraint("review", "person_id", "person_issuer", name="uq_review_draft_person"),)

    review: Mapped[int] = mapped_column(ForeignKey("review.key", ondelete="CASCADE"))
    person_id: Mapped[str] = mapped_column(String(255))
    person_issuer: Mapped[str] = mapped_column(String(255))
    act: Mapped[str] = mapped_column(String(16))
    code: Mapped[str] = mapped_column(String(16))
    text: Mapped[Sealed | None] = mapped_column(EncryptedText)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
