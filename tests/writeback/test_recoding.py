"""An encounter coded again: what is no longer proposed is retired, what a person touched is left, and nothing is doubled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fhir_coder.model import Outcome
from fhir_coder.writeback.delivery import deliver
from fhir_coder.writeback.terms import Terms
from tests.simulated_ehr import Fault, Habits, Resource, SimulatedEhr, full_statement
from tests.writeback.practice import CHANGED_NOTE, Coding, Practice, code_of, verification

FULL = full_statement(transaction=True, conditional=True)
WAYS = {"one by one": full_statement(), "transaction": FULL}
CONFIRMED = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": "confirmed"}]}
RESOLVED = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "resolved"}]}


@pytest.fixture(params=list(WAYS))
def ehr(request: pytest.FixtureRequest) -> SimulatedEhr:
    return SimulatedEhr(WAYS[request.param])


def condition(ehr: SimulatedEhr, code: str) -> Resource:
    (found,) = [one for one in ehr.held("Condition") if code_of(one) == code]
    return found


def activities(ehr: SimulatedEhr, one: Resource) -> list[str]:
    """Activities of the Provenances of a resource, in order of writing."""
    target = f"{one['resourceType']}/{one['id']}"
    found = [p for p in ehr.held("Provenance") if p["target"][0]["reference"] == target]
    return [p["activity"]["coding"][0]["code"] for p in found]


def sentences(coding: Coding) -> str:
    return " ".join(issue["diagnostics"] for one in coding.beyond for issue in one.get("outcome", {}).get("issue", ()))


def diagnoses(claim: Resource) -> list[str]:
    return [one["diagnosisCodeableConcept"]["coding"][0]["code"] for one in claim.get("diagnosis", ())]


# -------------------------------------------------------------------------------------------------------------- retirement


@pytest.mark.parametrize("remembers", [True, False])
def test_a_dropped_code_is_retired_and_the_others_stand(ehr: SimulatedEhr, remembers: bool) -> None:
    practice = Practice(ehr, remembers)
    practice.code("I10", "E11.9")
    coding = practice.code("I10")
    dropped = condition(ehr, "E11.9")
    assert (verification(dropped), "clinicalStatus" in dropped) == ("entered-in-error", False)
    assert verification(condition(ehr, "I10")) == "unconfirmed"
    assert [one["status"] for one in coding.beyond] == ["200 Retired", "201 Created"]
    assert coding.beyond[0]["location"] == f"Condition/{dropped['id']}/_history/2"
    assert activities(ehr, dropped) == ["CREATE", "NULLIFY"]


def test_retiring_twice_retires_once(ehr: SimulatedEhr) -> None:
    practice = Practice(ehr)
    practice.code("I10", "E11.9")
    practice.code("I10")
    written = list(ehr.writes)
    assert practice.code("I10").beyond == []
    assert ehr.writes == written


def test_every_code_can_be_dropped(ehr: SimulatedEhr) -> None:
    practice = Practice(ehr)
    practice.code("I10", "E11.9")
    practice.code()
    assert {verification(one) for one in ehr.held("Condition")} == {"entered-in-error"}
    assert diagnoses(ehr.held("Claim")[0]) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"verificationStatus": CONFIRMED}, "verificationStatus is confirmed"),
        ({"verificationStatus": None}, "verificationStatus is missing"),
        ({"clinicalStatus": RESOLVED}, "clinicalStatus is resolved"),
        ({"note": [{"text": "Seen again."}]}, "elements that this software does not write: note"),
        ({"asserter": {"reference": "Practitioner/d1"}, "severity": {"text": "mild"}}, "asserter, severity"),
        ({"code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "E11.65"}]}}, "code is not the one"),
        ({"code": {"text": "sugar"}}, "code is not the one"),
    ],
    ids=["confirmed", "no status", "resolved", "annotated", "asserted", "recoded", "reworded"],
)
@pytest.mark.parametrize("remembers", [True, False])
def test_what_a_person_changed_is_left(ehr: SimulatedEhr, change: dict[str, Any], reason: str, remembers: bool) -> None:
    practice = Practice(ehr, remembers)
    practice.code("I10", "E11.9")
    address = f"Condition/{condition(ehr, 'E11.9')['id']}"
    changed = ehr.change(address, **change)
    coding = practice.code("I10")
    assert ehr.versions(address)[-1] == changed
    assert [one["status"] for one in coding.beyond] == ["200 OK"]
    assert coding.beyond[0]["outcome"]["issue"][0]["severity"] == "warning"
    assert reason in sentences(coding)


def test_what_a_provenance_says_was_verified_is_left(ehr: SimulatedEhr) -> None:
    practice = Practice(ehr)
    practice.code("I10", "E11.9")
    address = f"Condition/{condition(ehr, 'E11.9')['id']}"
    role = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "code": "verifier"}]}
    agent = {"type": role, "who": {"reference": "Practitioner/d1"}}
    ehr.put(
        {
            "resourceType": "Provenance",
            "id": "theirs",
            "target": [{"reference": address}],
            "recorded": "2026-05-04T13:00:00Z",
            "agent": [agent],
        }
    )
    coding = practice.code("I10")
    assert verification(condition(ehr, "E11.9")) == "unconfirmed"
    assert "a Provenance names who verified it" in sentences(coding)


def test_conditions_of_others_are_never_touched(ehr: SimulatedEhr) -> None:
    theirs = [
        {"id": "clinician", "identifier": [{"system": "urn:theirs", "value": "7"}]},
        {"id": "bare"},
        {
            "id": "other-encounter",
            "identifier": [{"system": "https://fhir-coder.github.io/fhir/identifier/proposal", "value": "default.e10.condition.E11.9"}],
        },
    ]
    practice = Practice(ehr)
    practice.code("E11.9")
    mine = condition(ehr, "E11.9")
    for one in theirs:
        ehr.put({key: value for key, value in mine.items() if key not in {"id", "identifier", "meta"}} | one)
    practice.code("I10")
    assert [len(ehr.versions(f"Condition/{one['id']}")) for one in theirs] == [1, 1, 1]
    assert verification(ehr.versions(f"Condition/{mine['id']}")[-1]) == "entered-in-error"


def test_a_code_that_the_coding_still_stands_by_is_not_retired_though_no_condition_is_proposed(ehr: SimulatedEhr) -> None:
    """As for a code that the EHR records already: it is agreed, and its Condition is not proposed again."""
    practice = Practice(ehr)
    first = practice.code("I10", "E11.9")
    entries = [one for one in first.bundle["entry"] if "E11.9" not in str(one["resource"].get("identifier", ""))]
    terms = Terms("default.e1", "Patient/p1", "Encounter/e1", frozenset({"I10", "E11.9"}))
    receipt = deliver({**first.bundle, "entry": entries}, practice.client, terms)
    assert len(receipt["entry"]) == len(entries)
    assert verification(condition(ehr, "E11.9")) == "unconfirmed"
    deliver({**first.bundle, "entry": entries}, practice.client, replace(terms, codes=frozenset({"I10"})))
    assert verification(condition(ehr, "E11.9")) == "entered-in-error"


def test_without_update_nothing_is_retired_and_the_receipt_says_so() -> None:
    ehr = SimulatedEhr(full_statement(without={"Condition": ("update",)}))
    practice = Practice(ehr, write_before_review=True)
    practice.code("I10", "E11.9")
    coding = practice.code("I10")
    assert [one["status"] for one in coding.beyond] == ["200 OK"]
    assert "does not offer update for Condition" in sentences(coding)


def test_a_condition_whose_identifier_the_ehr_lost_is_retired_by_the_address_of_its_receipt(ehr: SimulatedEhr) -> None:
    ehr.habits = Habits(loses_identifier=True)
    practice = Practice(ehr)
    practice.code("I10", "E11.9")
    assert practice.code("I10", "E11.9").statuses[:2] == ["Condition 200", "Condition 200"]
    practice.code("I10")
    assert verification(condition(ehr, "E11.9")) == "entered-in-error"
    assert len(ehr.held("Condition")) == 2


@pytest.mark.parametrize(("remembers", "status"), [(True, "entered-in-error"), (False, "unconfirmed")])
def test_what_the_ehr_added_by_itself_is_told_from_a_person_s_by_the_version_in_the_receipt(
    ehr: SimulatedEhr, remembers: bool, status: str
) -> None:
    ehr.habits = Habits(adds_recorder=True)
    practice = Practice(ehr, remembers)
    practice.code("I10", "E11.9")
    practice.code("I10")
    assert verification(condition(ehr, "E11.9")) == status


# ---------------------------------------------------------------------------------------------------------------- revival


def test_a_code_that_returns_is_revived_and_not_doubled(ehr: SimulatedEhr) -> None:
    practice = Practice(ehr)
    practice.code("I10", "E11.9")
    practice.code("I10")
    coding = practice.code("I10", "E11.9")
    returned = condition(ehr, "E11.9")
    assert coding.response("Condition", 1)["status"] == "200 Updated"
    assert (verification(returned), returned["clinicalStatus"]["coding"][0]["code"]) == ("unconfirmed", "active")
    assert [one["code"] for one in returned["meta"]["tag"]] == ["needs-review"]
    assert activities(ehr, returned) == ["CREATE", "NULLIFY", "UPDATE"]
    written = list(ehr.writes)
    assert {one[-3:] for one in practice.code("I10", "E11.9").statuses} == {"200"}
    assert ehr.writes == written
    practice.code("I10")
    assert verification(condition(ehr, "E11.9")) == "entered-in-error"


def test_an_ehr_that_drops_tags_is_revived_by_the_receipt_of_the_retirement(ehr: SimulatedEhr) -> None:
    ehr.habits = Habits(drops_tags=True)
    practice = Practice(ehr)
    for codes in (("I10", "E11.9"), ("I10",), ("I10", "E11.9")):
        practice.code(*codes)
    assert verification(condition(ehr, "E11.9")) == "unconfirmed"


def test_what_a_person_marked_as_an_error_is_not_proposed_again(ehr: SimulatedEhr) -> None:
    practice = Practice(ehr)
    practice.code("I10", "E11.9")
    address = f"Condition/{condition(ehr, 'E11.9')['id']}"
    status = {"coding": [{"system": CONFIRMED["coding"][0]["system"], "code": "entered-in-error"}]}
    rejected = ehr.change(address, verificationStatus=status, clinicalStatus=None)
    coding = practice.code("I10", "E11.9", note=CHANGED_NOTE)
    assert ehr.versions(address)[-1] == rejected
    assert "somebody marked it as entered in error" in coding.issues("Condition", 1)[0]["diagnostics"]
    assert coding.response("Provenance", 1)["status"].startswith("424")


# --------------------------------------------------------------------------------------------------- changed notes, Claim, Task


def test_the_same_code_on_a_changed_note_keeps_its_condition_and_has_a_provenance_of_its_own(ehr: SimulatedEhr) -> None:
    practice = Practice(ehr)
    practice.code("I10")
    coding = practice.code("I10", note=CHANGED_NOTE)
    assert coding.statuses == ["Condition 200", "Claim 200", "Task 200", "Provenance 201"]
    (one,) = ehr.held("Condition")
    assert activities(ehr, one) == ["CREATE", "UPDATE"]
    hashes = [p["entity"][0]["extension"][0]["extension"][2]["valueString"] for p in ehr.held("Provenance")]
    assert hashes[1] == CHANGED_NOTE.sha256 != hashes[0]
    assert practice.code("I10", note=CHANGED_NOTE).response("Provenance")["status"] == "200 OK"


def test_the_claim_and_the_task_follow_the_codes(ehr: SimulatedEhr) -> None:
    practice = Practice(ehr)
    practice.code("I10", "E11.9")
    coding = practice.code("E11.9", "J44.9")
    assert coding.response("Claim")["status"] == coding.response("Task")["status"] == "200 Updated"
    (claim,), (task,) = ehr.held("Claim"), ehr.held("Task")
    assert diagnoses(claim) == ["E11.9", "J44.9"]
    proposed = [f"Condition/{condition(ehr, code)['id']}" for code in ("E11.9", "J44.9")]
    assert [one["valueReference"]["reference"] for one in task["input"]] == proposed
    assert task["lastModified"] > task["authoredOn"]


def test_a_claim_that_is_no_draft_any_more_is_left(ehr: SimulatedEhr) -> None:
    practice = Practice(ehr)
    practice.code("I10", "E11.9")
    ehr.change(f"Claim/{ehr.held('Claim')[0]['id']}", status="active")
    coding = practice.code("I10")
    assert diagnoses(ehr.held("Claim")[0]) == ["I10", "E11.9"]
    assert coding.issues("Claim")[0]["severity"] == "warning"
    assert "its status is active" in coding.issues("Claim")[0]["diagnostics"]


def test_a_draft_whose_diagnoses_a_person_changed_is_left(ehr: SimulatedEhr) -> None:
    practice = Practice(ehr)
    practice.code("I10", "E11.9")
    (claim,) = ehr.held("Claim")
    ehr.change(f"Claim/{claim['id']}", diagnosis=claim["diagnosis"][:1])
    coding = practice.code("J44.9")
    assert diagnoses(ehr.held("Claim")[0]) == ["I10"]
    assert coding.issues("Claim")[0]["expression"] == ["Claim.diagnosis"]


def test_a_draft_that_a_person_completed_keeps_what_they_added(ehr: SimulatedEhr) -> None:
    practice = Practice(ehr)
    practice.code("I10", "E11.9")
    ehr.change(f"Claim/{ehr.held('Claim')[0]['id']}", facility={"reference": "Location/1"})
    practice.code("I10")
    (claim,) = ehr.held("Claim")
    assert (diagnoses(claim), claim["facility"]) == (["I10"], {"reference": "Location/1"})


def test_without_memory_a_draft_with_other_diagnoses_is_left(ehr: SimulatedEhr) -> None:
    practice = Practice(ehr, remembers=False)
    practice.code("I10", "E11.9")
    coding = practice.code("I10")
    assert diagnoses(ehr.held("Claim")[0]) == ["I10", "E11.9"]
    assert "what this software wrote before is not known" in coding.issues("Claim")[0]["diagnostics"]


@pytest.mark.parametrize("change", [{"status": "in-progress"}, {"owner": {"reference": "Practitioner/coder"}}])
def test_a_task_that_somebody_took_is_left(ehr: SimulatedEhr, change: dict[str, Any]) -> None:
    practice = Practice(ehr)
    practice.code("I10", "E11.9")
    before = ehr.change(f"Task/{ehr.held('Task')[0]['id']}", **change)
    coding = practice.code("J44.9")
    assert ehr.held("Task") == [before]
    assert coding.issues("Task")[0]["severity"] == "warning"


def test_a_review_that_is_no_longer_asked_for_is_cancelled(ehr: SimulatedEhr) -> None:
    practice = Practice(ehr)
    practice.code("I10")
    coding = practice.code("I10", outcome=Outcome.PASS)
    assert [one["status"] for one in coding.beyond] == ["200 Retired"]
    assert ehr.held("Task")[0]["status"] == "cancelled"
    assert practice.code("I10", outcome=Outcome.PASS).beyond == []


# ---------------------------------------------------------------------------------------------------------------- If-Match


class Hurried(SimulatedEhr):
    """Somebody changes a resource between our reading and our writing of it: ``meanwhile`` maps an address to elements, once each."""

    def __init__(self, statement: Resource) -> None:
        super().__init__(statement)
        self.meanwhile: dict[str, dict[str, Any]] = {}

    def answer(self, method: str, path: str, *rest: Any) -> Any:
        if method in {"PUT", "POST"}:
            for address, elements in self.meanwhile.items():
                self.change(address, **elements)
            self.meanwhile = {}
        return super().answer(method, path, *rest)


@pytest.mark.parametrize("statement", list(WAYS.values()), ids=list(WAYS))
def test_a_stale_version_is_read_again_and_written_once_more(statement: Resource) -> None:
    ehr = Hurried(statement)
    practice = Practice(ehr)
    practice.code("I10", "E11.9")
    ehr.meanwhile = {f"Condition/{condition(ehr, 'E11.9')['id']}": {"language": "en"}}
    coding = practice.code("I10")
    assert coding.beyond[0]["status"] == "200 Retired"
    assert condition(ehr, "E11.9")["language"] == "en"


@pytest.mark.parametrize("statement", list(WAYS.values()), ids=list(WAYS))
def test_a_confirmation_that_came_meanwhile_wins(statement: Resource) -> None:
    ehr = Hurried(statement)
    practice = Practice(ehr)
    practice.code("I10", "E11.9")
    ehr.meanwhile = {f"Condition/{condition(ehr, 'E11.9')['id']}": {"verificationStatus": CONFIRMED}}
    coding = practice.code("I10")
    assert verification(condition(ehr, "E11.9")) == "confirmed"
    assert "its verificationStatus is confirmed" in sentences(coding)
    assert activities(ehr, condition(ehr, "E11.9")) == ["CREATE"]


def test_a_version_that_is_stale_twice_is_given_up() -> None:
    ehr = SimulatedEhr(full_statement(), faults=[Fault("PUT Condition", status=412, times=2)])
    practice = Practice(ehr)
    practice.code("I10", "E11.9")
    coding = practice.code("I10")
    assert [one["status"] for one in coding.beyond] == ["412 Refused", "424 Failed Dependency"]
    assert verification(condition(ehr, "E11.9")) == "unconfirmed"


def test_an_ehr_without_versions_cannot_guard_and_is_left() -> None:
    ehr = SimulatedEhr(full_statement(), Habits(keeps_no_versions=True))
    practice = Practice(ehr)
    practice.code("I10", "E11.9")
    coding = practice.code("I10")
    assert verification(condition(ehr, "E11.9")) == "unconfirmed"
    assert "no version to guard" in sentences(coding)
