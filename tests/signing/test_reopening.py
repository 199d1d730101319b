"""A reopened review leaves no active Claim at the EHR: what may be picked up for billing is not what somebody is changing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fhir_coder.worklist.decision import Act, Decision
from fhir_coder.worklist.following import FollowUp, Kind, Progress
from tests.signing.conftest import Practice, open_practice, statement
from tests.signing.test_questions import Killed, kill_before_the_answer_is_kept
from tests.signing.test_signing import REJECT_DIABETES, REOPEN, SIGN
from tests.simulated_ehr import Fault, Habits, SimulatedEhr


@pytest.fixture
def billing(tmp_path: Path) -> Iterator[Practice]:
    """Signed once, with an active Claim."""
    made = signed(open_practice(tmp_path, SimulatedEhr(statement()), claim_on_sign_off="active"))
    yield made
    made.stores.close()


def signed(practice: Practice) -> Practice:
    practice.decide(SIGN)
    practice.follow()
    assert practice.one("Claim")["status"] == "active"
    return practice


def at_the_ehr(practice: Practice) -> FollowUp:
    return [one for one in practice.follow() if one.duty.kind is Kind.EHR][-1]


def test_reopening_sets_the_active_claim_back_and_the_next_signature_activates_it(billing: Practice) -> None:
    claim = billing.one("Claim")
    billing.decide(REOPEN)
    told = at_the_ehr(billing)
    assert (told.progress, told.detail) == (Progress.DONE, "the Claim is a draft again until the next sign-off")
    reopened = billing.one("Claim")
    assert reopened == claim | {"status": "draft", "meta": reopened["meta"]}
    assert billing.conditions() == {"I10": "confirmed", "E11.9": "confirmed"}, "what a provider asserted is not taken back"
    billing.decide(REJECT_DIABETES, SIGN)
    assert at_the_ehr(billing).progress is Progress.DONE
    again = billing.one("Claim")
    assert again["status"] == "active" and len(again["diagnosis"]) == 1 and again["id"] == claim["id"]


def test_reopened_and_signed_without_codes_it_is_cancelled_and_stands_again_later(billing: Practice) -> None:
    billing.decide(REOPEN)
    billing.follow()
    billing.decide(REJECT_DIABETES, Decision(Act.REJECT, "I10", reason="not-documented"), SIGN)
    billing.follow()
    assert billing.one("Claim")["status"] == "cancelled"
    billing.decide(REOPEN)
    assert at_the_ehr(billing).progress is Progress.DONE and billing.one("Claim")["status"] == "cancelled"
    billing.decide(Decision(Act.RESTORE, "I10"), SIGN)
    billing.follow()
    assert billing.one("Claim")["status"] == "active"


def test_a_claim_that_somebody_changed_since_is_not_overwritten_and_that_is_told(billing: Practice) -> None:
    billing.ehr.change(f"Claim/{billing.one('Claim')['id']}", enterer={"reference": "Practitioner/biller"})
    writes = list(billing.ehr.writes)
    billing.decide(REOPEN)
    told = at_the_ehr(billing)
    assert told.progress is Progress.DONE and "the Claim was not set back: somebody changed it since" in told.detail
    assert billing.one("Claim")["status"] == "active" and billing.ehr.writes == writes


def test_changed_in_the_moment_of_the_reopening_it_is_left(billing: Practice) -> None:
    begin, address = billing.stores.deliveries.begin, f"Claim/{billing.one('Claim')['id']}"

    def meanwhile(*arguments: object) -> int:
        billing.ehr.change(address, enterer={"reference": "Practitioner/biller"})
        return begin(*arguments)  # type: ignore[arg-type]

    billing.stores.deliveries.begin = meanwhile  # type: ignore[method-assign,assignment]
    billing.decide(REOPEN)
    assert "was not set back" in at_the_ehr(billing).detail and billing.one("Claim")["status"] == "active"


@pytest.mark.parametrize(
    "fault", [Fault("PUT Claim", status=503, times=-1), Fault("GET Claim", status=0, times=-1), Fault("", status=-1, times=-1)]
)
def test_an_ehr_that_fails_is_told_and_tried_again(billing: Practice, fault: Fault) -> None:
    billing.decide(REOPEN)
    billing.ehr.faults = [fault]
    assert at_the_ehr(billing).progress is Progress.FAILED and billing.one("Claim")["status"] == "active"
    billing.ehr.faults = []
    assert at_the_ehr(billing).progress is Progress.DONE and billing.one("Claim")["status"] == "draft"


def test_a_refusal_is_left_to_a_person(billing: Practice) -> None:
    billing.ehr.refuse = {"Claim": 422}
    billing.decide(REOPEN)
    told = at_the_ehr(billing)
    assert told.progress is Progress.UNDELIVERED and told.detail == "not written: Claim (HTTP 422). The Claim may still be active"


def test_an_ehr_that_takes_no_update_is_for_a_person_to_tell(tmp_path: Path) -> None:
    ehr = SimulatedEhr(statement(without={"Claim": ("update",)}))
    practice = signed(open_practice(tmp_path, ehr, claim_on_sign_off="active"))
    practice.decide(REOPEN)
    told = at_the_ehr(practice)
    assert told.progress is Progress.UNDELIVERED and "it is still active, tell whoever bills from it" in told.detail
    practice.stores.close()


def test_what_the_scopes_forbid_is_done_with_other_access(billing: Practice) -> None:
    limited = billing.access
    billing.access = lambda coding: replace(limited(coding), withheld=frozenset({("Claim", "update")}))  # type: ignore[method-assign]
    billing.decide(REOPEN)
    told = at_the_ehr(billing)
    assert told.progress is Progress.FAILED and told.detail.startswith("not allowed by the scopes of your sign-in: Claim")
    billing.access = limited  # type: ignore[method-assign]
    assert at_the_ehr(billing).progress is Progress.DONE and billing.one("Claim")["status"] == "draft"


def test_signed_again_before_the_ehr_was_told_nothing_is_set_back(billing: Practice) -> None:
    billing.decide(REOPEN, SIGN)
    billing.follow()
    found = [(one.sequence, one.progress) for one in billing.following.of("default", billing.coding_id) if one.duty.kind is Kind.EHR]
    assert found == [(1, Progress.DONE), (2, Progress.OVERTAKEN), (3, Progress.DONE)]
    assert billing.one("Claim")["status"] == "active" and len(billing.ehr.versions(f"Claim/{billing.one('Claim')['id']}")) == 2


def test_reopening_an_earlier_coding_leaves_the_claim_of_a_later_signature(billing: Practice) -> None:
    earlier = billing.code_again("I10")
    billing.decide(SIGN)
    billing.follow()
    assert billing.one("Claim")["status"] == "active"
    billing.coding_id = earlier
    billing.decide(REOPEN)
    assert at_the_ehr(billing).progress is Progress.OVERTAKEN and billing.one("Claim")["status"] == "active"


def test_a_draft_asks_nothing_of_the_ehr(practice: Practice) -> None:
    practice.decide(SIGN)
    practice.follow()
    practice.decide(REOPEN)
    practice.has_access, calls = False, len(practice.ehr.calls)
    told = at_the_ehr(practice)
    assert (told.progress, told.detail) == (Progress.DONE, "reopened: no active Claim of ours stands there") and len(
        practice.ehr.calls
    ) == calls


@pytest.mark.parametrize("habit", ["keeps tags", "drops tags"])
def test_killed_between_the_ehr_and_the_store_the_claim_stays_ours(tmp_path: Path, habit: str) -> None:
    ehr = SimulatedEhr(statement(), Habits(drops_tags=habit == "drops tags"))
    practice = signed(open_practice(tmp_path, ehr, claim_on_sign_off="active"))
    practice.decide(REOPEN)
    kill_before_the_answer_is_kept(practice)
    assert practice.one("Claim")["status"] == "draft"
    told = at_the_ehr(practice)
    assert (told.progress, told.detail) == (Progress.DONE, "the Claim is a draft again until the next sign-off")
    practice.decide(REJECT_DIABETES, SIGN)
    practice.follow()
    assert practice.one("Claim")["status"] == "active" and len(practice.one("Claim")["diagnosis"]) == 1
    practice.stores.close()


def test_reopened_after_a_signature_that_was_cut_short_its_active_claim_is_set_back(tmp_path: Path) -> None:
    practice = open_practice(tmp_path, SimulatedEhr(statement()), claim_on_sign_off="active")
    practice.decide(SIGN)
    with pytest.raises(Killed):
        practice.stores.deliveries.keep = kill  # type: ignore[method-assign,assignment]
        practice.follow()
    del practice.stores.deliveries.keep
    assert practice.one("Claim")["status"] == "active"
    practice.decide(REOPEN)
    assert at_the_ehr(practice).progress is Progress.DONE and practice.one("Claim")["status"] == "draft"
    practice.stores.close()


def kill(*_: object) -> None:
    raise Killed
