"""The table of what decisions bring about outside the reviews. It goes with the review it belongs to, and holds no words of notes."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fhir_coder.store.tables import Table


class FollowUpRow(Table):
    """One duty of one decision; see :class:`fhir_coder.worklist.following.FollowUp`. ``claimed_s`` is when a process began to do it."""

    __tablename__ = "follow_up"
    __table_args__ = (
        UniqueConstraint("review", "sequence", "kind", "target", name="uq_follow_up_duty"),
        Index("ix_follow_up_due", "tenant", "progress", "next_attempt_s"),
    )

    review: Mapped[int] = mapped_column(ForeignKey("review.key", ondelete="CASCADE"))
    sequence: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    target: Mapped[str] = mapped_column(String(64))
    progress: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int]
    created_s: Mapped[int] = mapped_column(BigInteger)
    next_attempt_s: Mapped[int] = mapped_column(BigInteger)
    claimed_s: Mapped[int] = mapped_column(BigInteger)
    settled_s: Mapped[int] = mapped_column(BigInteger)
    detail: Mapped[str] = mapped_column(String(500))
    reference: Mapped[str] = mapped_column(String(255))
