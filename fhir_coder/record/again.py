"""The encounter of a past coding, had again: its facts from the store or from the EHR, its notes proved by their hashes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from fhir_coder.errors import FhirCoderError
from fhir_coder.exchange import Intake
from fhir_coder.facts import FactsUnreadable, facts_hash, read_encounter
from fhir_coder.model import Authority, Encounter, Note
from fhir_coder.record.rereading import Absence, NoteReader, Reread
from fhir_coder.store.records import StoredEncounter

FACTS_CHANGED = (
    "facts of the encounter (patient, dates, services, coverage) were not stored, and those that the EHR has now are not those that were coded: "
    "differences may come from them"
)


class NotReplayable(Exception):
    """The coding cannot be done again. ``reasons`` are sentences that name what is missing."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class EncounterAgain:
    """The encounter with its notes' texts, where each text came from (by note id), and what is not certain about it."""

    encounter: Encounter
    sources: dict[str, str]
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EncounterSource:
    """Where the encounter of a past coding is had again: ``reader`` has its notes, ``gather_again`` the facts that were not stored."""

    reader: NoteReader
    gather_again: Callable[[StoredEncounter], Intake]

    def encounter(self, coding: StoredEncounter) -> EncounterAgain:
        """With the texts of its notes. Raises NotReplayable."""
        return encounter_again(coding, self.reader, self.gather_again)

    def facts(self, coding: StoredEncounter) -> Encounter:
        """Without them. Raises NotReplayable."""
        return _stored(coding, {note.id: "" for note in coding.notes}) if coding.facts else _gathered(coding, self.gather_again)


def encounter_again(coding: StoredEncounter, reader: NoteReader, gather_again: Callable[[StoredEncounter], Intake]) -> EncounterAgain:
    """The encounter as it was coded. ``gather_again`` asks the EHR for facts that were not stored. Raises NotReplayable."""
    rereads = reader.read_all(coding)
    absent = [one for one in rereads if one.absence]
    if absent and all(one.absence is Absence.INLINE for one in absent):
        raise NotReplayable("notes were sent inline and text storage is off")
    if absent:
        raise NotReplayable(*(one.sentence for one in absent))
    sources = {one.note.id: one.source for one in rereads}
    if coding.facts:
        return EncounterAgain(_stored(coding, {one.note.id: one.text for one in rereads}), sources)
    facts = _gathered(coding, gather_again)
    encounter = replace(facts, notes=tuple(_note(one) for one in rereads), recorded=coding.recorded)
    return EncounterAgain(encounter, sources, () if facts_hash(facts) == coding.facts_sha256 else (FACTS_CHANGED,))


def _stored(coding: StoredEncounter, texts: dict[str, str]) -> Encounter:
    """The stored facts with the texts put in."""
    try:
        facts = read_encounter(coding.facts)
    except FactsUnreadable as error:
        raise NotReplayable(str(error)) from error
    return replace(facts, notes=tuple(replace(note, text=texts[note.id]) for note in facts.notes))


def _gathered(coding: StoredEncounter, gather_again: Callable[[StoredEncounter], Intake]) -> Encounter:
    if not coding.encounter_reference:
        raise NotReplayable("the encounter was sent inline and its facts are not stored")
    try:
        return gather_again(coding).encounter
    except FhirCoderError as error:
        raise NotReplayable(f"the facts of the encounter are not stored and cannot be read again: {error.message}") from error


def _note(reread: Reread) -> Note:
    """The note as it was coded: what the EHR says of it now under the id, version and authority of then."""
    kept = reread.note
    note = reread.found or Note(kept.id, reread.text, kept.reference, kept.content_type)
    authority = Authority(kept.authority) if kept.authority else note.authority
    return replace(note, id=kept.id, version=kept.version, author=kept.author, authority=authority, is_signed=kept.is_signed)
