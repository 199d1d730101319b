"""The index of an export: where each resource lies, which line of two counts, and what is wrong with lines, named by file and number alone."""

from __future__ import annotations

import gzip
import json
import sqlite3
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from fhir_coder.bulk.export import Export
from fhir_coder.bulk.export_files import export_files, mark_of
from fhir_coder.bulk.index import ExportIndex
from fhir_coder.bulk.line_facts import BadLine, read_facts
from fhir_coder.errors import InvalidContent
from tests.bulk.exports import COVERAGE, PATIENT, encounter, note, small_export, write

SECRET = "Zwiebelkuchen"


def indexed(folder: Path, out: Path) -> tuple[Export, ExportIndex]:
    out.mkdir(exist_ok=True)
    files, index = export_files(folder), ExportIndex(out)
    index.build(files)
    return Export(folder, files, index), index


def problems(index: ExportIndex) -> list[tuple[str, int, str]]:
    return [(one.file, one.line, one.kind) for one in index.problems()]


def test_each_resource_is_found_where_it_lies(tmp_path: Path) -> None:
    export, index = indexed(small_export(tmp_path / "in", range(7)), tmp_path / "out")
    with export.looking() as lookup:
        assert [export.resource(lookup, "Encounter", f"e{number}")["id"] for number in range(7)] == [f"e{number}" for number in range(7)]
        assert lookup.parts_of(["Encounter/e3"]) == [("DocumentReference", "d3")]
        assert lookup.parts_of(["Patient/p1"]) == [("Coverage", "c1")]
    assert list(index.encounters(at_once=2)) == [f"e{number}" for number in range(7)]
    assert problems(index) == []


@pytest.mark.parametrize("name", ["Encounter.ndjson", "Encounter.000.ndjson", "1.Encounter.ndjson", "visits.ndjson"])
def test_files_are_named_as_exports_name_them(tmp_path: Path, name: str) -> None:
    _, index = indexed(write(tmp_path / "in" / name, encounter(1)).parent, tmp_path / "out")
    assert list(index.encounters()) == ["e1"] and problems(index) == []


def test_compressed_files_are_read_as_plain_ones(tmp_path: Path) -> None:
    small_export(tmp_path / "in", range(3))
    plain = tmp_path / "in" / "1.DocumentReference.ndjson"
    plain.with_name("1.DocumentReference.ndjson.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    export, index = indexed(tmp_path / "in", tmp_path / "out")
    with export.looking() as lookup:
        assert export.resource(lookup, "DocumentReference", "d2")["id"] == "d2"
    assert problems(index) == []


def test_a_compressed_file_that_is_cut_off_gives_what_it_has(tmp_path: Path) -> None:
    rows = "".join(json.dumps(encounter(number)) + "\n" for number in range(500)).encode()
    packed = gzip.compress(rows)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "Encounter.ndjson.gz").write_bytes(packed[: len(packed) - 200])
    _, index = indexed(tmp_path / "in", tmp_path / "out")
    assert 0 < index.count() < 500
    assert index.problem_counts()["corrupt"] >= 1


def test_a_compressed_file_without_a_byte_is_told(tmp_path: Path) -> None:
    """It never came over: a file that holds nothing is twenty bytes long when it is packed."""
    write(tmp_path / "in" / "1.Encounter.ndjson", encounter(1))
    (tmp_path / "in" / "2.Encounter.ndjson.gz").touch()
    (tmp_path / "in" / "3.Encounter.ndjson.gz").write_bytes(gzip.compress(b""))
    _, index = indexed(tmp_path / "in", tmp_path / "out")
    assert problems(index) == [("2.Encounter.ndjson.gz", 1, "corrupt")] and list(index.encounters()) == ["e1"]


CORRUPT = {
    "not JSON": '{"resourceType": "Encounter", "id": "e1", ',
    "a list": '["Encounter"]',
    "no type": json.dumps({"id": "e1", "note": SECRET}),
    "no id": json.dumps({"resourceType": "Encounter", "note": SECRET}),
    "an id that is none": json.dumps({"resourceType": "Encounter", "id": f"{SECRET} and more"}),
    "meta that is none": json.dumps({"resourceType": "Encounter", "id": "e1", "meta": SECRET}),
    "references that are none": json.dumps({"resourceType": "DocumentReference", "id": "d1", "context": {"encounter": 7}}),
    "nested without end": "[" * 100_000,
    "half a letter in an identifier": json.dumps(encounter(1, identifier=[{"system": "urn:visits", "value": "\ud800" + SECRET}])),
    "half a letter in a day": json.dumps(encounter(1, period={"start": "\ud800" + SECRET})),
    "bytes that are no UTF-8": '{"resourceType": "Encounter", "id": "\udcff"}',
}


@pytest.mark.parametrize("line", CORRUPT.values(), ids=CORRUPT.keys())
def test_a_corrupt_line_is_named_by_number_and_not_quoted(tmp_path: Path, line: str) -> None:
    folder = small_export(tmp_path / "in", range(2))
    with (folder / "Encounter.000.ndjson").open("ab") as stream:
        stream.write(line.encode("utf-8", "surrogateescape") + b"\n" + json.dumps(encounter(9)).encode() + b"\n")
    _, index = indexed(folder, tmp_path / "out")
    (problem,) = index.problems()
    assert (problem.file, problem.line, problem.kind) == ("Encounter.000.ndjson", 3, "corrupt")
    assert SECRET not in problem.detail
    assert list(index.encounters()) == ["e0", "e1", "e9"]


def test_a_line_that_is_too_long_is_left_out_and_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fhir_coder.bulk.index.LONGEST_LINE", 10_000)
    folder = small_export(tmp_path / "in", range(1))
    write(folder / "Binary.ndjson", '{"resourceType": "Binary", "data": "' + "A" * 3_000_000 + '"}', {"resourceType": "Binary", "id": "b2"})
    tracemalloc.start()
    export, index = indexed(folder, tmp_path / "out")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert problems(index) == [("Binary.ndjson", 1, "corrupt")]
    with export.looking() as lookup:
        place = lookup.place("Binary", "b2")
        assert place and json.loads(export.line(place))["id"] == "b2"
    assert peak < 2_000_000


def test_memory_does_not_grow_with_the_export(tmp_path: Path) -> None:
    """Five times the lines take no more memory, neither to read nor to go through."""
    peaks = []
    for count in (2_000, 10_000):
        folder = write(tmp_path / f"in-{count}" / "Encounter.ndjson", *map(encounter, range(count))).parent
        tracemalloc.start()
        _, index = indexed(folder, tmp_path / f"out-{count}")
        index.leave_out(f"Encounter/e{number}" for number in range(0, count, 2))
        assert sum(1 for _ in index.encounters(at_once=500)) == count // 2
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0], peaks


def dated(updated: str, **members: Any) -> dict[str, Any]:
    return encounter(1, meta={"lastUpdated": updated}, **members)


DUPLICATES = {
    "the newer comes last": ([dated("2026-05-01T10:00:00Z"), dated("2026-05-02T10:00:00Z", status="planned")], "planned", 1),
    "the newer comes first": ([dated("2026-05-02T10:00:00Z", status="planned"), dated("2026-05-01T10:00:00Z")], "planned", 2),
    "by the moment, not by its letters": (
        [dated("2026-05-01T23:30:00+00:00"), dated("2026-05-01T22:00:00-05:00", status="planned")],
        "planned",
        1,
    ),
    "both alike: the first": ([dated("2026-05-01T10:00:00Z"), dated("2026-05-01T10:00:00Z", status="planned")], "finished", 2),
    "a date before none": ([encounter(1), dated("2026-05-01T10:00:00Z", status="planned")], "planned", 1),
}


@pytest.mark.parametrize(("rows", "status", "beaten"), DUPLICATES.values(), ids=DUPLICATES.keys())
def test_the_newest_of_one_resource_counts(tmp_path: Path, rows: list[dict[str, Any]], status: str, beaten: int) -> None:
    export, index = indexed(write(tmp_path / "in" / "Encounter.ndjson", *rows).parent, tmp_path / "out")
    with export.looking() as lookup:
        assert export.resource(lookup, "Encounter", "e1")["status"] == status
    assert index.count() == 1
    assert problems(index) == [("Encounter.ndjson", beaten, "duplicate")]


def test_a_newer_document_belongs_where_it_says_and_no_longer_where_the_older_did(tmp_path: Path) -> None:
    folder = small_export(tmp_path / "in", range(2))
    moved = note(0, meta={"lastUpdated": "2026-06-01T00:00:00Z"}, context={"encounter": [{"reference": "Encounter/e1"}]})
    write(folder / "2.DocumentReference.ndjson", moved)
    export, _ = indexed(folder, tmp_path / "out")
    with export.looking() as lookup:
        assert lookup.parts_of(["Encounter/e0"]) == []
        assert lookup.parts_of(["Encounter/e1"]) == [("DocumentReference", "d0"), ("DocumentReference", "d1")]


def test_what_is_of_another_type_than_its_file_is_used_and_told(tmp_path: Path) -> None:
    folder = small_export(tmp_path / "in", range(1))
    write(folder / "2.Patient.ndjson", encounter(5), PATIENT | {"id": "p2"})
    _, index = indexed(folder, tmp_path / "out")
    assert list(index.encounters()) == ["e0", "e5"]
    assert problems(index) == [("2.Patient.ndjson", 1, "type")]


def test_a_reference_that_is_no_url_names_what_it_can(tmp_path: Path) -> None:
    """A host in half a bracket: nothing can be asked there, and what is asked for is told all the same."""
    visit = encounter(1, identifier=[{"system": "urn:visits", "value": "77"}])
    named = [{"reference": f"http://[{rest}"} for rest in ("", "?identifier=urn:visits|77#part")]
    write(tmp_path / "in" / "all.ndjson", visit, note(1, context={"encounter": named}))
    export, _ = indexed(tmp_path / "in", tmp_path / "out")
    with export.looking() as lookup:
        assert lookup.parts_of(["urn:visits|77"]) == [("DocumentReference", "d1")]


def test_documents_of_unknown_encounters_are_told(tmp_path: Path) -> None:
    folder = small_export(tmp_path / "in", range(1))
    by_identifier = {"context": {"encounter": [{"identifier": {"system": "urn:visits", "value": "7"}}]}}
    write(folder / "2.DocumentReference.ndjson", note(8), note(9, **by_identifier), note(10, context={}))
    write(folder / "2.Encounter.ndjson", encounter(11, identifier=[{"system": "urn:visits", "value": "7"}]))
    export, index = indexed(folder, tmp_path / "out")
    assert problems(index) == [("2.DocumentReference.ndjson", 1, "orphan"), ("2.DocumentReference.ndjson", 3, "orphan")]
    with export.looking() as lookup:
        assert lookup.parts_of(["urn:visits|7"]) == [("DocumentReference", "d9")]


def test_encounters_from_a_day_on_and_those_of_no_day(tmp_path: Path) -> None:
    rows = [encounter(number) for number in range(5)] + [encounter(9, period={})]
    _, index = indexed(write(tmp_path / "in" / "Encounter.ndjson", *rows).parent, tmp_path / "out")
    assert list(index.encounters(since="2026-05-04")) == ["e3", "e4", "e9"]
    assert (index.count("2026-05-04"), index.count()) == (3, 6)


def test_what_is_done_is_left_out(tmp_path: Path) -> None:
    _, index = indexed(small_export(tmp_path / "in", range(4)), tmp_path / "out")
    index.leave_out(["Encounter/e1", "Encounter/e3", "Encounter/elsewhere"])
    assert list(index.encounters()) == ["e0", "e2"]
    assert index.count_left_out() == 2
    index.leave_out([])
    assert index.count_left_out() == 0


def test_an_index_that_was_stopped_halfway_comes_out_the_same(tmp_path: Path) -> None:
    folder = small_export(tmp_path / "in", range(3))
    write(folder / "2.Encounter.ndjson", dated("2026-05-01T10:00:00Z"), "broken", dated("2026-05-02T10:00:00Z", status="planned"))
    _, whole = indexed(folder, tmp_path / "whole")
    _, again = indexed(folder, tmp_path / "again")
    with sqlite3.connect(tmp_path / "again" / "index.sqlite") as database:
        database.execute("UPDATE file SET is_read = 0")
    again.build(export_files(folder))
    assert list(again.problems()) == list(whole.problems()) != []
    tables = ("resource", "part_of", "visit", "token")
    contents = []
    for name in ("whole", "again"):
        with sqlite3.connect(tmp_path / name / "index.sqlite") as database:
            contents.append([database.execute(f"SELECT * FROM {table}").fetchall() for table in tables])
    assert contents[0] == contents[1]


def test_the_index_holds_no_words(tmp_path: Path) -> None:
    folder = write(tmp_path / "in" / "DocumentReference.ndjson", note(1, description=SECRET)).parent
    write(folder / "Patient.ndjson", PATIENT | {"name": [{"family": SECRET}]})
    indexed(folder, tmp_path / "out")
    assert SECRET.encode() not in (tmp_path / "out" / "index.sqlite").read_bytes()
    assert (tmp_path / "out" / "index.sqlite").stat().st_mode & 0o077 == 0


def test_an_export_is_known_by_what_it_holds_not_by_where_it_lies(tmp_path: Path) -> None:
    one, moved = (export_files(small_export(tmp_path / name, range(3))) for name in ("one", "two"))
    other = export_files(small_export(tmp_path / "three", range(4)))
    assert mark_of(one) == mark_of(moved) != mark_of(other)


def test_a_folder_without_an_export_is_refused(tmp_path: Path) -> None:
    for folder, why in ((tmp_path / "nowhere", "no such folder"), (tmp_path, "holds no file")):
        with pytest.raises(InvalidContent, match=why):
            export_files(folder)


def test_a_file_that_changes_under_the_run_is_noticed(tmp_path: Path) -> None:
    folder = small_export(tmp_path / "in", range(3))
    export, _ = indexed(folder, tmp_path / "out")
    write(folder / "Encounter.000.ndjson", encounter(2), encounter(1), encounter(0))
    with export.looking() as lookup, pytest.raises(InvalidContent, match=r"changed|not valid"):
        export.resource(lookup, "Encounter", "e0")


@pytest.mark.parametrize("kind", ["Observation", "MedicationRequest", "Immunization"])
def test_types_that_nothing_is_done_with_are_passed_over(kind: str) -> None:
    assert read_facts(json.dumps({"resourceType": kind, "id": "x"}).encode()) is None


def test_coverage_belongs_to_its_patient() -> None:
    facts = read_facts(json.dumps(COVERAGE).encode())
    assert facts and facts.parts_of == ("Patient/p1",)
    with pytest.raises(BadLine):
        read_facts(b"nothing")
