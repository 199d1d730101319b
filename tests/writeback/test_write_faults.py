"""Faults in the middle of a write: nothing is lost, nothing is doubled, and running again completes."""

from __future__ import annotations

import pytest

from fhir_coder.writeback.bundle import build_bundle
from fhir_coder.writeback.delivery import deliver
from tests.simulated_ehr import Fault, Habits, Resource, SimulatedEhr, full_statement
from tests.writeback.practice import Practice, proposal_of, verification

WRITTEN = ("Condition", "Claim", "Task", "Provenance")
WAYS = {
    "one by one": full_statement(),
    "conditional": full_statement(conditional=True),
    "transaction": full_statement(transaction=True),
}
DEAD = 10**6


def counts(ehr: SimulatedEhr) -> list[int]:
    return [len(ehr.held(kind)) for kind in WRITTEN]


def everywhere(way: str, resource_type: str) -> str:
    """The request that writes a resource of the type."""
    return "POST " if way == "transaction" else f"POST {resource_type}"


FAULTS = {
    "500, nothing done": {"status": 500},
    "500, but done": {"status": 500, "acts": True},
    "500 for good": {"status": 500, "times": DEAD},
    "502, but done": {"status": 502, "acts": True},
    "504, nothing done": {"status": 504},
    "no answer, nothing done": {"status": 0},
    "no answer, but done": {"status": 0, "acts": True},
    "connection lost": {"status": -1},
    "connection lost, but done": {"status": -1, "acts": True},
    "throttled once": {"status": 429, "headers": {"Retry-After": "2"}},
    "throttled for good": {"status": 429, "times": DEAD, "headers": {"Retry-After": "2"}},
    "unavailable for an hour": {"status": 503, "headers": {"Retry-After": "3600"}},
    "an answer that is no FHIR": {"status": 201, "acts": True, "body": b"<html>welcome</html>", "headers": {"Content-Type": "text/html"}},
    "an answer cut off": {"status": 201, "acts": True, "body": b'{"resourceType": "Condi'},
}


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("kind", WRITTEN)
@pytest.mark.parametrize("fault", list(FAULTS))
@pytest.mark.parametrize("remembers", [True, False])
def test_whatever_fails_running_again_completes_and_doubles_nothing(way: str, kind: str, fault: str, remembers: bool) -> None:
    after = 1 if kind in {"Condition", "Provenance"} and way != "transaction" else 0
    ehr = SimulatedEhr(WAYS[way], faults=[Fault(everywhere(way, kind), after=after, **FAULTS[fault])])
    practice = Practice(ehr, remembers)
    first = practice.code("I10", "E11.9", "J44.9")
    assert len(first.statuses) == 8
    ehr.faults.clear()
    again = practice.code("I10", "E11.9", "J44.9")
    assert counts(ehr) == [3, 1, 1, 3]
    assert {one[-3:] for one in again.statuses} <= {"200", "201"}
    assert ehr.held("Task")[0]["focus"]["reference"] == f"Claim/{ehr.held('Claim')[0]['id']}"
    assert {one["target"][0]["reference"] for one in ehr.held("Provenance")} == {f"Condition/{one['id']}" for one in ehr.held("Condition")}


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("after", range(12))
def test_an_ehr_that_dies_at_any_moment(way: str, after: int) -> None:
    ehr = SimulatedEhr(WAYS[way], faults=[Fault("", after=after, times=-1)])
    practice = Practice(ehr)
    first = practice.code("I10", "E11.9", "J44.9")
    assert len(first.statuses) == 8
    calls = len(ehr.calls)
    assert calls <= after + 6, "an EHR that is silent is not asked again and again"
    ehr.faults.clear()
    practice.client = ehr.client()
    practice.code("I10", "E11.9", "J44.9")
    assert counts(ehr) == [3, 1, 1, 3]


def test_between_the_second_and_the_third_condition() -> None:
    ehr = SimulatedEhr(full_statement(), faults=[Fault("POST Condition", after=2, times=-1), Fault("GET Condition", after=6, times=-1)])
    first = Practice(ehr).code("I10", "E11.9", "J44.9")
    assert first.statuses == [
        *("Condition 201", "Condition 201", "Condition 504", "Claim 503", "Task 503", "Provenance 503", "Provenance 503", "Provenance 503")
    ]
    assert first.issues("Condition", 2)[0]["code"] == "timeout"
    assert "not known whether it was written" in first.issues("Condition", 2)[0]["diagnostics"]


@pytest.mark.parametrize(("acts", "status"), [(True, "201"), (False, "504")])
def test_after_no_answer_the_resource_is_looked_for_and_not_sent_again(acts: bool, status: str) -> None:
    ehr = SimulatedEhr(full_statement(), faults=[Fault("POST Claim", acts=acts)])
    coding = Practice(ehr).code("I10")
    assert coding.response("Claim")["status"][:3] == status
    assert ehr.calls.count("POST Claim") == 1


@pytest.mark.parametrize("acts", [True, False])
def test_after_a_500_it_is_looked_for_and_sent_once_more_if_it_is_not_there(acts: bool) -> None:
    ehr = SimulatedEhr(full_statement(), faults=[Fault("POST Claim", status=500, acts=acts)])
    coding = Practice(ehr).code("I10")
    assert coding.statuses == ["Condition 201", "Claim 201", "Task 201", "Provenance 201"]
    assert ehr.calls.count("POST Claim") == (1 if acts else 2)
    assert counts(ehr) == [1, 1, 1, 1]


def test_an_unanswered_create_of_what_cannot_be_searched_is_not_repeated() -> None:
    ehr = SimulatedEhr(full_statement(without={"Provenance": ("search-type",)}), faults=[Fault("POST Provenance", status=500)])
    coding = Practice(ehr).code("I10")
    assert coding.response("Provenance")["status"] == "504 No answer"
    assert ehr.calls.count("POST Provenance") == 1


def test_a_transaction_that_is_refused_as_a_whole_names_the_culprit() -> None:
    ehr = SimulatedEhr(full_statement(transaction=True))
    ehr.refuse["Task"] = 403
    coding = Practice(ehr).code("I10", "E11.9")
    assert [one for one in coding.statuses if not one.endswith("201")] == ["Task 403"]
    assert counts(ehr) == [2, 1, 0, 2]


@pytest.mark.parametrize("status", [404, 405, 501])
def test_an_ehr_that_advertises_transactions_and_takes_none(status: int) -> None:
    ehr = SimulatedEhr(full_statement(transaction=True))
    refusing = Fault("POST ", status=status, times=1)
    ehr.faults = [refusing]
    assert {one[-3:] for one in Practice(ehr).code("I10", "E11.9").statuses} == {"201"}
    assert counts(ehr) == [2, 1, 1, 2]


def test_a_throttled_write_waits_as_long_as_it_is_asked_to() -> None:
    ehr = SimulatedEhr(full_statement(), faults=[Fault("POST Condition", status=429, headers={"Retry-After": "7"})])
    assert Practice(ehr).code("I10").statuses[0] == "Condition 201"
    assert ehr.waits == [7.0]


def test_an_ehr_that_throttles_for_good_is_not_pressed_on() -> None:
    ehr = SimulatedEhr(full_statement(), faults=[Fault("POST", status=429, after=1, times=-1)])
    coding = Practice(ehr).code("I10", "E11.9", "J44.9")
    assert coding.statuses[:4] == ["Condition 201", "Condition 429", "Condition 503", "Claim 503"]
    assert ehr.calls.count("POST Condition") == 4


def test_metadata_that_cannot_be_read_is_a_receipt_and_no_crash() -> None:
    ehr = SimulatedEhr(full_statement(), faults=[Fault("GET metadata", status=500, times=-1)])
    coding = Practice(ehr).code("I10")
    assert coding.statuses == ["Condition 500", "Claim 500", "Task 500", "Provenance 500"]
    assert ehr.writes == []


@pytest.mark.parametrize("status", [403, 500])
def test_a_search_that_fails_creates_nothing_blindly(status: int) -> None:
    ehr = SimulatedEhr(full_statement(), faults=[Fault("GET Claim", status=status, times=-1)])
    coding = Practice(ehr).code("I10")
    assert coding.statuses == ["Condition 201", f"Claim {status}", "Task 201", "Provenance 201"]
    assert ehr.held("Claim") == []


@pytest.mark.parametrize("status", [0, 500])
@pytest.mark.parametrize("drops_tags", [False, True])
@pytest.mark.parametrize("acts", [True, False])
@pytest.mark.parametrize("way", list(WAYS))
def test_a_retirement_without_an_answer_is_completed(way: str, acts: bool, drops_tags: bool, status: int) -> None:
    ehr = SimulatedEhr(WAYS[way], Habits(drops_tags=drops_tags))
    practice = Practice(ehr)
    practice.code("I10", "E11.9")
    ehr.faults = [Fault("POST " if way == "transaction" else "PUT Condition", status=status, acts=acts)]
    coding = practice.code("I10")
    # A client repeats an update that was not answered; where nothing on the resource shows that the first one was ours, it is left.
    is_told_apart = not (drops_tags and acts and status == 0 and way != "transaction")
    assert coding.beyond[0]["status"] == ("200 Retired" if is_told_apart else "200 OK")
    ehr.faults.clear()
    practice.code("I10")
    assert [verification(one) for one in ehr.held("Condition")] == ["unconfirmed", "entered-in-error"]
    assert [len(ehr.versions(f"Condition/{one['id']}")) for one in ehr.held("Condition")] == [1, 2]


def test_two_deliveries_that_do_not_see_each_other_write_once_where_creates_are_conditional() -> None:
    ehr = SimulatedEhr(full_statement(conditional=True), Habits(is_blind_to_new=True))
    bundle: Resource = build_bundle(proposal_of(("I10", "E11.9")))
    for _ in range(2):
        deliver(bundle, ehr.client())
    assert counts(ehr) == [2, 1, 1, 2]
