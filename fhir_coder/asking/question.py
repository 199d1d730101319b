"""The question as FHIR R4: a Communication with its words, and a Task that asks the provider to answer.

Sources: http://hl7.org/fhir/R4/communication.html, http://hl7.org/fhir/R4/task.html. The words are the person's, begun from the compliant query of
the finding (:mod:`fhir_coder.querying`): no code is added, for a provider who sees codes is led (AHIMA and ACDIS, Guidelines for Achieving a Compliant
Query Practice, 2022 update).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from fhir_coder.exchange import Resource
from fhir_coder.own_terms import own_coding
from fhir_coder.vocabulary import PROPOSAL_IDENTIFIER, TASK_CODE

NOT_SUPPLIED = "not supplied"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about a coding. ``key`` names it, the same each time it is sent; references are ``Type/id`` at the EHR or empty; ``provider`` is
    who is asked, ``asked_by`` who asks (a Practitioner of this EHR, or empty); ``asked_at`` is aware; ``text`` is the whole question."""

    key: str
    patient: str
    encounter: str
    provider: str
    asked_by: str
    asked_at: datetime
    text: str = field(repr=False)

    def identifier(self, kind: str) -> Resource:
        """Business identifier of one of the two resources."""
        return {"system": PROPOSAL_IDENTIFIER, "value": f"{self.key}.{kind}"}


def question_key(tenant: str, encounter: str, coding_id: str, sequence: int) -> str:
    """What names a question in identifiers: the decision it came by. ``encounter`` is a reference."""
    return ".".join((tenant, encounter.rpartition("/")[2], "query", coding_id[:12], str(sequence)))


def communication_of(question: Question) -> Resource:
    """The words, as sent by the coder to the provider."""
    return {
        "resourceType": "Communication",
        "identifier": [question.identifier("communication")],
        "status": "completed",
        "category": [_concept(own_coding(TASK_CODE, "provider-query"))],
        "priority": "routine",
        "subject": _reference(question.patient),
        **_about(question),
        "sent": question.asked_at.isoformat(timespec="seconds"),
        **_one("recipient", [question.provider] if question.provider else []),
        **({"sender": _reference(question.asked_by)} if question.asked_by else {}),
        "payload": [{"contentString": question.text}],
    }


def task_of(question: Question, communication: str) -> Resource:
    """The request to answer by an addendum. ``communication`` is where the words stand; without one the Task carries them itself."""
    words = {"focus": _reference(communication)} if communication else {"description": question.text}
    instant = question.asked_at.isoformat(timespec="seconds")
    return {
        "resourceType": "Task",
        "identifier": [question.identifier("task")],
        "status": "requested",
        "intent": "order",
        "priority": "routine",
        "code": _concept(own_coding(TASK_CODE, "answer-provider-query")),
        **words,
        "for": _reference(question.patient),
        **_about(question),
        "authoredOn": instant,
        "lastModified": instant,
        **({"requester": _reference(question.asked_by)} if question.asked_by else {}),
        **({"owner": _reference(question.provider)} if question.provider else {}),
    }


def withdrawal_of(question: Question, communication: str, at: datetime) -> Resource:
    """The words that no answer is needed any more, where no Task can say so. ``communication`` is where the question stands, or empty."""
    text = f"The query of {question.asked_at:%Y-%m-%d %H:%M} UTC is withdrawn. No answer is needed."
    return communication_of(replace(question, text=text, asked_at=at)) | {
        "identifier": [question.identifier("withdrawal")],
        **({"inResponseTo": [_reference(communication)]} if communication else {}),
    }


def withdrawn_task(question: Question) -> Resource:
    """What names the Task of a question and says how it is to stand."""
    return {"resourceType": "Task", "identifier": [question.identifier("task")], "status": "cancelled"}


def name(question: Question, kind: str) -> str:
    """The value of the identifier."""
    return str(question.identifier(kind)["value"])


def _about(question: Question) -> Resource:
    return {"encounter": _reference(question.encounter)} if question.encounter else {}


def _one(name: str, references: list[str]) -> Resource:
    return {name: [_reference(one) for one in references]} if references else {}


def _reference(reference: str) -> Resource:
    return {"reference": reference} if reference else {"display": NOT_SUPPLIED}


def _concept(coding: Resource) -> Resource:
    return {"coding": [coding], "text": coding["display"]}
