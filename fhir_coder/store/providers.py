"""Names of the providers of uploaded notes. A review names its provider by reference, in plain; the name that a person typed is kept beside, sealed, once
for each provider, so that what was uploaded before names were kept has one as soon as the provider is named again."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, Engine, delete, exists, insert, select
from sqlalchemy.orm import Session

from fhir_coder.exchange import CodingResult
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.provider_tables import UploadedProviderRow
from fhir_coder.store.review_tables import ReviewRow


class Providers:
    """Over one database."""

    def __init__(self, engine: Engine, cipher: Cipher) -> None:
        self._engine = engine
        self._cipher = cipher

    def names(self, tenant: str) -> Mapping[str, str]:
        """The names of a tenant's providers of uploaded notes, by reference; of those whose name is not kept there is none."""
        with Session(self._engine) as session:
            return names_of(session, tenant, self._cipher)


def names_of(session: Session, tenant: str, cipher: Cipher) -> Mapping[str, str]:
    """As :meth:`Providers.names`, in a transaction of the caller's."""
    row = UploadedProviderRow
    return {
        reference: cipher.open(name) for reference, name in session.execute(select(row.reference, row.name).where(row.tenant == tenant))
    }


def remember_provider(connection: Connection, tenant: str, result: CodingResult, cipher: Cipher) -> None:
    """Keep what an upload calls its provider, after its review was added. Without a key no name is kept. Names that no review needs any more go."""
    row, review, reference = UploadedProviderRow, ReviewRow, result.intake.encounter.provider
    is_needed = exists().where(review.tenant == tenant, review.provider == row.reference)
    connection.execute(delete(row).where(row.tenant == tenant, (row.reference == reference) | ~is_needed))
    name = cipher.seal(_name(result, reference))
    if name is not None:
        connection.execute(insert(row).values(tenant=tenant, reference=reference, name=name))


def _name(result: CodingResult, reference: str) -> str:
    names = result.intake.resources.get(reference, {}).get("name", ())
    return next((one["text"] for one in names if isinstance(one, dict) and one.get("text")), "")
