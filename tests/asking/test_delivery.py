"""A question reaches the EHR once, as far as the EHR takes one."""

from __future__ import annotations

import pytest

from fhir_coder.arrival import ABSENT, PRESENT
from fhir_coder.asking.addendum import SinceThen, since_then
from fhir_coder.asking.delivery import FOUND_BY_A_PERSON, ask
from fhir_coder.asking.question import Question, communication_of, question_key, task_of
from fhir_coder.asking.standing import Asked, Standing
from fhir_coder.model import Note, text_hash
from fhir_coder.store.records import StoredNote
from tests.asking.desk import BOTH, QUESTION, TEXT, Desk, Died, blind, statement
from tests.simulated_ehr import Fault, Habits, Resource, SimulatedEhr


def test_the_words_travel_in_a_communication_and_a_task_asks_for_the_answer() -> None:
    ehr = SimulatedEhr(BOTH)
    asked = ask(QUESTION, Desk(ehr).post())
    [communication], [task] = ehr.held("Communication"), ehr.held("Task")
    assert asked.standing is Standing.THERE and asked.reference == f"Task/{task['id']}" and asked.detail == ""
    assert communication["payload"] == [{"contentString": TEXT}] and communication["recipient"] == [{"reference": "Practitioner/d1"}]
    assert task["focus"] == {"reference": f"Communication/{communication['id']}"} and task["owner"] == {"reference": "Practitioner/d1"}
    assert task["for"] == communication["subject"] == {"reference": "Patient/p1"} and "description" not in task
    assert task["requester"] == communication["sender"] == {"reference": "Practitioner/coder"}


def test_a_task_alone_carries_the_words() -> None:
    ehr = SimulatedEhr(statement("Task"))
    assert ask(QUESTION, Desk(ehr).post()).standing is Standing.THERE
    [task] = ehr.held("Task")
    assert task["description"] == TEXT and "focus" not in task


def test_a_communication_alone_is_told_as_such() -> None:
    ehr = SimulatedEhr(statement("Communication"))
    asked = ask(QUESTION, Desk(ehr).post())
    assert asked.standing is Standing.THERE and asked.reference.startswith("Communication/") and "no Task" in asked.detail


def test_what_takes_nothing_leaves_it_to_a_person() -> None:
    ehr = SimulatedEhr(statement())
    asked = ask(QUESTION, Desk(ehr).post())
    assert asked.standing is Standing.REFUSED and asked.reference == "" and "neither" in asked.detail and ehr.writes == []


def test_what_the_scopes_do_not_allow_is_told_as_that_and_due_again() -> None:
    ehr = SimulatedEhr(BOTH)
    asked = ask(QUESTION, Desk(ehr).post([("Task", "create"), ("Communication", "create")]))
    assert asked == Asked(Standing.FAILED, detail="not allowed by the scopes of your sign-in: Communication, Task") and ehr.writes == []


def test_a_task_that_the_scopes_do_not_allow_follows_by_somebody_else() -> None:
    ehr = SimulatedEhr(BOTH)
    asked = ask(QUESTION, Desk(ehr).post([("Task", "create")]))
    assert asked.standing is Standing.FAILED and asked.detail == "not allowed by the scopes of your sign-in: Task"
    assert ask(QUESTION, Desk(ehr).post()).standing is Standing.THERE
    [communication], [task] = ehr.held("Communication"), ehr.held("Task")
    assert task["focus"] == {"reference": f"Communication/{communication['id']}"}


def test_a_communication_that_the_scopes_do_not_allow_leaves_the_words_to_the_task() -> None:
    ehr = SimulatedEhr(BOTH)
    assert ask(QUESTION, Desk(ehr).post([("Communication", "create")])).standing is Standing.THERE
    assert ehr.held("Communication") == [] and ehr.held("Task")[0]["description"] == TEXT


@pytest.mark.parametrize(("refused", "standing"), [(422, Standing.REFUSED), (429, Standing.FAILED), (503, Standing.FAILED)])
def test_a_refusal_is_told_and_tried_again_where_that_may_help(refused: int, standing: Standing) -> None:
    ehr = SimulatedEhr(BOTH)
    ehr.refuse = {"Communication": refused, "Task": refused}
    asked = ask(QUESTION, Desk(ehr).post())
    assert asked.standing is standing and f"HTTP {refused}" in asked.detail
    ehr.refuse = {}
    assert ask(QUESTION, Desk(ehr).post()).standing is Standing.THERE


def test_a_task_that_is_refused_leaves_the_communication_and_is_told() -> None:
    ehr = SimulatedEhr(BOTH)
    ehr.refuse = {"Task": 422}
    asked = ask(QUESTION, Desk(ehr).post())
    assert (
        asked.standing is Standing.THERE and "refused the Task (HTTP 422)" in asked.detail and asked.reference.startswith("Communication/")
    )


def test_without_an_ehr_it_is_a_person_s_too() -> None:
    assert ask(QUESTION, None).standing is Standing.REFUSED


@pytest.mark.parametrize("kind", ["Communication", "Task"])
@pytest.mark.parametrize("acts", [True, False])
@pytest.mark.parametrize("status", [0, 500, 504])
def test_sent_again_after_a_failure_it_stands_once(kind: str, acts: bool, status: int) -> None:
    ehr = SimulatedEhr(BOTH, faults=[Fault(f"POST {kind}", status=status, acts=acts)])
    desk = Desk(ehr)
    first = ask(QUESTION, desk.post())
    assert first.standing is (Standing.FAILED if status != 500 and not acts else Standing.THERE)
    again = ask(QUESTION, desk.post())
    assert again.standing is Standing.THERE and (len(ehr.held("Communication")), len(ehr.held("Task"))) == (1, 1)


DYING = [(dies, times) for dies in ("begin", "answer") for times in (1, 2)]


def died(desk: Desk, dies: str, times: int = 1) -> Desk:
    """After so many attempts that were cut short."""
    for _ in range(times):
        desk.dies = dies
        with pytest.raises(Died):
            ask(QUESTION, desk.post())
    desk.dies = ""
    return desk


@pytest.mark.parametrize(("dies", "times"), DYING)
@pytest.mark.parametrize("offers", [BOTH, blind(conditional=True)], ids=["search", "conditional create"])
def test_after_a_crash_it_is_found_or_made_once(dies: str, times: int, offers: Resource) -> None:
    ehr = SimulatedEhr(offers)
    desk = died(Desk(ehr), dies, times)
    asked = ask(QUESTION, desk.post())
    assert asked.standing is Standing.THERE and (len(ehr.held("Communication")), len(ehr.held("Task"))) == (1, 1)
    assert all(status.startswith("20") for _, status, _ in desk.lines[times:])


@pytest.mark.parametrize("dies", ["begin", "answer"])
def test_where_nothing_can_tell_a_person_says_before_it_is_sent_again(dies: str) -> None:
    ehr = SimulatedEhr(blind())
    desk = died(Desk(ehr), dies)
    writes = list(ehr.writes)
    for _ in range(2):
        asked = ask(QUESTION, desk.post())
        assert asked.standing is Standing.UNSURE and "may have arrived" in asked.detail and ehr.writes == writes
    desk.say(ABSENT)
    assert ask(QUESTION, desk.post()).standing is Standing.THERE
    assert len(ehr.held("Task")) == 1 and len(ehr.held("Communication")) == (1 if dies == "begin" else 2)
    assert ask(QUESTION, desk.post()).standing is Standing.THERE and len(ehr.held("Task")) == 1  # its address is known now


def test_what_a_person_found_is_not_sent_again() -> None:
    ehr = SimulatedEhr(blind(), faults=[Fault("POST Communication", status=0, acts=True)])
    desk = Desk(ehr)
    assert ask(QUESTION, desk.post()).standing is Standing.FAILED
    assert ask(QUESTION, desk.post()).standing is Standing.UNSURE
    desk.say(PRESENT)
    assert ask(QUESTION, desk.post()).detail == FOUND_BY_A_PERSON and len(ehr.held("Communication")) == 1 and ehr.held("Task") == []


def test_a_search_that_ignores_what_it_is_asked_finds_nothing_of_others() -> None:
    ehr = SimulatedEhr(BOTH, Habits(ignores_parameters=True))
    ehr.put({"resourceType": "Task", "id": "theirs", "identifier": [{"system": "urn:x", "value": "1"}]})
    assert ask(QUESTION, Desk(ehr).post()).reference != "Task/theirs"


def test_a_conditional_create_is_used_where_it_is_offered() -> None:
    ehr = SimulatedEhr(statement("Communication", "Task", conditional=True))
    assert ask(QUESTION, Desk(ehr).post()).reference == ask(QUESTION, Desk(ehr).post()).reference
    assert len(ehr.held("Task")) == 1


def test_an_unknown_provider_and_coder_are_left_out_not_made_up() -> None:
    nobody = Question("k", "Patient/p1", "", "", "", QUESTION.asked_at, TEXT)
    assert {"recipient", "sender", "encounter"}.isdisjoint(communication_of(nobody))
    assert {"owner", "requester", "encounter"}.isdisjoint(task_of(nobody, ""))


def test_two_questions_of_one_coding_are_two() -> None:
    assert len({question_key("north", "Encounter/e1", "c" * 32, one) for one in (4, 5)}) == 2


def stored(note_id: str, text: str) -> StoredNote:
    return StoredNote(note_id, f"DocumentReference/{note_id}", "text/plain", text_hash(text), len(text), text)


def test_an_answer_is_a_signed_note_that_was_not_read() -> None:
    read = [stored("n1", "Heart failure.")]
    same = Note(id="n1", text="Heart failure.")
    addendum, draft = Note(id="n2", text="Systolic."), Note(id="n3", text="Systolic?", is_signed=False)
    assert since_then(read, [same]) == SinceThen()
    assert since_then(read, [same, addendum, draft]) == SinceThen(1, 1)
    assert since_then(read, [Note(id="n1", text="Heart failure, systolic.")]) == SinceThen(1, 0)
    assert since_then(read, []) == SinceThen()
