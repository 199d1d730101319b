"""What becomes of a resource of ours that stands at the EHR already: each function takes it as it stands and gives it as it shall stand.

A revision looks at the version it is given and nothing else, so that after a 412 it can look again at the newer one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fhir_coder.exchange import Resource
from fhir_coder.vocabulary import CONDITION_VERIFICATION, REVIEW_TAG
from fhir_coder.writeback.names import WITHDRAWN, address_of, is_withdrawn, token_in, version_of
from fhir_coder.writeback.terms import EarlierWrite
from fhir_coder.writeback.touched import claim_touch, condition_touch, task_touch


@dataclass(frozen=True, slots=True)
class Left:
    """The resource stays as it is, and why; ``is_as_wanted``: because it is already what it shall be."""

    why: str
    is_as_wanted: bool = False


Revise = Callable[[Resource, Resource], "Resource | Left"]
"""The resource as it stands, and the proposed one with addresses in it -> the resource to be written, or why it is left."""


def retire_condition(code: str, earlier: EarlierWrite | None, is_signed: bool = False) -> Revise:
    """``entered-in-error`` without clinicalStatus (invariant con-5, http://hl7.org/fhir/R4/condition.html#invs)."""

    def revise(current: Resource, _: Resource) -> Resource | Left:
        if is_withdrawn(current, frozenset()) and token_in(current.get("verificationStatus")) == "entered-in-error":
            return Left("", is_as_wanted=True)
        if why := condition_touch(current, code, earlier, is_signed):
            return Left(why)
        status = {"coding": [{"system": CONDITION_VERIFICATION, "code": "entered-in-error"}]}
        kept = {key: value for key, value in current.items() if key != "clinicalStatus"}
        return kept | {"meta": _with_tag(current, WITHDRAWN), "verificationStatus": status}

    return revise


def revive_condition(retired: frozenset[str]) -> Revise:
    """A Condition that we retired, and nobody touched since, stands again as it is proposed now."""

    def revise(current: Resource, proposed: Resource) -> Resource | Left:
        if token_in(current.get("verificationStatus")) != "entered-in-error" or not is_withdrawn(current, retired):
            return Left("it was changed meanwhile")
        tags = proposed.get("meta", {}).get("tag", ())
        return current | _without_meta(proposed) | {"meta": _with_tag(current, *tags)}

    return revise


def refresh_condition(code: str, earlier: EarlierWrite | None) -> Revise:
    """The same code with other evidence or of another release."""

    def revise(current: Resource, proposed: Resource) -> Resource | Left:
        if why := condition_touch(current, code, earlier):
            return Left(why)
        renewed: Resource = {key: proposed[key] for key in ("code", "evidence", "extension") if key in proposed}
        renewed |= _with_labels(current, proposed)
        return Left("", is_as_wanted=True) if _is_within(renewed, current) else current | renewed

    return revise


def sign_condition(code: str, earlier: EarlierWrite | None) -> Revise:
    """What a person signed: the status that the provider's words have, and no longer up for review."""

    def revise(current: Resource, proposed: Resource) -> Resource | Left:
        renewed: Resource = {key: proposed[key] for key in (*_SIGNED, "evidence", "extension") if key in proposed}
        renewed |= {"meta": _with_tag(current | _with_labels(current, proposed))}
        is_as_wanted = token_in(current.get("verificationStatus")) == token_in(proposed.get("verificationStatus"))
        if is_as_wanted and _is_within({key: renewed[key] for key in ("code", "meta")}, current):
            return Left("", is_as_wanted=True)
        if why := condition_touch(current, code, earlier, is_signed=True):
            return Left(why)
        return current | renewed

    return revise


_SIGNED = ("code", "clinicalStatus", "verificationStatus")


def sign_claim(earlier: EarlierWrite | None, voided: frozenset[str] = frozenset()) -> Revise:
    """The diagnoses that a person signed, in their status. A Claim that an earlier signature voided (``voided``: versioned addresses), and that nobody
    touched since, stands again: an encounter has one Claim, for a second one might be billed beside it."""

    def revise(current: Resource, proposed: Resource) -> Resource | Left:
        kept = {key: value for key, value in current.items() if key not in {"diagnosis", "item"}}
        wanted = kept | {key: proposed[key] for key in ("status", "diagnosis", "item") if key in proposed}
        wanted |= {"meta": _with_tag(current)}
        if wanted == current:
            return Left("", is_as_wanted=True)
        is_voided = f"{address_of(current)}/_history/{version_of(current)}" in voided
        if not is_voided and (why := claim_touch(current, earlier, is_signed=True)):
            return Left(why)
        return wanted

    return revise


def complete_task(instant: str) -> Revise:
    """The review that it asked for is done, whoever had taken it."""

    def revise(current: Resource, _: Resource) -> Resource | Left:
        status = current.get("status")
        if status == "completed":
            return Left("", is_as_wanted=True)
        if status not in UNDER_WAY:
            return Left(f"its status is {status}")
        return current | {"status": "completed"} | ({"lastModified": instant} if instant else {})

    return revise


UNDER_WAY = frozenset({"draft", "requested", "received", "accepted", "ready", "in-progress", "on-hold"})
"""Statuses of http://hl7.org/fhir/R4/valueset-task-status.html in which a Task can still be completed or cancelled."""


def revise_claim(earlier: EarlierWrite | None) -> Revise:
    """Other diagnoses, and the service lines that point to them; everything else of the draft stays as it is."""

    def revise(current: Resource, proposed: Resource) -> Resource | Left:
        if why := claim_touch(current, earlier):
            return Left(why)
        kept = {key: value for key, value in current.items() if key not in {"diagnosis", "item"}}
        renewed = {key: proposed[key] for key in ("diagnosis", "item") if key in proposed}
        return Left("", is_as_wanted=True) if kept | renewed == current else kept | renewed

    return revise


def cancel_claim(earlier: EarlierWrite | None, is_signed: bool = False) -> Revise:
    """A Claim that a person signed away, or a draft that must not reach a health plan: the patient pays for the visit, and restricts disclosure (45 CFR 164.522(a)(1)(vi))."""

    def revise(current: Resource, _: Resource) -> Resource | Left:
        if current.get("status") == "cancelled":
            return Left("", is_as_wanted=True)
        if why := claim_touch(current, earlier, is_signed):
            return Left(why)
        return current | {"status": "cancelled"}

    return revise


def revise_task(earlier: EarlierWrite | None) -> Revise:
    """Other inputs and reasons for a review that nobody has begun."""

    def revise(current: Resource, proposed: Resource) -> Resource | Left:
        if task_topic(current) == task_topic(proposed):
            return Left("", is_as_wanted=True)
        if why := task_touch(current, earlier):
            return Left(why)
        kept = {key: value for key, value in current.items() if key not in TASK_TOPIC}
        renewed = {key: proposed[key] for key in (*TASK_TOPIC, "lastModified") if key in proposed}
        return kept | renewed

    return revise


def cancel_task(earlier: EarlierWrite | None, instant: str) -> Revise:
    """A review that is no longer asked for."""

    def revise(current: Resource, _: Resource) -> Resource | Left:
        if current.get("status") == "cancelled":
            return Left("", is_as_wanted=True)
        if why := task_touch(current, earlier):
            return Left(why)
        modified = {"lastModified": instant} if instant else {}
        return current | {"status": "cancelled", "statusReason": {"text": "The encounter was coded again and needs no review."}} | modified

    return revise


TASK_TOPIC = ("focus", "input", "reasonCode")
"""The elements that say what is to be reviewed, and why."""


def task_topic(task: Resource) -> tuple[object, ...]:
    """What a Task asks for, without texts that an EHR may word its own way."""
    inputs = [one.get("valueReference", {}).get("reference") or token_in(one.get("valueCodeableConcept")) for one in task.get("input", ())]
    reasons = [coding.get("code") for coding in task.get("reasonCode", {}).get("coding", ())]
    return task.get("focus", {}).get("reference", ""), inputs, reasons


def _with_tag(current: Resource, *tags: Resource) -> Resource:
    """Its meta with these of our review tags instead of others."""
    meta = current.get("meta", {})
    kept = [one for one in meta.get("tag", ()) if one.get("system") != REVIEW_TAG]
    others = {key: value for key, value in meta.items() if key != "tag"}
    return others | ({"tag": [*kept, *tags]} if kept or tags else {})


def _with_labels(current: Resource, proposed: Resource) -> Resource:
    """The meta with the security labels that are proposed beside those that stand; nothing where none is missing."""
    standing = current.get("meta", {}).get("security", [])
    known = {(one.get("system"), one.get("code")) for one in standing}
    missing = [one for one in proposed.get("meta", {}).get("security", ()) if (one.get("system"), one.get("code")) not in known]
    return {"meta": current.get("meta", {}) | {"security": [*standing, *missing]}} if missing else {}


def _without_meta(resource: Resource) -> Resource:
    return {key: value for key, value in resource.items() if key != "meta"}


def _is_within(part: Resource, whole: Resource) -> bool:
    return all(whole.get(key) == value for key, value in part.items())
