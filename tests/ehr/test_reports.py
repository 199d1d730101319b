"""Diagnostic reports beside the notes: which of them are read, and each text once."""

import base64
from typing import Any

import pytest

from fhir_coder.ehr.binary import AttachmentBytes
from fhir_coder.ehr.documents import select_given
from fhir_coder.ehr.note_reading import note_ids, read_selection
from fhir_coder.ehr.policy import IntakePolicy
from fhir_coder.ehr.reports import select_reports
from fhir_coder.ehr.selection import Selection
from fhir_coder.ehr.visit import Visit
from fhir_coder.errors import InvalidContent, Uncodable
from fhir_coder.notes.formats import read_note
from tests.ehr.conftest import document

VISIT = Visit("Encounter/e1", "Patient/p1")
HERE = {"reference": "Encounter/e1"}


def report(text: str = "Impression: distal radius fracture.", **changes: Any) -> dict[str, Any]:
    """A final report of this encounter."""
    form = {"contentType": "text/plain", "data": base64.b64encode(text.encode()).decode()}
    code = {"coding": [{"system": "http://loinc.org", "code": "18748-4"}], "text": "X-ray wrist"}
    return {
        "resourceType": "DiagnosticReport",
        "id": "r1",
        "status": "final",
        "code": code,
        "encounter": HERE,
        "presentedForm": [form],
    } | changes


def read(selection: Selection, **fetch: Any) -> Any:
    return read_selection(selection, read_note, fetch.get("fetch"))


@pytest.mark.parametrize(
    ("status", "is_read", "is_pending"),
    [(status, True, False) for status in ("final", "amended", "corrected", "appended")]
    + [(status, False, True) for status in ("registered", "partial", "preliminary")]
    + [(status, False, False) for status in ("cancelled", "entered-in-error", "unknown")],
)
def test_the_status_decides(status: str, is_read: bool, is_pending: bool) -> None:
    selection = select_reports((), [report(status=status)], VISIT)
    assert (bool(selection.documents), bool(selection.pending), bool(selection.warnings)) == (is_read, is_pending, not is_read)
    coded = select_reports((), [report(status=status)], VISIT, IntakePolicy(preliminary="code"))
    assert bool(coded.documents) is (is_read or is_pending)


def test_found_reports_must_name_the_encounter_and_sent_ones_must_not_name_another() -> None:
    bare = {key: value for key, value in report(id="bare").items() if key != "encounter"}
    elsewhere = report(id="elsewhere", encounter={"reference": "Encounter/e2"})
    found = select_reports((), [report(), bare, elsewhere, report(id="no-text", presentedForm=[])], VISIT)
    assert [one["id"] for one in found.documents] == ["r1"]
    sent = select_reports([report(), bare, elsewhere], (), VISIT)
    assert [one["id"] for one in sent.documents] == ["bare", "r1"]
    assert sent.warnings == ("DiagnosticReport/elsewhere names another encounter and was not read",)
    with pytest.raises(Uncodable):
        select_reports((), [report(subject={"reference": "Patient/p2"})], VISIT)


def test_a_report_sent_along_takes_the_place_of_the_ehrs() -> None:
    selection = select_reports([report("New words.")], [report("Old words.")], VISIT)
    assert [note.text for note in read(selection).notes] == ["New words."]


def test_reports_without_ids_are_each_read() -> None:
    sent = [{key: value for key, value in report(text).items() if key != "id"} for text in ("One.", "Two.")]
    assert [note.text for note in read(select_reports(sent, (), VISIT)).notes] == ["One.", "Two."]


def test_a_report_becomes_a_note() -> None:
    note = read(select_reports((), [report(issued="2026-05-01T12:00:00Z", meta={"versionId": "3"})], VISIT)).notes[0]
    assert (note.id, note.reference, note.type_code, note.title) == ("r1", "DiagnosticReport/r1", "18748-4", "X-ray wrist")
    assert (note.doc_status, note.date, note.version) == ("final", "2026-05-01T12:00:00Z", "3")


def test_notes_and_reports_stand_in_order_of_date() -> None:
    notes = select_given(
        [document("One.", id="a", date="2026-05-01T10:00:00Z"), document("Two.", id="b", date="2026-05-01T12:00:00Z")], VISIT
    )
    reports = select_reports((), [report(effectiveDateTime="2026-05-01T06:00:00-05:00"), report("Undated.", id="r0")], VISIT)
    assert [note.id for note in read(notes.joined(reports)).notes] == ["r0", "a", "r1", "b"]


def test_ids_that_two_types_share_are_told_apart() -> None:
    both = [document(id="x"), report(id="x"), report(id="y"), {"resourceType": "DiagnosticReport"}]
    assert note_ids(both) == ["x", "DiagnosticReport/x", "y", "note-4"]
    with pytest.raises(InvalidContent):
        note_ids([report(), report()])


SAME = "Impression: distal radius fracture."


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (document(SAME), report(SAME)),
        (document(SAME), document(SAME, id="d2")),
        (document(SAME), document(f"\ufeff{SAME}\u200b", id="d2")),
        (document(SAME), document(content=[{"attachment": {"contentType": "text/plain", "url": "Binary/1"}}], id="d2")),
    ],
    ids=["document and report", "two documents", "same canonical text", "by URL"],
)
def test_the_same_text_is_read_once(one: dict[str, Any], other: dict[str, Any]) -> None:
    found = read_selection(Selection((one, other)), read_note, lambda attachment: AttachmentBytes(SAME.encode(), "text/plain"))
    assert [note.reference for note in found.notes] == ["DocumentReference/d1"] and found.unreadable == ()
    assert len(found.warnings) == 1 and "same document as DocumentReference/d1" in found.warnings[0]


def scan(kind: str, **changes: Any) -> dict[str, Any]:
    attachment = {"contentType": "image/tiff", "url": "Binary/scan"}
    held = (
        {"content": [{"attachment": attachment}], "presentedForm": None} if kind == "DocumentReference" else {"presentedForm": [attachment]}
    )
    made = document(**changes) if kind == "DocumentReference" else report(**changes)
    return made | {key: value for key, value in held.items() if value is not None}


def test_one_url_is_fetched_once_and_one_scan_reported_once() -> None:
    fetched: list[str] = []

    def fetch(attachment: dict[str, Any]) -> AttachmentBytes:
        fetched.append(attachment["url"])
        return AttachmentBytes(b"II*\x00scan", "image/tiff")

    found = read_selection(Selection((scan("DocumentReference"), scan("DiagnosticReport"))), read_note, fetch)
    assert fetched == ["Binary/scan"]
    assert [one.id for one in found.unreadable] == ["d1"] and "was read once" in found.warnings[0]


def test_empty_documents_are_not_copies_of_each_other() -> None:
    empty = {"contentType": "text/plain", "url": "Binary/1"}
    documents = tuple(document(id=name, content=[{"attachment": empty}]) for name in "ab")
    found = read_selection(Selection(documents), read_note, lambda attachment: AttachmentBytes(b"", "text/plain"))
    assert [(one.id, one.reason) for one in found.unreadable] == [("a", "empty"), ("b", "empty")]


def test_bytes_that_are_not_the_announced_ones_are_no_copy() -> None:
    swapped = document(SAME, id="d2")
    swapped["content"][0]["attachment"]["size"] = 7
    found = read(Selection((document(SAME), swapped)))
    assert [one.id for one in found.notes] == ["d1"] and [(one.id, one.reason) for one in found.unreadable] == [("d2", "integrity")]


def test_a_rendition_is_read_where_the_best_format_fails() -> None:
    broken = document(id="a", content=[{"attachment": {"contentType": "text/plain", "url": "Binary/gone"}}])
    found = read_selection(Selection((broken,), renditions={0: (document(SAME, id="b"),)}), read_note, None)
    assert [(note.id, note.reference, note.text) for note in found.notes] == [("a", "DocumentReference/b", SAME)]


def test_what_waits_for_a_signature_is_reported() -> None:
    found = read(Selection((document(SAME),), pending=(document(id="d2", docStatus="preliminary"),)))
    assert [(one.id, one.reason, one.reference) for one in found.unreadable] == [("d2", "preliminary", "DocumentReference/d2")]
