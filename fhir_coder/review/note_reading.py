"""The texts of a coding's notes for a page: what the store kept, else what the EHR gives this person, each proved by its hash."""

from __future__ import annotations

from collections.abc import Callable

from fhir_coder.ehr.client import EhrClient
from fhir_coder.record.rereading import NoteReader, Reread
from fhir_coder.review.session import ReviewSession
from fhir_coder.store.records import StoredEncounter

ClientFor = Callable[[ReviewSession, str], EhrClient | None]
"""The client of an EHR (by id) with a session's own access, or None where it has none."""


class NoteReading:
    """Reads all notes of a coding for the person of a session."""

    def __init__(self, client_for: ClientFor) -> None:
        self._client_for = client_for

    def __call__(self, session: ReviewSession, coding: StoredEncounter) -> tuple[Reread, ...]:
        """One answer for each note, in order. Raises SignedOut where the token of the launch is over."""
        client = self._client_for(session, coding.ehr) if coding.ehr else None
        return NoteReader(lambda tenant, ehr: client).read_all(coding)
