"""The table of providers of uploaded notes: the reference that reviews name them by, and the name that a person typed, sealed."""

from __future__ import annotations

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fhir_coder.store.cipher import Sealed
from fhir_coder.store.tables import EncryptedText, Table


class UploadedProviderRow(Table):
    """One provider of a tenant, as the newest upload calls them."""

    __tablename__ = "uploaded_provider"
    __table_args__ = (UniqueConstraint("tenant", "reference", name="uq_uploaded_provider_reference"),)

    reference: Mapped[str] = mapped_column(String(255))
    name: Mapped[Sealed] = mapped_column(EncryptedText)
