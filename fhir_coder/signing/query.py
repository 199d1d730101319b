"""The question of a decision, on its way to the provider."""

from __future__ import annotations

from fhir_coder.asking.delivery import ask
from fhir_coder.asking.question import Question, question_key
from fhir_coder.signing.performing import Task
from fhir_coder.signing.signed_proposal import practitioner
from fhir_coder.store.follow_ups import Outcome
from fhir_coder.worklist.following import Progress
from fhir_coder.worklist.review import Remark, Review


def deliver_question(task: Task) -> Outcome:
    """Send it, as far as the EHR takes questions."""
    coding = task.coding
    remark = question_of(task.opened.review, task.follow_up.sequence)
    if remark is None:
        return Outcome(Progress.DONE, "it was taken back before it was sent")
    question = Question(
        key=question_key(coding.tenant, coding.encounter_reference, coding.id, task.follow_up.sequence),
        patient=coding.patient_reference,
        encounter=coding.encounter_reference,
        provider=task.access.source.facts(coding).provider,
        asked_by=practitioner(remark.by),
        asked_at=remark.at,
        text=remark.text,
    )
    asked = ask(question, task.access.client, task.access.withheld)
    return Outcome(Progress.DONE if asked.is_delivered else Progress.UNDELIVERED, asked.detail, asked.reference)


def question_of(review: Review, sequence: int) -> Remark | None:
    """The question that a decision asked, unless it was taken back."""
    return next((one for one in review.questions if one.sequence == sequence), None)
