"""The coding of an id that a person's roles, their launch and the EHR let them work on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from fhir_coder.review.patient_reading import Reads
from fhir_coder.review.reading_right import may_read
from fhir_coder.review.session import ReviewSession
from fhir_coder.review.sight import sight_of
from fhir_coder.store.records import CODING_ID, StoredEncounter


class Codings(Protocol):
    """What this needs of :class:`fhir_coder.store.repository.Repository`."""

    def get(self, tenant: str, coding_id: str) -> StoredEncounter | None:
        """The coding of that id, if it is the tenant's."""


class CodingInSight:
    """``client_of`` gives the client of the EHR that a session came from, or None."""

    def __init__(self, codings: Codings, client_of: Callable[[ReviewSession], Reads | None]) -> None:
        self._codings = codings
        self._client_of = client_of

    def find(self, session: ReviewSession, coding_id: str) -> StoredEncounter | None:
        """None for what is another practice's, out of the launch, out of the roles or nobody's. Raises an EhrError when the EHR does not say."""
        sight = sight_of(session)
        coding = self._codings.get(session.tenant, coding_id) if CODING_ID.fullmatch(coding_id) else None
        if coding is None or not sight.is_role or not sight.admits(coding):
            return None
        return coding if may_read(self._client_of(session), session, coding.encounter_reference) else None
