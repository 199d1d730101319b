"""What decisions bring about: kept with them, taken up by one, tried again, overtaken. On both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from fhir_coder.audit.fhir_event import Observer
from fhir_coder.errors import Conflict
from fhir_coder.store.audit import AuditLog
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.deletion import Deletion
from fhir_coder.store.engine import open_engine
from fhir_coder.store.follow_ups import ABANDONED_S, ATTEMPTS, PAUSES_S, FollowUps, Outcome
from fhir_coder.store.repository import Repository
from fhir_coder.store.reviews import Checked, Maker, Reviews
from fhir_coder.worklist.decision import Act, Decision, Someone
from fhir_coder.worklist.following import Duty, FollowUp, Kind, Progress
from tests.store.conftest import KEY, coding_result

ANNA = Maker(Someone("Practitioner/anna", "https://ehr.invalid", "Anna Abel"))
TO_EHR, TO_BILLING = Duty(Kind.EHR, "main"), Duty(Kind.BILLING, "billing")
SIGN, REOPEN = Decision(Act.SIGN_OFF), Decision(Act.REOPEN, reason="coding-error")
FAILED = Outcome(Progress.FAILED, "the EHR does not answer")


class Desk:
    """Reviews and what follows them, with a clock that stands still until it is moved."""

    def __init__(self, url: str) -> None:
        self.engine = open_engine(url)
        self.at = datetime(2026, 5, 2, 8, 30, tzinfo=UTC)
        cipher, log = Cipher(KEY), AuditLog(self.engine, Observer("coder.example"), self._now)
        self.repository = Repository(self.engine, cipher, self._now)
        self.reviews = Reviews(self.engine, cipher, log, self._now)
        self.deletion = Deletion(self.engine, log)
        self.store = FollowUps(self.engine, self._now, lambda: 0.0)
        self.coding = self.repository.save("north", "main", coding_result())

    def _now(self) -> datetime:
        return self.at

    def decide(self, decision: Decision, *duties: Duty) -> None:
        found = self.reviews.find("north", self.coding)
        assert found is not None
        self.reviews.decide("north", self.coding, found.review.version, decision, ANNA, Checked(), duties)

    def claim(self, **wanted: object) -> FollowUp:
        claimed = self.store.claim("north", **wanted)  # type: ignore[arg-type]
        assert claimed is not None
        return claimed

    def stands(self) -> list[tuple[Kind, Progress]]:
        return [(one.duty.kind, one.progress) for one in self.store.of("north", self.coding)]

    def wait(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    made = Desk(database_url)
    yield made
    made.engine.dispose()


def test_duties_are_kept_with_their_decision_or_not_at_all(desk: Desk) -> None:
    desk.decide(SIGN, TO_EHR, TO_BILLING)
    assert desk.stands() == [(Kind.EHR, Progress.DUE), (Kind.BILLING, Progress.DUE)]
    with pytest.raises(Conflict):
        desk.reviews.decide("north", desk.coding, 0, SIGN, ANNA, Checked(), [TO_EHR])
    assert len(desk.stands()) == 2


def test_each_is_taken_up_by_one_and_settled_once(desk: Desk) -> None:
    desk.decide(SIGN, TO_EHR)
    claimed = desk.claim()
    assert (claimed.duty, claimed.attempts, claimed.sequence) == (TO_EHR, 1, 1) and desk.store.claim("north") is None
    desk.store.settle("north", claimed, Outcome(Progress.DONE, "", "Task/1"))
    desk.store.settle("north", claimed, FAILED)
    [stands] = desk.store.of("north", desk.coding)
    assert (stands.progress, stands.reference) == (Progress.DONE, "Task/1") and desk.store.claim("north", is_asked=True) is None


def test_a_failure_waits_longer_each_time_and_ends_with_a_person(desk: Desk) -> None:
    desk.decide(SIGN, TO_EHR)
    for attempt in range(1, ATTEMPTS + 1):
        claimed = desk.claim()
        assert claimed.attempts == attempt
        desk.store.settle("north", claimed, FAILED)
        pause = PAUSES_S[min(attempt, len(PAUSES_S)) - 1]
        desk.wait(pause - 1)
        assert desk.store.claim("north") is None
        desk.wait(1)
    assert desk.stands() == [(Kind.EHR, Progress.UNDELIVERED)]
    assert desk.claim(is_asked=True).attempts == ATTEMPTS + 1


def test_a_person_need_not_wait(desk: Desk) -> None:
    desk.decide(SIGN, TO_EHR)
    desk.store.settle("north", desk.claim(), FAILED)
    assert desk.store.claim("north") is None and desk.claim(is_asked=True, coding_id=desk.coding).attempts == 2


def test_what_a_lost_process_had_taken_up_is_due_again_and_its_late_word_does_not_count(desk: Desk) -> None:
    desk.decide(SIGN, TO_EHR)
    lost = desk.claim()
    desk.wait(ABANDONED_S + 1)
    again = desk.claim()
    desk.store.settle("north", lost, Outcome(Progress.DONE))
    assert again.attempts == 2 and desk.stands() == [(Kind.EHR, Progress.DOING)]


def test_the_last_word_counts_and_each_question_is_one_of_its_own(desk: Desk) -> None:
    desk.decide(Decision(Act.ASK, text="Which type?"), Duty(Kind.QUERY, "main"))
    desk.decide(Decision(Act.ASK, text="Which stage?"), Duty(Kind.QUERY, "main"))
    desk.decide(Decision(Act.RELEASE))
    desk.decide(SIGN, TO_EHR)
    desk.decide(REOPEN)
    desk.decide(SIGN, TO_EHR)
    sequences = []
    last = 0
    while claimed := desk.store.claim("north", before=last):
        last = claimed.key
        sequences.append(claimed.sequence)
    assert sequences == [1, 2, 6]
    assert desk.stands()[2] == (Kind.EHR, Progress.OVERTAKEN)


def test_other_tenants_and_other_codings_are_not_touched(desk: Desk) -> None:
    desk.decide(SIGN, TO_EHR)
    assert desk.store.claim("south") is None and desk.store.claim("north", "0" * 32) is None
    assert desk.store.of("south", desk.coding) == () == desk.store.entries("south")
    assert len(desk.store.entries("north", (Progress.DUE,))) == 1 and desk.store.entries("north", (Progress.DONE,)) == ()


def test_signatures_are_counted_over_all_codings_of_the_encounter(desk: Desk) -> None:
    desk.decide(SIGN)
    desk.decide(REOPEN)
    desk.decide(SIGN)
    first = desk.coding
    desk.coding = desk.repository.save("north", "main", coding_result())
    desk.decide(SIGN)
    other = desk.repository.save("north", "main", coding_result("Encounter/e2"))
    assert [desk.reviews.signatures("north", first, one) for one in (1, 2, 3)] == [1, 1, 2]
    assert desk.reviews.signatures("north", desk.coding, 1) == 3
    assert desk.reviews.signatures("north", other, 1) == 0 == desk.reviews.signatures("south", first, 1)
