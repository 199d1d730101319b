"""The tables of discovery: which encounters of an EHR are watched, and up to where each way has found them. Ids, hashes and times; no words."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fhir_coder.store.tables import Table


class WatchedRow(Table):
    """One encounter; see :class:`fhir_coder.discovery.watched.Watched`. Times are epoch seconds, 0: never.

    ``claim`` is of the process that looks at it; ``seen_sha256`` the hash of the Encounter as it was last found; ``version_sha256`` that of what bears on
    its codes as a job was last taken on for it, ``pending_sha256`` and ``pending_s`` the same of what settles, and since when;
    with an empty hash, ``pending_s`` is when the texts of what was coded were last compared.
    """

    __tablename__ = "watched_encounter"
    __table_args__ = (
        UniqueConstraint("tenant", "ehr", "encounter", name="uq_watched_encounter"),
        Index("ix_watched_encounter_due", "tenant", "ehr", "state", "look_at_s"),
    )

    ehr: Mapped[str] = mapped_column(String(64))
    encounter: Mapped[str] = mapped_column(String(255))
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(32))
    seen_sha256: Mapped[str] = mapped_column(String(64))
    version_sha256: Mapped[str] = mapped_column(String(64))
    pending_sha256: Mapped[str] = mapped_column(String(64))
    pending_s: Mapped[int] = mapped_column(BigInteger)
    found_s: Mapped[int] = mapped_column(BigInteger)
    look_at_s: Mapped[int] = mapped_column(BigInteger)
    taken_s: Mapped[int] = mapped_column(BigInteger)
    jobs: Mapped[int]
    job: Mapped[str] = mapped_column(String(32))
    claim: Mapped[str] = mapped_column(String(32))


class MarkRow(Table):
    """How far a way has come at an EHR: ``mark`` up to when, ``place`` how far within a sweep. The row of the EHR itself, whose ``way`` is empty, says
    until when it wants to be left alone, and how often in a row it failed."""

    __tablename__ = "discovery_mark"
    __table_args__ = (UniqueConstraint("tenant", "ehr", "way", name="uq_discovery_mark"),)

    ehr: Mapped[str] = mapped_column(String(64))
    way: Mapped[str] = mapped_column(String(32))
    mark: Mapped[str] = mapped_column(String(64))
    place: Mapped[str] = mapped_column(String(64))
    changed_s: Mapped[int] = mapped_column(BigInteger)
    held_until_s: Mapped[int] = mapped_column(BigInteger)
    failures: Mapped[int]
