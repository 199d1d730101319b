"""Diagnoses that the EHR holds for an encounter already: which Conditions count, and how they reach the engine's encounter."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_coder.ehr.documents import Visit
from fhir_coder.ehr.intake import gather
from fhir_coder.ehr.recorded import recorded_diagnoses
from fhir_coder.exchange import CodingRequest
from fhir_coder.model import RecordedDiagnosis
from fhir_coder.vocabulary import CONDITION_CATEGORY, CONDITION_VERIFICATION, ICD10CM, PROPOSAL_IDENTIFIER
from tests.ehr.conftest import BASE, FakeEhr, SandboxEhr, capability_statement, document, encounter, patient

VISIT = Visit("Encounter/e1", "Patient/p1")
SNOMED = "http://snomed.info/sct"


def condition(code: str = "I10", *, system: str = ICD10CM, category: str = "encounter-diagnosis", status: str = "confirmed", **more: Any):
    found: dict[str, Any] = {
        "resourceType": "Condition",
        "id": "c1",
        "code": {"coding": [{"system": system, "code": code}]},
        "subject": {"reference": "Patient/p1"},
        "encounter": {"reference": "Encounter/e1"},
    }
    found |= {"category": [{"coding": [{"system": CONDITION_CATEGORY, "code": category}]}]} if category else {}
    found |= {"verificationStatus": {"coding": [{"system": CONDITION_VERIFICATION, "code": status}]}} if status else {}
    return {key: value for key, value in (found | more).items() if value is not None}


def recorded(*held: dict, sent: tuple = (), visit: Visit = VISIT, named: tuple[str, ...] = (), find=lambda _: None, warn=lambda _: None):
    diagnosis = [{"condition": {"reference": one}} for one in named]
    return recorded_diagnoses({"resourceType": "Encounter", "diagnosis": diagnosis}, sent, held, visit, find, warn)


@pytest.mark.parametrize(
    ("held", "codes"),
    [
        (condition(), ["I10"]),
        (condition("e1142"), ["e1142"]),
        (condition(system="urn:oid:2.16.840.1.113883.6.90"), ["I10"]),
        (condition(category=""), ["I10"]),
        (condition(status=""), ["I10"]),
        (condition(status="provisional"), ["I10"]),
        (condition(encounter={"reference": "https://ehr.example.org/fhir/Encounter/e1"}), ["I10"]),
        (condition(category="problem-list-item"), []),
        (condition(status="refuted"), []),
        (condition(status="entered-in-error"), []),
        (condition(encounter={"reference": "Encounter/e2"}), []),
        (condition(encounter=None), []),
        (condition(subject={"reference": "Patient/other"}), []),
        (condition(system=SNOMED), []),
        (condition(code=None) | {"code": {"text": "hypertension"}}, []),
    ],
)
def test_which_conditions_count(held: dict, codes: list[str]) -> None:
    assert [one.code for one in recorded(held)] == codes


def test_what_is_told_of_each() -> None:
    ours = condition(
        "E11.9", id="c2", status="unconfirmed", identifier=[{"system": PROPOSAL_IDENTIFIER, "value": "default.e1.condition.E11.9"}]
    )
    assert recorded(condition(), ours) == (
        RecordedDiagnosis("I10", "Condition/c1", "confirmed"),
        RecordedDiagnosis("E11.9", "Condition/c2", "unconfirmed", is_ours=True),
    )


def test_a_condition_in_two_code_systems_or_with_two_codes() -> None:
    codings = [{"system": SNOMED, "code": "44054006"}, {"system": ICD10CM, "code": "E11.22"}, {"system": ICD10CM, "code": "N18.30"}]
    assert [(one.code, one.reference) for one in recorded(condition(code=None) | {"code": {"coding": codings}})] == [
        ("E11.22", "Condition/c1"),
        ("N18.30", "Condition/c1"),
    ]


def test_other_code_systems_are_counted() -> None:
    warnings: list[str] = []
    recorded(condition(system=SNOMED), condition(id="c2", system=SNOMED), condition(id="c3"), warn=warnings.append)
    assert warnings == ["2 encounter diagnoses of the EHR carry no ICD-10-CM code and were not compared"]


def test_a_diagnosis_that_the_encounter_names_is_fetched_and_counts_whatever_its_category() -> None:
    stored = {"Condition/c9": condition("J45.909", id="c9", category="problem-list-item", encounter=None)}
    assert [one.code for one in recorded(named=("Condition/c9", "Condition/gone", "Procedure/p"), find=stored.get)] == ["J45.909"]
    refuted = {"Condition/c9": condition(id="c9", status="refuted")}
    assert recorded(named=("Condition/c9",), find=refuted.get) == ()


def test_a_condition_is_taken_once() -> None:
    assert len(recorded(condition(), condition(), sent=(condition(),), named=("Condition/c1",))) == 1


def test_an_encounter_diagnosis_sent_along_needs_no_encounter() -> None:
    loose = condition(encounter=None)
    assert [one.code for one in recorded(sent=(loose,))] == ["I10"]
    assert [one.code for one in recorded(sent=(loose,), visit=Visit("", ""))] == ["I10"]
    assert recorded(sent=(condition(encounter=None, category="problem-list-item"),)) == ()


def test_the_sandbox_holds_diagnoses_of_a_visit(sandbox: SandboxEhr) -> None:
    intake = gather(CodingRequest("default", encounter_id="foot-ulcer"), sandbox.client)
    assert sorted((one.code, one.reference, one.is_ours) for one in intake.encounter.recorded) == [
        ("E11.9", "Condition/foot-ulcer-E11.9", False),
        ("I10", "Condition/foot-ulcer-I10", False),
        ("J45.909", "Condition/foot-ulcer-J45.909", False),
    ]
    authorities = [(note.id, note.authority.value, note.author, note.is_signed) for note in intake.encounter.notes]
    assert authorities == [
        ("foot-ulcer-nursing", "clinician", "Practitioner/kestrel", True),
        ("foot-ulcer-note", "provider", "Practitioner/tremblay-ngo", True),
    ]


def statement(*parameters: str) -> dict[str, Any]:
    interactions = [{"code": "read"}, {"code": "search-type"}]
    search = [{"name": name, "type": "token"} for name in parameters]
    return capability_statement([{"type": "Condition", "interaction": interactions, "searchParam": search}])


@pytest.mark.parametrize(
    ("listed", "query"),
    [
        (("patient",), "patient=Patient%2Fp1"),
        (("patient", "encounter"), "patient=Patient%2Fp1&encounter=Encounter%2Fe1"),
        (("patient", "encounter", "category"), "patient=Patient%2Fp1&encounter=Encounter%2Fe1&category=encounter-diagnosis"),
    ],
)
def test_an_ehr_is_asked_as_it_can_be_and_its_answer_filtered(ehr: FakeEhr, listed: tuple[str, ...], query: str) -> None:
    ehr.answers("GET", "metadata", statement(*listed))
    entries = [{"resource": one} for one in (condition(), condition("E78.5", id="c2", category="problem-list-item"))]
    ehr.answers("GET", f"Condition?{query}", {"resourceType": "Bundle", "type": "searchset", "entry": entries})
    request = CodingRequest("default", encounter=encounter(), patient=patient(), notes=(document(),))
    assert [one.code for one in gather(request, ehr.client).encounter.recorded] == ["I10"]
    assert f"{BASE}/Condition?{query}" in [call.request.url for call in ehr.http.calls]


def test_conditions_sent_along_are_read_without_an_ehr() -> None:
    request = CodingRequest("default", encounter=encounter(), patient=patient(), notes=(document(),), context=(condition(),))
    assert [one.code for one in gather(request, None).encounter.recorded] == ["I10"]
