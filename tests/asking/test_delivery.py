"""A question reaches the EHR once, as far as the EHR takes one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fhir_coder.asking.addendum import SinceThen, since_then
from fhir_coder.asking.delivery import ask
from fhir_coder.asking.question import Question, communication_of, question_key, task_of
from fhir_coder.errors import EhrError
from fhir_coder.model import Note, text_hash
from fhir_coder.store.records import StoredNote
from tests.simulated_ehr import TYPES, Fault, Habits, Resource, SimulatedEhr, full_statement

TEXT = "Please clarify the type of heart failure.\n[ ] systolic\n[ ] unable to determine"
QUESTION = Question(
    question_key("north", "Encounter/e1", "c" * 32, 4),
    "Patient/p1",
    "Encounter/e1",
    "Practitioner/d1",
    "Practitioner/coder",
    datetime(2026, 5, 4, 12, 0, tzinfo=UTC),
    TEXT,
)


def statement(*types: str, conditional: bool = False) -> Resource:
    return full_statement(types=(*TYPES[:1], *types), conditional=conditional)


BOTH = statement("Communication", "Task")


def test_the_words_travel_in_a_communication_and_a_task_asks_for_the_answer() -> None:
    ehr = SimulatedEhr(BOTH)
    asked = ask(QUESTION, ehr.client())
    [communication], [task] = ehr.held("Communication"), ehr.held("Task")
    assert asked.is_delivered and asked.reference == f"Task/{task['id']}" and asked.detail == ""
    assert communication["payload"] == [{"contentString": TEXT}] and communication["recipient"] == [{"reference": "Practitioner/d1"}]
    assert task["focus"] == {"reference": f"Communication/{communication['id']}"} and task["owner"] == {"reference": "Practitioner/d1"}
    assert task["for"] == communication["subject"] == {"reference": "Patient/p1"} and "description" not in task
    assert task["requester"] == communication["sender"] == {"reference": "Practitioner/coder"}


def test_a_task_alone_carries_the_words() -> None:
    ehr = SimulatedEhr(statement("Task"))
    assert ask(QUESTION, ehr.client()).is_delivered
    [task] = ehr.held("Task")
    assert task["description"] == TEXT and "focus" not in task


def test_a_communication_alone_is_told_as_such() -> None:
    ehr = SimulatedEhr(statement("Communication"))
    asked = ask(QUESTION, ehr.client())
    assert asked.is_delivered and asked.reference.startswith("Communication/") and "no Task" in asked.detail


@pytest.mark.parametrize("withheld", [(), (("Task", "create"), ("Communication", "create"))])
def test_what_takes_nothing_leaves_it_to_a_person(withheld: tuple[tuple[str, str], ...]) -> None:
    ehr = SimulatedEhr(BOTH if withheld else statement())
    asked = ask(QUESTION, ehr.client(), withheld)
    assert not asked.is_delivered and asked.reference == "" and "neither" in asked.detail and ehr.writes == []


def test_without_an_ehr_it_is_a_person_s_too() -> None:
    assert not ask(QUESTION, None).is_delivered


@pytest.mark.parametrize("kind", ["Communication", "Task"])
@pytest.mark.parametrize("acts", [True, False])
@pytest.mark.parametrize("status", [0, 500])
def test_sent_again_after_a_failure_it_stands_once(kind: str, acts: bool, status: int) -> None:
    ehr = SimulatedEhr(BOTH, faults=[Fault(f"POST {kind}", status=status, acts=acts)])
    with pytest.raises(EhrError):
        ask(QUESTION, ehr.client())
    again = ask(QUESTION, ehr.client())
    assert again.is_delivered and (len(ehr.held("Communication")), len(ehr.held("Task"))) == (1, 1)


def test_a_search_that_ignores_what_it_is_asked_finds_nothing_of_others() -> None:
    ehr = SimulatedEhr(BOTH, Habits(ignores_parameters=True))
    ehr.put({"resourceType": "Task", "id": "theirs", "identifier": [{"system": "urn:x", "value": "1"}]})
    assert ask(QUESTION, ehr.client()).reference != "Task/theirs"


def test_a_conditional_create_is_used_where_it_is_offered() -> None:
    ehr = SimulatedEhr(statement("Communication", "Task", conditional=True))
    assert ask(QUESTION, ehr.client()).reference == ask(QUESTION, ehr.client()).reference
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
