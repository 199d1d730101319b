"""A coding request becomes an encounter: from the built-in EHR, and from resources that the caller sends."""

from datetime import date
from typing import Any
from urllib.parse import unquote

import pytest

from fhir_coder.ehr.intake import gather
from fhir_coder.ehr.policy import IntakePolicy
from fhir_coder.errors import (
    EhrRefused,
    EhrUnavailable,
    FhirCoderError,
    InvalidContent,
    RequiredMissing,
    ResourceDeleted,
    ResourceUnknown,
    TooMuch,
    Uncodable,
)
from fhir_coder.exchange import CodingRequest
from tests.ehr.conftest import BASE, FakeEhr, SandboxEhr, document, encounter, metadata, patient, searchset


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
    assert {"Patient/haldane", "Encounter/diabetes-ckd", "Coverage/coverage-haldane", "Practitioner/okafor"} <= set(intake.resources)
    assert (found.unreadable, found.conflicts, intake.warnings) == ((), (), ())


def test_a_superseded_version_is_not_read(sandbox: SandboxEhr) -> None:
    intake = gather(pulled("heart-failure"), sandbox.client)
    assert [note.id for note in intake.encounter.notes] == ["heart-failure-note"]
    assert any("heart-failure-draft" in warning for warning in intake.warnings)


def test_an_addendum_follows_its_note(sandbox: SandboxEhr) -> None:
    notes = gather(pulled("cystitis"), sandbox.client).encounter.notes
    assert [(note.id, note.doc_status) for note in notes] == [("cystitis-note", "final"), ("cystitis-addendum", "amended")]


def test_a_corrected_note_its_addendum_and_a_report_that_came_twice(sandbox: SandboxEhr) -> None:
    intake = gather(pulled("wrist-fracture"), sandbox.client)
    notes = intake.encounter.notes
    assert [note.reference for note in notes] == [
        "DocumentReference/wrist-fracture-xray-copy",
        "DocumentReference/wrist-fracture-note",
        "DocumentReference/wrist-fracture-addendum",
    ]
    assert "left" not in " ".join(note.text for note in notes) and intake.encounter.unreadable == ()
    assert intake.warnings == (
        "DocumentReference/wrist-fracture-first is replaced by a later version and was not read",
        "DiagnosticReport/wrist-fracture-xray is the same document as DocumentReference/wrist-fracture-xray-copy and was read once",
    )


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


def holding(ehr: FakeEhr, notes: str = "", **others: str) -> None:
    """An EHR that has the encounter and its patient, and lists these search parameters."""
    ehr.answers("GET", "metadata", metadata(Patient="", Encounter="", DocumentReference=notes, **others))
    ehr.answers("GET", "Encounter/e1", encounter())
    ehr.answers("GET", "Patient/p1", patient())


def asked(ehr: FakeEhr, kind: str) -> list[str]:
    """The queries of searches for a type."""
    urls = [call.request.url or "" for call in ehr.http.calls]
    return [unquote(url.removeprefix(f"{BASE}/{kind}?")) for url in urls if url.startswith(f"{BASE}/{kind}?")]


HERE = {"encounter": [{"reference": "Encounter/e1"}]}
CATEGORY = "category=http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category|clinical-note"
NOTE = [{"coding": [{"system": "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category", "code": "clinical-note"}]}]


def test_an_ehr_that_cannot_search_by_encounter_is_searched_by_patient(ehr: FakeEhr) -> None:
    holding(ehr)
    other = document(id="d2", context={"encounter": [{"reference": "Encounter/e2"}]})
    ehr.answers("GET", "DocumentReference", searchset(document(context=HERE), other))
    found = gather(pulled("e1"), ehr.client).encounter
    assert [note.id for note in found.notes] == ["d1"] and found.patient.gender == "female"
    assert asked(ehr, "DocumentReference") == ["patient=Patient/p1"]


def test_an_ehr_that_searches_by_date_is_asked_for_the_days_around_the_visit(ehr: FakeEhr) -> None:
    holding(ehr, "patient date")
    ehr.answers("GET", "DocumentReference", searchset(document(context=HERE)))
    assert [note.id for note in gather(pulled("e1"), ehr.client).encounter.notes] == ["d1"]
    assert asked(ehr, "DocumentReference") == ["patient=Patient/p1&date=ge2026-04-24&date=le2026-05-31"]


def test_notes_without_the_category_are_found_as_well(ehr: FakeEhr) -> None:
    holding(ehr, "patient encounter category")
    ehr.answers("GET", "DocumentReference", searchset(document("One.", id="a", context=HERE, category=NOTE)))
    ehr.answers(
        "GET", "DocumentReference", searchset(document("Two.", id="b", context=HERE), document("One.", id="a", context=HERE, category=NOTE))
    )
    intake = gather(pulled("e1"), ehr.client)
    assert [note.id for note in intake.encounter.notes] == ["a", "b"] and intake.warnings == ()
    narrow = "patient=Patient/p1&encounter=Encounter/e1"
    assert asked(ehr, "DocumentReference") == [f"{narrow}&{CATEGORY}", narrow]


def test_an_ehr_that_demands_the_category_is_heard(ehr: FakeEhr) -> None:
    holding(ehr, "patient encounter category")
    ehr.answers("GET", "DocumentReference", searchset(document(context=HERE, category=NOTE)))
    ehr.answers("GET", "DocumentReference", b"", 400)
    intake = gather(pulled("e1"), ehr.client)
    assert len(intake.encounter.notes) == 1 and "outside the category clinical-note" in intake.warnings[0]


def test_a_refusal_where_nothing_was_found_leaves_nothing_to_code(ehr: FakeEhr) -> None:
    holding(ehr, "patient encounter category")
    ehr.answers("GET", "DocumentReference", searchset())
    ehr.answers("GET", "DocumentReference", b"", 403)
    with pytest.raises(Uncodable, match="does not search without it"):
        gather(pulled("e1"), ehr.client)


def test_a_refused_search_stops_the_request(ehr: FakeEhr) -> None:
    holding(ehr, "patient encounter")
    ehr.answers("GET", "DocumentReference", b"", 403)
    with pytest.raises(EhrRefused):
        gather(pulled("e1"), ehr.client)


def test_an_invalid_entry_is_not_named_by_what_is_no_id(ehr: FakeEhr) -> None:
    holding(ehr, "patient encounter")
    ehr.answers("GET", "DocumentReference", searchset(document(id="Ms Haldane's note", context=HERE)))
    found = gather(pulled("e1"), ehr.client).encounter
    assert [(one.id, one.reference) for one in found.unreadable] == [("entry-0", "DocumentReference/entry-0")]


def test_a_lenient_server_that_gives_everything_is_sifted(ehr: FakeEhr) -> None:
    holding(ehr, "patient encounter")
    strangers = [
        document(id=f"s{n}", subject={"reference": f"Patient/q{n}"}, context={"encounter": [{"reference": f"Encounter/q{n}"}]})
        for n in range(3)
    ]
    superseded = document(id="old", context=HERE, status="superseded")
    ehr.answers("GET", "DocumentReference", searchset(*strangers, superseded, document(context=HERE, category=NOTE)))
    intake = gather(pulled("e1"), ehr.client)
    assert [note.id for note in intake.encounter.notes] == ["d1"]
    assert intake.warnings == ("DocumentReference/old is superseded or entered in error and was not read",)


def test_a_document_on_two_pages_is_one_in_its_later_version(ehr: FakeEhr) -> None:
    holding(ehr, "patient encounter")
    first = document("Old words.", context=HERE, meta={"versionId": "1", "lastUpdated": "2026-05-01T10:00:00Z"})
    second = document("New words.", context=HERE, meta={"versionId": "2", "lastUpdated": "2026-05-01T11:00:00Z"})
    ehr.answers("GET", "DocumentReference", searchset(second, next_url=f"{BASE}?cursor=2"))
    ehr.answers("GET", f"{BASE}?cursor=2", searchset(first))
    notes = gather(pulled("e1"), ehr.client).encounter.notes
    assert [(note.text, note.version) for note in notes] == [("New words.", "2")]


@pytest.mark.parametrize(
    ("changes", "is_reported"),
    [
        ({"context": HERE}, True),
        ({}, True),
        ({"context": {"encounter": [{"reference": "Encounter/e2"}]}}, False),
    ],
)
def test_an_entry_that_is_not_valid_is_reported_where_it_may_be_of_the_visit(
    ehr: FakeEhr, changes: dict[str, Any], is_reported: bool
) -> None:
    holding(ehr, "patient encounter")
    broken = document(id="broken", docStatus="signed", **changes)
    ehr.answers("GET", "DocumentReference", searchset(broken, document(context=HERE)))
    found = gather(pulled("e1"), ehr.client).encounter
    assert [note.id for note in found.notes] == ["d1"]
    assert [(one.id, one.reason, one.reference) for one in found.unreadable] == [
        ("broken", "malformed", "DocumentReference/broken")
    ] * is_reported


def test_an_ehr_without_a_search_for_notes_needs_them_sent_along(ehr: FakeEhr) -> None:
    ehr.answers("GET", "metadata", metadata(Encounter="", Patient=""))
    ehr.answers("GET", "Encounter/e1", encounter())
    ehr.answers("GET", "Patient/p1", patient())
    with pytest.raises(Uncodable, match="sent along"):
        gather(pulled("e1"), ehr.client)


def report(**changes: Any) -> dict[str, Any]:
    form = {"contentType": "text/plain", "data": "SW1wcmVzc2lvbjogZnJhY3R1cmUu"}
    made = {"resourceType": "DiagnosticReport", "id": "r1", "status": "final", "code": {"text": "X-ray"}, "presentedForm": [form]}
    return made | {"encounter": {"reference": "Encounter/e1"}} | changes


def test_reports_of_the_encounter_are_read_beside_its_notes(ehr: FakeEhr) -> None:
    holding(ehr, "patient encounter", DiagnosticReport="patient encounter category")
    ehr.answers("GET", "DocumentReference", searchset(document(context=HERE)))
    ehr.answers("GET", "DiagnosticReport", searchset(report(), report(id="r2", encounter={"reference": "Encounter/e2"}), report(id="r3")))
    intake = gather(pulled("e1"), ehr.client)
    assert [note.reference for note in intake.encounter.notes] == ["DocumentReference/d1", "DiagnosticReport/r1"]
    assert "DiagnosticReport/r3 is the same document as DiagnosticReport/r1 and was read once" in intake.warnings
    assert {"DiagnosticReport/r1", "DiagnosticReport/r3"} <= set(intake.resources)
    assert asked(ehr, "DiagnosticReport") == ["patient=Patient/p1&encounter=Encounter/e1"]


def test_a_refusal_of_reports_is_told_and_an_ehr_that_fails_on_them_stops_the_request(ehr: FakeEhr) -> None:
    holding(ehr, "patient encounter", DiagnosticReport="patient encounter")
    ehr.answers("GET", "DocumentReference", searchset(document(context=HERE, category=NOTE)))
    ehr.answers("GET", "DiagnosticReport", b"", 403)
    assert "DiagnosticReport could not be had from the EHR" in gather(pulled("e1"), ehr.client).warnings[0]
    ehr.http.remove("GET", f"{BASE}/DiagnosticReport")
    ehr.answers("GET", "DiagnosticReport", b"", 500)
    with pytest.raises(EhrUnavailable):
        gather(pulled("e1"), ehr.client)


def test_reports_sent_along_are_read_beside_the_notes_sent_along() -> None:
    notes = gather(request(context=(report(), report(id="r2", presentedForm=[]))), None).encounter.notes
    assert [note.reference for note in notes] == ["DocumentReference/d1", "DiagnosticReport/r1"]


def test_an_encounter_with_preliminary_notes_only_is_not_codable() -> None:
    draft = document(docStatus="preliminary")
    with pytest.raises(Uncodable, match="only preliminary notes"):
        gather(request(notes=(draft,)), None)
    assert gather(request(notes=(draft,)), None, IntakePolicy(preliminary="code")).encounter.notes[0].doc_status == "preliminary"


def test_a_refusal_tells_what_became_of_the_documents() -> None:
    with pytest.raises(Uncodable) as caught:
        gather(request(notes=()), None)
    assert caught.value.message == "the encounter has no current note"
    with pytest.raises(Uncodable) as caught:
        gather(request(notes=tuple(document(id=f"d{number}", status="superseded") for number in range(7))), None)
    told = "; ".join(f"DocumentReference/d{number} is superseded or entered in error and was not read" for number in range(5))
    assert caught.value.message == f"the encounter has no current note: {told}; and 2 more"


def test_a_preliminary_note_beside_a_signed_one_keeps_the_encounter_from_passing() -> None:
    found = gather(request(notes=(document(), document("Draft.", id="d2", docStatus="preliminary"))), None).encounter
    assert [note.id for note in found.notes] == ["d1"]
    assert [(one.id, one.reason) for one in found.unreadable] == [("d2", "preliminary")]


def test_an_encounter_in_progress_is_coded_where_the_site_says_so() -> None:
    going_on = request(encounter=encounter(status="in-progress"))
    with pytest.raises(Uncodable):
        gather(going_on, None)
    assert "not finished" in gather(going_on, None, IntakePolicy(unfinished="code")).warnings[0]


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
        ({"encounter": encounter(status="in-progress")}, Uncodable),
        ({"encounter": encounter(**{"class": {"code": "IMP"}})}, Uncodable),
        (
            {
                "context": (
                    {**document(), "resourceType": "DiagnosticReport", "subject": {"reference": "Patient/p2"}, "presentedForm": [{}]},
                )
            },
            Uncodable,
        ),
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


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (IntakePolicy(most_notes=2), None),
        (IntakePolicy(most_notes=1), "2 notes to read, and at most 1"),
        (IntakePolicy(most_characters=12), None),
        (IntakePolicy(most_characters=11), "12 characters in its notes, and at most 11"),
        (IntakePolicy(longest_note=6, most_characters=12), None),
    ],
)
def test_an_encounter_over_a_limit_is_refused_whole(policy: IntakePolicy, told: str | None) -> None:
    asked = request(notes=(document("Gout. ", id="d1"), document("Cough.", id="d2")))
    if told is None:
        assert len(gather(asked, None, policy).encounter.notes) == 2
        return
    with pytest.raises(TooMuch, match=told):
        gather(asked, None, policy)
