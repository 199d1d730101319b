"""``fhir-coder check IN.jsonl --output OUT.jsonl``: run the compliance edits alone on given codes."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fhir_coder.batch import Line, codes_field, date_field, finding_object, gender_field
from fhir_coder.commands.files import existing_file, writing
from fhir_coder.commands.lines import for_each_line, write_line
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.lists import Lists
from fhir_coder.edits.run import check_codes
from fhir_coder.installed import open_lists, open_releases
from fhir_coder.settings import Settings
from terminology.history import CodeHistory
from terminology.release import Catalogue


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
    lists = open_lists(settings)
    with writing(arguments.output) as out:
        failed = for_each_line(
            source, "checking", lambda line: write_line(out, _check(_case(catalogue, lists, line), settings.severities, line))
        )
    return 1 if failed else 0


def _check(case: EditCase, severities: Mapping[str, str], line: Line) -> dict[str, Any]:
    findings, not_run = check_codes(case, severities)
    return {
        "id": str(line.value.get("id", line.number)),
        "findings": [finding_object(one) for one in findings],
        "notRun": list(not_run),
    }


def _case(catalogue: Catalogue, lists: Lists, line: Line) -> EditCase:
    service_date = date_field(line.value, "serviceDate")
    choice = catalogue.for_date(service_date)
    return EditCase(
        codes=codes_field(line.value),
        birth_date=date_field(line.value, "birthDate"),
        gender=gender_field(line.value),
        service_date=service_date,
        release=choice.release,
        release_status=choice.status,
        history=CodeHistory(catalogue),
        lists=lists,
    )
