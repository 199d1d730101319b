"""Twenty real encounters coded against Medplum's FHIR server: written once, found again, valid by validators that are not ours."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from fhir_coder.ehr.client import EhrClient
from fhir_coder.tenant_settings import EhrSettings
from terminology.codebook import Codebook
from tests.contracts.answers import (
    addresses,
    claim_faults,
    code_of,
    evidence_of_assignments,
    evidence_of_provenances,
    misquoted,
    named,
    proposed,
    statuses,
    unresolved,
    with_addresses,
)
from tests.contracts.calls import WRITTEN, code_encounter, held
from tests.contracts.conftest import PAGE, TOKEN, Ehrs, most_seen_patient
from tests.contracts.peers import Resource, validation_errors
from tests.contracts.prepared_export import BILLED_REASONS, CHOSEN, CPT
from tests.contracts.validity import inside, schema_faults, written

DESCRIBED = ("metadata", "OperationDefinition/code-encounter", "OperationDefinition/check-coding")
SYSTEM = "http://hl7.org/fhir/sid/icd-10-cm"


@dataclass(frozen=True)
class CodedTwice:
    """The answers of both runs, and what the EHR held after each, by type."""

    first: list[Resource]
    second: list[Resource]
    held_first: dict[str, list[Resource]]
    held_second: dict[str, list[Resource]]


@pytest.fixture(scope="module")
def coded(client: FlaskClient, ehrs: Ehrs, encounter_ids: list[str]) -> CodedTwice:
    """All encounters coded with write-back, and all of them again."""
    assert held(ehrs.plain) == {kind: [] for kind in WRITTEN}
    first, held_first = code_all(client, encounter_ids), held(ehrs.plain)
    second, held_second = code_all(client, encounter_ids), held(ehrs.plain)
    return CodedTwice(first, second, held_first, held_second)


def code_all(client: FlaskClient, encounter_ids: list[str]) -> list[Resource]:
    answers = [code_encounter(client, one) for one in encounter_ids]
    assert [(status, body["resourceType"]) for status, body in answers] == [(200, "Parameters")] * CHOSEN
    return [body for _, body in answers]


def test_the_first_run_creates_every_proposed_resource(coded: CodedTwice) -> None:
    assert {status for answer in coded.first for status in statuses(answer)} == {"201"}
    assert all(proposed(answer, "Claim") and proposed(answer, "Task") for answer in coded.first)
    assert sum(1 for answer in coded.first if proposed(answer, "Condition")) >= CHOSEN // 2


def test_the_ehr_holds_exactly_what_was_proposed(coded: CodedTwice) -> None:
    stored = {f"{kind}/{one['id']}": one for kind in WRITTEN for one in coded.held_first[kind]}
    expected = {}
    for answer in coded.first:
        known = addresses(answer)
        for entry in named(answer, "result")[0]["resource"]["entry"]:
            expected[known[entry["fullUrl"]]] = with_addresses(entry["resource"], known)
    assert stored.keys() == expected.keys()
    assert {address: as_sent(one) for address, one in stored.items()} == expected


def as_sent(stored: Resource) -> Resource:
    """Without what a server adds to a resource: its id, version and author."""
    meta = {key: value for key, value in stored.get("meta", {}).items() if key in {"profile", "security", "tag"}}
    rest = {key: value for key, value in stored.items() if key not in {"id", "meta"}}
    return rest | ({"meta": meta} if meta else {})


def test_the_second_run_finds_everything_and_doubles_nothing(coded: CodedTwice) -> None:
    assert {status for answer in coded.second for status in statuses(answer)} == {"200"}
    assert [addresses(answer) for answer in coded.second] == [addresses(answer) for answer in coded.first]
    assert coded.held_second == coded.held_first


def test_a_note_on_the_second_page_is_read(crowded_answer: Resource, ehrs: Ehrs, export: list[Resource]) -> None:
    first, has_next = ehrs.paging.first_page("DocumentReference", f"patient={most_seen_patient(export)}")
    assert (len(first), has_next) == (PAGE, True)
    documents = {document for _, document, *_ in evidence_of_assignments(crowded_answer)}
    assert documents
    assert documents.isdisjoint(f"DocumentReference/{one}" for one in first)


def test_small_pages_change_nothing(client: FlaskClient, encounter_ids: list[str], coded: CodedTwice) -> None:
    first, second = (code_encounter(client, encounter_ids[0], "/t/paging/fhir")[1] for _ in range(2))
    assert evidence_of_assignments(first) == evidence_of_assignments(coded.first[0])
    assert (set(statuses(first)), set(statuses(second))) == ({"201"}, {"200"})


def codes(answer: Resource) -> list[str]:
    return [code_of(one) for one in proposed(answer, "Condition")]


def test_an_ehr_behind_a_token_is_read_and_written_with_it(client: FlaskClient, ehrs: Ehrs, encounter_ids: list[str]) -> None:
    for expected in ("201", "200"):
        status, answer = code_encounter(client, encounter_ids[0], "/t/secured/fhir")
        assert (status, set(statuses(answer))) == (200, {expected})
    assert len(ehrs.secured.all_of("Claim")) == 1


def test_conditional_create_gives_the_loser_of_a_race_what_the_winner_wrote(ehrs: Ehrs, coded: CodedTwice) -> None:
    ehr = EhrClient(EhrSettings("peer", ehrs.secured.base_url, TOKEN))
    proposal = proposed(coded.first[1], "Condition")[0]
    (identifier,) = proposal["identifier"]
    query = f"identifier={identifier['system']}|{identifier['value']}"
    assert ehr.create(proposal, query)["id"] == ehr.create(proposal, query)["id"]
    assert [one["identifier"] for one in ehrs.secured.all_of("Condition")].count([identifier]) == 1


@pytest.mark.parametrize(
    ("tenant", "status", "issue"),
    [("locked-out", {502}, {"processing"}), ("down", {502, 504}, {"transient", "timeout"})],
)
def test_an_ehr_that_refuses_or_is_down_is_an_operation_outcome(
    client: FlaskClient, encounter_ids: list[str], tenant: str, status: set[int], issue: set[str], peers: Path, tmp_path: Path
) -> None:
    answered, outcome = code_encounter(client, encounter_ids[0], f"/t/{tenant}/fhir")
    assert (answered in status, outcome["resourceType"]) == (True, "OperationOutcome")
    assert {one["code"] for one in outcome["issue"]} <= issue
    assert validation_errors(peers, written([outcome], tmp_path)) == []


def test_an_unknown_encounter_is_not_found(client: FlaskClient) -> None:
    answered, outcome = code_encounter(client, "no-such-encounter")
    assert (answered, outcome["issue"][0]["code"]) == (404, "not-found")


# ------------------------------------------------------------------------------------------------------------------ validity


@pytest.fixture(scope="module")
def crowded_answer(client: FlaskClient, ehrs: Ehrs, crowded: str) -> Resource:
    """The visit with more problems than a claim has room for, written to the paging EHR."""
    status, answer = code_encounter(client, crowded, "/t/paging/fhir")
    assert (status, set(statuses(answer))) == (200, {"201"})
    return answer


@pytest.fixture(scope="module")
def emitted(client: FlaskClient, coded: CodedTwice, crowded_answer: Resource) -> list[Resource]:
    """Every resource that the server gave out in this module: answers, all they contain, descriptions, and what the EHR made of them."""
    descriptions = [client.get(f"/fhir/{path}").get_json(force=True) for path in DESCRIBED]
    answers = [*coded.first, coded.second[0], crowded_answer]
    parts = [part for one in answers for part in inside(one)]
    return [*descriptions, *answers, *parts, *(one for kind in WRITTEN for one in coded.held_first[kind])]


def test_everything_passes_two_independent_validators(peers: Path, emitted: list[Resource], tmp_path: Path) -> None:
    assert {one["resourceType"] for one in emitted} >= {*WRITTEN, "Parameters", "Bundle", "OperationOutcome", "CapabilityStatement"}
    assert validation_errors(peers, written(emitted, tmp_path)) == []


def test_claims_as_they_are_proposed_can_be_checked(peers: Path, client: FlaskClient, coded: CodedTwice, tmp_path: Path) -> None:
    claims = [one for one in coded.held_first["Claim"] if "diagnosis" in one]  # an encounter for which no code was found has none
    assert claims
    answers = [client.post("/fhir/Claim/$check-coding", json=claim) for claim in claims]
    assert [(one.status_code, one.get_json(force=True)["resourceType"]) for one in answers] == [(200, "OperationOutcome")] * len(answers)
    outcomes = [one.get_json(force=True) for one in answers]
    assert validation_errors(peers, written(outcomes, tmp_path)) == []
    assert [fault for one in outcomes for fault in schema_faults(peers, one)] == []


def test_the_validators_do_refuse(peers: Path, coded: CodedTwice, tmp_path: Path) -> None:
    claim = next(one for one in coded.held_first["Claim"])
    spoiled = [{**claim, "use": "bill"}, {key: value for key, value in claim.items() if key != "insurance"}]
    assert len(validation_errors(peers, written(spoiled, tmp_path))) >= 2


def test_everything_passes_the_json_schema_of_r4(peers: Path, emitted: list[Resource], coded: CodedTwice) -> None:
    assert [fault for one in emitted for fault in schema_faults(peers, one)] == []
    assert list(schema_faults(peers, {**coded.held_first["Claim"][0], "use": "bill"}))


def test_conditions_conform_to_us_core_encounter_diagnosis(
    peers: Path, shared: Path, coded: CodedTwice, crowded_answer: Resource, tmp_path: Path
) -> None:
    profile = shared / "fhir" / "us-core-6.1.0" / "StructureDefinition-us-core-condition-encounter-diagnosis.json"
    conditions = [*coded.held_first["Condition"], *proposed(crowded_answer, "Condition")]
    claimed = json.loads(profile.read_text(encoding="utf-8"))
    assert {tuple(one["meta"]["profile"]) for one in conditions} == {(f"{claimed['url']}|{claimed['version']}",)}
    assert validation_errors(peers, written(conditions, tmp_path), profile) == []
    spoiled = {key: value for key, value in conditions[0].items() if key != "category"}
    assert validation_errors(peers, written([spoiled], tmp_path), profile) != []


# ------------------------------------------------------------------------------------- what no validator of resources knows


def test_conditions_say_what_a_machine_may_say(coded: CodedTwice, codebook: Codebook) -> None:
    for condition in coded.held_first["Condition"]:
        (coding,) = condition["code"]["coding"]
        assert codebook.is_billable(coding["code"])
        assert (coding["system"], coding["version"], coding["display"]) == (SYSTEM, "2026-04-01", codebook.title(coding["code"]))
        assert [one["code"] for one in condition["category"][0]["coding"]] == ["encounter-diagnosis"]
        assert condition["verificationStatus"]["coding"][0]["code"] == "unconfirmed"
        assert [one["code"] for one in condition["meta"]["security"]] == ["AIAST"]
        assert [one["code"] for one in condition["meta"]["tag"]] == ["needs-review"]
        assert condition["encounter"]["reference"].startswith("Encounter/")
        assert condition["evidence"][0]["detail"][0]["reference"].startswith("DocumentReference/")


def test_claims_can_be_billed_as_they_stand(coded: CodedTwice, crowded_answer: Resource) -> None:
    for answer in (*coded.first, crowded_answer):
        (claim,) = proposed(answer, "Claim")
        assert list(claim_faults(claim)) == []
        assert [one["diagnosisCodeableConcept"]["coding"][0]["code"] for one in claim.get("diagnosis", ())] == codes(answer)[:12]
        assert claim["patient"]["reference"].startswith("Patient/")
    assert all(one["provider"]["reference"].startswith("Practitioner/") for one in coded.held_first["Claim"])
    assert all(one["insurance"][0]["coverage"]["reference"].startswith("Coverage/") for one in coded.held_first["Claim"])


def test_nothing_is_billed_that_the_ehr_did_not_code_in_cpt_or_hcpcs(coded: CodedTwice, export: list[Resource]) -> None:
    assert any(one["resourceType"] == "Procedure" for one in export)
    assert [one.get("item", []) for one in coded.held_first["Claim"]] == [[]] * CHOSEN


def test_a_crowded_visit_keeps_all_conditions_and_claims_twelve(crowded_answer: Resource) -> None:
    (claim,) = proposed(crowded_answer, "Claim")
    assert len(codes(crowded_answer)) > 12
    assert len(claim["diagnosis"]) == 12
    assert "FCE-504" in {
        coding["code"]
        for issue in named(crowded_answer, "issues")[0]["resource"]["issue"]
        for coding in issue.get("details", {}).get("coding", ())
    }


def test_a_billed_service_points_to_at_most_four_of_its_reasons(crowded_answer: Resource) -> None:
    (claim,) = proposed(crowded_answer, "Claim")
    (item,) = claim["item"]
    diagnoses = {one["sequence"]: one["diagnosisCodeableConcept"]["coding"][0]["code"] for one in claim["diagnosis"]}
    assert item["productOrService"]["coding"] == [{"system": CPT, "code": "99214"}]
    assert len(item["diagnosisSequence"]) == 4
    assert {diagnoses[one] for one in item["diagnosisSequence"]} <= set(BILLED_REASONS)


def test_every_reference_of_a_proposal_leads_somewhere(coded: CodedTwice, crowded_answer: Resource, ehrs: Ehrs) -> None:
    assert [one for answer in coded.first for one in unresolved(answer, ehrs.plain.holds)] == []
    assert unresolved(crowded_answer, ehrs.paging.holds) == []


def test_every_stored_reference_leads_to_a_stored_resource(coded: CodedTwice, ehrs: Ehrs) -> None:
    text = json.dumps(coded.held_first)
    assert "urn:uuid:" not in text
    assert "proposed, not written" not in text


def test_evidence_quotes_the_canonical_text(coded: CodedTwice, crowded_answer: Resource) -> None:
    answers = [*coded.first, crowded_answer]
    assert [one for answer in answers for one in misquoted(answer)] == []
    assert all(evidence_of_assignments(answer) == evidence_of_provenances(answer) for answer in answers)
    assert any(evidence_of_assignments(answer) for answer in answers)
