"""Provenance: one for each code, with the software and its versions, the source documents, the offsets and the hash of the text.

Its name holds a digest of its evidence: coding twice writes once, and the same code on a changed note has a Provenance of its own. The
target is named without a version, because searches by target look for that form (http://hl7.org/fhir/R4/provenance.html).
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from fhir_coder import __version__
from fhir_coder.exchange import Resource
from fhir_coder.model import CodeAssignment, Evidence
from fhir_coder.vocabulary import DATA_OPERATION, EVIDENCE_EXTENSION, PROPOSAL_IDENTIFIER, PROVENANCE_AGENT
from fhir_coder.writeback.proposal import Proposal
from fhir_coder.writeback.signature import Signature


def build_provenance(proposal: Proposal, assignment: CodeAssignment) -> Resource:
    """The Provenance of one proposed Condition. Offsets are half-open Unicode code points into the canonical text that the hash names."""
    provenance: Resource = {
        "resourceType": "Provenance",
        "meta": _labelled(proposal, assignment) | {"tag": [_tag(proposal, assignment)]},
        "contained": [_software(proposal.versions)],
        "target": [{"reference": proposal.full_url("condition", assignment.code)}],
        "recorded": proposal.instant,
        "activity": _activity("CREATE"),
        "agent": [_agent(), *([proposal.signature.agent()] if proposal.signature else [])],
    }
    entities = [_entity(proposal, note, assignment.evidence) for note in dict.fromkeys(e.note_id for e in assignment.evidence)]
    if entities:
        provenance["entity"] = entities
    return provenance


def renamed(provenance: Resource, name: str, activity: str) -> Resource:
    """The same under another name and for another activity (CREATE, UPDATE, NULLIFY)."""
    security = {key: value for key, value in provenance["meta"].items() if key == "security"}
    return provenance | {"meta": security | {"tag": [{"system": PROPOSAL_IDENTIFIER, "code": name}]}, "activity": _activity(activity)}


def retirement_provenance(name: str, target: Resource, instant: str, signature: Signature | None = None) -> Resource:
    """The Provenance of a Condition at the EHR that is marked as entered in error; ``instant`` is when."""
    reason = "A coder signed the encounter without it." if signature else "No longer proposed after the encounter was coded again."
    version = target.get("meta", {}).get("versionId", "")
    return {
        "resourceType": "Provenance",
        "meta": {"tag": [{"system": PROPOSAL_IDENTIFIER, "code": f"{name}.{version}" if version else name}]},
        "contained": [_software({"fhir-coder": __version__})],
        "target": [{"reference": f"{target['resourceType']}/{target['id']}"}],
        "recorded": instant,
        "reason": [{"text": reason}],
        "activity": _activity("NULLIFY"),
        "agent": [_agent(), *([signature.agent()] if signature else [])],
    }


def _labelled(proposal: Proposal, assignment: CodeAssignment) -> Resource:
    labels = proposal.carried_labels([one.note_id for one in assignment.evidence])
    return {"security": labels} if labels else {}


def _activity(code: str) -> Resource:
    return {"coding": [{"system": DATA_OPERATION, "code": code}]}


def _agent() -> Resource:
    assembler = {"system": PROVENANCE_AGENT, "code": "assembler", "display": "Assembler"}
    return {"type": {"coding": [assembler]}, "who": {"reference": "#software"}}


def _tag(proposal: Proposal, assignment: CodeAssignment) -> Resource:
    """The stable name of this Provenance, which has no identifier in R4: what a conditional create asks for."""
    identifier = proposal.identifier("provenance", assignment.code)
    signed = f".signed-{proposal.signature.number}" if proposal.signature else ""
    return {"system": identifier["system"], "code": f"{identifier['value']}.{_digest(proposal, assignment)}{signed}"}


def _digest(proposal: Proposal, assignment: CodeAssignment) -> str:
    """Twelve digits that stand for notes, offsets and text hashes."""
    spans = (
        f"{proposal.note_reference(one.note_id).get('reference', one.note_id)} {one.start} {one.end} {one.sha256}"
        for one in assignment.evidence
    )
    return sha256("\n".join(spans).encode()).hexdigest()[:12]


def _software(versions: Mapping[str, str]) -> Resource:
    """The engine as a contained Device with the versions that decided."""
    return {
        "resourceType": "Device",
        "id": "software",
        "deviceName": [{"name": "fhir-coder", "type": "user-friendly-name"}],
        "version": [{"type": {"text": name}, "value": value} for name, value in sorted(versions.items()) if value],
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
