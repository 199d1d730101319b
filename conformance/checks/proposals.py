"""What is proposed: Conditions, Claim, Task and Provenances that an EHR can take as they are, and that say no more than a proposal may.

Conditions are held against US Core's encounter diagnosis (https://hl7.org/fhir/us/core/STU6.1/StructureDefinition-us-core-condition-encounter-diagnosis.html).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from conformance.answer_check import answer_check
from conformance.coded import ICD10CM, Coded, Part, address, value_of
from conformance.exchange import Resource
from conformance.fixture import Fixture
from conformance.fixture_answers import codings
from conformance.required import REQUIRED, lacking
from conformance.target import Target
from conformance.verdict import Skipped, expect

CATEGORY = ("http://terminology.hl7.org/CodeSystem/condition-category", "encounter-diagnosis")
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")
MOST_DIAGNOSES, MOST_POINTERS = 12, 4
"""837P: loop 2300 HI and loop 2400 SV107."""
CLAIM_NEEDS = REQUIRED["Claim"]
CLINICAL_CODES = frozenset({"active", "recurrence", "relapse", "inactive", "remission", "resolved"})
CLAIM_TYPE = ("http://terminology.hl7.org/CodeSystem/claim-type", "professional")


@answer_check
def full_urls_differ(target: Target) -> None:
    """Every entry of the collection has a fullUrl of its own, without a version."""
    for fixture, coded in codings(target):
        urls = [entry.get("fullUrl") for entry in coded.proposed]
        expect(
            urls and all(urls) and len(set(urls)) == len(urls),
            f"a fullUrl of its own for each entry of {fixture.id}",
            f"{len(set(urls))} for {len(urls)}",
        )
        expect(not any("/_history/" in str(url) for url in urls), "no version in fullUrl (bdl-8)", "one")


@answer_check
def entries_hold_resources_alone(target: Target) -> None:
    """An entry of a collection has a resource, and no search, request or response."""
    for fixture, coded in codings(target):
        for entry in coded.proposed:
            expect("resource" in entry, f"a resource in every entry of {fixture.id}", ", ".join(entry))
            expect(
                not entry.keys() & {"search", "request", "response"}, "no search, request or response (bdl-2 to bdl-4)", ", ".join(entry)
            )


@answer_check
def references_inside_resolve(target: Target) -> None:
    """A reference by urn:uuid names an entry of the same Bundle, and one by # a contained resource."""
    for _, coded in codings(target):
        urls = {entry.get("fullUrl") for entry in coded.proposed}
        for entry in coded.proposed:
            inside = {f"#{one.get('id')}" for one in entry.get("resource", {}).get("contained", ())}
            for reference in _references(entry.get("resource", {})):
                expect(not reference.startswith("urn:") or reference in urls, "an entry for every urn:uuid", reference)
                expect(not reference.startswith("#") or reference in inside, "a contained resource for every #", reference)


@answer_check
def a_condition_for_every_code(target: Target) -> None:
    """Every assigned code is proposed as one Condition, unless the EHR holds one that agrees; no Condition has another code."""
    for fixture, coded in codings(target):
        agreed = {
            (value_of(one, "assigned") or {}).get("code") for one in coded.named("reconciliation") if value_of(one, "status") == "agreed"
        }
        proposed = sorted(_coding(one).get("code", "") for one in coded.resources("Condition"))
        expect(
            proposed == sorted(set(coded.codes) - agreed),
            f"Conditions of {fixture.id} for {', '.join(sorted(set(coded.codes) - agreed))}",
            ", ".join(proposed),
        )


@answer_check
def conditions_are_encounter_diagnoses(target: Target) -> None:
    """Condition.category is encounter-diagnosis."""
    for _, _, one in _of(target, "Condition"):
        found = {
            (coding.get("system"), coding.get("code")) for category in one.get("category", ()) for coding in category.get("coding", ())
        }
        expect(CATEGORY in found, CATEGORY[1], found)


@answer_check
def conditions_are_unconfirmed(target: Target) -> None:
    """Condition.verificationStatus is unconfirmed: nobody has confirmed it yet."""
    for _, _, one in _of(target, "Condition"):
        coding = _first(one.get("verificationStatus", {}))
        expect((coding.get("system"), coding.get("code")) == (VERIFICATION, "unconfirmed"), "unconfirmed", coding.get("code"))


@answer_check
def clinical_status_fits(target: Target) -> None:
    """Condition.clinicalStatus is there and of its value set, and is absent where the Condition is entered in error (con-5)."""
    for _, _, one in _of(target, "Condition"):
        is_error = _first(one.get("verificationStatus", {})).get("code") == "entered-in-error"
        found = _first(one.get("clinicalStatus", {}))
        expect(is_error != bool(found), "clinicalStatus unless entered in error", found.get("code"))
        expect(is_error or found.get("system") == CLINICAL, CLINICAL, found.get("system"))
        expect(is_error or found.get("code") in CLINICAL_CODES, f"one of {', '.join(sorted(CLINICAL_CODES))}", found.get("code"))


@answer_check
def conditions_have_the_code_assigned(target: Target) -> None:
    """Condition.code is the code assigned: of ICD-10-CM, with its dot, of the same release."""
    for fixture, coded, one in _of(target, "Condition"):
        coding = _coding(one)
        versions = {assigned.code: assigned.coding.get("version") for assigned in coded.assignments}
        expect(coding.get("code") in versions, f"a code assigned to {fixture.id}", coding.get("code"))
        expect(coding.get("version") == versions[coding["code"]], f"release {versions[coding['code']]}", coding.get("version"))


@answer_check
def everything_is_of_the_patient(target: Target) -> None:
    """Conditions, Claim and Task name the patient of the encounter."""
    for kind, element in (("Condition", "subject"), ("Claim", "patient"), ("Task", "for")):
        for fixture, _, one in _of(target, kind):
            wanted = f"Patient/{fixture.of('Patient')[0]['id']}"
            expect(_address(one.get(element)) == wanted, f"{kind}.{element} {wanted}", _address(one.get(element)) or "none")


@answer_check
def everything_is_of_the_encounter(target: Target) -> None:
    """Conditions and Task name the encounter."""
    for kind in ("Condition", "Task"):
        for fixture, _, one in _of(target, kind):
            expect(
                _address(one.get("encounter")) == fixture.encounter,
                f"{kind}.encounter {fixture.encounter}",
                _address(one.get("encounter")) or "none",
            )


@answer_check
def the_claim_names_the_encounter(target: Target) -> None:
    """A Claim names its encounter, also where it has no item to carry Claim.item.encounter."""
    for fixture, _, one in _of(target, "Claim"):
        expect(fixture.encounter in {address(found) for found in _references(one)}, f"a reference to {fixture.encounter}", "none")


@answer_check
def what_waits_is_tagged(target: Target) -> None:
    """What goes to review is tagged as such, and what passes is not."""
    for fixture, coded in codings(target):
        held = {one.code: one.disposition == "review" for one in coded.assignments}
        for one in coded.resources("Condition"):
            wanted = held.get(_coding(one).get("code", ""), False)
            expect(_is_tagged(one) == wanted, f"needs-review on {_coding(one).get('code')} of {fixture.id}: {wanted}", _is_tagged(one))
        for one in coded.resources("Claim"):
            expect(
                _is_tagged(one) == (coded.disposition == "review"),
                f"needs-review on the Claim of {fixture.id} as its disposition says",
                _is_tagged(one),
            )


@answer_check
def evidence_is_referenced(target: Target) -> None:
    """Condition.evidence.detail names the documents that the code rests on."""
    for _, coded, one in _of(target, "Condition"):
        wanted = {span.document for found in coded.assignments if found.code == _coding(one).get("code") for span in found.evidence}
        found = {_address(detail) for evidence in one.get("evidence", ()) for detail in evidence.get("detail", ())}
        expect(found == wanted, ", ".join(sorted(wanted)), ", ".join(sorted(found)) or "none")


@answer_check
def claims_are_drafts(target: Target) -> None:
    """Claim.status is draft: nobody has decided to bill it."""
    for _, _, one in _of(target, "Claim"):
        expect(one.get("status") == "draft", "draft", one.get("status"))


@answer_check
def claims_are_claims(target: Target) -> None:
    """Claim.use is claim and its type professional."""
    for _, _, one in _of(target, "Claim"):
        kind = _first(one.get("type", {}))
        expect(one.get("use") == "claim", "use claim", one.get("use"))
        expect((kind.get("system"), kind.get("code")) == CLAIM_TYPE, f"type {CLAIM_TYPE[1]} of {CLAIM_TYPE[0]}", kind)


@answer_check
def claims_are_complete(target: Target) -> None:
    """A Claim has every element that R4 requires."""
    for fixture, _, one in _of(target, "Claim"):
        missing = [name for name in CLAIM_NEEDS if not one.get(name)]
        expect(not missing, f"{', '.join(CLAIM_NEEDS)} on the Claim of {fixture.id}", f"no {', '.join(missing)}")


@answer_check
def everything_required_is_there(target: Target) -> None:
    """What is proposed has every element that R4 requires, in backbone elements and in extensions too."""
    for fixture, coded in codings(target):
        missing = [path for entry in coded.proposed for path in lacking(entry.get("resource", {}))]
        expect(
            not missing, f"the elements that R4 requires in what is proposed for {fixture.id}", f"no {', '.join(dict.fromkeys(missing))}"
        )


@answer_check
def one_insurance_is_focal(target: Target) -> None:
    """Of Claim.insurance, numbered from 1, one is focal, and each names a coverage or says that there is none."""
    for fixture, _, one in _of(target, "Claim"):
        insurance = one.get("insurance", ())
        expect(
            sum(line.get("focal") is True for line in insurance) == 1, f"one focal insurance for {fixture.id}", f"{len(insurance)} in all"
        )
        expect(_sequences(insurance) == list(range(1, len(insurance) + 1)), "sequences from 1", _sequences(insurance))
        expect(all(line.get("coverage") for line in insurance), "a coverage in each", "none")


@answer_check
def the_coverage_sent_is_used(target: Target) -> None:
    """The coverage of the Claim is one that was supplied."""
    for fixture, _, one in _of(target, "Claim"):
        known = {f"Coverage/{found['id']}" for found in fixture.of("Coverage")}
        named = {_address(line.get("coverage")) for line in one.get("insurance", ())} - {""}
        expect(named == known, f"{', '.join(known) or 'no coverage'} for {fixture.id}", ", ".join(named) or "none")


@answer_check
def diagnoses_are_numbered(target: Target) -> None:
    """Claim.diagnosis.sequence counts from 1, each number once."""
    for fixture, _, one in _of(target, "Claim"):
        found = _sequences(one.get("diagnosis", ()))
        expect(found == list(range(1, len(found) + 1)), f"1 to {len(found)} for {fixture.id}", found)


@answer_check
def diagnoses_are_in_order(target: Target) -> None:
    """Claim.diagnosis holds the codes of ICD-10-CM by their rank, as many as a claim takes."""
    for fixture, coded, one in _of(target, "Claim"):
        named = [_first(line.get("diagnosisCodeableConcept", {})) for line in one.get("diagnosis", ())]
        found = [coding.get("code") for coding in named if coding.get("system") == ICD10CM]
        wanted = list(coded.codes[:MOST_DIAGNOSES])
        expect(found == wanted, f"{', '.join(wanted)} for {fixture.id}", ", ".join(map(str, found)) or "none")


@answer_check
def at_most_twelve_diagnoses(target: Target) -> None:
    """A Claim has at most twelve diagnoses."""
    for fixture, _, one in _of(target, "Claim"):
        expect(len(one.get("diagnosis", ())) <= MOST_DIAGNOSES, f"at most {MOST_DIAGNOSES} for {fixture.id}", len(one["diagnosis"]))


@answer_check
def pointers_resolve(target: Target) -> None:
    """Claim.item.diagnosisSequence names diagnoses of the Claim, at most four for an item; an item has its code."""
    for _, _, one in _of(target, "Claim"):
        known = set(_sequences(one.get("diagnosis", ())))
        for item in one.get("item", ()):
            pointers = item.get("diagnosisSequence", [])
            expect(set(pointers) <= known and len(pointers) <= MOST_POINTERS, f"at most four of {sorted(known)}", pointers)
            expect(item.get("productOrService"), "productOrService in every item", "none")


@answer_check
def reviews_have_a_task(target: Target) -> None:
    """An encounter that goes to review has one Task, requested, and one that passes has none."""
    for fixture, coded in codings(target):
        found = coded.resources("Task")
        expect(len(found) == (coded.disposition == "review"), f"a Task for {fixture.id} if it goes to review", len(found))
        expect(all(one.get("status") == "requested" for one in found), "status requested", [one.get("status") for one in found])


@answer_check
def tasks_lead_to_the_claim(target: Target) -> None:
    """Task.focus leads to the Claim proposed, and Task.intent is there."""
    for fixture, coded, one in _of(target, "Task"):
        claims = {entry.get("fullUrl") for entry in coded.proposed if entry.get("resource", {}).get("resourceType") == "Claim"}
        expect(
            one.get("focus", {}).get("reference") in claims, f"the Claim of {fixture.id} as focus", one.get("focus", {}).get("reference")
        )
        expect(one.get("intent"), "Task.intent", "none")


@answer_check
def tasks_say_what_they_ask_for(target: Target) -> None:
    """Task.code says what is asked for: a worklist is found by it."""
    for fixture, _, one in _of(target, "Task"):
        coding = _first(one.get("code", {}))
        expect(coding.get("system") and coding.get("code"), f"Task.code with system and code for {fixture.id}", coding or "none")


@answer_check
def tasks_have_their_inputs(target: Target) -> None:
    """Task.input names a Condition for every assigned code."""
    for fixture, coded, one in _of(target, "Task"):
        found = [line["valueReference"].get("reference", "") for line in one.get("input", ()) if "valueReference" in line]
        expect(len(set(found)) == len(coded.codes), f"{len(coded.codes)} Conditions for {fixture.id}", len(set(found)))


@answer_check
def every_condition_has_provenance(target: Target) -> None:
    """A Provenance targets each Condition proposed."""
    for fixture, coded in codings(target):
        wanted = {entry.get("fullUrl") for entry in coded.proposed if entry.get("resource", {}).get("resourceType") == "Condition"}
        found = {one.get("reference") for provenance in coded.resources("Provenance") for one in provenance.get("target", ())}
        expect(wanted <= found, f"a Provenance for each of the {len(wanted)} Conditions of {fixture.id}", f"{len(wanted & found)}")


@answer_check
def provenance_says_who_and_when(target: Target) -> None:
    """A Provenance has the instant, with its zone, and an agent that is not a person: nobody has looked at it yet."""
    for _, _, one in _of(target, "Provenance"):
        expect(INSTANT.fullmatch(str(one.get("recorded", ""))), "recorded with seconds and zone", one.get("recorded"))
        agents = one.get("agent", ())
        expect(agents and all(agent.get("who") for agent in agents), "agents with who", len(agents))
        people = [agent for agent in agents if _address(agent["who"]).partition("/")[0] in {"Practitioner", "PractitionerRole", "Patient"}]
        expect(not people, "no person among the agents", f"{len(people)}")


@answer_check
def provenance_names_its_sources(target: Target) -> None:
    """Provenance.entity names, as source, the documents that the code rests on."""
    for fixture, _, one in _of(target, "Provenance"):
        sent = {f"DocumentReference/{document['id']}" for document in fixture.sent_notes()}
        sources = {_address(entity.get("what")) for entity in one.get("entity", ()) if entity.get("role") == "source"}
        expect(sources and sources <= sent, f"documents of {fixture.id} as source", ", ".join(sorted(sources)) or "none")


@answer_check
def versions_of_the_software_are_told(target: Target) -> None:
    """The Device behind a Provenance says its version."""
    for _, _, one in _of(target, "Provenance"):
        devices = {f"#{found.get('id')}": found for found in one.get("contained", ()) if found.get("resourceType") == "Device"}
        told = [devices.get(agent.get("who", {}).get("reference", ""), {}).get("version") for agent in one.get("agent", ())]
        expect(any(told), "a contained Device with its version as agent", "none")


def _of(target: Target, kind: str) -> Iterator[tuple[Fixture, Coded, Resource]]:
    """Every proposed resource of a type. Raises Skipped where there is none."""
    found = [(fixture, coded, one) for fixture, coded in codings(target) for one in coded.resources(kind)]
    if not found:
        raise Skipped(f"the server proposes no {kind}")
    yield from found


def _references(value: Any) -> Iterator[str]:
    """Every literal reference in a resource."""
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for one in value.values():
            yield from _references(one)
    elif isinstance(value, list):
        for one in value:
            yield from _references(one)


def _first(concept: Part) -> dict[str, Any]:
    return dict(next(iter(concept.get("coding", ())), {}))


def _coding(condition: Resource) -> dict[str, Any]:
    """Its ICD-10-CM coding, whatever others stand beside it."""
    found = [one for one in condition.get("code", {}).get("coding", ()) if one.get("system") == ICD10CM]
    return dict(found[0]) if found else {}


def _address(reference: Any) -> str:
    return address(str((reference or {}).get("reference", "")))


def _is_tagged(resource: Resource) -> bool:
    return any(one.get("code") == "needs-review" and one.get("system") for one in resource.get("meta", {}).get("tag", ()))


def _sequences(lines: Any) -> list[Any]:
    return [one.get("sequence") for one in lines]
