"""Has somebody else touched what we wrote? What a person confirmed or changed is theirs, and so is what cannot be told apart from it."""

from __future__ import annotations

from fhir_coder.exchange import Resource
from fhir_coder.writeback.names import codes_in, plain_code, token_in, version_of
from fhir_coder.writeback.terms import EarlierWrite

PROPOSED = frozenset({"unconfirmed", "provisional"})
"""Verification statuses of a proposal; the second is what some EHRs make of the first."""

_WRITTEN_ALWAYS = frozenset({"resourceType", "id", "meta", "text", "language", "implicitRules", "identifier", "encounter"})
WRITTEN_CONDITION = _WRITTEN_ALWAYS | {
    *("extension", "clinicalStatus", "verificationStatus", "category", "code", "subject", "recordedDate", "evidence"),
}
WRITTEN_CLAIM = _WRITTEN_ALWAYS | {
    *(
        "status",
        "type",
        "use",
        "patient",
        "created",
        "provider",
        "priority",
        "billablePeriod",
        "supportingInfo",
        "diagnosis",
        "insurance",
        "item",
    ),
}
"""Elements that this software writes of each type."""
_WRITTEN_TASK = _WRITTEN_ALWAYS | {
    *("status", "intent", "priority", "code", "focus", "for", "authoredOn", "lastModified", "reasonCode", "input"),
}


def condition_touch(condition: Resource, code: str, earlier: EarlierWrite | None, is_signed: bool = False) -> str:
    """Why a Condition of ours for ``code`` must be left alone, or empty when nobody but this software had a hand in it.

    ``is_signed``: a person signs now, who may take back what an earlier signature wrote; nobody else may.
    """
    if is_signed and _is_as_written(condition, earlier):
        return ""
    verification = token_in(condition.get("verificationStatus"))
    if verification not in PROPOSED:
        return f"its verificationStatus is {verification or 'missing'}"
    clinical = token_in(condition.get("clinicalStatus"))
    if clinical not in {"", "active"}:
        return f"its clinicalStatus is {clinical}"
    if _is_as_written(condition, earlier):
        return ""
    if {plain_code(one) for one in codes_in(condition.get("code"))} != {plain_code(code)}:
        return "its code is not the one that was proposed"
    return _added(condition, WRITTEN_CONDITION)


def claim_touch(claim: Resource, earlier: EarlierWrite | None, is_signed: bool = False) -> str:
    """The same for a Claim: a draft whose diagnoses are those that we wrote."""
    if is_signed and _is_as_written(claim, earlier):
        return ""
    if claim.get("status") != "draft":
        return f"its status is {claim.get('status')}"
    if _is_as_written(claim, earlier):
        return ""
    if earlier is None or earlier.resource is None:
        return "what this software wrote before is not known"
    return "" if claim_codes(claim) == claim_codes(earlier.resource) else "its diagnoses are not those that were proposed"


def task_touch(task: Resource, earlier: EarlierWrite | None) -> str:
    """The same for a Task: requested, and nobody has taken it."""
    if task.get("status") != "requested":
        return f"its status is {task.get('status')}"
    if _is_as_written(task, earlier):
        return ""
    return "it has an owner" if "owner" in task else _added(task, _WRITTEN_TASK)


def claim_codes(claim: Resource) -> tuple[str, ...]:
    """The diagnoses of a Claim in order, without dots."""
    return tuple(plain_code(code) for one in claim.get("diagnosis", ()) for code in codes_in(one.get("diagnosisCodeableConcept")))


def _is_as_written(resource: Resource, earlier: EarlierWrite | None) -> bool:
    return bool(earlier and earlier.version and earlier.version == version_of(resource))


def _added(resource: Resource, written: frozenset[str]) -> str:
    added = sorted(element for element in resource if element not in written and not element.startswith("_"))
    return f"it has elements that this software does not write: {', '.join(added)}" if added else ""
