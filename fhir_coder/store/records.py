"""What the repository gives back: one stored coding, as frozen values. Words are empty where they were dropped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from fhir_coder.exchange import Artifacts, Configuration, Resource
from fhir_coder.model import CodeAssignment, Evidence, Finding, Outcome, Reason, RecordedDiagnosis, Rejection, text_hash

CODING_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
"""How the store names a coding; to be matched whole."""


@dataclass(frozen=True, slots=True)
class StoredNote:
    """A note that was coded: its hash, its length in code points, and its text or empty. See :class:`fhir_coder.note.Note` for the rest."""

    id: str
    reference: str
    content_type: str
    sha256: str
    length: int
    text: str
    version: str = ""
    author: str = ""
    authority: str = ""
    is_signed: bool = False


@dataclass(frozen=True, slots=True)
class StoredProposal:
    """One proposed resource; without a key it lacks the places for free text."""

    full_url: str
    resource: Resource


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """What the EHR answered for the proposal of the same position, and beyond these about resources of earlier codings. ``issues`` are (severity, code) of its outcome."""

    status: str
    location: str
    etag: str
    issues: tuple[tuple[str, str], ...]
    outcome: Resource | None


@dataclass(frozen=True, slots=True)
class StoredWrite:
    """One line of a receipt that names an address, with the resource it answers to; None for a resource of an earlier coding."""

    resource: Resource | None
    status: str
    location: str


@dataclass(frozen=True, slots=True)
class TrailEvent:
    """One event of the trail."""

    event: str
    detail: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class CodingLine:
    """One coding in a list of them."""

    id: str
    created_at: datetime
    ehr: str
    encounter_reference: str
    service_date: date | None
    release_id: str
    disposition: Outcome
    engine_version: str


@dataclass(frozen=True, slots=True)
class Within:
    """A part of a tenant's codings: those of an EHR, of a patient and of an encounter (references); empty for all."""

    ehr: str = ""
    patient: str = ""
    encounter: str = ""


@dataclass(frozen=True, slots=True)
class NoteMark:
    """A note that was read: its reference, or its id where it has none, and the hash of its text."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class EarlierCoding:
    """A coding that came before another of the same encounter: the codes that stand in its review, ``titles`` of those that the engine assigned, and its
    notes. ``created_at`` is aware."""

    id: str
    created_at: datetime
    codes: tuple[str, ...]
    titles: Mapping[str, str]
    notes: tuple[NoteMark, ...]


@dataclass(frozen=True, slots=True)
class StoredEncounter:
    """One coding of one encounter with its whole trail. ``created_at`` is aware.

    ``artifacts`` and ``configuration`` are empty for codings made before these were kept. ``facts`` is the encounter without its notes' texts as JSON
    (:func:`fhir_coder.facts.read_encounter`), empty where it was dropped; ``facts_sha256`` can tell whether facts read again are the same (:func:`fhir_coder.facts.facts_hash`).
    ``billing_withheld`` says why nothing of it may reach a health plan, or is empty: whoever exports asks it first. ``is_uploaded``: a person sent the notes as
    files, so that no EHR has the encounter.
    """

    id: str
    tenant: str
    ehr: str
    encounter_reference: str
    patient_reference: str
    service_date: date | None
    release_id: str
    release_status: str
    versions: Mapping[str, str]
    disposition: Outcome
    is_confident: bool
    created_at: datetime
    engine_version: str
    assignments: tuple[CodeAssignment, ...]
    by_code: tuple[Outcome, ...]
    rejected: tuple[Rejection, ...]
    uncoded: tuple[Evidence, ...]
    findings: tuple[Finding, ...]
    reasons: tuple[Reason, ...]
    proposals: tuple[StoredProposal, ...]
    receipts: tuple[StoredReceipt, ...]
    trail: tuple[TrailEvent, ...]
    notes: tuple[StoredNote, ...]
    artifacts: Artifacts
    configuration: Configuration
    is_inline: bool
    recorded: tuple[RecordedDiagnosis, ...]
    facts_sha256: str
    facts: str
    billing_withheld: str = ""
    is_uploaded: bool = False


def with_words(evidence: Evidence, texts: Mapping[str, str]) -> Evidence:
    """Evidence with the words that its offsets name in the canonical text of its note (``texts`` by note id).

    The words stay empty when the note is not given, and when its text is no longer the one that was coded.
    """
    text = texts.get(evidence.note_id)
    if text is None or text_hash(text) != evidence.sha256:
        return evidence
    return replace(evidence, text=text[evidence.start : evidence.end])
