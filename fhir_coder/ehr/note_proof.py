"""Whether a document still reads as it did when it was coded, for those that tell by nothing else that their bytes are others."""

from __future__ import annotations

from fhir_coder.ehr.content import Fetch, read_document
from fhir_coder.ehr.formats import attachments_of
from fhir_coder.ehr.policy import IntakePolicy
from fhir_coder.ehr.reading_time import BoundedReading
from fhir_coder.ehr.references import address_of
from fhir_coder.ehr.screening import Screen
from fhir_coder.ehr.selection import Selection
from fhir_coder.exchange import Resource
from fhir_coder.notes.formats import read_note


def is_silent(document: Resource) -> bool:
    """Whether the bytes behind a URL of it may be others without the document saying so: no hash of them, and no version or moment of change of its own."""
    meta = document.get("meta", {})
    is_told = bool(meta.get("versionId") or meta.get("lastUpdated"))
    return not is_told and any("url" in one and not one.get("hash") and "data" not in one for one in attachments_of(document))


class Proof:
    """Reads documents of one encounter as they are now, each once. ``fetch`` gets an attachment."""

    def __init__(self, selection: Selection, policy: IntakePolicy, fetch: Fetch) -> None:
        self._places = {address_of(one): place for place, one in enumerate(selection.documents)}
        self._selection = selection
        self._screen = Screen(policy.sensitive)
        self._read_note = BoundedReading(read_note, policy.longest_note)
        self._fetch = fetch
        self._known: dict[str, str] = {}

    def reads_as(self, document: Resource, sha256: str) -> bool:
        """Whether its canonical text has this hash. What cannot be read now, or not as a whole because it is sensitive, cannot be compared and counts as the
        same. Raises EhrUnavailable or EhrTimeout."""
        address = address_of(document)
        if address not in self._known:
            self._known[address] = self._sha256(address, document)
        return self._known[address] in {"", sha256}

    def _sha256(self, address: str, document: Resource) -> str:
        renditions = self._selection.renditions.get(self._places.get(address, -1), ())
        found = read_document(document, address, self._read_note, self._fetch, renditions, screen=self._screen)
        return found.note.sha256 if found.note and found.unreadable is None else ""
