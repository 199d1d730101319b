"""What was coded is withdrawn at the EHR: its review is held, once for each change, and nothing leaves before a person has looked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from fhir_coder.discovery.watched import WatchState
from fhir_coder.model import Outcome
from fhir_coder.store.reviews import Checked, Maker, OpenedReview, Reviews
from fhir_coder.store.worklist import Filters, Worklist
from fhir_coder.worklist.decision import SOFTWARE, Act, Decision, Someone
from fhir_coder.worklist.reasons import SOURCE_WITHDRAWN
from fhir_coder.worklist.review import State
from tests.discovery.stage import EHR, TENANT, Stage

ANNA = Maker(Someone("Practitioner/anna", "https://ehr.invalid", "Anna Abel"))
SIGN = Decision(Act.SIGN_OFF)


def coded(stage: Stage) -> str:
    """A visit with a note, coded by a job that discovery took on and looked at again since; the coding's id."""
    stage.visit()
    stage.write_note()
    stage.clock.pass_by(minutes=16)
    stage.round()
    stage.code_next()
    later(stage)
    assert stage.standing() == {"unchanged": 1}
    return newest(stage)


def newest(stage: Stage) -> str:
    return stage.repository.recent(TENANT, 1)[0].id


def later(stage: Stage, minutes: int = 61) -> int:
    """Encounters whose reviews were held in a round after that time."""
    stage.clock.pass_by(minutes=minutes)
    report = stage.round()
    assert (report.problems, report.failed) == ([], 0)
    return report.withdrawn


def opened(stage: Stage, coding: str) -> OpenedReview:
    found = stage.reviews.find(TENANT, coding)
    assert found is not None
    return found


def decide(stage: Stage, coding: str, *decisions: Decision) -> None:
    for one in decisions:
        stage.reviews.decide(TENANT, coding, opened(stage, coding).review.version, one, ANNA, Checked())


def acts(stage: Stage, coding: str) -> list[tuple[Act, str]]:
    """What the software decided."""
    return [(one.decision.act, one.decision.reason) for one in opened(stage, coding).history if one.by.is_same(SOFTWARE)]


HELD = [(Act.HOLD, SOURCE_WITHDRAWN)]
REOPENED = [(Act.REOPEN, SOURCE_WITHDRAWN), *HELD]


def withdraw_note(stage: Stage) -> None:
    stage.write_note(status="entered-in-error")


def disown_text(stage: Stage) -> None:
    stage.write_note(docStatus="entered-in-error")


def file_elsewhere(stage: Stage) -> None:
    stage.write_note(of="e2")


def delete_note(stage: Stage) -> None:
    stage.ehr.remove("DocumentReference/d1")


def lose_note(stage: Stage) -> None:
    stage.ehr.remove("DocumentReference/d1", 404)


def write_another_unsigned(stage: Stage) -> None:
    withdraw_note(stage)
    stage.write_note("d2", docStatus="preliminary")


def cancel(stage: Stage) -> None:
    stage.visit(status="cancelled")


def enter_in_error(stage: Stage) -> None:
    stage.visit(status="entered-in-error")


def delete(stage: Stage) -> None:
    stage.ehr.remove("Encounter/e1")


CHANGES: dict[str, tuple[Callable[[Stage], None], str, str]] = {
    "the note is entered in error": (withdraw_note, "no-note", "A note that was coded"),
    "its text is": (disown_text, "no-note", "A note that was coded"),
    "it is filed with another visit": (file_elsewhere, "no-note", "A note that was coded"),
    "it is deleted": (delete_note, "no-note", "A note that was coded"),
    "the EHR does not know it any more": (lose_note, "no-note", "A note that was coded"),
    "another is being written": (write_another_unsigned, "unsigned", "A note that was coded"),
    "the visit is cancelled": (cancel, "not-a-visit", "The visit is cancelled"),
    "the visit is entered in error": (enter_in_error, "not-a-visit", "The visit is cancelled"),
    "the visit is deleted": (delete, "deleted", "The visit is deleted"),
}


@pytest.mark.parametrize(("change", "reason", "words"), CHANGES.values(), ids=CHANGES.keys())
def test_the_review_of_a_coding_that_nothing_stands_behind_is_held_once(
    stage: Stage, change: Callable[[Stage], None], reason: str, words: str
) -> None:
    coding = coded(stage)
    change(stage)
    assert [later(stage) for _ in range(4)] == [1, 0, 0, 0]
    assert stage.standing() == {reason: 1}
    review = opened(stage, coding).review
    assert (review.state, review.hold_reason, review.hold_text.startswith(words)) == (State.HELD, SOURCE_WITHDRAWN, True)
    assert acts(stage, coding) == HELD
    assert [one.coding_id for one in Worklist(stage.engine, stage.cipher).lines(TENANT, Filters(states=(State.HELD,)))] == [coding]
    event = stage.audit.of_patients(TENANT, ("Patient/p1",))[-1]
    assert "fhir-coder" in event["agent"][0]["who"]["display"] and "type" not in event["agent"][0]["who"]["identifier"]
    assert stage.followed == [coding]


def test_what_was_signed_is_opened_again_and_held_with_all_that_follows_a_reopening(stage: Stage) -> None:
    coding = coded(stage)
    decide(stage, coding, SIGN)
    cancel(stage)
    assert later(stage) == 1
    found = opened(stage, coding)
    assert (found.review.state, found.review.signed_by, acts(stage, coding)) == (State.HELD, None, REOPENED)
    assert stage.rows("SELECT sequence, kind, target FROM follow_up") == [(2, "ehr", EHR)]
    assert stage.rows("SELECT count(*) FROM signed_line") == [(0,)]
    assert stage.followed == [coding]


def test_what_passed_is_opened_again_and_held(stage: Stage) -> None:
    stage.changes = lambda made: replace(made, disposition=replace(made.disposition, outcome=Outcome.PASS))
    coding = coded(stage)
    assert opened(stage, coding).review.state is State.PASSED
    withdraw_note(stage)
    assert later(stage) == 1
    assert acts(stage, coding) == REOPENED


def test_of_what_was_coded_again_the_signed_and_the_newer_are_held(stage: Stage) -> None:
    signed = coded(stage)
    decide(stage, signed, SIGN)
    stage.write_note(text="Assessment: hypertension, controlled.")
    stage.clock.pass_by(minutes=61)
    later(stage, 16)
    stage.code_next()
    open_now = newest(stage)
    withdraw_note(stage)
    assert later(stage) == 1
    assert (acts(stage, signed), acts(stage, open_now)) == (REOPENED, HELD)


def test_a_review_that_is_held_for_another_reason_says_the_graver_one(stage: Stage) -> None:
    coding = coded(stage)
    decide(stage, coding, Decision(Act.HOLD, reason="second-opinion"))
    withdraw_note(stage)
    assert later(stage) == 1
    assert opened(stage, coding).review.hold_reason == SOURCE_WITHDRAWN
    assert acts(stage, coding) == [(Act.RELEASE, ""), *HELD]


def test_a_review_that_a_person_held_for_this_is_left_to_them(stage: Stage) -> None:
    coding = coded(stage)
    decide(stage, coding, Decision(Act.HOLD, reason=SOURCE_WITHDRAWN))
    withdraw_note(stage)
    assert [later(stage), later(stage)] == [0, 0]
    assert acts(stage, coding) == []


@pytest.mark.parametrize("change", [withdraw_note, cancel], ids=["note", "visit"])
def test_a_person_at_work_is_waited_for(stage: Stage, change: Callable[[Stage], None]) -> None:
    coding = coded(stage)
    change(stage)
    stage.clock.pass_by(minutes=61)
    stage.reviews.take(TENANT, coding, ANNA)
    assert later(stage, 0) == 0
    decide(stage, coding, Decision(Act.REJECT, "Q87.89", reason="not-addressed"))
    assert (later(stage, 6), acts(stage, coding)) == (0, [])  # 15 minutes from the last use
    assert later(stage, 16) == 1
    assert (acts(stage, coding), [one.code for one in opened(stage, coding).review.codes]) == (HELD, ["R05.9"])


def test_a_person_may_release_and_is_not_held_again_for_the_same(stage: Stage) -> None:
    coding = coded(stage)
    withdraw_note(stage)
    later(stage)
    decide(stage, coding, Decision(Act.RELEASE), SIGN)
    assert later(stage) == 0
    assert opened(stage, coding).review.state is State.SIGNED
    cancel(stage)  # another change
    assert later(stage) == 1
    assert acts(stage, coding) == [*HELD, *REOPENED]


def test_a_note_that_comes_back_is_coded_again_and_takes_the_place_of_the_held_review(stage: Stage) -> None:
    coding = coded(stage)
    decide(stage, coding, SIGN)
    withdraw_note(stage)
    later(stage)
    stage.write_note(text="Assessment: hypertension, after all.")
    stage.clock.pass_by(minutes=61)
    stage.round()
    later(stage, 16)
    stage.code_next()
    assert opened(stage, coding).superseded_by == newest(stage) != coding
    assert opened(stage, newest(stage)).review.state is State.WAITING
    withdraw_note(stage)
    assert later(stage) == 1
    assert acts(stage, newest(stage)) == HELD


def test_a_visit_that_is_no_longer_cancelled_is_left_to_a_person_and_held_again_when_it_is(stage: Stage) -> None:
    coding = coded(stage)
    cancel(stage)
    later(stage)
    stage.visit()
    later(stage)
    assert (stage.standing(), opened(stage, coding).review.state) == ({"unchanged": 1}, State.HELD)
    decide(stage, coding, Decision(Act.RELEASE))
    assert later(stage) == 0
    cancel(stage)
    assert later(stage) == 1
    assert acts(stage, coding) == HELD * 2


def test_what_nobody_coded_is_over_as_it_was(stage: Stage) -> None:
    stage.visit()
    stage.round()
    cancel(stage)
    later(stage)
    assert [(one.state, one.reason) for one in stage.counts()] == [(WatchState.CLOSED, "not-a-visit")]
    assert stage.rows("SELECT count(*) FROM review_decision") == [(0,)]


@pytest.mark.parametrize("kind", ["is_inline", "is_uploaded"])
def test_codings_of_notes_that_the_ehr_did_not_give_are_left_alone(stage: Stage, kind: str) -> None:
    coding = coded(stage)
    with stage.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE coded_encounter SET {kind} = true")
    cancel(stage)
    assert later(stage) == 0
    assert (stage.standing(), opened(stage, coding).history) == ({"not-a-visit": 1}, ())


def test_a_note_that_still_stands_and_is_not_read_any_more_holds_nothing(stage: Stage) -> None:
    """For want of a consent, or as another sort of note is read now."""
    coding = coded(stage)
    stage.write_note(docStatus="preliminary")
    assert later(stage) == 0
    assert (stage.standing(), opened(stage, coding).history) == ({"unsigned": 1}, ())


def test_a_note_that_we_may_not_see_is_not_taken_for_withdrawn(stage: Stage) -> None:
    """A person had it coded whom the EHR shows more than us: it says of what we may not see that it is not there."""
    stage.visit()
    stage.write_note()
    result = stage.result("e1")
    stage.ehr.remove("DocumentReference/d1", 404)
    stage.repository.save(TENANT, EHR, result)
    for _ in range(3):
        assert later(stage) == 0
    assert (stage.standing(), opened(stage, newest(stage)).history) == ({"no-note": 1}, ())


@pytest.mark.parametrize("change", [withdraw_note, cancel], ids=["note", "visit"])
def test_a_process_that_dies_in_between_holds_once(stage: Stage, change: Callable[[Stage], None], monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_: Any) -> None:
        raise SystemExit("killed")

    coding = coded(stage)
    decide(stage, coding, SIGN)
    change(stage)
    stage.clock.pass_by(minutes=61)
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(Reviews, "_tell", dies)  # within the transaction
        stage.round()
    assert acts(stage, coding) == []
    stage.clock.pass_by(minutes=6)
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(stage, "follow", dies)  # after it
        stage.round()
    assert [later(stage), later(stage)] == [0, 0]
    assert acts(stage, coding) == REOPENED
    assert stage.rows("SELECT progress FROM follow_up") == [("due",)]
