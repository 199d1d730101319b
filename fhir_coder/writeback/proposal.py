"""What every target builds from: the disposition with its intake, when and for whom, and the names its resources go by.

Names are deterministic: the same tenant, encounter and code always give the same identifier and the same ``urn:uuid``, so that coding an
encounter twice proposes, and writes, the same resources (FHIR R4 http.html#ccreate asks for a stable key).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from uuid import NAMESPACE_URL, uuid5

from fhir_coder import __version__
from fhir_coder.exchange import Intake, Resource
from fhir_coder.model import CodeAssignment, Disposition, Encounter, Outcome
from fhir_coder.own_terms import own_coding
from fhir_coder.vocabulary import ICD10CM, OBSERVATION_VALUE, PROPOSAL_IDENTIFIER, REVIEW_TAG
from fhir_coder.writeback.high_water import high_water
from fhir_coder.writeback.signature import Signature

NOT_SUPPLIED = "not supplied"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Input of every write-back target. ``recorded`` is an aware datetime: the moment of coding. ``agreed`` maps an assigned code to the
    Condition of a clinician that holds it already: such a code is claimed and reviewed, and not recorded a second time. ``signature`` is there
    once a person signed the codes."""

    tenant: str
    intake: Intake
    disposition: Disposition
    recorded: datetime
    agreed: Mapping[str, str] = field(default_factory=dict)
    signature: Signature | None = None

    @property
    def encounter(self) -> Encounter:
        """The coded encounter."""
        return self.intake.encounter

    @property
    def assignments(self) -> tuple[CodeAssignment, ...]:
        """The assigned codes in claim order."""
        return self.disposition.report.coded.assignments

    @property
    def versions(self) -> Mapping[str, str]:
        """Software, release, index, lexicon and ranker versions."""
        return {"fhir-coder": __version__, **self.disposition.report.coded.versions}

    @property
    def instant(self) -> str:
        """``recorded`` as a FHIR instant."""
        return self.recorded.isoformat(timespec="seconds")

    @property
    def key(self) -> str:
        """What names this encounter in identifiers: tenant and id, or a hash of the notes when the encounter has no id."""
        return f"{self.tenant}.{self.encounter.id or self._notes_key()}"

    def _notes_key(self) -> str:
        return sha256("".join(note.sha256 for note in self.encounter.notes).encode()).hexdigest()[:32]

    def identifier(self, kind: str, code: str = "") -> Resource:
        """Business identifier of one proposed resource; free of the characters that searches treat specially."""
        return {"system": PROPOSAL_IDENTIFIER, "value": ".".join(part for part in (self.key, kind, code) if part)}

    def full_url(self, kind: str, code: str = "") -> str:
        """The ``urn:uuid`` of one proposed resource inside the bundle."""
        return uuid5(NAMESPACE_URL, f"{PROPOSAL_IDENTIFIER}|{self.identifier(kind, code)['value']}").urn

    def condition_reference(self, code: str) -> Resource:
        """Reference to the Condition of an assigned code: the one that the EHR holds, else the proposed one."""
        return {"reference": self.agreed.get(code) or self.full_url("condition", code)}

    def patient_reference(self) -> Resource:
        """Reference to the patient, or "not supplied"."""
        return {"reference": f"Patient/{self.encounter.patient.id}"} if self.encounter.patient.id else {"display": NOT_SUPPLIED}

    def encounter_reference(self) -> Resource | None:
        """Reference to the encounter when it has one."""
        reference = self.encounter.reference or (f"Encounter/{self.encounter.id}" if self.encounter.id else "")
        return {"reference": reference} if reference else None

    def note_reference(self, note_id: str) -> Resource:
        """Reference to the note's DocumentReference, by display when it has no address."""
        reference = next((note.reference for note in self.encounter.notes if note.id == note_id), "")
        return {"reference": reference} if reference else {"display": f"note {note_id}"}

    def is_chosen(self, code: str) -> bool:
        """Whether a person chose the code: it has no probability, and no machine asserted it."""
        return self.signature is not None and code in self.signature.chosen

    def meta(self, outcome: Outcome, profile: str = "", notes: Iterable[str] | None = None, is_chosen: bool = False) -> Resource:
        """Security label of machine-assigned content (AIAST; not where a person chose it), those of the notes that it rests on (ids; None: all), and
        the review tag unless the code passed."""
        meta: Resource = {"profile": [profile]} if profile else {}
        asserted = {"system": OBSERVATION_VALUE, "code": "AIAST", "display": "Artificial Intelligence asserted"}
        if labels := [*([] if is_chosen else [asserted]), *self.carried_labels(notes)]:
            meta["security"] = labels
        if outcome is Outcome.REVIEW:
            meta["tag"] = [own_coding(REVIEW_TAG, "needs-review")]
        return meta

    def carried_labels(self, notes: Iterable[str] | None = None) -> list[Resource]:
        """Labels of the visit and of notes (ids; None: all), as FHIR security labels (:mod:`fhir_coder.writeback.high_water`)."""
        wanted = None if notes is None else set(notes)
        of_notes = (label for note in self.encounter.notes if wanted is None or note.id in wanted for label in note.labels)
        return high_water((*self.encounter.labels, *of_notes))

    def code_concept(self, assignment: CodeAssignment) -> Resource:
        """The ICD-10-CM code with dot, release and title, and whether a user chose it."""
        coding = {
            "system": ICD10CM,
            "version": self.disposition.report.coded.release_id,
            "code": assignment.code,
            "display": assignment.display,
            "userSelected": self.is_chosen(assignment.code),
        }
        return {"coding": [coding], "text": assignment.display}
