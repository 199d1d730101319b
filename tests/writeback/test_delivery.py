"""Delivery against an EHR in memory: written once, degraded openly, refused visibly."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from fhir_coder.errors import EhrRefused
from fhir_coder.writeback.delivery import deliver

CONDITION = {
    "fullUrl": "urn:uuid:1",
    "resource": {"resourceType": "Condition", "identifier": [{"system": "s", "value": "default.e1.condition.I10"}]},
}
TASK = {
    "fullUrl": "urn:uuid:2",
    "resource": {
        "resourceType": "Task",
        "identifier": [{"system": "s", "value": "default.e1.task"}],
        "input": [{"valueReference": {"reference": "urn:uuid:1"}}],
    },
}
PROVENANCE = {
    "fullUrl": "urn:uuid:3",
    "resource": {
        "resourceType": "Provenance",
        "meta": {"tag": [{"system": "s", "code": "default.e1.provenance.I10"}]},
        "contained": [{"resourceType": "Device", "deviceName": [{"name": "fhir-coder"}]}],
        "target": [{"reference": "urn:uuid:1"}],
    },
}
BUNDLE = {"resourceType": "Bundle", "type": "collection", "entry": [CONDITION, TASK, PROVENANCE]}
ALL = ("Condition", "Task", "Provenance")


class MemoryEhr:
    """Keeps what is created; offers create for ``writable`` only; refuses ``refused``; ignores search parameters when it ``lies``;
    with ``races`` no search sees what others write at the same moment, and only a conditional create does."""

    def __init__(self, writable: tuple[str, ...] = ALL, refused: str = "", lies: bool = False, races: bool = False) -> None:
        self.kept: list[dict[str, Any]] = []
        self._writable, self._refused, self._lies, self._races = writable, refused, lies, races
        self._conditions: dict[str, dict[str, Any]] = {}

    def capabilities(self) -> MemoryEhr:
        return self

    def can(self, kind: str, interaction: str) -> bool:
        return interaction != "create" or kind in self._writable

    def conditional_create(self, kind: str) -> bool:
        return self._races

    def searches(self, kind: str, parameter: str) -> bool:
        return True

    def search(self, kind: str, params: dict[str, str]) -> Iterator[dict[str, Any]]:
        if self._races:
            return
        value = next(iter(params.values())).split("|")[-1]
        yield from (one for one in self.kept if one["resourceType"] == kind and (self._lies or value in str(one)))

    def create_once(self, resource: dict[str, Any], if_none_exist: str | None = None) -> tuple[dict[str, Any], bool]:
        if resource["resourceType"] == self._refused:
            raise EhrRefused("refused", ehr_status=422, outcome={"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]})
        if if_none_exist in self._conditions:
            return self._conditions[if_none_exist], False
        kept = {**deepcopy(resource), "id": str(len(self.kept) + 1), "meta": {"versionId": "1"}}
        self.kept.append(kept)
        if if_none_exist:
            self._conditions[if_none_exist] = kept
        return kept, True


def statuses(receipt: dict[str, Any]) -> list[str]:
    return [entry["response"]["status"][:3] for entry in receipt["entry"]]


@pytest.mark.parametrize("lies", [False, True])
def test_delivering_twice_writes_once(lies: bool) -> None:
    ehr = MemoryEhr(lies=lies)
    assert statuses(deliver(BUNDLE, ehr)) == ["201", "201", "201"]
    assert statuses(deliver(BUNDLE, ehr)) == ["200", "200", "200"]
    assert len(ehr.kept) == 3


def test_two_writers_at_the_same_moment_write_once_and_only_one_says_created() -> None:
    ehr = MemoryEhr(races=True)
    assert statuses(deliver(BUNDLE, ehr)) == ["201", "201", "201"]
    assert statuses(deliver(BUNDLE, ehr)) == ["200", "200", "200"]
    assert len(ehr.kept) == 3


def test_references_become_addresses() -> None:
    ehr = MemoryEhr()
    deliver(BUNDLE, ehr)
    assert ehr.kept[1]["input"][0]["valueReference"] == {"reference": "Condition/1"}
    assert ehr.kept[2]["target"] == [{"reference": "Condition/1"}]


def test_what_is_not_offered_is_said_and_the_rest_is_written() -> None:
    ehr = MemoryEhr(writable=("Condition", "Provenance"))
    receipt = deliver(BUNDLE, ehr)
    assert statuses(receipt) == ["201", "501", "201"]
    assert receipt["entry"][1]["response"]["outcome"]["issue"][0]["code"] == "not-supported"


def test_a_refusal_carries_the_ehr_s_outcome_and_its_provenance_is_not_written() -> None:
    ehr = MemoryEhr(refused="Condition")
    receipt = deliver(BUNDLE, ehr)
    assert statuses(receipt) == ["422", "201", "424"]
    assert receipt["entry"][0]["response"]["outcome"] == {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}
    assert ehr.kept[0]["input"][0]["valueReference"] == {"display": "proposed, not written"}


def test_the_proposal_itself_is_left_as_it_was() -> None:
    before = deepcopy(BUNDLE)
    deliver(BUNDLE, MemoryEhr())
    assert before == BUNDLE


def coded(code: str) -> dict[str, Any]:
    return {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code}], "text": "Essential (primary) hypertension"}


@pytest.mark.parametrize(
    ("kept", "is_altered"),
    [
        (coded("I10"), False),
        ({**coded("I10"), "coding": [{"system": "http://snomed.info/sct", "code": "59621000"}, *coded("I10")["coding"]]}, False),
        ({"text": "Essential (primary) hypertension"}, True),
        (coded("I10."), True),
    ],
    ids=["as sent", "with a coding of its own", "text only", "trailing dot"],
)
def test_codes_that_the_ehr_did_not_keep_are_said(kept: dict[str, Any], is_altered: bool) -> None:
    class Altering(MemoryEhr):
        def create_once(self, resource: dict[str, Any], if_none_exist: str | None = None) -> tuple[dict[str, Any], bool]:
            written, is_new = super().create_once(resource, if_none_exist)
            return {**written, "code": kept}, is_new

    sent = {"fullUrl": "urn:uuid:1", "resource": {**CONDITION["resource"], "code": coded("I10")}}
    response = deliver({"entry": [sent]}, Altering())["entry"][0]["response"]
    assert response["status"] == "201 Created"
    assert ("outcome" in response) == is_altered
    if is_altered:
        assert response["outcome"]["issue"][0]["expression"] == ["Condition.code"]


def test_a_claim_with_other_diagnoses_is_left_and_named() -> None:
    def claim(*codes: str) -> dict[str, Any]:
        diagnoses = [{"sequence": n, "diagnosisCodeableConcept": coded(code)} for n, code in enumerate(codes, 1)]
        return {
            "fullUrl": "urn:uuid:9",
            "resource": {"resourceType": "Claim", "identifier": [{"system": "s", "value": "c"}], "diagnosis": diagnoses},
        }

    ehr = MemoryEhr(writable=("Claim",))
    deliver({"entry": [claim("I10")]}, ehr)
    again = deliver({"entry": [claim("I10")]}, ehr)["entry"][0]["response"]
    changed = deliver({"entry": [claim("I10", "E11.9")]}, ehr)["entry"][0]["response"]
    assert again["outcome"]["issue"][0]["severity"] == "information"
    assert (changed["status"], changed["outcome"]["issue"][0]["expression"]) == ("200 OK", ["Claim.diagnosis"])
    assert len(ehr.kept) == 1
