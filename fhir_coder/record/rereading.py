"""The text of a note that was coded, had again: from the store, or from the EHR by reference and version, and always proved by its hash.

A review page shows a note with it, and a replay codes it again. What is not exactly the text that was coded is never given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.content import ReadNote, read_document
from fhir_coder.ehr.screening import Screen
from fhir_coder.errors import EhrError, EhrRefused, RequestError
from fhir_coder.exchange import Resource
from fhir_coder.model import Note, text_hash
from fhir_coder.notes.formats import read_note as read_note_format
from fhir_coder.sensitive_settings import Kind, Rule, SensitiveRules
from fhir_coder.store.records import StoredEncounter, StoredNote

CONTENT = {"DocumentReference": "content", "DiagnosticReport": "presentedForm"}
"""The types that carry notes, and the element with their attachments."""


_OPEN = Screen(SensitiveRules(dict.fromkeys(Kind, Rule.CODE)))
"""Lets through what a C-CDA marks inside itself and the coding may have read: with a consent, or by the tenant's rules of then. The hash proves
which it was; what it read not at all stays out."""


class Absence(StrEnum):
    """Why the text of a note cannot be had again."""

    INLINE = "inline"
    NO_EHR = "no-ehr"
    GONE = "gone"
    CHANGED = "changed"
    UNREADABLE = "unreadable"
    REFUSED = "refused"
    EHR_DOWN = "ehr-down"


SENTENCES = {
    Absence.INLINE: "it was sent inline and text storage is off",
    Absence.NO_EHR: "its text is not stored, and no EHR to read it from is configured",
    Absence.GONE: "the EHR no longer has it",
    Absence.CHANGED: "what the EHR has does not read as the text that was coded",
    Absence.UNREADABLE: "what the EHR has cannot be read any more",
    Absence.REFUSED: "the EHR refuses to give it",
    Absence.EHR_DOWN: "the EHR did not answer; try again later",
}


@dataclass(frozen=True, slots=True)
class Reread:
    """The canonical text that was coded, or why it cannot be had. ``source`` is ``stored``, ``version`` (read by version) or ``current``.

    ``found`` is the whole note where it was read at the EHR: its format's sections and its date are not in the store without a key.
    """

    note: StoredNote
    text: str = ""
    source: str = ""
    found: Note | None = None
    absence: Absence | None = None

    @property
    def sentence(self) -> str:
        """Why there is no text, naming the note; empty when there is."""
        return f"note {self.note.reference or self.note.id}: {SENTENCES[self.absence]}" if self.absence else ""


class NoteReader:
    """Rereads notes. ``connect`` gives the client of a tenant's EHR (both by id), or None where it is not configured."""

    def __init__(self, connect: Callable[[str, str], EhrClient | None], read_note: ReadNote = read_note_format) -> None:
        self._connect = connect
        self._read_note = read_note

    def read(self, coding: StoredEncounter, note: StoredNote) -> Reread:
        """The text of one note of a coding. Raises nothing that the EHR causes: that is an absence."""
        if text_hash(note.text) == note.sha256:
            return Reread(note, note.text, "stored")
        if coding.is_inline or not note.reference:
            return Reread(note, absence=Absence.INLINE)
        client = self._connect(coding.tenant, coding.ehr) if coding.ehr else None
        if client is None:
            return Reread(note, absence=Absence.NO_EHR)
        try:
            return self._from_ehr(client, note)
        except EhrRefused:
            return Reread(note, absence=Absence.REFUSED)
        except EhrError:
            return Reread(note, absence=Absence.EHR_DOWN)
        except RequestError:
            return Reread(note, absence=Absence.GONE)

    def read_all(self, coding: StoredEncounter) -> tuple[Reread, ...]:
        """The texts of all notes of a coding, in order. An EHR that did not answer for one is not asked for the next: somebody may wait."""
        found: list[Reread] = []
        for note in coding.notes:
            is_down = any(one.absence is Absence.EHR_DOWN for one in found)
            reread = (_UNASKED if is_down else self).read(coding, note)
            found.append(replace(reread, absence=Absence.EHR_DOWN) if is_down and reread.absence is Absence.NO_EHR else reread)
        return tuple(found)

    def _from_ehr(self, client: EhrClient, note: StoredNote) -> Reread:
        """By version where the EHR keeps versions; else, or when it has dropped that one, what it has now."""
        kind, _, resource_id = note.reference.partition("/")
        if note.version and client.capabilities().can(kind, "vread"):
            try:
                found = self._proved(client, note, client.read_version(kind, resource_id, note.version), "version")
            except (EhrRefused, RequestError):
                found = None
            if found is not None and found.absence is None:
                return found
        return self._proved(client, note, client.read(kind, resource_id), "current")

    def _proved(self, client: EhrClient, note: StoredNote, resource: Resource, source: str) -> Reread:
        """The text of a resource, if it is the one that was coded. Any of its formats may be: the best one then may not be the best now."""
        absence = Absence.UNREADABLE
        for attachment in resource.get(CONTENT.get(resource["resourceType"], ""), ()):
            for screen in (Screen(), _OPEN):
                document = _with(resource, attachment)
                found = read_document(document, note.id, self._read_note, client.read_attachment, screen=screen).note
                if found is not None and found.sha256 == note.sha256:
                    return Reread(note, found.text, source, found)
                absence = Absence.CHANGED if found is not None else absence
        return Reread(note, absence=absence)


_UNASKED = NoteReader(lambda tenant, ehr: None)


def _with(resource: Resource, attachment: Resource) -> Resource:
    """The resource as a document of one of its attachments."""
    return {**resource, "content": [attachment if resource["resourceType"] == "DocumentReference" else {"attachment": attachment}]}
