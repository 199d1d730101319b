"""Small exports for the tests: as many visits as are asked for, with what belongs to each."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Resource = dict[str, Any]
NOTE = "ASSESSMENT AND PLAN\n1. Hypertension, controlled. Continue lisinopril.\n"


def encounter(number: int, **members: Any) -> Resource:
    return {
        "resourceType": "Encounter",
        "id": f"e{number}",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": "Patient/p1"},
        "participant": [{"individual": {"reference": "Practitioner/dr"}}],
        "period": {"start": f"2026-05-{number % 28 + 1:02d}T09:00:00-05:00"},
    } | members


def note(number: int, text: str = NOTE, **members: Any) -> Resource:
    attachment = {"contentType": "text/plain; charset=utf-8", "data": b64encode(text.encode()).decode()}
    return {
        "resourceType": "DocumentReference",
        "id": f"d{number}",
        "status": "current",
        "docStatus": "final",
        "subject": {"reference": "Patient/p1"},
        "author": [{"reference": "Practitioner/dr"}],
        "content": [{"attachment": attachment}],
        "context": {"encounter": [{"reference": f"Encounter/e{number}"}]},
    } | members


def linked(number: int, url: str, **members: Any) -> Resource:
    """A note whose text lies elsewhere."""
    return note(number, content=[{"attachment": {"contentType": "text/plain", "url": url}}], **members)


PATIENT = {"resourceType": "Patient", "id": "p1", "birthDate": "1960-02-03", "gender": "female"}
PRACTITIONER = {"resourceType": "Practitioner", "id": "dr", "name": [{"family": "Fixture"}]}
COVERAGE = {
    "resourceType": "Coverage",
    "id": "c1",
    "status": "active",
    "beneficiary": {"reference": "Patient/p1"},
    "payor": [{"display": "Example Health Plan"}],
}


def write(path: Path, *rows: Resource | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), encoding="utf-8")
    return path


def small_export(folder: Path, numbers: Iterable[int]) -> Path:
    """Visits of these numbers, each with a note."""
    chosen = list(numbers)
    write(folder / "Patient.ndjson", PATIENT)
    write(folder / "Practitioner.ndjson", PRACTITIONER)
    write(folder / "Coverage.ndjson", COVERAGE)
    write(folder / "Encounter.000.ndjson", *map(encounter, chosen))
    write(folder / "1.DocumentReference.ndjson", *map(note, chosen))
    return folder


def lines_of(out: Path, kind: str) -> list[Resource]:
    """Every line of that type in an output folder, the lines on the export itself left out."""
    files = [path for path in sorted(out.glob(f"{kind}.*.ndjson")) if not path.name.endswith(".input.ndjson")]
    return [json.loads(line) for path in files for line in path.read_text(encoding="utf-8").splitlines()]


def input_lines(out: Path) -> list[str]:
    """What is said of lines of the export."""
    path = out / "OperationOutcome.input.ndjson"
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    return [one["issue"][0]["diagnostics"] for one in found]
