"""The table of what goes to billing. What is about the patient stands in sealed columns only."""

from __future__ import annotations

from sqlalchemy import BigInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fhir_coder.store.cipher import Sealed
from fhir_coder.store.tables import EncryptedText, Table


class OutboxRow(Table):
    """One signed version for one destination. Times are epoch seconds, 0: not yet.

    ``signed`` is the version as data (null: withheld), ``message`` what was made of it and may have left (null: nothing has left),
    ``message_sha256`` its hash; ``frequency`` and ``replaces`` are as the message says; ``detail`` is our word for what happened.
    """

    __tablename__ = "billing_outbox"
    __table_args__ = (UniqueConstraint("tenant", "destination", "review", "version"),)

    destination: Mapped[str] = mapped_column(String(64))
    review: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    coding: Mapped[str] = mapped_column(String(32), index=True)
    encounter_reference: Mapped[str] = mapped_column(String(255))
    control_id: Mapped[str] = mapped_column(String(20), index=True)
    is_void: Mapped[bool]
    frequency: Mapped[str] = mapped_column(String(1))
    replaces: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(16), index=True)
    attempts: Mapped[int]
    created_s: Mapped[int] = mapped_column(BigInteger)
    next_attempt_s: Mapped[int] = mapped_column(BigInteger)
    claimed_s: Mapped[int] = mapped_column(BigInteger)
    sent_s: Mapped[int] = mapped_column(BigInteger)
    acknowledged_s: Mapped[int] = mapped_column(BigInteger)
    acknowledgement: Mapped[str] = mapped_column(String(8))
    detail: Mapped[str] = mapped_column(String(255))
    signed_sha256: Mapped[str] = mapped_column(String(64))
    message_sha256: Mapped[str] = mapped_column(String(64))
    signed: Mapped[Sealed | None] = mapped_column(EncryptedText)
    message: Mapped[Sealed | None] = mapped_column(EncryptedText)
