"""Codings that people decide on, kept for a moment: a coding never changes, and a person decides on one many times in a minute.

What a person may see of it is asked anew each time, and so is the review, without which nothing is decided.
"""

from __future__ import annotations

from fhir_coder.kept_readings import KeptReadings
from fhir_coder.review.coding_in_sight import Codings
from fhir_coder.store.records import StoredEncounter

KEPT_CODINGS_S = 60.0


class KeptCodings:
    """Codings of ``store``, in ``kept`` for its time."""

    def __init__(self, store: Codings, kept: KeptReadings[StoredEncounter]) -> None:
        self._store = store
        self._kept = kept

    def get(self, tenant: str, coding_id: str) -> StoredEncounter | None:
        """The coding of that id, if it is the tenant's."""
        found = self._kept.find((tenant, coding_id))
        if found is None:
            found = self._store.get(tenant, coding_id)
            if found is not None:
                self._kept.put((tenant, coding_id), found)
        return found
