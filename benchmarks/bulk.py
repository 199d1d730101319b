"""What ``fhir-coder bulk`` does in a second: against ``fhir-coder code`` on the same notes, and in two processes against one, in one run on one machine.

Loading is left out on both sides: the time that the command takes over one encounter is taken off that over all. Encounters are ambulatory ones with one note, so that
none is refused.

usage: python -m benchmarks.bulk EXPORT [--encounters N]   (EXPORT: a folder of plain NDJSON, as ``prepare.py`` of the test files writes it)
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.timing import seconds_of

Resource = dict[str, Any]
WANTED_OF_CODE, WANTED_OF_TWO = 0.8, 1.5
"""What is wanted of bulk against code, and of two processes against one."""


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="encounters a second in bulk")
    parser.add_argument("export", type=Path)
    parser.add_argument("--encounters", type=int, default=1000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        count = _choose(arguments.export, folder, arguments.encounters)
        code = (count - 1) / (_code(folder, folder / "notes.jsonl") - _code(folder, folder / "one.jsonl"))
        print(f"fhir-coder code: {count} notes, {code:.2f} a second")
        least = _bulk(folder, "one", 1)
        one, two = ((count - 1) / (_bulk(folder, "export", processes) - least) for processes in (1, 2))
    print(f"fhir-coder bulk, one process: {one:.2f} a second, {one / code:.2f} of code (wanted: at least {WANTED_OF_CODE})")
    print(f"fhir-coder bulk, two processes: {two:.2f} a second, {two / one:.2f} of one (wanted: at least {WANTED_OF_TWO})")
    print(f"load of the machine over the last minute: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return 0


def _choose(export: Path, folder: Path, most: int) -> int:
    """Write a part of the export (``export``) and another with one encounter (``one``), and its notes as lines for ``code``; how many encounters it has."""
    patients = {one["id"]: one for one in _rows(export / "Patient.ndjson")}
    notes = list(_rows(export / "DocumentReference.ndjson"))
    number = Counter(_encounter_of(one) for one in notes)
    ambulatory = {one["id"]: one for one in _rows(export / "Encounter.ndjson") if one["class"].get("code") == "AMB"}
    chosen = [one for one in notes if _encounter_of(one) in ambulatory and number[_encounter_of(one)] == 1][:most]
    for name, some in (("export", chosen), ("one", chosen[:1])):
        _part(export, folder / name, some, [ambulatory[_encounter_of(one)] for one in some])
    lines = [_line(one, ambulatory[_encounter_of(one)], patients) for one in chosen]
    _write(folder / "notes.jsonl", lines)
    _write(folder / "one.jsonl", lines[:1])
    return len(chosen)


def _part(export: Path, part: Path, notes: list[Resource], encounters: list[Resource]) -> None:
    """The export with these notes and encounters alone."""
    part.mkdir()
    for path in export.glob("*.ndjson"):
        if path.name.split(".")[0] not in {"Encounter", "DocumentReference"}:
            shutil.copy(path, part / path.name)
    _write(part / "DocumentReference.ndjson", notes)
    _write(part / "Encounter.ndjson", encounters)


def _line(note: Resource, encounter: Resource, patients: dict[str, Resource]) -> Resource:
    """The note as ``fhir-coder code`` reads it, with what the encounter and the patient tell."""
    patient = patients[encounter["subject"]["reference"].rpartition("/")[2]]
    text = base64.b64decode(note["content"][0]["attachment"]["data"]).decode()
    told = {"birthDate": patient.get("birthDate"), "gender": patient.get("gender"), "serviceDate": encounter["period"]["start"][:10]}
    return {"id": encounter["id"], "text": text} | {name: value for name, value in told.items() if value}


def _code(folder: Path, notes: Path) -> float:
    return seconds_of(lambda: _run("code", notes, "--output", folder / "coded.jsonl", folder=folder))


def _bulk(folder: Path, export: str, processes: int) -> float:
    """Seconds that the command takes over one of the exports."""
    out = folder / f"out-{export}-{processes}"
    taken = seconds_of(lambda: _run("bulk", folder / export, "--out", out, "--processes", processes, folder=folder))
    report = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    if report["left"] or report["failed"]:
        raise SystemExit(f"{report['failed']} encounters failed, {report['left']} are left: the figures would say nothing")
    return taken


def _run(*arguments: object, folder: Path) -> None:
    environment = os.environ | {"FHIR_CODER_DATABASE_URL": f"sqlite:///{folder / 'store.sqlite'}"}
    command = [sys.executable, "-m", "fhir_coder", *map(str, arguments)]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own words


def _encounter_of(note: Resource) -> str:
    return note["context"]["encounter"][0]["reference"].rpartition("/")[2]


def _rows(path: Path) -> Iterator[Resource]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _write(path: Path, rows: list[Resource]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
