"""``fhir-coder bulk`` on exports as they come: what is coded, what is told of the rest, and what it ends with."""

from __future__ import annotations

import json
import os
import time
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from fhir_coder.bulk.folder import held
from fhir_coder.commands.bulk import _progress
from fhir_coder.errors import Conflict
from fhir_coder.fhir.reader import read_json
from fhir_coder.store.start import Stores, open_stores
from tests.bulk.conftest import Bulk
from tests.bulk.exports import NOTE, encounter, input_lines, lines_of, linked, note, small_export, write
from tests.store.conftest import KEY
from tests.stores import store_in

BINARY = {"resourceType": "Binary", "id": "b1", "contentType": "text/plain", "data": b64encode(NOTE.encode()).decode()}
PSYCHOTHERAPY = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PSYTHPN"}


def stores(folder: Path) -> Stores:
    return open_stores(store_in(folder), KEY)


def summary(out: Path) -> dict[str, Any]:
    return json.loads((out / "summary.json").read_text(encoding="utf-8"))


def told_of(out: Path, reference: str) -> list[str]:
    """The sentences of an encounter's OperationOutcome."""
    found = [one["issue"] for one in lines_of(out, "OperationOutcome") if one["issue"][0]["diagnostics"].startswith(f"{reference}:")]
    assert len(found) == 1
    return [issue["diagnostics"] for issue in found[0]]


@pytest.mark.parametrize("processes", [1, 2])
def test_every_encounter_of_an_export_is_coded(bulk: Bulk, tmp_path: Path, processes: int, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert bulk(small_export(tmp_path / "in", range(5)), "--out", out, "--processes", processes) == 0
    assert {kind: len(lines_of(out, kind)) for kind in ("Condition", "Claim", "Task", "Provenance", "OperationOutcome")} == dict.fromkeys(
        ("Condition", "Claim", "Task", "Provenance", "OperationOutcome"), 5
    )
    report = summary(out)
    assert (report["encounters"], report["coded"], report["failed"], report["left"]) == (5, 5, 0, 0)
    assert report["codes"] == {"I10": 5}
    assert sum(report["dispositions"].values()) == 5
    store = stores(tmp_path)
    found = store.repository.recent("default", 99)
    assert {one.encounter_reference for one in found} == {f"Encounter/e{number}" for number in range(5)} and len(found) == 5
    events = [json.loads(line.content) for line in store.audit.lines("default")]
    store.close()
    subtypes = [one["subtype"][-1]["code"] for one in events]
    assert (subtypes.count("bulk"), subtypes.count("code-encounter")) == (1, 5)
    shown = capsys.readouterr()
    assert "encounters 5: coded 5, failed 0" in shown.out and "codes: I10 5" in shown.out
    assert "5/5" in shown.err


def test_the_lines_are_fhir_and_refer_to_each_other(bulk: Bulk, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert bulk(small_export(tmp_path / "in", range(2)), "--out", out) == 0
    resources = [one for kind in ("Condition", "Claim", "Task", "Provenance", "OperationOutcome") for one in lines_of(out, kind)]
    addresses = {f"{one['resourceType']}/{one['id']}" for one in resources}
    assert len(addresses) == len(resources)
    for one in resources:
        assert read_json(json.dumps(one).encode())["id"] == one["id"]
    assert "urn:uuid" not in json.dumps([one for one in resources if one["resourceType"] != "OperationOutcome"])
    targets = {target["reference"] for one in lines_of(out, "Provenance") for target in one["target"]}
    assert targets and targets <= addresses
    assert {path.stat().st_mode & 0o077 for path in out.glob("*.ndjson")} == {0} and out.stat().st_mode & 0o077 == 0


def test_the_same_again_does_nothing(bulk: Bulk, tmp_path: Path) -> None:
    out, export = tmp_path / "out", small_export(tmp_path / "in", range(3))
    assert bulk(export, "--out", out) == 0
    before = {path.name: path.read_bytes() for path in out.glob("*.ndjson")}
    assert bulk(export, "--out", out) == 0
    assert {path.name: path.read_bytes() for path in out.glob("*.ndjson")} == before
    assert summary(out)["lastCall"]["encounters"] == 0


def test_a_run_that_was_stopped_goes_on_and_says_so_of_the_whole(bulk: Bulk, tmp_path: Path) -> None:
    """As if the rest had not been done: the first call codes a part, by a day, which is then taken out of what the run knows."""
    out, export = tmp_path / "out", small_export(tmp_path / "in", range(6))
    assert bulk(export, "--out", out, "--since", "2026-05-05") == 0
    assert summary(out)["encounters"] == 2
    state = json.loads((out / "run.json").read_text(encoding="utf-8"))
    (out / "run.json").write_text(json.dumps(state | {"since": ""}), encoding="utf-8")
    assert bulk(export, "--out", out) == 0
    assert (summary(out)["coded"], summary(out)["lastCall"]["encounters"]) == (6, 4)
    assert len({one["id"] for one in lines_of(out, "Condition")}) == len(lines_of(out, "Condition")) == 6


def test_what_no_commit_names_is_cut_off(bulk: Bulk, tmp_path: Path) -> None:
    out, export = tmp_path / "out", small_export(tmp_path / "in", range(2))
    assert bulk(export, "--out", out, "--processes", 1) == 0
    whole = {path.name: path.read_bytes() for path in out.glob("*.ndjson")}
    with (out / "Condition.0.ndjson").open("ab") as torn:
        torn.write(b'{"resourceType": "Condition", "id": "torn')
    (out / "Task.7.ndjson").write_bytes(b'{"resourceType": "Task"}\n')
    assert bulk(export, "--out", out) == 0
    assert {path.name: path.read_bytes() for path in out.glob("*.ndjson")} == whole


def test_output_that_somebody_shortened_is_not_gone_on_with(bulk: Bulk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, export = tmp_path / "out", small_export(tmp_path / "in", range(2))
    assert bulk(export, "--out", out, "--processes", 1) == 0
    os.truncate(out / "Condition.0.ndjson", 10)
    assert bulk(export, "--out", out) == 2
    assert "Condition.0.ndjson is gone or shorter" in capsys.readouterr().err


def test_bad_lines_are_told_and_the_rest_goes_on(bulk: Bulk, tmp_path: Path) -> None:
    out, export = tmp_path / "out", small_export(tmp_path / "in", range(3))
    write(export / "2.Encounter.ndjson", '{"resourceType": "Encounter", "secret-words', encounter(3))
    write(export / "2.Patient.ndjson", note(3), note(99))
    assert bulk(export, "--out", out) == 1
    assert input_lines(out) == [
        "2.Encounter.ndjson, line 1: not JSON",
        "2.Patient.ndjson, line 1: DocumentReference in a file of Patient; it is read as what it is",
        "2.Patient.ndjson, line 2: DocumentReference/d99 names no encounter of this export",
        "2.Patient.ndjson, line 2: DocumentReference in a file of Patient; it is read as what it is",
    ]
    assert (summary(out)["coded"], summary(out)["failed"]) == (4, 0)
    assert "secret-words" not in "".join(path.read_text(encoding="utf-8") for path in out.glob("OperationOutcome.*"))


FAILING: dict[str, tuple[list[dict[str, Any]], str]] = {
    "no note": ([encounter(7)], "FC113"),
    "a patient of another": ([encounter(7), note(7, subject={"reference": "Patient/p9"})], "FC113"),
    "not finished": ([encounter(7, status="in-progress"), note(7)], "FC113"),
    "an inpatient stay": ([encounter(7) | {"class": {"code": "IMP"}}, note(7)], "FC113"),
    "an Encounter that is not valid": ([encounter(7, status="secret-words"), note(7)], "FC102"),
    "a note that is not valid": ([encounter(7), note(7, status="secret-words")], "FC102"),
}


@pytest.mark.parametrize(("rows", "error"), FAILING.values(), ids=FAILING.keys())
def test_what_cannot_be_coded_is_told_once(bulk: Bulk, tmp_path: Path, rows: list[dict[str, Any]], error: str) -> None:
    out, export = tmp_path / "out", small_export(tmp_path / "in", range(1))
    write(export / "more.ndjson", *rows)
    for _ in range(2):
        assert bulk(export, "--out", out) == 1
        (sentence,) = told_of(out, "Encounter/e7")
        assert sentence.endswith(f"[{error}]") and "secret-words" not in sentence
    report = summary(out)
    assert (report["coded"], report["failed"], report["failures"], report["again"]) == (1, 1, {error: 1}, 0)


def test_notes_that_lie_elsewhere(bulk: Bulk, tmp_path: Path) -> None:
    out, export = tmp_path / "out", small_export(tmp_path / "in", ())
    write(export / "Encounter.ndjson", *map(encounter, range(5)))
    urls = ("Binary/b1", "https://ehr.example/fhir/Binary/b1", "notes/e2.txt", "Binary/missing", "../../../../etc/hostname")
    write(export / "DocumentReference.ndjson", *(linked(number, url) for number, url in enumerate(urls)))
    write(export / "Binary.ndjson", BINARY)
    write(export / "notes" / "e2.txt", NOTE)
    assert bulk(export, "--out", out) == 0
    coded = {one["encounter"]["reference"] for one in lines_of(out, "Condition")}
    assert coded == {"Encounter/e0", "Encounter/e1", "Encounter/e2"}
    tasks = {one["encounter"]["reference"] for one in lines_of(out, "Task")}
    assert {"Encounter/e3", "Encounter/e4"} <= tasks
    store = stores(tmp_path)
    missing = store.repository.latest("default", "Encounter/e3")
    store.close()
    assert missing and missing.reasons and missing.disposition.value == "review"


def test_a_link_that_leads_out_of_the_folder_is_not_followed(bulk: Bulk, tmp_path: Path) -> None:
    export = small_export(tmp_path / "in", ())
    write(export / "Encounter.ndjson", encounter(0))
    write(export / "DocumentReference.ndjson", linked(0, "inside.txt"))
    write(tmp_path / "outside.txt", NOTE)
    (export / "inside.txt").symlink_to(tmp_path / "outside.txt")
    assert bulk(export, "--out", tmp_path / "out") == 0
    assert lines_of(tmp_path / "out", "Condition") == []


def test_the_labels_of_a_binary_count(bulk: Bulk, tmp_path: Path) -> None:
    """A note that its Binary marks as psychotherapy notes stays unread, as from an EHR."""
    export = small_export(tmp_path / "in", ())
    write(export / "Encounter.ndjson", encounter(0))
    write(export / "DocumentReference.ndjson", linked(0, "Binary/b1"))
    write(export / "Binary.ndjson", BINARY | {"meta": {"security": [PSYCHOTHERAPY]}})
    bulk(export, "--out", tmp_path / "out")
    assert lines_of(tmp_path / "out", "Condition") == []


def test_documents_that_are_no_clinical_notes_stay_unread_beside_one(bulk: Bulk, tmp_path: Path) -> None:
    category = [
        {"coding": [{"system": "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category", "code": "clinical-note"}]}
    ]
    other = note(1, "ASSESSMENT\n1. Gout.\n", context={"encounter": [{"reference": "Encounter/e0"}]}, category=[{"text": "scan"}])
    export = small_export(tmp_path / "in", ())
    write(export / "Encounter.ndjson", encounter(0))
    write(export / "DocumentReference.ndjson", note(0, category=category), other)
    assert bulk(export, "--out", tmp_path / "out") == 0
    assert summary(tmp_path / "out")["codes"] == {"I10": 1}


def test_what_belongs_to_the_encounter_comes_with_it(bulk: Bulk, tmp_path: Path) -> None:
    """Coverage and a billed service reach the Claim; a Condition that is there already gets no second one; one that is not valid is told."""
    icd10 = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "I10"}
    diagnosis = {"system": "http://terminology.hl7.org/CodeSystem/condition-category", "code": "encounter-diagnosis"}
    of_visit = {"subject": {"reference": "Patient/p1"}, "encounter": {"reference": "Encounter/e0"}}
    recorded = {"resourceType": "Condition", "id": "k1", "code": {"coding": [icd10]}, "category": [{"coding": [diagnosis]}], **of_visit}
    service = {"resourceType": "Procedure", "id": "s1", "status": "completed", **of_visit}
    billed = service | {
        "code": {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "99213"}]},
        "performedDateTime": "2026-05-01",
    }
    out, export = tmp_path / "out", small_export(tmp_path / "in", range(1))
    write(export / "Condition.ndjson", recorded)
    write(export / "Procedure.ndjson", billed, service | {"id": "s2", "status": "secret-words"})
    assert bulk(export, "--out", out) == 0
    (claim,) = lines_of(out, "Claim")
    assert claim["insurance"][0]["coverage"]["reference"] == "Coverage/c1"
    assert claim["provider"]["reference"] == "Practitioner/dr"
    assert [item["productOrService"]["coding"][0]["code"] for item in claim["item"]] == ["99213"]
    assert lines_of(out, "Condition") == []
    assert any("left out: Procedure/s2 of the export is not valid FHIR R4" in one for one in told_of(out, "Encounter/e0"))


def test_a_folder_of_another_run_is_refused(bulk: Bulk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, export = tmp_path / "out", small_export(tmp_path / "in", range(1))
    assert bulk(export, "--out", out) == 0
    before = {path.name: path.read_bytes() for path in out.glob("*.ndjson")}
    other = small_export(tmp_path / "other", range(2))
    for arguments, why in (((other,), "another export"), ((export, "--since", "2026-05-01"), "another first day")):
        assert bulk(*arguments, "--out", out) == 2
        assert why in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in out.glob("*.ndjson")} == before
    (tmp_path / "full").mkdir()
    write(tmp_path / "full" / "letter.txt", "dear colleague")
    assert bulk(export, "--out", tmp_path / "full") == 2
    assert bulk(export, "--out", export) == 2


def test_a_store_that_does_not_know_the_run_is_refused(
    bulk: Bulk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else everything would be coded into the other store, and the output of the first cut off."""
    out, export = tmp_path / "out", small_export(tmp_path / "in", range(1))
    assert bulk(export, "--out", out) == 0
    monkeypatch.setenv("FHIR_CODER_DATABASE_URL", f"sqlite:///{tmp_path / 'other.sqlite'}")
    assert bulk(export, "--out", out) == 2
    assert "the store does not know this run" in capsys.readouterr().err
    assert len(lines_of(out, "Condition")) == 1


@pytest.mark.parametrize("name", ["run.json.partial", "index.sqlite", "OperationOutcome.input.ndjson.partial", "summary.json.partial"])
def test_a_disk_that_takes_no_more_ends_the_run_in_one_line(
    bulk: Bulk, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """``/dev/full`` in the place of one file: whatever is written there, no space is left for it."""
    out, export = tmp_path / "out", small_export(tmp_path / "in", range(2))
    write(export / "2.Encounter.ndjson", "no line")
    out.mkdir()
    (out / "lock").touch()
    (out / name).symlink_to("/dev/full")
    assert bulk(export, "--out", out) == 1
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.startswith("fhir-coder: FC503: the run was stopped by ") and told.endswith(") and can be resumed")
    (out / name).unlink()
    assert bulk(export, "--out", out) == 1, "of the bad line"
    assert (summary(out)["coded"], summary(out)["left"], len(lines_of(out, "Condition"))) == (2, 0, 2)


def test_progress_is_shown_though_it_becomes_slow(capsys: pytest.CaptureFixture[str]) -> None:
    """After many encounters that took no time, each that takes long is shown all the same."""
    until, done = time.monotonic() + 1.2, 0
    with _progress(10**9, 0) as one_more:
        while time.monotonic() < until:
            one_more()
            done += 1
        time.sleep(1.05)
        one_more()
        assert f" {done + 1}/" in capsys.readouterr().err


def test_two_at_once_in_one_folder(tmp_path: Path) -> None:
    with held(tmp_path), pytest.raises(Conflict), held(tmp_path, longest_s=0.3):
        pass
    with held(tmp_path, longest_s=0.3):
        pass


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("{in}", "--export", "--ehr", "main"),
        ("--export",),
        ("--export", "--ehr", "nobody"),
        ("{in}", "--ehr", "nobody"),
        ("{in}", "--tenant", "nobody"),
        ("{in}", "--on-workers"),
        ("{in}", "--on-workers", "--processes", "2"),
        ("{in}", "--since", "yesterday"),
        ("{in}", "--since", "2026-05-04T00:00:00Z"),
        ("--export", "--ehr", "main", "--since", "2026-05-04"),
        ("{in}", "--group", "g1"),
        ("{in}", "--again"),
        ("{in}/nowhere",),
    ],
    ids=" ".join,
)
def test_what_does_not_go_together_ends_with_2(bulk: Bulk, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    small_export(tmp_path / "in", range(1))
    assert bulk(*(one.replace("{in}", str(tmp_path / "in")) for one in arguments), "--out", tmp_path / "out") == 2


@pytest.mark.parametrize(("missing", "told"), [("BROKER_URL", "FHIR_CODER_BROKER_URL"), ("KEY", "FHIR_CODER_KEY")])
def test_workers_need_a_broker_and_a_key(
    bulk: Bulk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missing: str, told: str
) -> None:
    monkeypatch.setenv("FHIR_CODER_BROKER_URL", "redis://127.0.0.1:9/0")
    monkeypatch.setenv(f"FHIR_CODER_{missing}", "")
    assert bulk(small_export(tmp_path / "in", range(1)), "--out", tmp_path / "out", "--on-workers") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and f"FC300: --on-workers needs {told}" in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [("--processes", "0"), ("--types", "Encounter,,"), ("--types", "patient")], ids=" ".join)
def test_values_that_none_can_be_end_with_2(bulk: Bulk, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        bulk(tmp_path, *arguments, "--out", tmp_path / "out")
    assert ended.value.code == 2
