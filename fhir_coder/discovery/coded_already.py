"""Whether a coding has read the notes that an encounter has now: whoever had it coded, it need not be coded again for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from fhir_coder.ehr.encounter_search import first_day, updated_at
from fhir_coder.ehr.references import address_of
from fhir_coder.exchange import Resource
from fhir_coder.store.records import StoredEncounter, StoredNote

CLOCKS_DIFFER_BY = timedelta(minutes=10)
"""A document counts as having been there only where the EHR says that it was so much before the coding."""


ReadsAs = Callable[[Resource, str], bool]
"""Whether a document has the text of this hash now."""


def has_read(coding: StoredEncounter, encounter: Resource, documents: Sequence[Resource], reads_as: ReadsAs) -> bool:
    """Whether the coding rests on these documents, in these versions, and on this day of service. A document that it has no note of counts as known where it
    was there long enough before: it was a copy of another, or could not be read. Where the EHR tells neither version nor change, the text decides. Raises
    what ``reads_as`` raises."""
    notes: dict[str, StoredNote] = {one.reference: one for one in coding.notes}
    gone = set(filter(None, notes)) - set(_addresses(documents))
    is_same_day = coding.service_date == first_day(encounter)
    return is_same_day and not gone and all(_is_known(one, notes.get(address_of(one)), coding.created_at, reads_as) for one in documents)


def _is_known(document: Resource, note: StoredNote | None, coded_at: datetime, reads_as: ReadsAs) -> bool:
    version, changed = document.get("meta", {}).get("versionId", ""), updated_at(document)
    if note is not None and note.version and version:
        return note.version == version
    if changed is None:
        return note is not None and reads_as(document, note.sha256)
    return changed <= coded_at - CLOCKS_DIFFER_BY


def _addresses(documents: Iterable[Resource]) -> Iterable[str]:
    return (address_of(one) for one in documents)


def reads_otherwise(coding: StoredEncounter, documents: Sequence[Resource], reads_as: ReadsAs) -> bool:
    """Whether the text of a note that was read is another now. Raises what ``reads_as`` raises."""
    notes = {one.reference: one for one in coding.notes}
    known = [(one, notes[address_of(one)]) for one in documents if address_of(one) in notes]
    return any(not reads_as(one, note.sha256) for one, note in known)
