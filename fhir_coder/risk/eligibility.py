"""Whether a visit can count for risk adjustment at all: how patient and provider met, who the provider is, and whether the note is signed.

Diagnoses count from a face-to-face visit with an acceptable type of practitioner, documented in a signed record. A visit by audio and video in
real time counts as face to face, one by audio alone does not. What the resources do not say is unknown; nothing is assumed.

Sources: CMS, HPMS memorandum of 2020-04-10, "Applicability of diagnoses from telehealth services for risk adjustment", as updated 2021-01-15
(the face-to-face requirement, met by audio and video, not by audio alone); CMS, Contract-Level RADV Medical Record Reviewer Guidance, in effect as of
2019-03-20 (signature, credentials and type of provider). 42 CFR 422.310 (risk adjustment data) and 422.311 (validation) are the regulation behind
them; 422.310(d) is on the form of the data and names neither. CMS Medicare Managed Care Manual (Pub. 100-16), chapter 7, 40 and 120, was not compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from fhir_coder.exchange import Resource
from fhir_coder.model import Authority, Encounter, Note
from fhir_coder.risk.provider_specialty import judge_specialty
from fhir_coder.risk.verdict import Answer, Verdict
from fhir_coder.risk.visit_type import judge_type

UNSIGNED = frozenset({"preliminary", "registered", "partial"})
"""Statuses of a document that say that nobody has signed it yet (http://hl7.org/fhir/R4/valueset-composition-status.html, diagnostic-report-status)."""


class Asked(StrEnum):
    """The three questions."""

    VISIT_TYPE = "visit-type"
    PROVIDER_SPECIALTY = "provider-specialty"
    SIGNATURE = "signature"


@dataclass(frozen=True, slots=True)
class Criterion:
    """A question with its verdict."""

    asked: Asked
    verdict: Verdict


def judge_visit(encounter: Encounter, resources: Mapping[str, Resource]) -> tuple[Criterion, ...]:
    """All criteria in order. ``resources`` are those of the intake by reference (``Encounter/1``)."""
    return (
        Criterion(Asked.VISIT_TYPE, judge_type(resources.get(encounter.reference), encounter.services)),
        Criterion(Asked.PROVIDER_SPECIALTY, judge_specialty(encounter.provider, resources)),
        Criterion(Asked.SIGNATURE, _judge_signature(encounter)),
    )


def _judge_signature(encounter: Encounter) -> Verdict:
    """Every note that diagnoses are coded from must be signed; bare text carries no signature, whatever its sender vouches for."""
    notes = [note for note in encounter.notes if note.authority in {Authority.PROVIDER, Authority.UNKNOWN, Authority.REPORT}]
    if not notes:
        return Verdict(Answer.UNKNOWN, "no note of a provider was read")
    if not encounter.is_claimed:
        return Verdict(Answer.UNKNOWN, "the note came as bare text")
    for answer, of_answer in ((Answer.NO, _is_unsigned), (Answer.UNKNOWN, lambda note: not note.is_signed)):
        named = [_name(note) for note in notes if of_answer(note)]
        if named:
            return Verdict(answer, ", ".join(named))
    return Verdict(Answer.YES, ", ".join(map(_name, notes)))


def _is_unsigned(note: Note) -> bool:
    return not note.is_signed and note.doc_status in UNSIGNED


def _name(note: Note) -> str:
    status = f"status {note.doc_status}" if note.doc_status else "no status"
    how = "signed" if note.is_signed else "not known to be signed"
    return f"{note.reference or f'note {note.id}'} ({status}, {how})"
