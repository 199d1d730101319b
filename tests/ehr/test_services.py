"""Coverage, provider and services as the EHR supplies them."""

from typing import Any

import pytest

from fhir_coder.ehr.documents import Visit
from fhir_coder.ehr.services import choose_coverage, choose_organization, choose_provider, service_lines
from fhir_coder.vocabulary import CPT, ICD10CM
from tests.ehr.conftest import encounter

VISIT = Visit("Encounter/e1", "Patient/p1")


def coverage(**changes: Any) -> dict[str, Any]:
    return {"resourceType": "Coverage", "id": "c1", "status": "active", "beneficiary": {"reference": "Patient/p1"}} | changes


def procedure(**changes: Any) -> dict[str, Any]:
    code = {"coding": [{"system": CPT, "code": "17000"}]}
    return {"resourceType": "Procedure", "id": "x1", "status": "completed", "code": code} | changes


def icd10(code: str) -> dict[str, Any]:
    return {"coding": [{"system": "http://snomed.info/sct", "code": "1"}, {"system": ICD10CM, "code": code}]}


@pytest.mark.parametrize(
    ("coverages", "chosen"),
    [
        ([], None),
        ([coverage()], "c1"),
        ([coverage(id="c2", order=2), coverage(order=1)], "c1"),
        ([coverage(status="cancelled")], None),
        ([coverage(beneficiary={"reference": "Patient/p2"})], None),
    ],
)
def test_coverage(coverages: list[dict[str, Any]], chosen: str | None) -> None:
    found = choose_coverage(coverages, VISIT)
    assert (found["id"] if found else None) == chosen


def participant(reference: str, *codes: str) -> dict[str, Any]:
    return {"type": [{"coding": [{"code": code}]} for code in codes], "individual": {"reference": reference}}


@pytest.mark.parametrize(
    ("participants", "context", "provider"),
    [
        ([], [], ""),
        ([participant("Practitioner/1", "REF"), participant("Practitioner/2", "ATND")], [], "Practitioner/2"),
        ([participant("RelatedPerson/1", "ATND"), participant("PractitionerRole/2", "PART")], [], "PractitionerRole/2"),
        ([], [{"resourceType": "Practitioner", "id": "3"}], "Practitioner/3"),
        ([], [{"resourceType": "Practitioner", "id": "3"}, {"resourceType": "Practitioner", "id": "4"}], ""),
    ],
)
def test_provider(participants: list[dict[str, Any]], context: list[dict[str, Any]], provider: str) -> None:
    assert choose_provider(encounter(participant=participants), context) == provider


def test_organization() -> None:
    organization = {"resourceType": "Organization", "id": "o2"}
    assert choose_organization(encounter(serviceProvider={"reference": "Organization/o1"}), [organization]) == "Organization/o1"
    assert choose_organization(encounter(), [organization]) == "Organization/o2"
    assert choose_organization(encounter(), []) == ""


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (procedure(), ("17000", ())),
        (procedure(reasonCode=[icd10("L57.0")]), ("17000", ("L57.0",))),
        (procedure(reasonReference=[{"reference": "Condition/k1"}]), ("17000", ("I10",))),
        (procedure(reasonReference=[{"reference": "Condition/unknown"}]), ("17000", ())),
        (procedure(resourceType="ChargeItem", status="billable", reason=[icd10("L57.0"), icd10("L57.0")]), ("17000", ("L57.0",))),
        (procedure(status="not-done"), None),
        (procedure(status="entered-in-error"), None),
        (procedure(code={"coding": [{"system": "http://snomed.info/sct", "code": "1"}]}), None),
        (procedure(encounter={"reference": "Encounter/e2"}), None),
        (procedure(subject={"reference": "Patient/p2"}), None),
        (procedure(resourceType="Observation"), None),
    ],
)
def test_service_lines(resource: dict[str, Any], expected: tuple[str, tuple[str, ...]] | None) -> None:
    conditions = {"Condition/k1": {"resourceType": "Condition", "id": "k1", "code": icd10("I10")}}
    lines = service_lines([resource], VISIT, conditions.get)
    assert [(line.code, line.reason_codes) for line in lines] == ([expected] if expected else [])


def test_a_service_charged_and_recorded_stands_once() -> None:
    charge = procedure(resourceType="ChargeItem", id="y1", status="billable", reason=[icd10("L57.0")])
    done = procedure(reasonCode=[icd10("D48.5")], performedPeriod={"start": "2026-05-01"})
    (line,) = service_lines([charge, done], VISIT, lambda address: None)
    assert (line.source, line.reason_codes, line.performed) == ("ChargeItem/y1", ("L57.0", "D48.5"), "2026-05-01")
