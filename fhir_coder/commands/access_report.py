"""``fhir-coder audit patient ID``: who had access to a patient's data here, when, to what and why."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import Any, TextIO

from fhir_coder.app import open_all_stores
from fhir_coder.audit.access import access_of, columns, page
from fhir_coder.audit.entry import Action, AuditEntry, Success
from fhir_coder.commands.operator import operator
from fhir_coder.commands.private_file import require_absent, writing_privately
from fhir_coder.commands.subject import patient_reference
from fhir_coder.settings import Settings
from fhir_coder.spreadsheet import defused
from fhir_coder.tenant_settings import DEFAULT_TENANT

FORMATS = ("text", "csv", "ndjson")


def add_patient_report(actions: argparse._SubParsersAction) -> None:
    """Declare the action."""
    command = actions.add_parser("patient", help="who had access to a patient's data")
    command.add_argument("patient", type=patient_reference, metavar="PATIENT", help="Patient/ID, or the ID alone")
    command.add_argument("--tenant", default=DEFAULT_TENANT, help="the tenant whose patient it is (default: default)")
    command.add_argument("--output", "-o", type=Path, metavar="FILE", help="a file to make (mode 600; default: standard output)")
    command.add_argument("--format", choices=FORMATS, default="text", help="text (default), csv, or ndjson: the AuditEvents themselves")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """What was recorded under the patient and under all that were merged into it. The report is an event itself, and not in itself."""
    if arguments.output:
        require_absent(arguments.output)
    stores = open_all_stores(Settings.from_environment())
    try:
        family = stores.merging.family(arguments.tenant, arguments.patient)
        events = stores.audit.of_patients(arguments.tenant, family)
        merged = " ".join(one for one in family if one != arguments.patient)
        detail = {"events": str(len(events)), "merged": merged, "file": arguments.output.name if arguments.output else ""}
        entry = AuditEntry(
            arguments.tenant, "access-report", Action.READ, Success.DONE, operator(), arguments.patient, purpose="PATRQT", detail=detail
        )
        stores.audit.record(entry)
    finally:
        stores.close()
    if arguments.output:
        with writing_privately(arguments.output) as stream:
            _write(stream, events, arguments.format)
    else:
        _write(sys.stdout, events, arguments.format)
    print(f"{len(events)} events", file=sys.stderr)
    return 0


def _write(stream: TextIO, events: tuple[dict[str, Any], ...], form: str) -> None:
    if form == "ndjson":
        for event in events:
            stream.write(json.dumps(event, ensure_ascii=False) + "\n")
        return
    accesses = tuple(map(access_of, events))
    if form == "csv":
        writer = csv.writer(stream)
        writer.writerow(columns())
        writer.writerows([defused(value) for value in one.row()] for one in accesses)
    elif accesses:
        stream.write(page(accesses) + "\n")
