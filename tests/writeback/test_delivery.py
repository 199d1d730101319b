"""Delivery against EHRs in memory: written once, degraded openly, refused visibly, whatever the EHR offers."""

from __future__ import annotations

from copy import deepcopy

import pytest

from fhir_coder.model import Outcome
from fhir_coder.writeback.bundle import build_bundle
from fhir_coder.writeback.delivery import deliver
from tests.simulated_ehr import Habits, SimulatedEhr, full_statement
from tests.writeback.practice import Practice, code_of, proposal_of

OFFERS = {
    "plain": full_statement(),
    "conditional": full_statement(conditional=True),
    "transaction": full_statement(transaction=True),
    "both": full_statement(transaction=True, conditional=True),
}
EVERYTHING = ["Condition 201", "Condition 201", "Claim 201", "Task 201", "Provenance 201", "Provenance 201"]


@pytest.fixture(params=list(OFFERS))
def ehr(request: pytest.FixtureRequest) -> SimulatedEhr:
    """One EHR for each way of writing."""
    return SimulatedEhr(OFFERS[request.param])


@pytest.mark.parametrize("remembers", [True, False])
@pytest.mark.parametrize("ignores_parameters", [False, True])
def test_delivering_twice_writes_once(ehr: SimulatedEhr, remembers: bool, ignores_parameters: bool) -> None:
    ehr.habits = Habits(ignores_parameters=ignores_parameters)
    practice = Practice(ehr, remembers)
    assert practice.code("I10", "E11.9").statuses == EVERYTHING
    written = list(ehr.writes)
    assert practice.code("I10", "E11.9").statuses == [one.replace("201", "200") for one in EVERYTHING]
    assert ehr.writes == written


def test_references_become_addresses(ehr: SimulatedEhr) -> None:
    Practice(ehr).code("I10", "E11.9")
    conditions = [f"Condition/{one['id']}" for one in ehr.held("Condition")]
    (task,) = ehr.held("Task")
    assert [one["valueReference"]["reference"] for one in task["input"]] == conditions
    assert task["focus"]["reference"] == f"Claim/{ehr.held('Claim')[0]['id']}"
    assert [one["target"][0]["reference"] for one in ehr.held("Provenance")] == conditions
    assert "urn:uuid" not in str([ehr.held(kind) for kind in ("Condition", "Claim", "Task", "Provenance")])


def test_a_transaction_is_one_request_without_conditions() -> None:
    ehr = SimulatedEhr(OFFERS["both"])
    Practice(ehr).code("I10", "E11.9")
    assert ehr.writes == ["POST "]


def test_a_crowded_encounter_takes_several_transactions_and_every_reference_is_kept() -> None:
    ehr = SimulatedEhr(OFFERS["transaction"])
    codes = tuple(f"A{number}.9" for number in range(10, 40))
    statuses = Practice(ehr).code(*codes).statuses
    assert {one[-3:] for one in statuses} == {"201"}
    assert ehr.writes == ["POST ", "POST "]
    held = {f"Condition/{one['id']}" for one in ehr.held("Condition")}
    assert {one["target"][0]["reference"] for one in ehr.held("Provenance")} == held
    assert len(held) == 30


@pytest.mark.parametrize("transaction", [False, True])
def test_a_refusal_is_named_and_the_rest_is_written(transaction: bool) -> None:
    ehr = SimulatedEhr(full_statement(transaction=transaction))
    ehr.refuse["Claim"] = 422
    coding = Practice(ehr).code("I10")
    assert coding.statuses == ["Condition 201", "Claim 422", "Task 201", "Provenance 201"]
    assert coding.issues("Claim")[0]["diagnostics"] == "Claim is refused by order"
    assert ehr.held("Task")[0]["focus"] == {"reference": "Encounter/e1"}


@pytest.mark.parametrize("transaction", [False, True])
def test_without_its_condition_there_is_no_provenance_and_the_task_names_the_code(transaction: bool) -> None:
    ehr = SimulatedEhr(full_statement(transaction=transaction))
    ehr.refuse["Condition"] = 422
    coding = Practice(ehr).code("I10")
    assert coding.statuses == ["Condition 422", "Claim 201", "Task 201", "Provenance 424"]
    (one,) = ehr.held("Task")[0]["input"]
    assert one["valueCodeableConcept"]["coding"][0]["code"] == "I10"
    assert "display" not in ehr.held("Task")[0]["focus"]


@pytest.mark.parametrize("transaction", [False, True])
def test_what_was_refused_before_is_written_when_it_is_taken_and_the_task_follows(transaction: bool) -> None:
    ehr = SimulatedEhr(full_statement(transaction=transaction))
    practice = Practice(ehr)
    ehr.refuse |= {"Claim": 422, "Condition": 422}
    practice.code("I10")
    ehr.refuse.clear()
    assert practice.code("I10").statuses == ["Condition 201", "Claim 201", "Task 200", "Provenance 201"]
    (task,) = ehr.held("Task")
    assert task["focus"]["reference"].startswith("Claim/")
    assert task["input"][0]["valueReference"]["reference"] == f"Condition/{ehr.held('Condition')[0]['id']}"
    assert practice.code("I10").response("Task")["status"] == "200 OK"


def test_what_is_not_offered_is_said_and_the_rest_is_written() -> None:
    ehr = SimulatedEhr(full_statement(types=("Condition", "Provenance")))
    coding = Practice(ehr).code("I10")
    assert coding.statuses == ["Condition 201", "Claim 501", "Task 501", "Provenance 201"]
    assert coding.issues("Claim")[0]["code"] == "not-supported"


def test_the_proposal_itself_is_left_as_it_was() -> None:
    bundle = build_bundle(proposal_of(("I10",)))
    before = deepcopy(bundle)
    deliver(bundle, SimulatedEhr(OFFERS["both"]).client())
    assert before == bundle


def test_two_writers_at_the_same_moment_write_once_and_only_one_says_created() -> None:
    ehr = SimulatedEhr(OFFERS["conditional"], Habits(is_blind_to_new=True))
    assert Practice(ehr).code("I10").statuses == ["Condition 201", "Claim 201", "Task 201", "Provenance 201"]
    assert Practice(ehr, remembers=False).code("I10").statuses == ["Condition 200", "Claim 200", "Task 200", "Provenance 200"]
    assert [len(ehr.held(kind)) for kind in ("Condition", "Claim", "Task", "Provenance")] == [1, 1, 1, 1]


def test_a_type_that_cannot_be_searched_is_found_by_earlier_receipts() -> None:
    unsearchable = dict.fromkeys(("Condition", "Claim", "Task", "Provenance"), ("search-type",))
    ehr = SimulatedEhr(full_statement(without=unsearchable))
    practice = Practice(ehr)
    practice.code("I10")
    assert practice.code("I10").statuses == ["Condition 200", "Claim 200", "Task 200", "Provenance 200"]
    assert not [one for one in ehr.calls if one in {"GET Condition", "GET Claim", "GET Task", "GET Provenance"}]


def test_an_ehr_that_does_not_search_by_identifier_is_asked_by_patient() -> None:
    statement = full_statement()
    for one in statement["rest"][0]["resource"]:
        one["searchParam"] = [param for param in one["searchParam"] if param["name"] != "identifier"]
    ehr = SimulatedEhr(statement, Habits(refuses_unlisted_parameters=True))
    Practice(ehr).code("I10")
    again = Practice(ehr, remembers=False).code("I10").statuses
    assert again == ["Condition 200", "Claim 200", "Task 200", "Provenance 200"]


def test_an_ehr_that_answers_with_an_address_only() -> None:
    ehr = SimulatedEhr(OFFERS["plain"], Habits(answers_minimally=True))
    assert Practice(ehr).code("I10").statuses == ["Condition 201", "Claim 201", "Task 201", "Provenance 201"]


def test_an_encounter_that_passes_is_written_without_a_task() -> None:
    ehr = SimulatedEhr(full_statement(without={"Condition": ("update",)}))
    coding = Practice(ehr).code("I10", outcome=Outcome.PASS)
    assert coding.statuses == ["Condition 201", "Claim 201", "Provenance 201"]
    assert code_of(ehr.held("Condition")[0]) == "I10"
