"""Condition: one encounter diagnosis for each assigned code (US Core 6.1.0 encounter-diagnosis), unconfirmed until sign-off."""

from __future__ import annotations

from decimal import Decimal

from fhir_coder.exchange import Resource
from fhir_coder.model import CodeAssignment, Outcome
from fhir_coder.vocabulary import (
    CONDITION_CATEGORY,
    CONDITION_CLINICAL,
    CONDITION_VERIFICATION,
    PROBABILITY_EXTENSION,
    US_CORE_ENCOUNTER_DIAGNOSIS,
)
from fhir_coder.writeback.proposal import Proposal


def build_condition(proposal: Proposal, assignment: CodeAssignment, outcome: Outcome) -> Resource:
    """The Condition that proposes one code."""
    is_chosen = proposal.is_chosen(assignment.code)
    probability = {"url": PROBABILITY_EXTENSION, "valueDecimal": Decimal(f"{assignment.probability:.4f}")}
    verification = proposal.signature.verification[assignment.code] if proposal.signature else "unconfirmed"
    condition: Resource = {
        "resourceType": "Condition",
        "meta": proposal.meta(outcome, US_CORE_ENCOUNTER_DIAGNOSIS, [one.note_id for one in assignment.evidence], is_chosen),
        **({} if is_chosen else {"extension": [probability]}),
        "identifier": [proposal.identifier("condition", assignment.code)],
        "clinicalStatus": {"coding": [{"system": CONDITION_CLINICAL, "code": "active"}]},
        "verificationStatus": {"coding": [{"system": CONDITION_VERIFICATION, "code": verification}]},
        "category": [{"coding": [{"system": CONDITION_CATEGORY, "code": "encounter-diagnosis", "display": "Encounter Diagnosis"}]}],
        "code": proposal.code_concept(assignment),
        "subject": proposal.patient_reference(),
    }
    if encounter := proposal.encounter_reference():
        condition["encounter"] = encounter
    condition["recordedDate"] = proposal.instant
    notes = dict.fromkeys(evidence.note_id for evidence in assignment.evidence)
    if notes:
        condition["evidence"] = [{"detail": [proposal.note_reference(note) for note in notes]}]
    return condition
