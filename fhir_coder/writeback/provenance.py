"""Provenance: one for each code, with the software and its versions, the source documents, the offsets and the hash of the text."""

from __future__ import annotations

from fhir_coder.exchange import Resource
from fhir_coder.model import CodeAssignment, Evidence
from fhir_coder.vocabulary import DATA_OPERATION, EVIDENCE_EXTENSION, PROVENANCE_AGENT
from fhir_coder.writeback.proposal import Proposal


def build_provenance(proposal: Proposal, assignment: CodeAssignment) -> Resource:
    """The Provenance of one proposed Condition. Offsets are half-open Unicode code points into the canonical text that the hash names."""
    provenance: Resource = {
        "resourceType": "Provenance",
        "meta": {"tag": [_tag(proposal, assignment)]},
        "contained": [_software(proposal)],
        "target": [{"reference": proposal.full_url("condition", assignment.code)}],
        "recorded": proposal.instant,
        "activity": {"coding": [{"system": DATA_OPERATION, "code": "CREATE"}]},
        "agent": [
            {
                "type": {"coding": [{"system": PROVENANCE_AGENT, "code": "assembler", "display": "Assembler"}]},
                "who": {"reference": "#software"},
            }
        ],
    }
    entities = [_entity(proposal, note, assignment.evidence) for note in dict.fromkeys(e.note_id for e in assignment.evidence)]
    if entities:
        provenance["entity"] = entities
    return provenance


def _tag(proposal: Proposal, assignment: CodeAssignment) -> Resource:
    """The stable name of this Provenance, which has no identifier in R4: what a conditional create asks for."""
    identifier = proposal.identifier("provenance", assignment.code)
    return {"system": identifier["system"], "code": identifier["value"]}


def _software(proposal: Proposal) -> Resource:
    """The engine as a contained Device with the versions that decided."""
    return {
        "resourceType": "Device",
        "id": "software",
        "deviceName": [{"name": "fhir-coder", "type": "user-friendly-name"}],
        "version": [{"type": {"text": name}, "value": value} for name, value in sorted(proposal.versions.items()) if value],
    }


def _entity(proposal: Proposal, note_id: str, evidence: tuple[Evidence, ...]) -> Resource:
    spans = [one for one in evidence if one.note_id == note_id]
    return {"extension": [_span(one) for one in spans], "role": "source", "what": proposal.note_reference(note_id)}


def _span(evidence: Evidence) -> Resource:
    return {
        "url": EVIDENCE_EXTENSION,
        "extension": [
            {"url": "start", "valueInteger": evidence.start},
            {"url": "end", "valueInteger": evidence.end},
            {"url": "sha256", "valueString": evidence.sha256},
        ],
    }
