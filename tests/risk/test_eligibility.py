"""Whether a visit counts: yes, no or unknown, each by what the resources say."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_coder.model import Authority, Encounter, Note, ServiceLine
from fhir_coder.risk.eligibility import judge_visit
from fhir_coder.vocabulary import CPT

SNOMED = "http://snomed.info/sct"
NUCC = "http://nucc.org/provider-taxonomy"
DEGREE = "http://terminology.hl7.org/CodeSystem/v2-0360"


def judged(which: str, encounter: Encounter, *resources: dict[str, Any]) -> tuple[str, str]:
    by_reference = {f"{one['resourceType']}/{one['id']}": one for one in resources}
    (found,) = [one.verdict for one in judge_visit(encounter, by_reference) if one.asked.value == which]
    return found.answer.value, found.source


def visit(code: str = "", system: str | None = None, kinds: tuple[str, ...] = ()) -> dict[str, Any]:
    coding = {"code": code} | ({"system": system} if system else {})
    types = [{"coding": [{"system": SNOMED, "code": kind}]} for kind in kinds]
    return {"resourceType": "Encounter", "id": "e1"} | ({"class": coding} if code else {}) | ({"type": types} if kinds else {})


@pytest.mark.parametrize(
    ("resource", "services", "answer", "names"),
    [
        (visit("AMB"), (), "yes", "class AMB"),
        (visit("O", "http://terminology.hl7.org/CodeSystem/v2-0004"), (), "yes", "class O"),
        (visit("VR"), (), "unknown", "class VR"),
        (visit("VR", kinds=("453131000124105",)), (), "yes", "type 453131000124105"),
        (visit("VR"), ("98004",), "yes", "98004"),
        (visit("VR"), ("98008",), "no", "98008"),
        (visit("AMB", kinds=("185317003",)), (), "no", "type 185317003"),  # the class alone would say otherwise
        (visit("AMB"), ("99441",), "no", "99441"),
        (visit("AMB"), ("99213",), "yes", "class AMB"),
        (visit("VR", kinds=("453131000124105", "185317003")), (), "no", "type 185317003"),
        (visit("XYZ"), (), "unknown", "neither"),
        (visit("AMB", "http://example.org/classes"), (), "unknown", "neither"),
        (visit(), (), "unknown", "neither"),
    ],
)
def test_how_they_met(resource: dict[str, Any], services: tuple[str, ...], answer: str, names: str) -> None:
    lines = tuple(ServiceLine(CPT, code, f"ChargeItem/{code}") for code in services)
    found = judged("visit-type", Encounter("e1", (), services=lines, reference="Encounter/e1"), resource)
    assert found[0] == answer and names in found[1]


def practitioner(*codings: tuple[str, str]) -> dict[str, Any]:
    held = [{"code": {"coding": [{"system": system, "code": code}]}} for system, code in codings]
    return {"resourceType": "Practitioner", "id": "dr", "qualification": held}


def role(code: str, of: str = "Practitioner/dr", name: str = "r1") -> dict[str, Any]:
    specialty = [{"coding": [{"system": NUCC, "code": code}]}]
    return {"resourceType": "PractitionerRole", "id": name, "practitioner": {"reference": of}, "specialty": specialty}


@pytest.mark.parametrize(
    ("provider", "resources", "answer"),
    [
        ("Practitioner/dr", [practitioner((DEGREE, "NP"))], "yes"),
        ("Practitioner/dr", [practitioner((DEGREE, "MD"))], "unknown"),
        ("Practitioner/dr", [practitioner((DEGREE, "MD")), role("207R00000X")], "yes"),
        ("PractitionerRole/r1", [role("207R00000X")], "yes"),
        ("PractitionerRole/r1", [role("2085R0202X")], "no"),
        ("PractitionerRole/r1", [role("2085R0202X"), role("2085R0001X", name="r2")], "yes"),
        ("PractitionerRole/r1", [role("2085U0001X")], "unknown"),
        ("Practitioner/dr", [practitioner((DEGREE, "RN"))], "no"),
        ("Practitioner/dr", [practitioner(), role("207R00000X", of="Practitioner/other")], "unknown"),
        ("Practitioner/dr", [], "unknown"),
        ("", [practitioner((DEGREE, "NP"))], "unknown"),
    ],
)
def test_who_the_provider_is(provider: str, resources: list[dict[str, Any]], answer: str) -> None:
    assert judged("provider-specialty", Encounter("e1", (), provider=provider), *resources)[0] == answer


SIGNED = Note("n1", "x", reference="DocumentReference/n1", doc_status="final")
OPEN = Note("n2", "x", reference="DocumentReference/n2", is_signed=False)
DRAFT = Note("n3", "x", reference="DocumentReference/n3", doc_status="preliminary", is_signed=False)
NURSES = Note("n4", "x", is_signed=False, authority=Authority.CLINICIAN)


@pytest.mark.parametrize(
    ("notes", "is_claimed", "answer"),
    [
        ((SIGNED,), True, "yes"),
        ((SIGNED, NURSES), True, "yes"),
        ((SIGNED, OPEN), True, "unknown"),
        ((OPEN, DRAFT), True, "no"),
        ((NURSES,), True, "unknown"),
        ((SIGNED,), False, "unknown"),  # a line of text: nothing vouches for its signature
    ],
)
def test_whether_it_is_signed(notes: tuple[Note, ...], is_claimed: bool, answer: str) -> None:
    assert judged("signature", Encounter("e1", notes, is_claimed=is_claimed))[0] == answer
