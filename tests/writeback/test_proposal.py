"""What is proposed for a coded encounter: Conditions, Claim, Task, Provenances, with stable names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fhir_coder.model import Encounter, Outcome, Reason, ServiceLine
from fhir_coder.writeback.bundle import build_bundle
from fhir_coder.writeback.proposal import Proposal
from tests.writeback.practice import ENCOUNTER, NOTE, proposal_of


def proposal(codes: tuple[str, ...], encounter: Encounter = ENCOUNTER, outcome: Outcome = Outcome.REVIEW) -> Proposal:
    return proposal_of(codes, outcome=outcome, encounter=encounter)


def resources(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def test_one_condition_and_one_provenance_for_each_code() -> None:
    bundle = build_bundle(proposal(("I10", "E11.9")))
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert kinds == ["Condition", "Condition", "Claim", "Task", "Provenance", "Provenance"]


def test_a_code_that_a_clinician_recorded_is_claimed_and_reviewed_and_not_recorded_again() -> None:
    agreed = replace(proposal(("I10", "E11.9")), agreed={"I10": "Condition/theirs"})
    bundle = build_bundle(agreed)
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert kinds == ["Condition", "Claim", "Task", "Provenance"]
    assert resources(bundle, "Condition")[0]["code"]["coding"][0]["code"] == "E11.9"
    claimed = [one["diagnosisCodeableConcept"]["coding"][0]["code"] for one in resources(bundle, "Claim")[0]["diagnosis"]]
    assert claimed == ["I10", "E11.9"]
    assert [(one["type"]["text"], one["valueReference"]["reference"]) for one in resources(bundle, "Task")[0]["input"]] == [
        ("recorded diagnosis", "Condition/theirs"),
        ("proposed diagnosis", bundle["entry"][0]["fullUrl"]),
    ]


def test_a_task_says_one_reason_and_each_further_one_as_input() -> None:
    reasons = (
        Reason("no-codes", "none here"),
        Reason("unreadable-note", "a scan"),
        Reason("no-codes", "again"),
        Reason("low-probability", "I10"),
    )
    one_code = proposal(("I10",))
    (task,) = resources(build_bundle(replace(one_code, disposition=replace(one_code.disposition, reasons=reasons))), "Task")
    assert [(one["code"], one["display"]) for one in task["reasonCode"]["coding"]] == [("no-codes", "No codes")]
    assert task["reasonCode"]["text"] == "none here"
    further = [one["valueCodeableConcept"] for one in task["input"] if one["type"]["text"] == "further reason for review"]
    assert [(one["coding"][0]["code"], one["text"]) for one in further] == [("unreadable-note", "a scan"), ("low-probability", "I10")]


def test_a_condition_is_an_unconfirmed_encounter_diagnosis_that_asks_for_review() -> None:
    condition = resources(build_bundle(proposal(("I10",))), "Condition")[0]
    assert condition["verificationStatus"]["coding"][0]["code"] == "unconfirmed"
    assert condition["category"][0]["coding"][0]["code"] == "encounter-diagnosis"
    assert condition["code"]["coding"][0] == {
        "system": "http://hl7.org/fhir/sid/icd-10-cm",
        "version": "2026-04-01",
        "code": "I10",
        "display": "title of I10",
        "userSelected": False,
    }
    assert condition["meta"]["tag"][0]["code"] == "needs-review"
    assert condition["meta"]["security"][0]["code"] == "AIAST"
    assert condition["evidence"][0]["detail"] == [{"reference": "DocumentReference/n1"}]
    assert str(condition["extension"][0]["valueDecimal"]) == "0.9100"


def test_a_code_that_passes_has_no_review_tag_and_no_task() -> None:
    bundle = build_bundle(proposal(("I10",), outcome=Outcome.PASS))
    assert "tag" not in resources(bundle, "Condition")[0]["meta"]
    assert resources(bundle, "Task") == []


def test_the_claim_is_capped_at_twelve_diagnoses_and_conditions_are_not() -> None:
    codes = tuple(f"A{number}.9" for number in range(10, 23))
    bundle = build_bundle(proposal(codes))
    assert [d["sequence"] for d in resources(bundle, "Claim")[0]["diagnosis"]] == list(range(1, 13))
    assert len(resources(bundle, "Condition")) == 13


def test_a_claim_without_codes_omits_the_list_and_without_coverage_says_so() -> None:
    claim = resources(build_bundle(proposal((), replace(ENCOUNTER, coverage="", provider=""))), "Claim")[0]
    assert "diagnosis" not in claim
    assert "item" not in claim
    assert claim["insurance"][0]["coverage"] == {"display": "not supplied"}
    assert claim["provider"] == {"display": "not supplied"}


def test_items_point_at_the_reasons_the_service_names_and_at_most_four() -> None:
    codes = ("I10", "E11.9", "J44.9", "M54.50", "K21.9")
    line = ServiceLine("http://www.ama-assn.org/go/cpt", "99214", "ChargeItem/1", (*codes, "Z23"), performed="2026-05-04T09:00:00Z")
    item = resources(build_bundle(proposal(codes, replace(ENCOUNTER, services=(line,)))), "Claim")[0]["item"][0]
    assert item["diagnosisSequence"] == [1, 2, 3, 4]
    assert item["productOrService"] == {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "99214"}]}
    assert item["servicedDate"] == "2026-05-04"


def test_provenance_names_software_versions_source_and_span() -> None:
    provenance = resources(build_bundle(proposal(("I10",))), "Provenance")[0]
    versions = {v["type"]["text"]: v["value"] for v in provenance["contained"][0]["version"]}
    assert versions["index"] == "abc"
    assert "fhir-coder" in versions
    entity = provenance["entity"][0]
    assert entity["what"] == {"reference": "DocumentReference/n1"}
    span = {part["url"]: next(v for k, v in part.items() if k != "url") for part in entity["extension"][0]["extension"]}
    assert span == {"start": 0, "end": 12, "sha256": NOTE.sha256}


def test_coding_twice_proposes_the_same() -> None:
    assert build_bundle(proposal(("I10", "E11.9"))) == build_bundle(proposal(("I10", "E11.9")))


@pytest.mark.parametrize("character", ["|", ",", "$", "\\", " "])
def test_identifiers_are_free_of_characters_that_searches_treat_specially(character: str) -> None:
    for kind in ("Condition", "Claim", "Task"):
        for resource in resources(build_bundle(proposal(("I10",))), kind):
            assert character not in resource["identifier"][0]["value"]


def test_an_encounter_without_an_id_is_named_by_its_notes() -> None:
    unnamed = replace(ENCOUNTER, id="", reference="")
    first, second = proposal(("I10",), unnamed), proposal(("I10",), replace(unnamed, notes=(replace(NOTE, text="Gout."),)))
    assert first.key != second.key
    assert resources(build_bundle(first), "Condition")[0].get("encounter") is None
