"""A visit that a person describes beside note files of it: checked, and made the request that an EHR would have sent."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

from fhir_coder.errors import InvalidContent
from fhir_coder.exchange import CodingRequest, Resource
from fhir_coder.fhir_id import FHIR_ID
from fhir_coder.npi import NPI_SYSTEM, is_npi
from fhir_coder.uploaded_provider import id_by_name

NOTE_KINDS: Mapping[str, str] = {
    "11506-3": "Progress note",
    "34117-2": "History and physical note",
    "11488-4": "Consultation note",
    "28570-0": "Procedure note",
    "18842-5": "Discharge summary",
}
"""LOINC codes of clinical notes (US Core 6.1.0, Clinical Notes Guidance: the common note types) with our words for them, the commonest outpatient one
first."""
SEXES = ("female", "male", "other", "unknown")
"""http://hl7.org/fhir/R4/valueset-administrative-gender.html."""
MOST_FILES = 10
LONGEST_NAME = 120
_ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"


@dataclass(frozen=True, slots=True)
class NoteFile:
    """The bytes of a file, and the content type that the browser gave it."""

    content: bytes = field(repr=False)
    content_type: str


@dataclass(frozen=True, slots=True)
class UploadedVisit:
    """One outpatient visit. ``patient`` is the id by which the practice knows the patient, ``npi`` the provider's or empty; ``kind`` is of
    :data:`NOTE_KINDS`. Raises InvalidContent, with what is expected, for a visit that cannot be."""

    patient: str
    service_date: date
    provider: str
    files: tuple[NoteFile, ...]
    kind: str
    npi: str = ""
    birth_date: date | None = None
    sex: str = "unknown"

    def __post_init__(self) -> None:
        wrong = next((f"expected {what}" for what, is_so in self._rules().items() if not is_so), "")
        if wrong:
            raise InvalidContent(wrong)

    def _rules(self) -> dict[str, bool]:
        return {
            "an id of the patient of at most 64 letters, digits, dots and hyphens": bool(FHIR_ID.fullmatch(self.patient)),
            f"the name of the provider, in at most {LONGEST_NAME} characters": 0 < len(self.provider) <= LONGEST_NAME,
            "an NPI of ten digits that pass its check (or none)": not self.npi or is_npi(self.npi),
            "a date of birth that is not after the date of service": self.birth_date is None or self.birth_date <= self.service_date,
            f"one of the kinds of notes: {', '.join(NOTE_KINDS.values())}": self.kind in NOTE_KINDS,
            f"one of the sexes {', '.join(SEXES)}": self.sex in SEXES,
            f"a note file at least, and at most {MOST_FILES}": 1 <= len(self.files) <= MOST_FILES,
            "files that are not empty": all(one.content for one in self.files),
        }

    @property
    def encounter_id(self) -> str:
        """The same for the same files of the same visit, so that sending them twice makes no second encounter."""
        parts = [self.patient, self.service_date.isoformat(), *(sha256(one.content).hexdigest() for one in self.files)]
        return f"upload-{sha256('|'.join(parts).encode()).hexdigest()[:24]}"


def request_of(tenant: str, visit: UploadedVisit) -> CodingRequest:
    """The request of an upload. The provider is named as who treated and signed: the person who uploads says so."""
    person = _practitioner(visit)
    provider = {"reference": f"Practitioner/{person['id']}", "display": visit.provider}
    return CodingRequest(
        tenant,
        encounter_id=visit.encounter_id,
        encounter=_encounter(visit, provider),
        patient=_patient(visit),
        notes=tuple(_document(visit, one, number, provider) for number, one in enumerate(visit.files, 1)),
        context=(person,),
        is_uploaded=True,
    )


def _encounter(visit: UploadedVisit, provider: Resource) -> Resource:
    day = visit.service_date.isoformat()
    return {
        "resourceType": "Encounter",
        "id": visit.encounter_id,
        "status": "finished",
        "class": {"system": _ACT_CODE, "code": "AMB"},
        "subject": {"reference": f"Patient/{visit.patient}"},
        "participant": [{"type": [{"coding": [{"system": _PARTICIPATION, "code": "ATND"}]}], "individual": provider}],
        "period": {"start": day, "end": day},
    }


def _patient(visit: UploadedVisit) -> Resource:
    patient: Resource = {"resourceType": "Patient", "id": visit.patient, "gender": visit.sex}
    return patient | ({"birthDate": visit.birth_date.isoformat()} if visit.birth_date else {})


def _practitioner(visit: UploadedVisit) -> Resource:
    """Without an NPI the provider goes by a hash of the name: one id for one name."""
    identifier = {"identifier": [{"system": NPI_SYSTEM, "value": visit.npi}]} if visit.npi else {}
    own_id = visit.npi or id_by_name(visit.provider)
    return {"resourceType": "Practitioner", "id": own_id, "name": [{"text": visit.provider}], **identifier}


def _document(visit: UploadedVisit, file: NoteFile, number: int, provider: Resource) -> Resource:
    return {
        "resourceType": "DocumentReference",
        "id": f"{visit.encounter_id}.{number}",
        "status": "current",
        "docStatus": "final",
        "type": {"coding": [{"system": "http://loinc.org", "code": visit.kind}], "text": NOTE_KINDS[visit.kind]},
        "subject": {"reference": f"Patient/{visit.patient}"},
        "date": f"{visit.service_date.isoformat()}T00:00:00Z",
        "author": [provider],
        "authenticator": provider,
        "content": [{"attachment": {"contentType": file.content_type, "data": base64.b64encode(file.content).decode()}}],
        "context": {"encounter": [{"reference": f"Encounter/{visit.encounter_id}"}]},
    }


def day_of(given: str, what: str) -> date:
    """A calendar day as date fields send it. Raises InvalidContent."""
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise InvalidContent(f"expected {what} as year, month and day, for instance 2026-05-01") from None


def read_visit(form: Mapping[str, str], files: Sequence[NoteFile], today: date) -> UploadedVisit:
    """The visit of a form. Raises InvalidContent with what is expected, never with what was given."""
    given = {
        name: " ".join(form.get(name, "").split()) for name in ("patient", "provider", "npi", "kind", "sex", "birth_date", "service_date")
    }
    service_date = day_of(given["service_date"], "the date of service")
    if service_date > today:
        raise InvalidContent("expected a date of service that is not in the future")
    if form.get("is_signed") != "yes":
        raise InvalidContent("expected notes that their provider has signed: only what is signed is coded")
    return UploadedVisit(
        patient=given["patient"].removeprefix("Patient/"),
        service_date=service_date,
        provider=given["provider"],
        files=tuple(files),
        kind=given["kind"] or next(iter(NOTE_KINDS)),
        npi=given["npi"],
        birth_date=day_of(given["birth_date"], "the date of birth") if given["birth_date"] else None,
        sex=given["sex"] or "unknown",
    )
