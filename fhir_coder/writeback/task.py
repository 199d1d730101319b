"""Task: asks a coder to review the encounter; made only when the disposition is review, completed by a person's signature."""

from __future__ import annotations

from collections.abc import Iterable

from fhir_coder.exchange import Resource
from fhir_coder.model import Reason
from fhir_coder.own_terms import own_coding, reason_coding
from fhir_coder.vocabulary import TASK_CODE
from fhir_coder.writeback.proposal import Proposal


def build_task(proposal: Proposal) -> Resource:
    """A requested Task on the Claim, with the Conditions, proposed or recorded already, and every reason after the first as input.

    A CodeableConcept says one thing, in several code systems at most (http://hl7.org/fhir/R4/datatypes.html#CodeableConcept), and there is one
    ``reasonCode``: further reasons are inputs, each with its sentence.
    """
    task: Resource = {
        "resourceType": "Task",
        **({"meta": {"security": labels}} if (labels := proposal.carried_labels()) else {}),
        "identifier": [proposal.identifier("task")],
        "status": "completed" if proposal.signature else "requested",
        "intent": "proposal",
        "priority": "routine",
        "code": {"coding": [own_coding(TASK_CODE, "review-coding")]},
        **_focus(proposal),
        "for": proposal.patient_reference(),
    }
    if encounter := proposal.encounter_reference():
        task["encounter"] = encounter
    task["authoredOn"] = task["lastModified"] = proposal.instant
    reasons = _reasons(proposal.disposition.reasons)
    if reasons:
        task["reasonCode"] = reasons[0]
    inputs = [_diagnosis(proposal, assignment.code) for assignment in proposal.assignments]
    inputs += [{"type": {"text": "further reason for review"}, "valueCodeableConcept": reason} for reason in reasons[1:]]
    if inputs:
        task["input"] = inputs
    return task


def _reasons(reasons: Iterable[Reason]) -> list[Resource]:
    """One concept for each reason, the first of each code."""
    by_code: dict[str, Reason] = {}
    for reason in reasons:
        by_code.setdefault(reason.code, reason)
    return [{"coding": [reason_coding(one.code)], "text": one.text} for one in by_code.values()]


def _focus(proposal: Proposal) -> Resource:
    """The Claim; where there is none, the encounter."""
    if proposal.encounter.self_pay or (proposal.signature and not proposal.assignments):
        encounter = proposal.encounter_reference()
        return {"focus": encounter} if encounter else {}
    return {"focus": {"reference": proposal.full_url("claim")}}


def _diagnosis(proposal: Proposal, code: str) -> Resource:
    kind = "recorded diagnosis" if code in proposal.agreed else "proposed diagnosis"
    return {"type": {"text": kind}, "valueReference": proposal.condition_reference(code)}
