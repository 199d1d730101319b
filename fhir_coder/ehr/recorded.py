"""Diagnoses that the EHR holds for the encounter already: Conditions of category encounter-diagnosis and those that the Encounter names.

Sources: http://hl7.org/fhir/us/core/STU6.1/StructureDefinition-us-core-condition-encounter-diagnosis.html and Encounter.diagnosis
(http://hl7.org/fhir/R4/encounter.html). Servers may ignore search parameters, so that each Condition is checked here whatever was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from fhir_coder.ehr.documents import Visit
from fhir_coder.ehr.references import address_of, codings, is_other, literal
from fhir_coder.exchange import Resource
from fhir_coder.model import RecordedDiagnosis
from fhir_coder.vocabulary import ICD10CM_SYSTEMS, PROPOSAL_IDENTIFIER

ENCOUNTER_DIAGNOSIS = "encounter-diagnosis"
NOT_HELD = frozenset({"refuted", "entered-in-error"})

Find = Callable[[str], Resource | None]
Warn = Callable[[str], None]


def recorded_diagnoses(
    encounter: Resource, sent: Iterable[Resource], held: Iterable[Resource], visit: Visit, find: Find, warn: Warn
) -> tuple[RecordedDiagnosis, ...]:
    """One diagnosis for each ICD-10-CM coding of each Condition of this visit, each Condition once: those that the caller ``sent``, then
    those ``held`` by the EHR. A Condition that was sent as an encounter diagnosis and names no encounter is of this one.

    ``find`` supplies a Condition that the Encounter names and that is among neither. Conditions of this visit without any ICD-10-CM code
    are counted in a warning.
    """
    named = _named(encounter)
    meant = [one for one in sent if _is_recorded(one, named, visit) or _is_unplaced(one, visit)]
    meant += [one for one in held if _is_recorded(one, named, visit)]
    known: dict[str, Resource] = {}
    for number, one in enumerate(meant):
        known.setdefault(address_of(one) or f"#{number}", one)
    for address in named:
        found = None if address in known else find(address)
        if found is not None and _is_recorded(found, named, visit):
            known[address] = found
    uncoded = sum(1 for one in known.values() if not _codes(one))
    if uncoded:
        warn(f"{uncoded} encounter diagnoses of the EHR carry no ICD-10-CM code and were not compared")
    return tuple(diagnosis for one in known.values() for diagnosis in _diagnoses(one))


def _named(encounter: Resource) -> tuple[str, ...]:
    """Addresses of the Conditions in ``Encounter.diagnosis``; a procedure may stand there too."""
    addresses = (literal(one.get("condition"), "Condition") for one in encounter.get("diagnosis", ()))
    return tuple(dict.fromkeys(filter(None, addresses)))


def _is_recorded(condition: Resource, named: tuple[str, ...], visit: Visit) -> bool:
    """Whether it is a diagnosis of this visit that stands. The problem list is not: what is on it need not have been addressed."""
    if not _stands(condition, visit):
        return False
    is_of_visit = bool(visit.encounter) and literal(condition.get("encounter"), "Encounter") == visit.encounter
    categories = _categories(condition)
    return address_of(condition) in named or (is_of_visit and (not categories or ENCOUNTER_DIAGNOSIS in categories))


def _is_unplaced(condition: Resource, visit: Visit) -> bool:
    return _stands(condition, visit) and "encounter" not in condition and ENCOUNTER_DIAGNOSIS in _categories(condition)


def _stands(condition: Resource, visit: Visit) -> bool:
    """Whether it may be this patient's and was neither refuted nor retracted."""
    return not is_other(condition.get("subject"), visit.patient) and _verification(condition) not in NOT_HELD


def _categories(condition: Resource) -> set[str]:
    return {one.get("code", "") for concept in condition.get("category", ()) for one in codings(concept)}


def _verification(condition: Resource) -> str:
    return next((one["code"] for one in codings(condition.get("verificationStatus")) if one.get("code")), "")


def _codes(condition: Resource) -> tuple[str, ...]:
    found = (one["code"] for one in codings(condition.get("code")) if one.get("system") in ICD10CM_SYSTEMS and one.get("code"))
    return tuple(dict.fromkeys(found))


def _diagnoses(condition: Resource) -> Iterator[RecordedDiagnosis]:
    is_ours = any(one.get("system") == PROPOSAL_IDENTIFIER for one in condition.get("identifier", ()))
    for code in _codes(condition):
        yield RecordedDiagnosis(code, address_of(condition), _verification(condition), is_ours)
