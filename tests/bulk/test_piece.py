"""The piece of an export that goes to a worker: over it an encounter is gathered, and what its resources name is read, as over the export itself."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fhir_coder.bulk import piece as pieces
from fhir_coder.bulk.export import Export
from fhir_coder.bulk.export_client import ExportClient
from fhir_coder.bulk.export_files import export_files
from fhir_coder.bulk.gathering import gather_encounter
from fhir_coder.bulk.index import ExportIndex
from fhir_coder.bulk.piece import Piece, PieceExport, piece_of
from fhir_coder.errors import FhirCoderError, TooMuch
from fhir_coder.tenant_settings import EhrSettings
from tests.bulk.exports import COVERAGE, NOTE, encounter, linked, note, small_export, write
from tests.store.conftest import MARKER

BINARY = {"resourceType": "Binary", "id": "b1", "contentType": "text/plain", "data": b64encode(NOTE.encode()).decode()}
OF_VISIT = {"subject": {"reference": "Patient/p1"}, "encounter": {"reference": "Encounter/e0"}}


def rich_export(folder: Path) -> Path:
    """Visits with everything that one can have, of which some cannot be read."""
    small_export(folder, ())
    visit = encounter(0, identifier=[{"system": "urn:visits", "value": "77"}], diagnosis=[{"condition": {"reference": "Condition/k1"}}])
    by_identifier = note(2, context={"encounter": [{"identifier": {"system": "urn:visits", "value": "77"}}]})
    by_role = note(3, author=[{"reference": "PractitionerRole/r1"}], context={"encounter": [{"reference": "Encounter/e0"}]})
    files = [linked(4, "Binary/b1"), linked(5, "notes/e5.txt"), linked(6, "Binary/missing"), linked(7, "notes/huge.txt"), linked(8, "../x")]
    of_e0 = {"context": {"encounter": [{"reference": "Encounter/e0"}]}}
    report = {"resourceType": "DiagnosticReport", "id": "g1", "status": "final", "code": {"text": "x"}, **OF_VISIT}
    write(folder / "Encounter.ndjson", visit, encounter(1, subject={"reference": "Patient/p9"}))
    write(folder / "Notes.ndjson", note(0), by_identifier, by_role, *(one | of_e0 for one in files), note(1), note(9, status=MARKER))
    write(folder / "DiagnosticReport.ndjson", report | {"presentedForm": [{"contentType": "text/plain", "url": "notes/e6.txt"}]})
    write(folder / "Binary.ndjson", BINARY)
    write(folder / "notes" / "e5.txt", NOTE)
    write(folder / "notes" / "e6.txt", "ü" + NOTE)
    condition = {"resourceType": "Condition", "id": "k1", "recorder": {"reference": "Practitioner/other"}} | OF_VISIT
    write(folder / "Condition.ndjson", condition, condition | {"id": "k2", "clinicalStatus": MARKER})
    organization = {"resourceType": "Organization", "id": "o1", "partOf": {"reference": "https://ehr.example/fhir/Organization/o2"}}
    role = {"resourceType": "PractitionerRole", "id": "r1", "practitioner": {"reference": "Practitioner/dr"}}
    write(folder / "Role.ndjson", role | {"organization": {"reference": "Organization/o1"}}, role | {"id": "r2"})
    write(folder / "People.ndjson", {"resourceType": "Practitioner", "id": "other"}, organization, organization | {"id": "o2"})
    write(folder / "Unused.ndjson", COVERAGE | {"id": "c9", "beneficiary": {"reference": "Patient/p9"}}, BINARY | {"id": "b2"})
    return folder


@pytest.fixture
def export(tmp_path: Path) -> Export:
    folder = rich_export(tmp_path / "in")
    files = export_files(folder)
    index = ExportIndex(tmp_path)
    index.build(files)
    return Export(folder, files, index)


def over(export: Export, encounter_id: str) -> PieceExport:
    """As a worker has it."""
    return PieceExport(Piece.read(piece_of(export, encounter_id).written()))


def outcome(ask: Callable[[], Any]) -> Any:
    """What it gives, or what it says."""
    try:
        return ask()
    except (FhirCoderError, OSError) as error:
        return type(error), str(error)


@pytest.mark.parametrize("encounter_id", ["e0", "e1", "e9"])
def test_an_encounter_is_gathered_as_over_the_export(export: Export, encounter_id: str) -> None:
    given = outcome(lambda: gather_encounter(export, "north", "", encounter_id))
    assert outcome(lambda: gather_encounter(over(export, encounter_id), "north", "", encounter_id)) == given
    if encounter_id == "e0":
        assert len(given.request.notes) == 8 and len(given.left_out) == 1


def asked_of(export: Export) -> dict[str, Any]:
    """Everything that may be asked of a client over an export."""
    client = ExportClient(EhrSettings("", "https://export.invalid"), export, None)
    read = (
        "Practitioner/dr",
        "Practitioner/other",
        "PractitionerRole/r1",
        "Organization/o1",
        "Organization/o2",
        "Condition/k1",
        "Condition/k2",
    )
    urls = ("Binary/b1", "notes/e5.txt", "notes/e6.txt", "Binary/missing", "notes/huge.txt", "../x", "http://[x", "n" * 300)
    found = {one: outcome(lambda one=one: client.read(*one.split("/"))) for one in (*read, "Practitioner/nobody")}
    found |= {one: outcome(lambda one=one: client.read_attachment({"contentType": "text/plain", "url": one})) for one in urls}
    return found | {"roles": list(client.search("PractitionerRole", {"practitioner": "Practitioner/dr"}))}


def test_what_resources_name_is_read_as_over_the_export(export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "in" / "notes" / "huge.txt", "x" * 4096)
    monkeypatch.setattr("fhir_coder.bulk.export.MAX_BYTES", 4000)
    given = asked_of(export)
    assert asked_of(over(export, "e0")) == given
    assert [one["id"] for one in given["roles"]] == ["r1", "r2"] and "larger than" in given["notes/huge.txt"][1]


def test_nothing_of_others_goes_along(export: Export) -> None:
    piece = piece_of(export, "e0")
    assert not {"Encounter/e1", "DocumentReference/d1", "Coverage/c9", "Binary/b2", "Patient/p9"} & set(piece.lines)
    assert {"Coverage/c1", "Patient/p1"} <= set(piece.lines)


def test_a_file_that_was_changed_is_found_by_who_reads_it(export: Export, tmp_path: Path) -> None:
    place = tmp_path / "in" / "Encounter.ndjson"
    content = place.read_bytes()
    for changed in (
        content[:40],
        content.replace(b'"Encounter"', b'"Encountar"'),
        content.replace(b'{"resourceType"', b'\xff"resourceType"'),
    ):
        place.write_bytes(changed)
        given = outcome(lambda: gather_encounter(export, "north", "", "e0"))
        assert isinstance(given, tuple)
        assert outcome(lambda: gather_encounter(over(export, "e0"), "north", "", "e0")) == given


def test_a_file_beside_that_the_disk_does_not_give_is_tried_again(export: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Export, url: str) -> bytes:
        raise PermissionError(13, "no")

    with monkeypatch.context() as patched:
        patched.setattr(Export, "file_beside", fail)
        cut = piece_of(export, "e0")
    with pytest.raises(OSError, match="cannot be read"):
        PieceExport(cut).file_beside("notes/e5.txt")


@pytest.mark.parametrize("depth", [60, 700, 900, 950, 980, 987, 993])
def test_a_line_however_deep_spoils_its_own_encounter_alone(tmp_path: Path, depth: int) -> None:
    """What the index could read as JSON may be too deep for who looks for references in it, or comes to it from further down the stack."""
    deep = f'{{"resourceType": "Encounter", "id": "e1", "extension": {"[" * depth}{"]" * depth}}}'
    write(tmp_path / "in" / "all.ndjson", deep, encounter(2), note(2))
    index, files = ExportIndex(tmp_path), export_files(tmp_path / "in")
    index.build(files)
    export = Export(tmp_path / "in", files, index)
    given = outcome(lambda: gather_encounter(export, "north", "", "e1"))
    assert isinstance(given, tuple) and issubclass(given[0], FhirCoderError)
    assert further_down(30, lambda: outcome(lambda: gather_encounter(over(export, "e1"), "north", "", "e1"))) == given


def further_down(frames: int, ask: Callable[[], Any]) -> Any:
    return further_down(frames - 1, ask) if frames else ask()


def test_more_than_the_most_is_refused(export: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "LARGEST", 500)
    with pytest.raises(TooMuch, match="500 bytes"):
        gather_encounter(over(export, "e0"), "north", "", "e0")
