"""The proposal as one Bundle (type collection): Conditions in claim order, the Claim, the Task when a person must look, Provenances.

A code that a clinician recorded for the encounter already gets no Condition and no Provenance: it stands in the Claim, and the Task refers to
the Condition that is there. Codes signed by a person come with the completed Task, and no Claim where no code is left. Where the patient's self-pay restriction keeps the visit from health plans there is no Claim.
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.exchange import Resource
from fhir_coder.model import Outcome
from fhir_coder.writeback.claim import build_claim
from fhir_coder.writeback.condition import build_condition
from fhir_coder.writeback.proposal import Proposal
from fhir_coder.writeback.provenance import build_provenance
from fhir_coder.writeback.task import build_task


def build_bundle(proposal: Proposal) -> Resource:
    """Everything proposed for one encounter, each entry with a stable ``urn:uuid``."""
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": proposal.instant,
        "entry": [{"fullUrl": url, "resource": resource} for url, resource in _entries(proposal)],
    }


def _entries(proposal: Proposal) -> Iterator[tuple[str, Resource]]:
    routed = zip(proposal.assignments, proposal.disposition.by_code, strict=True)
    proposed = [(assignment, outcome) for assignment, outcome in routed if assignment.code not in proposal.agreed]
    for assignment, outcome in proposed:
        yield proposal.full_url("condition", assignment.code), build_condition(proposal, assignment, outcome)
    is_claimed = not proposal.signature or (bool(proposal.assignments) and proposal.signature.claim != "none")
    if is_claimed and not proposal.encounter.self_pay:
        yield proposal.full_url("claim"), build_claim(proposal)
    if proposal.disposition.outcome is Outcome.REVIEW or proposal.signature:
        yield proposal.full_url("task"), build_task(proposal)
    for assignment, _ in proposed:
        yield proposal.full_url("provenance", assignment.code), build_provenance(proposal, assignment)
