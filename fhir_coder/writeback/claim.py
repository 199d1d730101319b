"""Claim: a professional draft with at most twelve diagnoses (837P loop 2300) and four pointers a line (loop 2400).

Items stand only for services that the EHR supplied as CPT or HCPCS codes; nothing is invented and no CPT text is carried.
"""

from __future__ import annotations

from fhir_coder.exchange import Resource
from fhir_coder.linking import plain
from fhir_coder.model import MAX_DIAGNOSES, MAX_POINTERS, ServiceLine
from fhir_coder.vocabulary import CLAIM_INFORMATION, CLAIM_TYPE, PROCESS_PRIORITY
from fhir_coder.writeback.proposal import NOT_SUPPLIED, Proposal


def build_claim(proposal: Proposal) -> Resource:
    """The Claim of the encounter, a draft unless it was signed otherwise; coverage and provider say "not supplied" where the EHR gave none."""
    encounter = proposal.encounter
    claim: Resource = {
        "resourceType": "Claim",
        "meta": proposal.meta(proposal.disposition.outcome),
        "identifier": [proposal.identifier("claim")],
        "status": proposal.signature.claim if proposal.signature else "draft",
        "type": {"coding": [{"system": CLAIM_TYPE, "code": "professional"}]},
        "use": "claim",
        "patient": proposal.patient_reference(),
        "created": proposal.instant,
        "provider": _reference(encounter.provider or encounter.organization),
        "priority": {"coding": [{"system": PROCESS_PRIORITY, "code": "normal"}]},
    }
    if encounter.service_date:
        claim["billablePeriod"] = {"start": encounter.service_date.isoformat()}
    if reference := proposal.encounter_reference():
        category = {"coding": [{"system": CLAIM_INFORMATION, "code": "info"}]}
        claim["supportingInfo"] = [{"sequence": 1, "category": category, "valueReference": reference}]
    if diagnoses := _diagnoses(proposal):
        claim["diagnosis"] = diagnoses
    claim["insurance"] = [{"sequence": 1, "focal": True, "coverage": _reference(encounter.coverage)}]
    if encounter.services:
        claim["item"] = [_item(proposal, line, number) for number, line in enumerate(encounter.services, 1)]
    return claim


def _reference(reference: str) -> Resource:
    return {"reference": reference} if reference else {"display": NOT_SUPPLIED}


def _diagnoses(proposal: Proposal) -> list[Resource]:
    claimed = proposal.assignments[:MAX_DIAGNOSES]
    return [{"sequence": number, "diagnosisCodeableConcept": proposal.code_concept(one)} for number, one in enumerate(claimed, 1)]


def _item(proposal: Proposal, line: ServiceLine, number: int) -> Resource:
    """One service line; its pointers come from the reasons that the service itself names."""
    item: Resource = {"sequence": number}
    if pointers := _pointers(proposal, line, number):
        item["diagnosisSequence"] = pointers
    item["productOrService"] = {"coding": [{"system": line.system, "code": line.code}]}
    if line.performed:
        item["servicedDate"] = line.performed[:10]
    if reference := proposal.encounter_reference():
        item["encounter"] = [reference]
    return item


def _pointers(proposal: Proposal, line: ServiceLine, number: int) -> list[int]:
    """Places in the claim of the line's reasons, in claim order; those beyond the fourth are left off (FCE-510 reports them). Where a
    person decided on links, they count as they are then."""
    linked = proposal.signature.links.get(number) if proposal.signature else None
    reasons = {plain(code) for code in (line.reason_codes if linked is None else linked)}
    claimed = enumerate(proposal.assignments[:MAX_DIAGNOSES], 1)
    return [place for place, one in claimed if plain(one.code) in reasons][:MAX_POINTERS]
