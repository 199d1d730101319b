"""The body of ``$check-coding`` to the codes to check: a Claim or Conditions, in Parameters or bare.

Bare: where a call has exactly one parameter that is a resource, the resource itself may be the body, whatever other parameters the operation
defines (http://hl7.org/fhir/R4/operations.html#request). So a Claim or one Condition may.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from fhir_coder.api.check_parameters import CHECK_IN
from fhir_coder.api.claim_services import ClaimServices, ServiceDates, dates_of, is_institutional, services_of
from fhir_coder.api.diagnoses import (
    Diagnosis,
    contained,
    diagnoses_of_claim,
    diagnoses_of_conditions,
    first_listed_remarks,
    plain,
    unused_conditions,
)
from fhir_coder.api.given import Given, GivenParameters, read_parameters
from fhir_coder.api.outcome import plain_issue
from fhir_coder.checking import GivenCodes
from fhir_coder.ehr.identity import read_patient
from fhir_coder.ehr.references import address_of, literal
from fhir_coder.errors import InvalidContent, RequiredMissing, Uncodable
from fhir_coder.exchange import Resource
from fhir_coder.model import Finding, Patient

MAX_DIAGNOSES_CHECKED = 100
"""Four times what the longest claim carries (25, institutional). The edits compare every code with every other, so that there is an end."""

_BARE = {"Claim": "claim", "Condition": "condition"}
_NAMED_LINE = re.compile(r"\((item \d+)\)")


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """The codes to check, where each stood, and what the answer must say beside the findings.

    ``code_paths`` maps a code (no dot, upper case) to the FHIRPaths of its diagnoses, ``line_paths`` the source of a service line to its own.
    """

    codes: GivenCodes
    code_paths: Mapping[str, tuple[str, ...]]
    line_paths: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[Resource, ...] = ()
    ignored: tuple[str, ...] = ()

    def places(self, finding: Finding) -> tuple[str, ...]:
        """FHIRPaths of what a finding is about: the service line that its sentence names, then the diagnoses with its codes."""
        lines = [self.line_paths[source] for source in _NAMED_LINE.findall(finding.detail) if source in self.line_paths]
        codes = [path for code in finding.codes for path in self.code_paths.get(plain(code), ())]
        return tuple(dict.fromkeys(lines + codes))


def read_check_request(body: Resource | None, *, is_strict: bool) -> CheckRequest:
    """Read the body (None: empty).

    Raises InvalidContent, RequiredMissing when there is neither Claim nor Condition, and Uncodable when there is no code to check, a
    reference leads nowhere, resources are of different patients, or there is more than is checked.
    """
    given = _given(body, is_strict)
    claim, conditions = given.one("claim"), given.all("condition")
    if claim is None and not conditions:
        raise given.explain(RequiredMissing("one of claim and condition is required", expression=("Parameters.parameter",)))
    _refuse_too_many(claim, conditions)
    for one in (*given.all("claim"), *conditions, *given.all("patient")):
        _refuse_unknown_rules(one)
    diagnoses = diagnoses_of_claim(claim, conditions) if claim else diagnoses_of_conditions(conditions)
    codes = _codes(diagnoses, claim)
    services = services_of(claim, diagnoses) if claim else ClaimServices(None, {})
    dates = _service_dates(given, claim)
    checked = GivenCodes(codes, _patient(given), dates.first, services.lines, dates.last)
    of_diagnoses = [remark for diagnosis in diagnoses for remark in diagnosis.remarks]
    remarks = (*of_diagnoses, *first_listed_remarks(diagnoses), *_remarks(claim, conditions), *dates.remarks())
    return CheckRequest(checked, _code_paths(diagnoses), services.paths, remarks, given.ignored)


def _given(body: Resource | None, is_strict: bool) -> GivenParameters:
    kind = body["resourceType"] if body else "Parameters"
    if kind in _BARE:
        return GivenParameters({_BARE[kind]: (Given(kind, body),)})
    if kind != "Parameters":
        raise InvalidContent("the body must be a Parameters resource, a Claim or a Condition", expression=(kind,))
    return read_parameters(body, CHECK_IN, is_strict)


def _refuse_too_many(claim: Given | None, conditions: tuple[Given, ...]) -> None:
    """Before anything is compared with anything."""
    counts = {"Parameters.parameter": len(conditions)}
    if claim is not None:
        counts[f"{claim.resource_path}.diagnosis"] = len(claim.value.get("diagnosis", ()))
    for place, count in counts.items():
        if count > MAX_DIAGNOSES_CHECKED:
            raise Uncodable(f"at most {MAX_DIAGNOSES_CHECKED} diagnoses are checked", expression=(place,))


def _refuse_unknown_rules(given: Given) -> None:
    """What changes the meaning of a resource in a way that is not known here (http://hl7.org/fhir/R4/extensibility.html#modifierExtension)."""
    if "implicitRules" in given.value:
        raise InvalidContent("implicitRules are not understood here", expression=(f"{given.resource_path}.implicitRules",))
    elements = [(given.value, given.resource_path)]
    for name in ("diagnosis", "item"):
        elements += [(one, f"{given.resource_path}.{name}[{index}]") for index, one in enumerate(given.value.get(name, ()))]
    for element, path in elements:
        if "modifierExtension" in element:
            raise InvalidContent("a modifier extension is not understood here", expression=(f"{path}.modifierExtension",))


def _codes(diagnoses: tuple[Diagnosis, ...], claim: Given | None) -> tuple[str, ...]:
    codes = tuple(code for one in diagnoses for code in one.codes)
    place = f"{claim.resource_path}.diagnosis" if claim else "Parameters.parameter"
    if not diagnoses:
        raise Uncodable("the claim has no diagnosis to check", expression=(place,))
    if not codes:
        raise Uncodable("no diagnosis has an ICD-10-CM code, so that there is nothing to check", expression=(place,))
    if len(codes) > MAX_DIAGNOSES_CHECKED:
        raise Uncodable(f"at most {MAX_DIAGNOSES_CHECKED} codes are checked", expression=(place,))
    return codes


def _code_paths(diagnoses: tuple[Diagnosis, ...]) -> dict[str, tuple[str, ...]]:
    paths: dict[str, tuple[str, ...]] = {}
    for one in diagnoses:
        for code in map(plain, one.codes):
            paths[code] = (*paths.get(code, ()), one.path)
    return paths


def _service_dates(given: GivenParameters, claim: Given | None) -> ServiceDates:
    """The caller's ``serviceDate`` before the dates of the claim."""
    named = given.one("serviceDate")
    if named is None:
        return dates_of(claim) if claim else ServiceDates()
    if len(named.value) < 10:
        raise InvalidContent("serviceDate must be a full date", expression=(f"{named.path}.value",))
    day = date.fromisoformat(named.value)
    return ServiceDates(day, day)


def _patient(given: GivenParameters) -> Patient:
    """The patient that came along or is contained in the claim. Raises Uncodable when resources are of different patients."""
    claim, sent = given.one("claim"), given.one("patient")
    subject = claim.value.get("patient", {}) if claim else {}
    address = ""
    for named, path in _named_patients(given, subject):
        if address and named and named != address:
            raise Uncodable("the request is about two different patients", expression=(path,))
        address = address or named
    if claim is None or not subject.get("reference", "").startswith("#"):
        return read_patient(address, sent.value if sent else None)
    if sent is not None:
        raise InvalidContent("the claim contains its patient: give no other", expression=(sent.path,))
    return read_patient(address, contained(claim, subject["reference"], f"{claim.resource_path}.patient", "Patient"))


def _named_patients(given: GivenParameters, subject: Resource) -> Iterator[tuple[str, str]]:
    """``Patient/id`` of everything that names its patient, with its place."""
    for claim in given.all("claim"):
        yield literal(subject, "Patient"), f"{claim.resource_path}.patient"
        for index, one in enumerate(claim.value.get("contained", ())):
            if one["resourceType"] == "Condition":
                yield literal(one.get("subject"), "Patient"), f"{claim.resource_path}.contained[{index}].subject"
    for condition in given.all("condition"):
        yield literal(condition.value.get("subject"), "Patient"), f"{condition.resource_path}.subject"
    for patient in given.all("patient"):
        yield address_of(patient.value), f"{patient.resource_path}.id"


def _remarks(claim: Given | None, conditions: tuple[Given, ...]) -> Iterator[Resource]:
    if claim is None:
        return
    yield from unused_conditions(claim, conditions)
    if is_institutional(claim.value):
        sentence = "The edits are those of professional claims: the lines of this institutional one were not checked, and FCE-504 counts to twelve."
        yield plain_issue("information", "incomplete", sentence, [f"{claim.resource_path}.type"])
