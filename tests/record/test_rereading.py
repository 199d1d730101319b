"""The text of a note, had again: stored, by version, as it is now, or a clear reason why not; and never a text that was not coded."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import responses

from fhir_coder.ehr.client import EhrClient
from fhir_coder.exchange import Artifacts, Configuration
from fhir_coder.model import Outcome, text_hash
from fhir_coder.record.rereading import Absence, NoteReader
from fhir_coder.store.records import StoredEncounter, StoredNote
from tests.ehr.conftest import BASE, FakeEhr, document

TEXT = "Assessment: hypertension."


def note(text: str = "", **changes: Any) -> StoredNote:
    values = {"id": "d1", "reference": "DocumentReference/d1", "content_type": "text/plain", "sha256": text_hash(TEXT), "length": len(TEXT)}
    return StoredNote(**{**values, "text": text, "version": "3", **changes})


def coding(is_inline: bool = False, ehr: str = "main") -> StoredEncounter:
    nothing = dict.fromkeys(
        ("assignments", "by_code", "rejected", "uncoded", "findings", "reasons", "proposals", "receipts", "trail", "notes", "recorded"), ()
    )
    return StoredEncounter(
        id="c1",
        tenant="default",
        ehr=ehr,
        encounter_reference="Encounter/e1",
        patient_reference="Patient/p1",
        service_date=None,
        release_id="2026-04-01",
        release_status="covered",
        versions={},
        disposition=Outcome.REVIEW,
        is_confident=False,
        created_at=datetime(2026, 5, 2, tzinfo=UTC),
        engine_version="0.1.0",
        artifacts=Artifacts(),
        configuration=Configuration(),
        is_inline=is_inline,
        facts_sha256="",
        facts="",
        **nothing,
    )


def never(tenant: str, ehr: str) -> EhrClient:
    raise AssertionError("no EHR is to be asked")


def reader(fake: FakeEhr, *interactions: str) -> NoteReader:
    """A reader of an EHR that lists the interactions for documents and reports."""
    listed = [{"code": one} for one in interactions]
    kinds = [{"type": kind, "interaction": listed} for kind in ("DocumentReference", "DiagnosticReport")]
    statement = {"resourceType": "CapabilityStatement", "rest": [{"mode": "server", "resource": kinds}]}
    statement |= {"status": "active", "date": "2026-01-01", "kind": "instance", "fhirVersion": "4.0.1", "format": ["json"]}
    fake.answers("GET", "metadata", statement)
    return NoteReader(lambda tenant, name: fake.client if (tenant, name) == ("default", "main") else None)


def paths(fake: FakeEhr) -> list[str]:
    return [str(call.request.url).removeprefix(f"{BASE}/") for call in fake.http.calls]


def test_stored_text_is_taken_and_nobody_asked() -> None:
    found = NoteReader(never).read(coding(is_inline=True), note(TEXT))
    assert (found.text, found.source, found.absence, found.sentence) == (TEXT, "stored", None, "")


def test_a_version_is_read_where_the_ehr_keeps_versions(ehr: FakeEhr) -> None:
    ehr.answers("GET", "DocumentReference/d1/_history/3", document(TEXT))
    found = reader(ehr, "read", "vread").read(coding(), note())
    assert (found.text, found.source) == (TEXT, "version")
    assert paths(ehr) == ["metadata", "DocumentReference/d1/_history/3"]


def test_without_versions_the_note_of_now_is_proved_by_its_hash(ehr: FakeEhr) -> None:
    ehr.answers("GET", "DocumentReference/d1", document(TEXT))
    found = reader(ehr, "read").read(coding(), note())
    assert (found.text, found.source) == (TEXT, "current")
    assert paths(ehr) == ["metadata", "DocumentReference/d1"]


def test_a_version_that_was_dropped_may_still_be_the_current_one(ehr: FakeEhr) -> None:
    ehr.answers("GET", "DocumentReference/d1/_history/3", status=404)
    ehr.answers("GET", "DocumentReference/d1", document(TEXT))
    assert reader(ehr, "read", "vread").read(coding(), note()).source == "current"


def test_any_format_of_the_document_may_be_the_one_that_was_coded(ehr: FakeEhr) -> None:
    better = {"attachment": {"contentType": "text/plain", "data": "QSBzdW1tYXJ5Lg=="}}
    both = document(content=[better, *document(TEXT)["content"]])
    ehr.answers("GET", "DocumentReference/d1", both)
    assert reader(ehr, "read").read(coding(), note()).text == TEXT


def test_a_report_is_read_from_its_presented_form(ehr: FakeEhr) -> None:
    form = document(TEXT)["content"][0]["attachment"]
    report = {"resourceType": "DiagnosticReport", "id": "r1", "status": "final", "code": {"text": "X-ray"}, "presentedForm": [form]}
    ehr.answers("GET", "DiagnosticReport/r1", report)
    assert reader(ehr, "read").read(coding(), note(reference="DiagnosticReport/r1")).text == TEXT


@pytest.mark.parametrize(
    ("status", "body", "absence"),
    [
        (200, document("Assessment: gout."), Absence.CHANGED),
        (200, document(content=[{"attachment": {"contentType": "image/png", "data": "AAAA"}}]), Absence.UNREADABLE),
        (404, {}, Absence.GONE),
        (410, {}, Absence.GONE),
        (403, {}, Absence.REFUSED),
        (200, {"resourceType": "DocumentReference", "id": "other"}, Absence.REFUSED),
        (503, {}, Absence.EHR_DOWN),
    ],
    ids=["changed", "unreadable", "unknown", "deleted", "forbidden", "invalid", "down"],
)
def test_what_cannot_be_had_has_its_reason(ehr: FakeEhr, status: int, body: dict[str, Any], absence: Absence) -> None:
    ehr.answers("GET", "DocumentReference/d1", body, status)
    found = reader(ehr, "read").read(coding(), note())
    assert (found.text, found.absence) == ("", absence)
    assert found.sentence.startswith("note DocumentReference/d1: ") and "gout" not in found.sentence


def test_an_ehr_without_metadata_is_down(ehr: FakeEhr) -> None:
    ehr.http.add(responses.GET, f"{BASE}/metadata", status=500)
    found = NoteReader(lambda tenant, name: ehr.client).read(coding(), note())
    assert found.absence is Absence.EHR_DOWN


def test_an_ehr_that_did_not_answer_for_one_note_is_not_asked_for_the_next(ehr: FakeEhr) -> None:
    ehr.answers("GET", "DocumentReference/d1", {}, 503)
    notes = (note(), note(reference="DocumentReference/d2"), note(TEXT))
    found = reader(ehr, "read").read_all(replace(coding(), notes=notes))
    assert [one.absence for one in found] == [Absence.EHR_DOWN, Absence.EHR_DOWN, None]
    assert found[2].text == TEXT and not any(path.endswith("d2") for path in paths(ehr))


def test_inline_notes_are_never_looked_for_at_an_ehr() -> None:
    assert NoteReader(never).read(coding(is_inline=True), note()).absence is Absence.INLINE
    assert NoteReader(never).read(coding(), note(reference="")).absence is Absence.INLINE


def test_an_ehr_that_is_not_configured_any_more_is_said() -> None:
    assert NoteReader(lambda tenant, name: None).read(coding(), note()).absence is Absence.NO_EHR
    assert NoteReader(never).read(coding(ehr=""), note()).absence is Absence.NO_EHR


def test_a_stored_text_that_is_not_the_coded_one_is_not_given(ehr: FakeEhr) -> None:
    ehr.answers("GET", "DocumentReference/d1", json.loads(json.dumps(document(TEXT))))
    assert reader(ehr, "read").read(coding(), note("damaged")).source == "current"
