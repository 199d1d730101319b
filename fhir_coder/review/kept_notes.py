"""Note texts that came from an EHR, kept for a short while for the session that read them, so that each decision need not read them again."""

from __future__ import annotations

from collections.abc import Callable

from fhir_coder.kept_readings import KeptReadings
from fhir_coder.record.rereading import Reread
from fhir_coder.review.session import ReviewSession
from fhir_coder.store.records import StoredEncounter

KEPT_NOTES_S = 300.0
"""Seconds: long enough for the decisions on one encounter, shorter than a session lasts unused."""
_STORED = "stored"

ReadsNotes = Callable[[ReviewSession, StoredEncounter], tuple[Reread, ...]]


class KeptNotes:
    """Reads by ``reading`` and keeps in ``kept`` what was read at an EHR whole. A session has only what was read with its own access."""

    def __init__(self, reading: ReadsNotes, kept: KeptReadings[tuple[Reread, ...]]) -> None:
        self._reading = reading
        self._kept = kept

    def __call__(self, session: ReviewSession, coding: StoredEncounter) -> tuple[Reread, ...]:
        """One answer for each note, in order. Raises SignedOut where the token of the launch is over."""
        key = session.tenant, session.csrf, coding.id
        found = self._kept.find(key)
        if found is None:
            found = self._reading(session, coding)
            if not any(one.absence for one in found) and any(one.source != _STORED for one in found):
                self._kept.put(key, found)
        return found
