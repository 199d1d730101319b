"""What an EHR made of what it was sent is read back and named."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_coder.writeback.fidelity import alterations, altered_codes
from tests.simulated_ehr import Fault, Habits, SimulatedEhr, full_statement
from tests.writeback.practice import Practice

SNOMED = {"system": "http://snomed.info/sct", "code": "59621000"}


def concept(*codes: str) -> dict[str, Any]:
    return {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code} for code in codes], "text": "title"}


def condition(code: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Condition", "code": code}


def claim(*codes: str) -> dict[str, Any]:
    diagnoses = [{"sequence": number, "diagnosisCodeableConcept": concept(code)} for number, code in enumerate(codes, 1)]
    return {"resourceType": "Claim", "diagnosis": diagnoses}


@pytest.mark.parametrize(
    ("sent", "kept", "said"),
    [
        (condition(concept("I10")), condition(concept("I10")), ""),
        (condition(concept("I10")), condition({"coding": [SNOMED, *concept("I10")["coding"]]}), ""),
        (condition(concept("I10")), condition({"text": "title"}), "no coding was kept"),
        (condition(concept("I10")), condition(concept("I10.")), "stored as I10."),
        (condition(concept("E11.9")), condition(concept("E119")), "stored as E119"),
        (condition(concept("I10")), condition(concept("I11.9")), "without I10"),
        (claim("I10", "E11.9"), claim("E11.9", "I10"), "in another order"),
        (claim("I10", "E11.9"), claim("I10"), "without E11.9"),
        (claim("I10", "E11.9"), claim("I10", "E11.9"), ""),
        ({"resourceType": "Task"}, {"resourceType": "Task"}, ""),
    ],
)
def test_codes(sent: dict[str, Any], kept: dict[str, Any], said: str) -> None:
    assert [one.sentence for one in altered_codes(sent, kept)] == ([said] if said else [])


@pytest.mark.parametrize(
    ("element", "sent", "kept", "is_altered"),
    [
        ("subject", {"reference": "Patient/p1"}, {"reference": "https://ehr.example/fhir/Patient/p1"}, False),
        ("subject", {"reference": "Patient/p1"}, {"reference": "Patient/p2"}, True),
        ("encounter", {"reference": "Encounter/e1"}, {"reference": "Encounter/e1/_history/4"}, False),
        ("encounter", {"reference": "Encounter/e1"}, None, True),
        ("encounter", {"reference": "Encounter/1"}, {"reference": "Encounter/11"}, True),
        ("clinicalStatus", {"coding": [{"code": "active"}]}, {"coding": [{"code": "inactive"}]}, True),
        ("verificationStatus", {"coding": [{"code": "unconfirmed"}]}, None, True),
    ],
)
def test_whom_and_what_it_is_about(element: str, sent: Any, kept: Any, is_altered: bool) -> None:
    stored = {"resourceType": "Condition"} | ({element: kept} if kept else {})
    found = [one.element for one in alterations({"resourceType": "Condition", element: sent}, stored)]
    assert found == ([f"Condition.{element}"] if is_altered else [])


@pytest.mark.parametrize(
    ("habit", "kind", "elements"),
    [
        ("loses_identifier", "Condition", ["Condition.identifier"]),
        ("loses_identifier", "Claim", ["Claim.identifier"]),
        ("drops_coding", "Condition", ["Condition.code"]),
        ("drops_coding", "Claim", ["Claim.diagnosis"]),
        ("appends_dot", "Condition", ["Condition.code"]),
        ("appends_dot", "Claim", ["Claim.diagnosis"]),
        ("confirms", "Condition", ["Condition.verificationStatus"]),
        ("moves_to_problem_list", "Condition", ["Condition.category"]),
        ("drops_tags", "Condition", []),
    ],
)
@pytest.mark.parametrize("transaction", [False, True])
@pytest.mark.parametrize("answers_minimally", [False, True])
def test_what_the_ehr_altered_is_named_in_the_receipt(
    habit: str, kind: str, elements: list[str], transaction: bool, answers_minimally: bool
) -> None:
    ehr = SimulatedEhr(full_statement(transaction=transaction), Habits(**{habit: True}, answers_minimally=answers_minimally))
    coding = Practice(ehr).code("I10")
    assert coding.response(kind)["status"] == "201 Created"
    assert [one["expression"][0] for one in coding.issues(kind)] == elements
    assert {one["severity"] for one in coding.issues(kind)} <= {"warning"}


@pytest.mark.parametrize("habit", ["appends_dot", "drops_coding", "confirms", "loses_identifier"])
def test_an_ehr_that_alters_what_it_keeps_is_still_written_once(habit: str) -> None:
    ehr = SimulatedEhr(full_statement(), Habits(**{habit: True}))
    practice = Practice(ehr)
    practice.code("I10")
    written = list(ehr.writes)
    assert practice.code("I10").statuses == ["Condition 200", "Claim 200", "Task 200", "Provenance 200"]
    assert ehr.writes == written


def test_an_ehr_that_confirms_by_itself_is_never_retired() -> None:
    ehr = SimulatedEhr(full_statement(), Habits(confirms=True))
    practice = Practice(ehr)
    practice.code("I10", "E11.9")
    practice.code("I10")
    assert {one["verificationStatus"]["coding"][0]["code"] for one in ehr.held("Condition")} == {"confirmed"}


def test_an_ehr_that_appends_a_dot_is_retired_all_the_same() -> None:
    ehr = SimulatedEhr(full_statement(), Habits(appends_dot=True))
    practice = Practice(ehr, remembers=False)
    practice.code("I10", "E11.9")
    practice.code("E11.9")
    assert [one["verificationStatus"]["coding"][0]["code"] for one in ehr.held("Condition")] == ["entered-in-error", "unconfirmed"]


def test_what_cannot_be_read_back_says_so() -> None:
    ehr = SimulatedEhr(full_statement(), faults=[Fault("GET Claim/", status=500, times=-1)])
    coding = Practice(ehr).code("I10")
    assert coding.response("Claim")["status"] == "201 Created"
    assert coding.issues("Claim")[0]["code"] == "incomplete"


def test_where_read_is_not_offered_the_answer_to_the_write_must_do() -> None:
    ehr = SimulatedEhr(full_statement(without={"Condition": ("read",)}), Habits(appends_dot=True))
    coding = Practice(ehr).code("I10")
    assert coding.issues("Condition")[0]["expression"] == ["Condition.code"]
    assert not [one for one in ehr.calls if one.startswith("GET Condition/")]
