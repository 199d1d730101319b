"""A coding request becomes an encounter: from the built-in EHR, and from resources that the caller sends."""

from datetime import date
from typing import Any

import pytest

from fhir_coder.ehr.intake import gather
from fhir_coder.errors import EhrUnavailable, FhirCoderError, InvalidContent, RequiredMissing, ResourceDeleted, ResourceUnknown, Uncodable
from fhir_coder.exchange import CodingRequest
from tests.ehr.conftest import BASE, FakeEhr, SandboxEhr, document, encounter, patient


def request(**changes: Any) -> CodingRequest:
    """Everything sent along: no EHR is needed."""
    return CodingRequest(**{"tenant": "default", "encounter": encounter(), "patient": patient(), "notes": (document(),)} | changes)


def pulled(encounter_id: str, **changes: Any) -> CodingRequest:
    """Only the id is sent: the EHR supplies the rest."""
    return CodingRequest(tenant="default", encounter_id=encounter_id, **changes)


def test_an_encounter_pulled_from_the_ehr(sandbox: SandboxEhr) -> None:
    intake = gather(pulled("diabetes-ckd"), sandbox.client)
    found = intake.encounter
    assert (found.id, found.reference, found.service_date, found.age) == ("diabetes-ckd", "Encounter/diabetes-ckd", date(2026, 5, 12), 68)
    assert [note.reference for note in found.notes] == ["DocumentReference/diabetes-ckd-note"]
    assert "Diabetic polyneuropathy" in found.notes[0].text and found.notes[0].type_code == "11506-3"
    assert (found.coverage, found.provider, found.organization) == (
        "Coverage/coverage-haldane",
        "Practitioner/okafor",
        "Organization/riverbend",
    )
    assert [(line.code, line.reason_codes) for line in found.services] == [("99214", ("E11.22", "I12.9"))]
    assert {"Patient/haldane", "Encounter/diabetes-ckd", "Coverage/coverage-haldane"} <= set(intake.resources)
    assert (found.unreadable, found.conflicts, intake.warnings) == ((), (), ())


def test_a_superseded_version_is_not_read(sandbox: SandboxEhr) -> None:
    intake = gather(pulled("heart-failure"), sandbox.client)
    assert [note.id for note in intake.encounter.notes] == ["heart-failure-note"]
    assert any("heart-failure-draft" in warning for warning in intake.warnings)


def test_an_addendum_follows_its_note(sandbox: SandboxEhr) -> None:
    notes = gather(pulled("cystitis"), sandbox.client).encounter.notes
    assert [(note.id, note.doc_status) for note in notes] == [("cystitis-note", "final"), ("cystitis-addendum", "amended")]


def test_a_note_by_url_and_an_encounter_without_coverage(sandbox: SandboxEhr) -> None:
    assert "Actinic keratoses" in gather(pulled("skin-lesions"), sandbox.client).encounter.notes[0].text
    assert gather(pulled("ankle-injury"), sandbox.client).encounter.coverage == ""


def test_a_tampered_note_is_unreadable_and_reported(sandbox: SandboxEhr) -> None:
    binary = sandbox.store.read("Binary", "skin-lesions-note")
    sandbox.store.update(binary | {"data": "SGVhbHRoeS4="})
    found = gather(pulled("skin-lesions"), sandbox.client).encounter
    assert found.notes == () and [one.reason for one in found.unreadable] == ["integrity"]


def test_a_note_whose_binary_is_gone_is_unavailable(sandbox: SandboxEhr) -> None:
    sandbox.store.delete("Binary", "skin-lesions-note")
    assert [one.reason for one in gather(pulled("skin-lesions"), sandbox.client).encounter.unreadable] == ["unavailable"]


@pytest.mark.parametrize(("encounter_id", "error"), [("no-such", ResourceUnknown), ("cystitis", ResourceDeleted)])
def test_an_encounter_that_is_not_there(sandbox: SandboxEhr, encounter_id: str, error: type[FhirCoderError]) -> None:
    sandbox.store.delete("Encounter", "cystitis")
    with pytest.raises(error):
        gather(pulled(encounter_id), sandbox.client)


def test_a_patient_sent_along_is_held_against_the_ehrs(sandbox: SandboxEhr) -> None:
    sent = patient(id="haldane", name=[{"family": "Haldane"}])
    conflicts = gather(pulled("diabetes-ckd", patient=sent), sandbox.client).encounter.conflicts
    assert conflicts == ("the request's Patient and the EHR's differ in birth date",)
    with pytest.raises(Uncodable):
        gather(pulled("diabetes-ckd", patient=patient()), sandbox.client)


def test_an_ehr_that_cannot_search_by_encounter_is_searched_by_patient(ehr: FakeEhr) -> None:
    context = {"encounter": [{"reference": "Encounter/e1"}]}
    other = document(id="d2", context={"encounter": [{"reference": "Encounter/e2"}]})
    read_and_search = [{"code": "read"}, {"code": "search-type"}]
    resources = [{"type": kind, "interaction": read_and_search} for kind in ("Patient", "Encounter", "DocumentReference")]
    statement = {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-01-01",
        "kind": "instance",
        "implementation": {"description": "test"},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [{"mode": "server", "resource": resources}],
    }
    ehr.answers("GET", "metadata", statement)
    ehr.answers("GET", "Encounter/e1", encounter())
    ehr.answers("GET", "Patient/p1", patient())
    page = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": document(context=context)}, {"resource": other}]}
    ehr.answers("GET", "DocumentReference?patient=Patient%2Fp1", page)
    found = gather(pulled("e1"), ehr.client).encounter
    assert [note.id for note in found.notes] == ["d1"] and found.patient.gender == "female"
    assert [call.request.url for call in ehr.http.calls][-1] == f"{BASE}/DocumentReference?patient=Patient%2Fp1"


def test_an_ehr_that_is_down_stops_what_needs_it_only(ehr: FakeEhr) -> None:
    ehr.answers("GET", "metadata", b"", 503)
    ehr.answers("GET", "Encounter/e1", b"", 503)
    with pytest.raises(EhrUnavailable):
        gather(pulled("e1"), ehr.client)
    intake = gather(request(), ehr.client)
    assert len(intake.encounter.notes) == 1 and any("not asked further" in warning for warning in intake.warnings)
    assert sum(call.request.url.endswith("/metadata") for call in ehr.http.calls) == 4


def test_everything_sent_along_needs_no_ehr() -> None:
    intake = gather(request(), None)
    found = intake.encounter
    assert (found.id, found.service_date, found.age, found.patient.gender) == ("e1", date(2026, 5, 1), 45, "female")
    assert found.notes[0].text == "Assessment: hypertension." and found.notes[0].reference == "DocumentReference/d1"
    assert set(intake.resources) == {"Patient/p1", "Encounter/e1", "DocumentReference/d1"} and intake.warnings == ()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"encounter": None, "encounter_id": "e1"}, RequiredMissing),
        ({"notes": None}, Uncodable),
        ({"notes": (document(status="superseded"),)}, Uncodable),
        ({"encounter": encounter(status="entered-in-error")}, Uncodable),
        ({"encounter": encounter(status="cancelled")}, Uncodable),
        ({"patient": patient(id="p2")}, Uncodable),
        ({"patient": None, "context": (patient(id="p2"),)}, Uncodable),
        ({"notes": (document(subject={"reference": "Patient/p2"}),)}, Uncodable),
        ({"notes": (document(), document())}, InvalidContent),
    ],
)
def test_requests_that_cannot_be_coded(changes: dict[str, Any], error: type[FhirCoderError]) -> None:
    with pytest.raises(error) as caught:
        gather(request(**changes), None)
    assert "hypertension" not in str(caught.value)


def test_an_encounter_whose_only_note_is_unreadable_is_gathered() -> None:
    found = gather(request(notes=(document(content=[{"attachment": {"contentType": "text/plain"}}]),)), None).encounter
    assert found.notes == () and found.unreadable[0].reason == "no-content"


def test_notes_without_ids_are_numbered_and_have_no_address() -> None:
    first, second = document(), document("Plan: rest.")
    del first["id"], second["id"]
    notes = gather(request(notes=(first, second)), None).encounter.notes
    assert [(note.id, note.reference) for note in notes] == [("note-1", ""), ("note-2", "")]


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ({"start": "2026-05-01T23:30:00-07:00"}, date(2026, 5, 1)),
        ({"start": "2026-05-02T00:30:00+13:00"}, date(2026, 5, 2)),
        ({"start": "2026-05-01"}, date(2026, 5, 1)),
        ({"start": "2026-05"}, None),
        ({}, None),
    ],
)
def test_the_service_date_is_the_sites_own_calendar_date(period: dict[str, str], expected: date | None) -> None:
    intake = gather(request(encounter=encounter(period=period)), None)
    assert intake.encounter.service_date == expected
    assert bool(intake.warnings) is (expected is None)


@pytest.mark.parametrize("birth_date", ["1980", "1980-06"])
def test_a_partial_birth_date_gives_no_age(birth_date: str) -> None:
    assert gather(request(patient=patient(birthDate=birth_date)), None).encounter.age is None


def test_a_note_of_another_encounter_is_a_conflict() -> None:
    note = document(context={"encounter": [{"reference": "Encounter/e2"}]})
    assert gather(request(notes=(note,)), None).encounter.conflicts == ("DocumentReference/d1 names another encounter",)
