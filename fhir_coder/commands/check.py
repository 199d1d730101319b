"""``fhir-coder check IN.jsonl --output OUT.jsonl``: run the compliance edits alone on given codes."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TextIO

from terminology.release import Catalogue
from tqdm import tqdm

from fhir_coder.app import open_releases
from fhir_coder.batch import Line, codes_field, date_field, finding_object, gender_field, read_lines
from fhir_coder.commands.files import existing_file, writing
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.run import check_codes
from fhir_coder.errors import FhirCoderError
from fhir_coder.settings import Settings


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("check", help="run the compliance edits on given codes")
    command.add_argument(
        "input", type=Path, metavar="IN.jsonl", help='lines of {"id","codes":[in claim order]} with optional birthDate, gender, serviceDate'
    )
    command.add_argument("--output", "-o", type=Path, metavar="OUT.jsonl", help="where the findings go (default: standard output)")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Check every line; a bad line is reported with its number and does not stop the rest (exit status 1 at the end)."""
    source = existing_file(arguments.input)
    settings = Settings.from_environment()
    catalogue = open_releases(settings)
    failed = 0
    with writing(arguments.output) as out:
        for line in read_lines(source):
            failed += not _check_line(catalogue, settings, line, out)
    return 1 if failed else 0


def _check_line(catalogue: Catalogue, settings: Settings, line: Line, out: TextIO) -> bool:
    problem = line.problem
    if not problem:
        try:
            case = _case(catalogue, line)
            findings, not_run = check_codes(case, settings.severities)
            row = {
                "id": str(line.value.get("id", line.number)),
                "findings": [finding_object(one) for one in findings],
                "notRun": list(not_run),
            }
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
            return True
        except FhirCoderError as error:
            problem = error.message
    tqdm.write(f"line {line.number}: {problem}", file=sys.stderr)
    return False


def _case(catalogue: Catalogue, line: Line) -> EditCase:
    service_date = date_field(line.value, "serviceDate")
    choice = catalogue.for_date(service_date)
    return EditCase(
        codes=codes_field(line.value),
        birth_date=date_field(line.value, "birthDate"),
        gender=gender_field(line.value),
        service_date=service_date,
        release=choice.release,
        release_status=choice.status,
    )
