"""Whether the provider has answered: an answer counts as a signed note that the coding has not read (:mod:`fhir_coder.querying`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fhir_coder.note import Note
from fhir_coder.store.records import StoredNote


@dataclass(frozen=True, slots=True)
class SinceThen:
    """What is new at the EHR since a coding: numbers of notes that are signed and were not read as they are now, and of such that nobody signed yet."""

    signed: int = 0
    unsigned: int = 0


def since_then(read: Iterable[StoredNote], now: Iterable[Note]) -> SinceThen:
    """Compare the notes of a coding with those that the encounter has now. A note whose words changed is new; one that went is not: coding again
    would show it, but it is no answer."""
    known = {(note.id, note.sha256) for note in read}
    new = [note for note in now if (note.id, note.sha256) not in known]
    return SinceThen(sum(note.is_signed for note in new), sum(not note.is_signed for note in new))
