"""A process that is killed between the EHR and the store: what it wrote is found, stays ours, and is not written twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from fhir_coder.worklist.decision import Act, Decision
from fhir_coder.worklist.following import FollowUp, Kind, Progress
from fhir_coder.writeback.names import name_of
from tests.signing.conftest import Practice, open_practice, statement
from tests.signing.test_questions import kill_before_the_answer_is_kept
from tests.signing.test_signing import NOTHING_AGAINST, REJECT_DIABETES, REOPEN, REPLACE_DIABETES, SIGN
from tests.simulated_ehr import ALL, Fault, Habits, SimulatedEhr

REJECT_BOTH = (REJECT_DIABETES, Decision(Act.REJECT, "I10", reason="not-documented"))
TYPES = ("Condition", "Claim", "Task", "Provenance")


def at_the_ehr(practice: Practice) -> FollowUp:
    return [one for one in practice.follow() if one.duty.kind is Kind.EHR][-1]


def is_each_there_once(practice: Practice) -> bool:
    names = [name_of(one) for kind in TYPES for one in practice.ehr.held(kind)]
    return len(names) == len(set(names))


@pytest.mark.parametrize("way", ["one by one", "transaction"])
@pytest.mark.parametrize("habits", [Habits(), Habits(drops_tags=True)], ids=["", "drops tags"])
def test_the_next_signature_may_still_change_what_the_one_that_was_cut_short_wrote(tmp_path: Path, way: str, habits: Habits) -> None:
    practice = open_practice(tmp_path, SimulatedEhr(statement(transaction=way == "transaction"), habits), claim_on_sign_off="active")
    practice.assertions = NOTHING_AGAINST
    practice.decide(SIGN)
    kill_before_the_answer_is_kept(practice)
    assert practice.conditions() == {"I10": "confirmed", "E11.9": "confirmed"}
    assert at_the_ehr(practice).progress is Progress.DONE
    practice.decide(REOPEN, REPLACE_DIABETES, SIGN)
    told = at_the_ehr(practice)
    assert (told.progress, told.detail) == (Progress.DONE, "")
    assert practice.conditions() == {"I10": "confirmed", "E11.9": "entered-in-error", "E11.22": "confirmed"}
    codes = [one["diagnosisCodeableConcept"]["coding"][0]["code"] for one in practice.one("Claim")["diagnosis"]]
    assert codes == ["I10", "E11.22"] and practice.one("Claim")["status"] == "active"
    assert habits.drops_tags or is_each_there_once(practice)
    practice.stores.close()


def test_what_somebody_changed_after_the_cut_is_theirs(tmp_path: Path) -> None:
    practice = open_practice(tmp_path, SimulatedEhr(statement()))
    practice.decide(SIGN)
    kill_before_the_answer_is_kept(practice)
    [theirs] = [one for one in practice.ehr.held("Condition") if one["code"]["coding"][0]["code"] == "E11.9"]
    practice.ehr.change(f"Condition/{theirs['id']}", note=[{"text": "Seen."}])
    practice.follow()
    practice.decide(REOPEN, REJECT_DIABETES, SIGN)
    assert "1 left as somebody there has them" in at_the_ehr(practice).detail and practice.conditions()["E11.9"] == "confirmed"
    practice.stores.close()


def test_what_was_not_written_before_the_cut_and_somebody_confirmed_is_theirs(tmp_path: Path) -> None:
    """Killed before anything was sent; a provider confirms the diagnosis and signs that with a verifier."""
    practice = open_practice(tmp_path, SimulatedEhr(statement()))
    practice.decide(SIGN)
    practice.ehr.faults = [Fault("PUT", status=503, times=-1)]
    kill_before_the_answer_is_kept(practice)
    practice.ehr.faults = []
    [theirs] = [one for one in practice.ehr.held("Condition") if one["code"]["coding"][0]["code"] == "E11.9"]
    practice.ehr.change(
        f"Condition/{theirs['id']}", asserter={"reference": "Practitioner/d1"}, verificationStatus={"coding": [{"code": "confirmed"}]}
    )
    practice.follow()
    practice.decide(REOPEN, REJECT_DIABETES, SIGN)
    practice.follow()
    assert practice.conditions()["E11.9"] == "confirmed"
    practice.stores.close()


@pytest.mark.parametrize("habits", [Habits(), Habits(drops_tags=True)], ids=["", "drops tags"])
def test_a_claim_that_was_voided_by_the_one_that_was_cut_short_stands_again(tmp_path: Path, habits: Habits) -> None:
    practice = open_practice(tmp_path, SimulatedEhr(statement(), habits))
    practice.decide(*REJECT_BOTH, SIGN)
    kill_before_the_answer_is_kept(practice)
    assert practice.one("Claim")["status"] == "cancelled"
    assert at_the_ehr(practice).progress is Progress.DONE
    practice.decide(REOPEN, Decision(Act.RESTORE, "I10"), SIGN)
    told = at_the_ehr(practice)
    assert (told.progress, told.detail) == (Progress.DONE, "")
    assert practice.one("Claim")["status"] == "draft" and practice.conditions()["I10"] == "confirmed"
    practice.stores.close()


def test_an_update_without_an_answer_that_was_done_stays_ours(tmp_path: Path) -> None:
    practice = open_practice(tmp_path, SimulatedEhr(statement()))
    practice.decide(SIGN)
    practice.ehr.faults = [Fault("PUT Claim", status=0, acts=True, times=-1), Fault("PUT Condition", status=0, acts=True, times=-1)]
    assert at_the_ehr(practice).progress is Progress.FAILED
    practice.ehr.faults = []
    assert at_the_ehr(practice).progress is Progress.DONE
    practice.decide(REOPEN, Decision(Act.REJECT, "I10", reason="not-documented"), SIGN)  # the one that was being written then
    assert at_the_ehr(practice).detail == "" and practice.conditions()["I10"] == "entered-in-error"
    practice.stores.close()


def unsearchable(folder: Path, **offers: bool) -> Practice:
    """An EHR that takes diagnoses and claims, and lets neither be searched; nothing is written before review."""
    closed = tuple(one for one in ALL if one != "create")
    without = dict.fromkeys(TYPES, closed)
    return open_practice(folder, SimulatedEhr(statement(without=without, **offers)))


@pytest.mark.parametrize("transaction", [False, True])
def test_where_creates_are_conditional_nothing_is_doubled_after_a_cut(tmp_path: Path, transaction: bool) -> None:
    practice = unsearchable(tmp_path, conditional=True, transaction=transaction)
    practice.decide(SIGN)
    kill_before_the_answer_is_kept(practice)
    assert (
        at_the_ehr(practice).progress is Progress.DONE and len(practice.ehr.held("Condition")) == 2 and len(practice.ehr.held("Claim")) == 1
    )
    practice.stores.close()


@pytest.mark.parametrize("is_there", [True, False])
def test_where_nothing_can_tell_a_person_says_before_it_is_written_again(tmp_path: Path, is_there: bool) -> None:
    practice = unsearchable(tmp_path)
    practice.decide(SIGN)
    practice.ehr.faults = [Fault("POST", status=0, acts=is_there, times=-1)]
    kill_before_the_answer_is_kept(practice)
    practice.ehr.faults = []
    before = {kind: len(practice.ehr.held(kind)) for kind in TYPES}
    found = at_the_ehr(practice)
    assert found.progress is Progress.UNSURE and "may have arrived, and the EHR cannot be searched: 2 Condition" in found.detail
    assert practice.following.resolve(practice.coding, found.key, is_there)
    assert at_the_ehr(practice).progress is Progress.DONE
    after = {kind: len(practice.ehr.held(kind)) for kind in TYPES}
    assert (after["Condition"], after["Claim"]) == ((before["Condition"], before["Claim"]) if is_there else (2, 1))
    practice.stores.close()
