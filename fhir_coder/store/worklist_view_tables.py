"""The tables of saved views of the worklist, and of which one opens first for a person.

A name and a query are typed by people and may hold the id of a patient: they are sealed. Owners stand by id and issuer, as in decisions.
"""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fhir_coder.store.cipher import Sealed
from fhir_coder.store.tables import EncryptedText, Table


class WorklistViewRow(Table):
    """One saved view. ``is_shared``: everybody of the tenant sees it."""

    __tablename__ = "worklist_view"
    __table_args__ = (Index("ix_worklist_view_owner", "tenant", "owner_id", "owner_issuer"),)

    id: Mapped[str] = mapped_column(String(32), unique=True)
    owner_id: Mapped[str] = mapped_column(String(255))
    owner_issuer: Mapped[str] = mapped_column(String(255))
    is_shared: Mapped[bool]
    name: Mapped[Sealed] = mapped_column(EncryptedText)
    query: Mapped[Sealed | None] = mapped_column(EncryptedText)


class WorklistDefaultRow(Table):
    """The view that opens first for a person; gone with the view."""

    __tablename__ = "worklist_default"
    __table_args__ = (UniqueConstraint("tenant", "person_id", "person_issuer", name="uq_worklist_default_person"),)

    person_id: Mapped[str] = mapped_column(String(255))
    person_issuer: Mapped[str] = mapped_column(String(255))
    view: Mapped[int] = mapped_column(ForeignKey("worklist_view.key", ondelete="CASCADE"), index=True)
