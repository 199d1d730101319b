"""The table of forms that made a coding. Of a form it holds a hash, and nothing that stood in it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fhir_coder.store.tables import Table


class SentFormRow(Table):
    """One form: ``sending`` is the hash of its random key and of all that was sent with it; ``coded_encounter`` is empty once the coding is deleted."""

    __tablename__ = "sent_form"
    __table_args__ = (UniqueConstraint("tenant", "sending", name="uq_sent_form_sending"),)

    sending: Mapped[str] = mapped_column(String(64))
    coded_encounter: Mapped[int | None] = mapped_column(ForeignKey("coded_encounter.key", ondelete="SET NULL"), index=True)
    sent_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
