"""Task: asks a coder to review the encounter; made only when the disposition is review, completed by a person's signature."""

from __future__ import annotations

from fhir_coder.exchange import Resource
from fhir_coder.own_terms import own_coding
from fhir_coder.vocabulary import DISPOSITION_REASON, TASK_CODE
from fhir_coder.writeback.proposal import Proposal


def build_task(proposal: Proposal) -> Resource:
    """A requested Task on the Claim, with the Conditions, proposed or recorded already, as input and the first reason for review."""
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
    if reasons := proposal.disposition.reasons:
        coding = [{"system": DISPOSITION_REASON, "code": reason.code} for reason in {r.code: r for r in reasons}.values()]
        task["reasonCode"] = {"coding": coding, "text": reasons[0].text}
    if codes := [assignment.code for assignment in proposal.assignments]:
        task["input"] = [_input(proposal, code) for code in codes]
    return task


def _focus(proposal: Proposal) -> Resource:
    """The Claim; where there is none, the encounter."""
    if proposal.encounter.self_pay or (proposal.signature and not proposal.assignments):
        encounter = proposal.encounter_reference()
        return {"focus": encounter} if encounter else {}
    return {"focus": {"reference": proposal.full_url("claim")}}


def _input(proposal: Proposal, code: str) -> Resource:
    kind = "recorded diagnosis" if code in proposal.agreed else "proposed diagnosis"
    return {"type": {"text": kind}, "valueReference": proposal.condition_reference(code)}
