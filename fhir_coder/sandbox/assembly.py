"""From the short form of a synthetic encounter (one JSON file with its notes beside it) to FHIR resources, US Core in spirit."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fhir_coder.exchange import Resource
from fhir_coder.npi import NPI_SYSTEM
from fhir_coder.vocabulary import CONDITION_CATEGORY, CONDITION_CLINICAL, CONDITION_VERIFICATION, CPT, ICD10CM, LOINC

CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
DIAGNOSTIC_SECTION = "http://terminology.hl7.org/CodeSystem/v2-0074"
SUBSCRIBER = "http://terminology.hl7.org/CodeSystem/subscriber-relationship"
QUALIFICATION = "http://terminology.hl7.org/CodeSystem/v2-0360"
RECORD_NUMBER = "https://fhir-coder.github.io/fhir/identifier/sandbox"
CONTENT_TYPES = {".txt": "text/plain; charset=utf-8", ".html": "text/html; charset=utf-8", ".xml": "application/xml"}


@dataclass(frozen=True, slots=True)
class Person:
    """A practitioner: family and given name, NPI, and qualification as a code of HL7 v2 table 0360 (MD, NP, RN)."""

    family: str
    given: str
    npi: str
    qualification: str


@dataclass(frozen=True, slots=True)
class People:
    """Who the short forms name by key: practitioners, organizations and payers (name)."""

    practitioners: Mapping[str, Person]
    organizations: Mapping[str, str]
    payers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EncounterSource:
    """One encounter in short form; ``read`` gives the bytes of a note file by name."""

    short: Mapping[str, Any]
    people: People
    read: Callable[[str], bytes]

    @property
    def subject(self) -> Resource:
        """Reference to the patient."""
        return _reference("Patient", self.short["patient"]["id"])

    @property
    def encounter(self) -> Resource:
        """Reference to the encounter."""
        return _reference("Encounter", self.short["id"])


def assemble(source: EncounterSource) -> Iterator[Resource]:
    """Every resource of one encounter; those that others refer to come first."""
    yield _patient(source)
    authors = (document.get("author", source.short["practitioner"]) for document in source.short["documents"])
    interpreters = (report["interpreter"] for report in source.short.get("reports", ()))
    for key in dict.fromkeys((source.short["practitioner"], *authors, *interpreters)):
        yield _practitioner(key, source.people.practitioners[key])
    yield _organization("Organization", source.short["organization"], source.people.organizations)
    if source.short["coverage"]:
        yield _organization("Organization", source.short["coverage"], source.people.payers)
        yield _coverage(source)
    yield from (_condition(source, diagnosis) for diagnosis in source.short.get("diagnoses", ()))
    yield _encounter(source)
    for document in source.short["documents"]:
        yield from _document(source, document)
    for report in source.short.get("reports", ()):
        yield _report(source, report)
    for service in source.short["services"]:
        yield _service(source, service)


def _patient(source: EncounterSource) -> Resource:
    patient = source.short["patient"]
    return {
        "resourceType": "Patient",
        "id": patient["id"],
        "identifier": [{"system": RECORD_NUMBER, "value": f"patient-{patient['id']}"}],
        "active": True,
        "name": [{"use": "official", "family": patient["family"], "given": [patient["given"]]}],
        "gender": patient["gender"],
        "birthDate": patient["birthDate"],
    }


def _practitioner(key: str, person: Person) -> Resource:
    return {
        "resourceType": "Practitioner",
        "id": key,
        "identifier": [{"system": NPI_SYSTEM, "value": person.npi}],
        "active": True,
        "name": [{"family": person.family, "given": [person.given]}],
        "qualification": [{"code": {"coding": [{"system": QUALIFICATION, "code": person.qualification}]}}],
    }


def _organization(kind: str, key: str, names: Mapping[str, str]) -> Resource:
    return {"resourceType": kind, "id": key, "active": True, "name": names[key]}


def _coverage(source: EncounterSource) -> Resource:
    patient = source.short["patient"]["id"]
    return {
        "resourceType": "Coverage",
        "id": f"coverage-{patient}",
        "status": "active",
        "subscriberId": f"EX-{patient}",
        "beneficiary": source.subject,
        "relationship": {"coding": [{"system": SUBSCRIBER, "code": "self"}]},
        "payor": [_reference("Organization", source.short["coverage"])],
    }


def _encounter(source: EncounterSource) -> Resource:
    short = source.short["encounter"]
    attending = {"coding": [{"system": PARTICIPATION, "code": "ATND"}]}
    named = [_reference("Condition", _condition_id(source, one)) for one in source.short.get("diagnoses", ()) if one.get("isNamed")]
    return {
        "resourceType": "Encounter",
        "id": source.short["id"],
        "identifier": [{"system": RECORD_NUMBER, "value": f"encounter-{source.short['id']}"}],
        "status": "finished",
        "class": {"system": ACT_CODE, "code": "AMB", "display": "ambulatory"},
        "type": [{"text": short["type"]}],
        "subject": source.subject,
        "participant": [{"type": [attending], "individual": _reference("Practitioner", source.short["practitioner"])}],
        "period": {"start": short["start"], "end": short["end"]},
        "reasonCode": [{"text": short["reason"]}],
        **({"diagnosis": [{"condition": one} for one in named]} if named else {}),
        "serviceProvider": _reference("Organization", source.short["organization"]),
    }


def _condition(source: EncounterSource, short: Mapping[str, Any]) -> Resource:
    """A diagnosis that the clinician recorded for the visit."""
    return {
        "resourceType": "Condition",
        "id": _condition_id(source, short),
        "clinicalStatus": {"coding": [{"system": CONDITION_CLINICAL, "code": "active"}]},
        "verificationStatus": {"coding": [{"system": CONDITION_VERIFICATION, "code": "confirmed"}]},
        "category": [{"coding": [{"system": CONDITION_CATEGORY, "code": "encounter-diagnosis"}]}],
        "code": {"coding": [{"system": ICD10CM, "code": short["code"]}]},
        "subject": source.subject,
        "encounter": source.encounter,
        "recordedDate": source.short["encounter"]["end"],
    }


def _condition_id(source: EncounterSource, short: Mapping[str, Any]) -> str:
    return f"{source.short['id']}-{short['code']}"


def _document(source: EncounterSource, short: Mapping[str, Any]) -> Iterator[Resource]:
    """The DocumentReference of a note, after the Binary that holds its bytes when it is not inline."""
    content = source.read(short["file"])
    attachment = _attachment(short, content)
    if short.get("delivery") == "binary":
        yield _binary(short, content)
        attachment["url"] = f"Binary/{short['id']}"
    else:
        attachment["data"] = base64.b64encode(content).decode()
    document = {
        "resourceType": "DocumentReference",
        "id": short["id"],
        "status": short.get("status", "current"),
        "docStatus": short.get("docStatus", "final"),
        "type": {"coding": [{"system": LOINC, "code": short["type"]}], "text": short["title"]},
        "category": [{"coding": [{"system": CATEGORY, "code": "clinical-note", "display": "Clinical Note"}]}],
        "subject": source.subject,
        "date": short["date"],
        "author": [_reference("Practitioner", short.get("author", source.short["practitioner"]))],
        "content": [{"attachment": attachment}],
        "context": {"encounter": [source.encounter], "period": {"start": source.short["encounter"]["start"]}},
    }
    if link := short.get("relatesTo"):
        document["relatesTo"] = [{"code": link["code"], "target": _reference("DocumentReference", link["target"])}]
    yield document


def _report(source: EncounterSource, short: Mapping[str, Any]) -> Resource:
    """A diagnostic report with its text as presented form, as the department that made it hands it on."""
    content = source.read(short["file"])
    form = _attachment({**short, "date": short["issued"]}, content) | {"data": base64.b64encode(content).decode()}
    return {
        "resourceType": "DiagnosticReport",
        "id": short["id"],
        "status": short.get("status", "final"),
        "category": [{"coding": [{"system": DIAGNOSTIC_SECTION, "code": short["section"]}]}],
        "code": {"coding": [{"system": LOINC, "code": short["code"]}], "text": short["title"]},
        "subject": source.subject,
        "encounter": source.encounter,
        "effectiveDateTime": short["effective"],
        "issued": short["issued"],
        "resultsInterpreter": [_reference("Practitioner", short["interpreter"])],
        "presentedForm": [form],
    }


def _attachment(short: Mapping[str, Any], content: bytes) -> Resource:
    """Size and hash are of the raw bytes (http://hl7.org/fhir/R4/datatypes.html#Attachment)."""
    digest = hashlib.sha1(content, usedforsecurity=False).digest()
    return {
        "contentType": short.get("contentType") or _content_type(short["file"]),
        "language": short.get("language", "en-US"),
        "size": len(content),
        "hash": base64.b64encode(digest).decode(),
        "title": short["title"],
        "creation": short["date"],
    }


def _binary(short: Mapping[str, Any], content: bytes) -> Resource:
    return {
        "resourceType": "Binary",
        "id": short["id"],
        "contentType": _content_type(short["file"]),
        "data": base64.b64encode(content).decode(),
    }


def _content_type(file: str) -> str:
    return CONTENT_TYPES[file[file.rindex(".") :]]


def _service(source: EncounterSource, short: Mapping[str, Any]) -> Resource:
    """A ChargeItem or Procedure with its bare CPT code and, where the site gave them, the reasons it was done for."""
    kind, start = short["type"], source.short["encounter"]["start"]
    is_charge = kind == "ChargeItem"
    service: Resource = {
        "resourceType": kind,
        "id": f"{source.short['id']}-{short['code']}",
        "status": "billable" if is_charge else "completed",
        "code": {"coding": [{"system": CPT, "code": short["code"]}]},
        "subject": source.subject,
        ("context" if is_charge else "encounter"): source.encounter,
        ("occurrenceDateTime" if is_charge else "performedDateTime"): start,
    }
    reasons = [{"coding": [{"system": ICD10CM, "code": code}]} for code in short.get("reasons", ())]
    if reasons:
        service["reason" if is_charge else "reasonCode"] = reasons
    return service


def _reference(kind: str, resource_id: str) -> Resource:
    return {"reference": f"{kind}/{resource_id}"}
