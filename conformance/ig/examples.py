"""Examples: what the server writes for one synthetic encounter, in each state, by the very functions that write it to an EHR.

Ids and references are those of an EHR that keeps each state beside the others; a real one keeps one of each resource and changes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from conformance.ig import visit
from fhir_coder.api.definition import DEFINITION_URL
from fhir_coder.api.outcome import outcome_of_error
from fhir_coder.api.render import render_result
from fhir_coder.asking.question import Question, communication_of, question_key, task_of, withdrawal_of, withdrawn_task
from fhir_coder.asking.withdrawal import cancel
from fhir_coder.audit.chain import BEGINNING, linked
from fhir_coder.audit.entry import Action, Agent, AgentKind, AuditEntry, Success
from fhir_coder.audit.fhir_event import Observer, audit_event
from fhir_coder.errors import Uncodable
from fhir_coder.exchange import CodingResult, ReleaseUse, Resource
from fhir_coder.vocabulary import CANONICAL
from fhir_coder.writeback.addressing import Addresses
from fhir_coder.writeback.bundle import build_bundle
from fhir_coder.writeback.names import address_of
from fhir_coder.writeback.proposal import Proposal
from fhir_coder.writeback.provenance import renamed, retirement_provenance
from fhir_coder.writeback.reopening import draft_again
from fhir_coder.writeback.revision import (
    Left,
    Revise,
    cancel_claim,
    cancel_task,
    complete_task,
    retire_condition,
    sign_claim,
    sign_condition,
)
from fhir_coder.writeback.terms import EarlierWrite

PROFILES = {
    name: f"{CANONICAL}/StructureDefinition/{name}"
    for name in ("coding-condition", "coding-claim", "coding-review-task", "coding-provenance", "provider-query", "provider-query-task")
}
_OF_KIND = {"Condition": "coding-condition", "Claim": "coding-claim", "Task": "coding-review-task", "Provenance": "coding-provenance"}


@dataclass(frozen=True, slots=True)
class Example:
    """``profile`` is a key of PROFILES, empty for what none is about; ``words`` say what it shows."""

    resource: Resource
    words: str
    profile: str = ""


def examples() -> Iterator[Example]:
    """All of them: the encounter, then each state of what is written for it, then what the server answers."""
    for resource in visit.resources():
        yield Example(resource, "The encounter as the EHR holds it.")
    yield from _written()
    yield from _query()
    yield from _answers()


def _written() -> Iterator[Example]:
    before, after = visit.proposed(), visit.signed()
    proposed = _at_ehr(before, "proposed")
    for name, one in proposed.items():
        yield _example(one, f"Proposed for review: {name}.")
    held = _at_ehr(before, "signed")
    yield from _signed(held, _at_ehr(after, "signed"), after)
    yield from _cancelled(_at_ehr(before, "cancelled", diagnoses="proposed"), after)


def _signed(held: dict[str, Resource], signed: dict[str, Resource], after: Proposal) -> Iterator[Example]:
    """The proposal as a person's signature leaves it: signed codes, one that they added and one that they rejected."""
    for name, one in signed.items():
        kind, current = one["resourceType"], held.get(name)
        if kind == "Provenance":
            activity = "UPDATE" if name.removeprefix("provenance.") in _codes(held) else "CREATE"
            yield _example(renamed(one, one["meta"]["tag"][0]["code"], activity), f"A person signed: {name}.")
        elif current is None:
            yield _example(one, f"A person added it: {name}.")
        else:
            code = name.removeprefix("condition.")
            revise = {
                "Condition": sign_condition(code, _earlier(current)),
                "Claim": sign_claim(_earlier(current)),
                "Task": complete_task(after.instant),
            }[kind]
            yield _example(_revised(revise, current, one), f"A person signed: {name}.")
    yield from _reopened(_revised(sign_claim(_earlier(held["claim"])), held["claim"], signed["claim"]))
    for name in held:
        if name.startswith("condition.") and name not in signed:
            yield from _withdrawn(name.removeprefix("condition."), held[name], after)


def _reopened(signed: Resource) -> Iterator[Example]:
    claim = _revised(draft_again(_earlier(signed)), signed, signed) | {"id": "reopened"}
    yield _example(claim, "The review was reopened: the Claim is a draft until somebody signs again.")


def _withdrawn(code: str, current: Resource, after: Proposal) -> Iterator[Example]:
    withdrawn = _revised(retire_condition(code, _earlier(current), is_signed=True), current, current)
    yield _example(withdrawn, f"A person signed the encounter without it: {code}.")
    name = f"{after.key}.provenance.{code}.retired"
    provenance = retirement_provenance(name, withdrawn, after.instant, after.signature)
    yield _example(provenance | {"id": f"withdrawn-{_id(code)}"}, f"Who withdrew {code}.")


def _cancelled(held: dict[str, Resource], after: Proposal) -> Iterator[Example]:
    claim, task = held["claim"], held["task"]
    yield _example(_revised(cancel_claim(_earlier(claim)), claim, claim), "No Claim is proposed any more: the patient pays.")
    yield _example(_revised(cancel_task(_earlier(task), after.instant), task, task), "The encounter was coded again and needs no review.")


def _query() -> Iterator[Example]:
    encounter = visit.intake().encounter
    question = Question(
        key=question_key(visit.TENANT, encounter.reference, "c0ffee", 3),
        patient=f"Patient/{encounter.patient.id}",
        encounter=encounter.reference,
        provider=encounter.provider,
        asked_by="",
        asked_at=visit.CODED_AT + timedelta(hours=1),
        text="The note of 2026-05-12 names obesity with a body mass index of 34.8. Can you tell its class?\n( ) class 1\n( ) class 2\n( ) other (please specify)\n( ) unable to determine",
    )
    words = communication_of(question) | {"id": "query"}
    task = task_of(question, address_of(words)) | {"id": "query"}
    yield Example(words, "A coder asks the provider what the note leaves open.", "provider-query")
    yield Example(task, "The provider is to answer by an addendum.", "provider-query-task")
    at = visit.CODED_AT + timedelta(hours=2)
    cancelled = _revised(cancel(at), task, withdrawn_task(question)) | {"id": "query-withdrawn"}
    yield Example(cancelled, "The coder took the question back.", "provider-query-task")
    told = withdrawal_of(question, address_of(words), at) | {"id": "query-withdrawn"}
    yield Example(told, "The same where no Task can say so.", "provider-query")


def _answers() -> Iterator[Example]:
    before = visit.proposed()
    release = ReleaseUse(visit.RELEASE, visit.RELEASE_FROM, visit.RELEASE_TO, "covered")
    result = CodingResult(before.intake, before.disposition, release, build_bundle(before), coding_id="c0ffee")
    yield Example(render_result(result) | {"id": "code-encounter-answer"}, f"The answer of {DEFINITION_URL}.")
    request = {
        "resourceType": "Parameters",
        "id": "code-encounter-request",
        "parameter": [
            {"name": "encounterReference", "valueReference": {"reference": before.encounter.reference}},
            {"name": "writeBack", "valueBoolean": True},
        ],
    }
    yield Example(request, f"A call of {DEFINITION_URL}.")
    refusal = outcome_of_error(Uncodable("the encounter has no codable note"), "0f9b6f0a-example")
    yield Example(refusal | {"id": "no-codable-note"}, "An encounter that cannot be coded.")
    yield Example(_audited(before), "The coding in the audit, at the beginning of its chain.")


def _audited(before: Proposal) -> Resource:
    agent = Agent(AgentKind.CLIENT, "scheduler", "https://auth.example.org")
    entry = AuditEntry(
        visit.TENANT,
        "code-encounter",
        Action.EXECUTE,
        Success.DONE,
        agent,
        f"Patient/{before.encounter.patient.id}",
        (before.encounter.reference,),
    )
    event = audit_event(entry, Observer("https://coder.example.org"), "code-encounter", visit.CODED_AT)
    kept: Resource = json.loads(linked(event, BEGINNING)[1])
    return {"resourceType": kept.pop("resourceType"), **kept}


def _at_ehr(proposal: Proposal, state: str, diagnoses: str = "") -> dict[str, Resource]:
    """The proposal by names (``condition.I10``, ``claim``) as an EHR keeps it, in its first version; its Conditions are those of the state
    ``diagnoses``."""
    kept: dict[str, tuple[str, Resource]] = {}
    known: dict[str, str] = {}
    for entry in build_bundle(proposal)["entry"]:
        name, kind = _name(proposal, entry["fullUrl"]), entry["resource"]["resourceType"]
        resource_id = f"{diagnoses or state if kind == 'Condition' else state}{_suffix(name)}"
        known[entry["fullUrl"]] = f"{kind}/{resource_id}"
        kept[name] = (resource_id, entry["resource"])
    settled = {name: (resource_id, Addresses(known).settle(one)) for name, (resource_id, one) in kept.items()}
    return {name: _kept(one, resource_id) for name, (resource_id, one) in settled.items() if one is not None}


def _kept(resource: Resource, resource_id: str) -> Resource:
    head = {"resourceType": resource["resourceType"], "id": resource_id, "meta": resource.get("meta", {}) | {"versionId": "1"}}
    return head | {key: value for key, value in resource.items() if key not in head}


def _name(proposal: Proposal, full_url: str) -> str:
    codes = [one.code for one in proposal.assignments]
    kinds = [("claim", ""), ("task", ""), *((kind, code) for kind in ("condition", "provenance") for code in codes)]
    return next(".".join(filter(None, one)) for one in kinds if proposal.full_url(*one) == full_url)


def _suffix(name: str) -> str:
    code = name.partition(".")[2]
    return f"-{_id(code)}" if code else ""


def _id(code: str) -> str:
    return code.lower().replace(".", "-")


def _codes(held: dict[str, Resource]) -> set[str]:
    return {name.removeprefix("condition.") for name in held if name.startswith("condition.")}


def _earlier(current: Resource) -> EarlierWrite:
    return EarlierWrite(address_of(current), current["meta"]["versionId"], current)


def _revised(revise: Revise, current: Resource, proposed: Resource) -> Resource:
    wanted = revise(current, proposed)
    if isinstance(wanted, Left):
        raise ValueError(f"{address_of(current)} was left as it is: {wanted.why}")
    return wanted


def _example(resource: Resource, words: str) -> Example:
    """Without the version: it is the EHR's."""
    meta = {key: value for key, value in resource.get("meta", {}).items() if key != "versionId"}
    plain = {key: value for key, value in resource.items() if key != "meta"}
    head = {key: plain.pop(key) for key in ("resourceType", "id")}
    return Example(head | ({"meta": meta} if meta else {}) | plain, words, _OF_KIND[resource["resourceType"]])
