"""A question that was asked and taken back: what stands at the EHR follows the decisions, whatever fails between."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fhir_coder.audit.entry import AuditEntry
from fhir_coder.worklist.decision import Act, Decision
from fhir_coder.worklist.following import FollowUp, Kind, Progress
from fhir_coder.worklist.review import State
from tests.signing.conftest import Practice, open_practice, statement
from tests.simulated_ehr import ALL, Fault, Resource, SimulatedEhr

ASK = Decision(Act.ASK, text="Which type of diabetes?")
UNDO = Decision(Act.UNDO)


def asked(practice: Practice) -> list[Resource]:
    """The Tasks that ask for an answer."""
    return [one for one in practice.ehr.held("Task") if one["code"]["coding"][0]["code"] == "answer-provider-query"]


def stands(practice: Practice) -> list[tuple[int, Kind, Progress]]:
    found = practice.following.of("default", practice.coding_id)
    return [(one.sequence, one.duty.kind, one.progress) for one in found]


def state(practice: Practice) -> State:
    opened = practice.stores.reviews.find("default", practice.coding_id)
    assert opened is not None
    return opened.review.state


def test_undo_withdraws_the_question_and_lets_the_encounter_go_on(practice: Practice) -> None:
    practice.decide(ASK)
    practice.follow()
    assert state(practice) is State.HELD
    practice.decide(UNDO)
    assert state(practice) is State.WAITING
    assert stands(practice)[-1] == (2, Kind.WITHDRAWAL, Progress.DUE)
    done = practice.follow()[-1]
    assert (done.progress, done.detail) == (Progress.DONE, "its Task is cancelled")
    [task] = asked(practice)
    assert task["status"] == "cancelled" and done.reference == f"Task/{task['id']}"
    assert len(practice.ehr.held("Communication")) == 1
    practice.decide(Decision(Act.SIGN_OFF))
    practice.follow()
    assert asked(practice)[0]["status"] == "cancelled" and practice.conditions()["I10"] == "confirmed"


def test_each_question_is_withdrawn_by_its_own_undo(practice: Practice) -> None:
    practice.decide(ASK, Decision(Act.ASK, text="Since when?"))
    practice.follow()
    practice.decide(Decision(Act.UNDO, undoes=1))
    practice.follow()
    assert [one["status"] for one in asked(practice)] == ["cancelled", "requested"] and state(practice) is State.HELD


def test_undo_of_anything_else_withdraws_nothing(practice: Practice) -> None:
    practice.decide(ASK, Decision(Act.COMMENT, text="Asked."), UNDO)
    practice.follow()
    assert stands(practice) == [(1, Kind.QUERY, Progress.DONE)] and asked(practice)[0]["status"] == "requested"


def test_one_that_was_not_sent_yet_is_not_sent(practice: Practice) -> None:
    practice.decide(ASK, UNDO)
    done = practice.follow()
    assert asked(practice) == [] and practice.ehr.held("Communication") == []
    assert [(one.progress, one.detail) for one in done] == [
        (Progress.DONE, "it was taken back before it was sent"),
        (Progress.DONE, "the EHR does not hold it: nothing was sent"),
    ]


def test_an_ehr_that_is_down_is_told_later(practice: Practice) -> None:
    practice.decide(ASK)
    practice.follow()
    practice.decide(UNDO)
    practice.ehr.faults = [Fault("", status=-1, times=-1)]
    assert practice.follow()[-1].progress is Progress.FAILED and asked(practice)[0]["status"] == "requested"
    practice.ehr.faults = []
    assert practice.follow()[-1].progress is Progress.DONE and asked(practice)[0]["status"] == "cancelled"


def test_completed_by_the_provider_it_is_told_and_stays(practice: Practice) -> None:
    practice.decide(ASK)
    practice.follow()
    practice.ehr.change(f"Task/{asked(practice)[0]['id']}", status="completed")
    practice.decide(UNDO)
    done = practice.follow()[-1]
    assert (done.progress, done.detail) == (Progress.DONE, "its Task is completed already, and was left as it is")


def test_what_the_scopes_forbid_is_withdrawn_with_other_access(practice: Practice) -> None:
    practice.decide(ASK)
    practice.follow()
    limited = practice.access
    practice.access = lambda coding: replace(limited(coding), withheld=frozenset({("Task", "update")}))  # type: ignore[method-assign]
    practice.decide(UNDO)
    told = practice.follow()[-1]
    assert told.progress is Progress.FAILED and told.detail == "not allowed by the scopes of your sign-in: Task"
    practice.access = limited  # type: ignore[method-assign]
    assert practice.follow()[-1].progress is Progress.DONE


def test_an_undo_that_is_taken_back_before_anything_was_withdrawn_leaves_the_question(practice: Practice) -> None:
    practice.decide(ASK)
    practice.follow()
    practice.decide(UNDO, Decision(Act.UNDO, undoes=2))
    practice.follow()
    [task] = asked(practice)
    assert task["status"] == "requested" and state(practice) is State.HELD
    assert stands(practice) == [(1, Kind.QUERY, Progress.DONE), (2, Kind.WITHDRAWAL, Progress.OVERTAKEN), (3, Kind.QUERY, Progress.DONE)]


def test_a_question_that_stands_again_after_its_withdrawal_is_asked_anew_and_can_be_withdrawn_again(practice: Practice) -> None:
    practice.decide(ASK)
    practice.follow()
    practice.decide(UNDO)
    practice.follow()
    practice.decide(Decision(Act.UNDO, undoes=2))
    last = practice.follow()[-1]
    assert [one["status"] for one in asked(practice)] == ["cancelled", "requested"] and last.reference == f"Task/{asked(practice)[1]['id']}"
    assert practice.following.query_text(practice.coding, 3) == "Which type of diabetes?"
    practice.decide(Decision(Act.UNDO, undoes=3))
    practice.follow()
    assert [one["status"] for one in asked(practice)] == ["cancelled", "cancelled"] and state(practice) is State.WAITING


def test_a_question_that_failed_and_stands_again_is_sent_once(practice: Practice) -> None:
    practice.ehr.faults = [Fault("", status=-1, times=-1)]
    practice.decide(ASK)
    assert practice.follow()[-1].progress is Progress.FAILED
    practice.decide(UNDO, Decision(Act.UNDO, undoes=2))
    practice.ehr.faults = []
    practice.follow()
    assert len(asked(practice)) == 1
    assert stands(practice) == [
        (1, Kind.QUERY, Progress.OVERTAKEN),
        (2, Kind.WITHDRAWAL, Progress.OVERTAKEN),
        (3, Kind.QUERY, Progress.DONE),
    ]


class Killed(BaseException):
    """The process is gone: nothing that is caught."""


def kill_before_the_answer_is_kept(practice: Practice) -> None:
    """Take up what is due, and die after the EHR was written and before that is kept."""
    deliveries = practice.stores.deliveries
    keep = deliveries.keep

    def die(*_: object) -> None:
        raise Killed

    deliveries.keep = die  # type: ignore[method-assign,assignment]
    with pytest.raises(Killed):
        practice.follow()
    deliveries.keep = keep  # type: ignore[method-assign]
    with practice.stores.repository._engine.begin() as connection:  # ten minutes later
        connection.exec_driver_sql("UPDATE follow_up SET claimed_s = 1 WHERE progress = 'doing'")


def test_killed_between_the_ehr_and_the_store_the_question_is_found_and_not_doubled(practice: Practice) -> None:
    practice.decide(ASK)
    kill_before_the_answer_is_kept(practice)
    kill_before_the_answer_is_kept(practice)
    [done] = practice.follow()
    assert done.progress is Progress.DONE and len(asked(practice)) == 1 and len(practice.ehr.held("Communication")) == 1


def unsearchable(folder: Path) -> Practice:
    """It takes questions, and lets them neither be searched nor be created under a condition."""
    closed = tuple(one for one in ALL if one != "create")
    return open_practice(folder, SimulatedEhr(statement(without={"Communication": closed, "Task": closed})))


def unsure(practice: Practice) -> FollowUp:
    found = practice.follow()[-1]
    assert found.progress is Progress.UNSURE and "may have arrived" in found.detail
    return found


@pytest.mark.parametrize("is_there", [True, False])
def test_killed_at_an_ehr_that_cannot_be_asked_a_person_says_before_it_is_sent_again(tmp_path: Path, is_there: bool) -> None:
    practice = unsearchable(tmp_path)
    practice.decide(ASK)
    kill_before_the_answer_is_kept(practice)
    before = list(practice.ehr.writes)
    found = unsure(practice)
    assert unsure(practice).attempts == found.attempts + 1 and practice.ehr.writes == before  # pressing "Retry" sends nothing
    assert practice.following.carry_out("default", practice.access) == 0  # nor does time
    assert practice.following.resolve(practice.coding, found.key, is_there)
    done = practice.follow()[-1]
    assert done.progress is Progress.DONE and (practice.ehr.writes == before) is is_there
    assert len(asked(practice)) == (0 if is_there else 1)
    assert not practice.following.resolve(practice.coding, found.key, is_there)  # nothing is in doubt any more
    practice.stores.close()


def test_what_is_said_of_one_question_says_nothing_of_another(tmp_path: Path) -> None:
    practice = unsearchable(tmp_path)
    for _ in range(2):
        practice.decide(ASK)
        kill_before_the_answer_is_kept(practice)
    first, second = practice.follow()
    assert (first.progress, second.progress) == (Progress.UNSURE, Progress.UNSURE)
    assert practice.following.resolve(practice.coding, first.key, True)
    assert [one.progress for one in practice.follow()] == [Progress.DONE, Progress.UNSURE]
    practice.stores.close()


def test_what_was_sent_before_this_was_kept_is_withdrawn_by_the_task_that_its_duty_names(practice: Practice) -> None:
    practice.decide(ASK)
    practice.follow()
    with practice.stores.repository._engine.begin() as connection:
        for table in ("receipt", "proposal"):
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE delivery > 0")
    practice.ehr.statement = statement(without={"Task": ("search-type",)})
    practice.decide(UNDO)
    practice.follow()
    assert asked(practice)[0]["status"] == "cancelled"


def test_no_words_of_a_question_stand_in_the_audit_or_with_the_duty(practice: Practice) -> None:
    practice.decide(ASK)
    practice.follow()
    practice.decide(UNDO)
    practice.follow()
    told: list[AuditEntry] = practice.audit
    assert "diabetes" not in repr(told) and "diabetes" not in repr(practice.following.of("default", practice.coding_id))
    assert [one.detail["kind"] for one in told] == ["query"] * 2 + ["withdrawal"] * 2
