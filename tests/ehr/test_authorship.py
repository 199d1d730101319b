"""Whose documentation a document is: qualifications, roles, signatures, the part in the encounter, and the type of the document."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_coder.ehr.authorship import Authors, Authorship
from fhir_coder.ehr.role_tables import AUTHOR_ROLES, DOCUMENT_KINDS, meanings, role_table
from fhir_coder.ehr.supply import Supply
from fhir_coder.model import Authority
from tests.ehr.conftest import FakeEhr

V2_0360 = "http://terminology.hl7.org/CodeSystem/v2-0360"
V2_0074 = "http://terminology.hl7.org/CodeSystem/v2-0074"
NUCC = "http://nucc.org/provider-taxonomy"
SNOMED = "http://snomed.info/sct"
ROLE = "http://terminology.hl7.org/CodeSystem/practitioner-role"
LOINC = "http://loinc.org"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"

P, C, S, REPORT, RESULTS, UNKNOWN = "provider", "clinician", "student", "report", "results", "unknown"


def concept(code: str = "", system: str = "", text: str = "", display: str = "") -> dict[str, Any]:
    coding = {key: value for key, value in (("system", system), ("code", code), ("display", display)) if value}
    return ({"coding": [coding]} if coding else {}) | ({"text": text} if text else {})


def practitioner(*qualifications: dict[str, Any], identity: str = "a") -> dict[str, Any]:
    return {"resourceType": "Practitioner", "id": identity, "qualification": [{"code": one} for one in qualifications]}


def role(*, code: dict | None = None, specialty: dict | None = None, identity: str = "r", of: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"resourceType": "PractitionerRole", "id": identity}
    found |= {"code": [code]} if code else {}
    found |= {"specialty": [specialty]} if specialty else {}
    return found | ({"practitioner": {"reference": of}} if of else {})


PEOPLE = {
    "Practitioner/md": practitioner(concept("MD", V2_0360)),
    "Practitioner/np": practitioner(concept("RN", V2_0360), concept("NP", V2_0360)),
    "Practitioner/rn": practitioner(concept("RN", V2_0360)),
    "Practitioner/student": practitioner(concept(text="Medical Student")),
    "Practitioner/bare": practitioner(),
    "PractitionerRole/doctor": role(code=concept("doctor", ROLE), of="Practitioner/bare"),
    "PractitionerRole/nurse": role(code=concept("nurse", ROLE)),
    "PractitionerRole/of-md": role(of="Practitioner/md"),
    "PractitionerRole/resident": role(specialty=concept("390200000X", NUCC), of="Practitioner/md"),
}
ENCOUNTER = {
    "resourceType": "Encounter",
    "participant": [
        {"type": [concept("ATND", PARTICIPATION)], "individual": {"reference": "Practitioner/attending"}},
        {"type": [concept("PPRF", PARTICIPATION)], "individual": {"reference": "PractitionerRole/doctor"}},
        {"type": [concept("ATND", PARTICIPATION)], "individual": {"reference": "Practitioner/rn"}},
        {"type": [concept("REF", PARTICIPATION)], "individual": {"reference": "Practitioner/referring"}},
    ],
}


def references(*addresses: str) -> list[dict[str, Any]]:
    return [{"reference": address} for address in addresses]


def document(*authors: str, signer: str = "", status: str = "final", kind: dict | None = None, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"resourceType": "DocumentReference", "id": "d1", "status": "current", "author": references(*authors)}
    found |= {"docStatus": status} if status else {}
    found |= {"authenticator": {"reference": signer}} if signer else {}
    return found | ({"type": kind} if kind else {}) | more


def report(*performers: str, status: str = "final", category: dict | None = None, interpreter: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"resourceType": "DiagnosticReport", "id": "d1", "status": status, "performer": references(*performers)}
    found |= {"category": [category]} if category else {}
    return found | ({"resultsInterpreter": references(interpreter)} if interpreter else {})


def authorship(resource: dict[str, Any], encounter: dict[str, Any] | None = None) -> Authorship:
    return Authors(encounter or ENCOUNTER, PEOPLE.get)(resource)


@pytest.mark.parametrize(
    ("said", "standing"),
    [
        (concept("MD", V2_0360), P),
        (concept("DO", V2_0360), P),
        (concept("NP", V2_0360), P),
        (concept("FPNP", V2_0360), P),
        (concept("PA", V2_0360), P),
        (concept("CNM", V2_0360), P),
        (concept("RN", V2_0360), C),
        (concept("RMA", V2_0360), C),
        (concept("EMT", V2_0360), C),
        (concept("PharmD", V2_0360), C),
        (concept("PHD", V2_0360), None),
        (concept("MA", V2_0360), None),
        (concept("207Q00000X", NUCC), P),
        (concept("208600000X", NUCC), P),
        (concept("2085R0202X", NUCC), P),
        (concept("363LF0000X", NUCC), P),
        (concept("363A00000X", NUCC), P),
        (concept("364SP0808X", NUCC), P),
        (concept("367500000X", NUCC), P),
        (concept("367A00000X", NUCC), P),
        (concept("367H00000X", NUCC), C),
        (concept("1223G0001X", NUCC), P),
        (concept("124Q00000X", NUCC), C),
        (concept("213ES0103X", NUCC), P),
        (concept("152W00000X", NUCC), P),
        (concept("156FX1800X", NUCC), C),
        (concept("103TC0700X", NUCC), P),
        (concept("103K00000X", NUCC), C),
        (concept("1041C0700X", NUCC), P),
        (concept("104100000X", NUCC), C),
        (concept("101YM0800X", NUCC), P),
        (concept("101YA0400X", NUCC), C),
        (concept("163WA0400X", NUCC), C),
        (concept("164W00000X", NUCC), C),
        (concept("133V00000X", NUCC), C),
        (concept("183500000X", NUCC), C),
        (concept("225100000X", NUCC), C),
        (concept("172V00000X", NUCC), C),
        (concept("390200000X", NUCC), S),
        (concept("174400000X", NUCC), None),
        (concept("309343006", SNOMED), P),
        (concept("224571005", SNOMED), P),
        (concept("224535009", SNOMED), C),
        (concept("398130009", SNOMED), S),
        (concept("doctor", ROLE), P),
        (concept("nurse", ROLE), C),
        (concept(text="M.D."), P),
        (concept(text="DNP, FNP-BC"), P),
        (concept(text="Nurse Practitioner"), P),
        (concept(text="Registered Nurse"), C),
        (concept(text="Physician Assistant"), P),
        (concept(text="Certified Medical Assistant"), C),
        (concept(text="LCSW"), P),
        (concept(text="Social Worker"), C),
        (concept(text="Scribe"), S),
        (concept(text="MA"), None),
        (concept("RN", "urn:oid:1.2.840.114350.1.13.0.1.7.4.836982.4000", display="Registered Nurse"), C),
        (concept("MD", "urn:oid:1.2.840.114350.1.13.0.1.7.4.836982.4000"), P),
        (concept("261QS1000X", NUCC, display="Clinic/Center, Student Health"), None),
    ],
)
def test_what_a_qualification_or_role_says(said: dict, standing: str | None) -> None:
    assert meanings(AUTHOR_ROLES, [said]) == ({standing} if standing else set())


@pytest.mark.parametrize("name", [AUTHOR_ROLES, DOCUMENT_KINDS])
def test_the_tables_hold_no_code_twice(name: str) -> None:
    from importlib.resources import files

    lines = files("fhir_coder.ehr").joinpath(name).read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")][1:]
    assert all(len(row) == 5 and all(cell.strip() for cell in row) for row in rows)
    assert len({(row[0], row[1]) for row in rows}) == len(rows) == sum(map(len, role_table(name).values()))


NURSE_NOTE = concept("34746-8", LOINC)
LAB = concept("11502-2", LOINC)
IMAGING = concept("18748-4", LOINC)
PATIENT_NOTE = concept("51855-5", LOINC)


@pytest.mark.parametrize(
    ("source", "authority", "is_signed"),
    [
        (document("Practitioner/md"), P, True),
        (document("Practitioner/md", status="amended"), P, True),
        (document("Practitioner/md", status="preliminary"), P, False),
        (document("Practitioner/md", status=""), P, False),
        (document("Practitioner/md", status="", signer="Practitioner/md"), P, True),
        (document("Practitioner/md", status="preliminary", signer="Practitioner/md"), P, False),
        (document("Practitioner/np"), P, True),
        (document("https://ehr.example.org/fhir/Practitioner/md"), P, True),
        (document("Practitioner/rn"), C, True),
        (document("Practitioner/rn", signer="Practitioner/md"), C, True),
        (document("Practitioner/student"), C, True),
        (document("Practitioner/student", status=""), C, False),
        (document("Practitioner/student", signer="Practitioner/md"), P, True),
        (document("Practitioner/student", signer="Practitioner/rn"), C, True),
        (document("PractitionerRole/doctor"), P, True),
        (document("PractitionerRole/nurse"), C, True),
        (document("PractitionerRole/of-md"), P, True),
        (document("PractitionerRole/resident"), C, True),
        (document("PractitionerRole/resident", signer="Practitioner/md"), P, True),
        (document("Practitioner/attending"), P, True),
        (document("Practitioner/bare"), P, True),
        (document("Practitioner/referring"), UNKNOWN, True),
        (document("Practitioner/nobody-knows"), UNKNOWN, True),
        (document("Practitioner/nobody-knows", signer="Practitioner/md"), P, True),
        (document(), UNKNOWN, True),
        (document(status=""), UNKNOWN, False),
        (document("Organization/o"), UNKNOWN, True),
        (document("Device/scanner"), UNKNOWN, True),
        (document("Organization/o", kind=NURSE_NOTE), C, True),
        (document("Organization/o", signer="Practitioner/md", kind=NURSE_NOTE), C, True),
        (document("Practitioner/md", kind=NURSE_NOTE), P, True),
        (document("Organization/o", kind=concept("75476-2", LOINC)), P, True),
        (document("Organization/o", kind=concept(text="Nursing note")), C, True),
        (document("Organization/o", kind=concept(text="Med. Student note", display="Medical Student Note")), C, True),
        (document("Organization/o", kind=concept(text="Nurse practitioner note")), P, True),
        (document("Patient/p"), C, False),
        (document("Patient/p", signer="Practitioner/rn"), C, True),
        (document("Patient/p", signer="Practitioner/md"), C, True),
        (document("Patient/p", signer="Patient/p"), C, False),
        (document("RelatedPerson/mother"), C, False),
        (document("Practitioner/md", kind=PATIENT_NOTE), C, False),
        (document("Patient/p", "Practitioner/md"), P, True),
        (document("Practitioner/rn", "Practitioner/md"), P, True),
        (document("Practitioner/rn", "Practitioner/md", status=""), UNKNOWN, False),
        (document("Practitioner/student", "Practitioner/md", status="", signer="Practitioner/md"), P, True),
        (document("Practitioner/md", kind=LAB), RESULTS, True),
        (document("Organization/lab", kind=LAB), RESULTS, True),
        (document("Practitioner/md", kind=IMAGING), REPORT, True),
        (document("Organization/imaging", kind=IMAGING), REPORT, True),
        (document("Practitioner/rn", kind=IMAGING), C, True),
        (document("Practitioner/rn", signer="Practitioner/md", kind=IMAGING), REPORT, True),
        (document("Practitioner/md", kind=IMAGING, status="preliminary"), REPORT, False),
        (document("Practitioner/md", kind=concept("11526-1", LOINC)), REPORT, True),
        (report("Organization/lab", category=concept("LAB", V2_0074)), RESULTS, True),
        (report("Organization/lab", category=concept("MB", V2_0074)), RESULTS, True),
        (report("Organization/lab", category=concept("SP", V2_0074), interpreter="Practitioner/md"), REPORT, True),
        (report(category=concept("RAD", V2_0074)), REPORT, True),
        (report(category=concept("RAD", V2_0074), status="preliminary", interpreter="Practitioner/md"), REPORT, False),
        (report(category=concept("CT", V2_0074), status="corrected"), REPORT, True),
        (report(category=concept("LP29684-5", LOINC), status="appended"), REPORT, True),
        (report("Practitioner/md", category=concept("34117-2", LOINC)), P, True),
        (report(category=concept("imaging", "http://terminology.hl7.org/CodeSystem/observation-category")), REPORT, True),
        (report(status="unknown", interpreter="Practitioner/md"), P, False),
        (report(), UNKNOWN, True),
    ],
)
def test_authority_and_signature(source: dict, authority: str, is_signed: bool) -> None:
    found = authorship(source)
    assert (found.authority, found.is_signed) == (Authority(authority), is_signed)


def test_a_surgical_pathology_report_of_a_laboratory_is_a_report() -> None:
    both = report(category=concept("LAB", V2_0074)) | {"category": [concept("LAB", V2_0074), concept("SP", V2_0074)]}
    assert authorship(both).authority is Authority.REPORT


def test_contained_people_count() -> None:
    inside = practitioner(concept("RN", V2_0360), identity="nurse")
    assert authorship(document("#nurse", contained=[inside])).authority is Authority.CLINICIAN
    assert authorship(document("#gone")).authority is Authority.UNKNOWN


def test_an_attending_who_is_a_nurse_is_still_a_nurse() -> None:
    assert authorship(document("Practitioner/rn")).authority is Authority.CLINICIAN


def test_a_role_of_the_attending_is_the_attending() -> None:
    people = {"PractitionerRole/x": role(of="Practitioner/attending")}
    found = Authors(ENCOUNTER, people.get)(document("PractitionerRole/x"))
    assert (found.author, found.authority) == ("PractitionerRole/x", Authority.PROVIDER)


@pytest.mark.parametrize(
    "reference",
    [
        {"reference": "Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|9999974592"},
        {"type": "Practitioner", "identifier": {"system": "http://hl7.org/fhir/sid/us-npi", "value": "9999974592"}},
    ],
)
def test_an_attending_known_by_identifier(reference: dict[str, Any]) -> None:
    attending = {"type": [concept("PPRF", PARTICIPATION)], "individual": reference}
    signed = document() | {"author": [reference]}
    assert authorship(signed, {"resourceType": "Encounter", "participant": [attending]}).authority is Authority.PROVIDER
    assert authorship(signed, {"resourceType": "Encounter"}).authority is Authority.UNKNOWN


def test_the_roles_of_a_practitioner_without_qualification_are_looked_up_once() -> None:
    asked: list[str] = []

    def find_roles(address: str) -> list[dict[str, Any]]:
        asked.append(address)
        return {"Practitioner/bare": [role(code=concept("nurse", ROLE)), role(specialty=concept("163W00000X", NUCC))]}.get(address, [])

    authors = Authors(ENCOUNTER, PEOPLE.get, find_roles)
    standings = [
        authors(document(one)).authority.value for one in ("Practitioner/bare", "Practitioner/bare", "Practitioner/md", "Practitioner/gone")
    ]
    assert standings == [C, C, P, UNKNOWN]
    assert asked == ["Practitioner/bare", "Practitioner/gone"]


def test_roles_at_the_ehr_and_sent_along(ehr: FakeEhr) -> None:
    parameters = [{"name": "practitioner", "type": "reference"}]
    listed = [{"type": "PractitionerRole", "interaction": [{"code": "search-type"}], "searchParam": parameters}]
    statement = {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-01-01",
        "kind": "instance",
        "fhirVersion": "4.0.1",
    }
    statement |= {"implementation": {"description": "test"}, "format": ["json"], "rest": [{"mode": "server", "resource": listed}]}
    ehr.answers("GET", "metadata", statement)
    page = [{"resource": role(code=concept("doctor", ROLE), of=f"Practitioner/{one}", identity=one)} for one in ("a", "b")]
    ehr.answers("GET", "PractitionerRole?practitioner=Practitioner%2Fa", {"resourceType": "Bundle", "type": "searchset", "entry": page})
    sent = role(code=concept("nurse", ROLE), of="Practitioner/a", identity="sent")
    found = Supply([sent], ehr.client, lambda _: None).roles_of("Practitioner/a")
    assert [one["id"] for one in found] == ["sent", "a"]
    assert [one["id"] for one in Supply([sent], None, lambda _: None).roles_of("Practitioner/a")] == ["sent"]


def test_each_person_is_asked_for_once_and_nobody_else() -> None:
    asked: list[str] = []

    def find(address: str) -> dict[str, Any] | None:
        asked.append(address)
        return PEOPLE.get(address)

    authors = Authors({"resourceType": "Encounter"}, find)
    for one in (
        document("Practitioner/md", "Organization/o"),
        document("Practitioner/md", signer="Practitioner/gone"),
        document("Patient/p"),
    ):
        authors(one)
    assert asked == ["Practitioner/md", "Practitioner/gone"]
