"""What the latest reviews began with, kept in the process: a coding never changes, and a decision asks for its proposal several times. It holds codes
and places in notes, no word."""

from __future__ import annotations

import threading
from collections import OrderedDict

from sqlalchemy.orm import Session

from fhir_coder.store.review_reading import proposed_of
from fhir_coder.store.tables import CodedEncounterRow
from fhir_coder.worklist.review import Proposed

MOST_KEPT = 32


class KeptProposals:
    """At most ``most``, the one used longest ago goes first. Whoever asks has read the row of the coding: one that was deleted is not asked for.
    Threads may share it."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], Proposed] = OrderedDict()

    def of(self, session: Session, coding: CodedEncounterRow) -> Proposed:
        """The proposal of a coding."""
        key = (coding.tenant, coding.id)
        with self._lock:
            found = self._kept.get(key)
        found = found or proposed_of(session, coding)
        with self._lock:
            self._kept[key] = found
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return found
