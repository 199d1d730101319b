"""What decisions bring about, on both databases: taken up by one at a time, tried again after pauses, overtaken, never lost."""

from __future__ import annotations

from fhir_coder.store.follow_ups import ABANDONED_S, ATTEMPTS, PAUSES_S, FollowUps, Outcome
from fhir_coder.worklist.decision import Act, Decision
from fhir_coder.worklist.following import Duty, FollowUp, Kind, Progress
from tests.store.test_reviews import ANNA, CLEAN, SIGN, Desk
from tests.store.test_reviews import desk as desk

EHR, BILLING = Duty(Kind.EHR, "main"), Duty(Kind.BILLING, "billing")
FAILED = Outcome(Progress.FAILED, "the EHR is down")


def store_of(desk: Desk) -> FollowUps:
    return FollowUps(desk.engine, lambda: desk.at, lambda: 0.0)


def decide(desk: Desk, coding: str, decision: Decision, *duties: Duty) -> None:
    found = desk.reviews.find("north", coding)
    assert found is not None
    desk.reviews.decide("north", coding, found.review.version, decision, ANNA, CLEAN, duties)


def taken(store: FollowUps, coding: str = "") -> FollowUp:
    found = store.claim("north", coding)
    assert found is not None
    return found


def test_each_duty_is_taken_up_by_one_and_settled_once(desk: Desk) -> None:
    store, coding = store_of(desk), desk.code()
    decide(desk, coding, SIGN, EHR, BILLING)
    first, second = taken(store), taken(store)
    assert {first.duty, second.duty} == {EHR, BILLING}
    assert store.claim("north") is None
    assert store.claim("south") is None
    store.settle("south", first, Outcome(Progress.DONE))  # another practice's word changes nothing
    store.settle("north", first, Outcome(Progress.DONE, reference="Claim/1"))
    assert [(one.progress, one.reference) for one in store.of("north", coding)] == [(Progress.DONE, "Claim/1"), (Progress.DOING, "")]
    assert store.of("south", coding) == ()


def test_a_failure_is_tried_again_after_pauses_until_a_person_must_see_to_it(desk: Desk) -> None:
    store, coding = store_of(desk), desk.code()
    decide(desk, coding, SIGN, EHR)
    for attempt in range(1, ATTEMPTS + 1):
        store.settle("north", taken(store), FAILED)
        assert store.claim("north") is None
        desk.wait(PAUSES_S[min(attempt, len(PAUSES_S)) - 1])
    (left,) = store.of("north", coding)
    assert (left.progress, left.attempts, left.detail) == (Progress.UNDELIVERED, ATTEMPTS, "the EHR is down")
    assert store.claim("north") is None
    assert store.claim("north", coding, is_asked=True) is not None


def test_what_a_lost_process_took_up_is_due_again_and_its_late_word_counts_for_nothing(desk: Desk) -> None:
    store, coding = store_of(desk), desk.code()
    decide(desk, coding, SIGN, EHR)
    lost = taken(store)
    desk.wait(ABANDONED_S + 1)
    again = taken(store)
    store.settle("north", lost, FAILED)
    assert [one.progress for one in store.of("north", coding)] == [Progress.DOING]
    store.settle("north", again, Outcome(Progress.DONE))
    assert [one.progress for one in store.of("north", coding)] == [Progress.DONE]


def test_a_later_signature_overtakes_what_is_still_due(desk: Desk) -> None:
    store, coding = store_of(desk), desk.code()
    decide(desk, coding, SIGN, EHR)
    decide(desk, coding, Decision(Act.REOPEN, reason="coding-error"))
    decide(desk, coding, SIGN, EHR)
    assert taken(store).sequence == 3
    assert [one.progress for one in store.of("north", coding)] == [Progress.OVERTAKEN, Progress.DOING]
