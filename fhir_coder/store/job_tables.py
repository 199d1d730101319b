"""The table of jobs. What is asked and what came out may hold words of notes, and stand in sealed columns only."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from fhir_coder.store.cipher import Sealed
from fhir_coder.store.tables import EncryptedText, Table


class JobRow(Table):
    """One job; see :class:`fhir_coder.jobs.job.Job`. Times are epoch seconds, 0: not yet.

    ``address_sha256`` is the hash of the random part of its address, ``caller_sha256`` that of who may ask after it; ``lease`` and ``lease_until_s`` are
    of the process that is at it; ``handed_out_s`` is when a broker was told of it. ``status`` is the HTTP status of the answer, 0: none yet. ``run`` is the
    bulk run whose encounter it is, or empty.
    """

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_due", "state", "tenant", "priority", "next_attempt_s"), Index("ix_job_run", "tenant", "run", "state"))

    id: Mapped[str] = mapped_column(String(32), unique=True)
    address_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    caller_sha256: Mapped[str] = mapped_column(String(64))
    priority: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int]
    created_s: Mapped[int] = mapped_column(BigInteger)
    next_attempt_s: Mapped[int] = mapped_column(BigInteger)
    handed_out_s: Mapped[int] = mapped_column(BigInteger)
    started_s: Mapped[int] = mapped_column(BigInteger)
    ended_s: Mapped[int] = mapped_column(BigInteger)
    expires_s: Mapped[int] = mapped_column(BigInteger)
    lease: Mapped[str] = mapped_column(String(32))
    lease_until_s: Mapped[int] = mapped_column(BigInteger)
    encounter: Mapped[str] = mapped_column(String(255))
    coding: Mapped[str] = mapped_column(String(32), index=True)
    error: Mapped[str] = mapped_column(String(16))
    status: Mapped[int]
    run: Mapped[str] = mapped_column(String(32), server_default="")
    asked: Mapped[Sealed | None] = mapped_column(EncryptedText)
    answer: Mapped[Sealed | None] = mapped_column(EncryptedText)
