"""Whose visit it is: the patient of a request, and contradictions between what the caller and the EHR say of them.

A contradiction in references is refused (it is another patient's record); one in demographics is a conflict that a person must settle, so
it is reported and prevents a pass.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import date

from fhir_coder.ehr.references import address_of, id_of, literal
from fhir_coder.errors import Uncodable
from fhir_coder.exchange import Resource
from fhir_coder.model import Patient

_UNDECIDED_GENDERS = frozenset({"", "unknown"})


def patient_address(encounter: Resource, patient: Resource | None) -> str:
    """``Patient/id`` on which Encounter and Patient agree, or empty when neither names one. Raises Uncodable when they disagree."""
    subject = literal(encounter.get("subject"), "Patient")
    given = address_of(patient) if patient else ""
    if subject and given and subject != given:
        raise Uncodable("the Encounter is another patient's than the Patient of the request", expression=("Encounter.subject",))
    return subject or given


def read_patient(address: str, resource: Resource | None) -> Patient:
    """What coding needs of a Patient; a partial birth date cannot give an age and is left out."""
    resource = resource or {}
    return Patient(id_of(address), _day(resource.get("birthDate", "")), resource.get("gender", ""))


def demographic_conflicts(given: Resource, known: Resource) -> Iterator[str]:
    """How the caller's Patient contradicts the EHR's, named without their values."""
    if _contradict(given.get("birthDate", ""), known.get("birthDate", "")):
        yield "the request's Patient and the EHR's differ in birth date"
    genders = {given.get("gender", ""), known.get("gender", "")} - _UNDECIDED_GENDERS
    if len(genders) > 1:
        yield "the request's Patient and the EHR's differ in gender"
    families = _families(given), _families(known)
    if all(families) and not families[0] & families[1]:
        yield "the request's Patient and the EHR's differ in family name"


def _contradict(one: str, other: str) -> bool:
    """Partial dates contradict only where both speak."""
    shared = min(len(one), len(other))
    return one[:shared] != other[:shared]


def _families(patient: Resource) -> set[str]:
    """Family names without case and accents: systems differ in both."""
    names = (name.get("family", "") for name in patient.get("name", ()))
    return {_plain(name) for name in names if name}


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in letters if letter.isalnum())


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
