"""The table of bulk runs: ids, numbers and words of ours alone, so that no column is sealed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fhir_coder.store.tables import Table


class BulkEndRow(Table):
    """How one encounter of a run ended; see :class:`fhir_coder.bulk.ended.Ended`. ``ended_s`` is in epoch seconds.

    There is one row at the most for an encounter of a run: whoever comes second keeps nothing.
    """

    __tablename__ = "bulk_end"
    __table_args__ = (
        UniqueConstraint("tenant", "run", "encounter", name="uq_bulk_end_encounter"),
        Index("ix_bulk_end_part", "tenant", "run", "part"),
    )

    run: Mapped[str] = mapped_column(String(32))
    encounter: Mapped[str] = mapped_column(String(255))
    version: Mapped[str] = mapped_column(String(64))
    end: Mapped[str] = mapped_column(String(16))
    error: Mapped[str] = mapped_column(String(16))
    coding: Mapped[str] = mapped_column(String(32), index=True)
    part: Mapped[int]
    lengths: Mapped[dict[str, Any]] = mapped_column(JSON)
    tries: Mapped[int]
    ended_s: Mapped[int] = mapped_column(BigInteger)
