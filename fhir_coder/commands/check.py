"""``fhir-coder check IN.jsonl --output OUT.jsonl``: run the compliance edits alone on given codes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from fhir_coder.app import open_risk
from fhir_coder.batch import Line, codes_field, date_field, finding_object, gender_field
from fhir_coder.checking import GivenCodes, case_of, check_given
from fhir_coder.commands.files import existing_file, writing
from fhir_coder.commands.lines import for_each_line, write_line
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.lists import Lists
from fhir_coder.edits.registry import require_known
from fhir_coder.installed import open_lists, open_releases
from fhir_coder.model import Patient
from fhir_coder.risk.plain import plain_risk
from fhir_coder.risk.report import RiskAssessor
from fhir_coder.settings import Settings
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
    require_known(settings.severities)
    catalogue = open_releases(settings)
    lists, risk = open_lists(settings), open_risk(settings, catalogue)
    with writing(arguments.output) as out:
        failed = for_each_line(source, "checking", lambda line: write_line(out, _check(catalogue, lists, settings, risk, line)))
    return 1 if failed else 0


def _check(catalogue: Catalogue, lists: Lists, settings: Settings, risk: RiskAssessor | None, line: Line) -> dict[str, Any]:
    given = GivenCodes(
        codes=codes_field(line.value),
        patient=Patient(birth_date=date_field(line.value, "birthDate"), gender=gender_field(line.value)),
        service_date=date_field(line.value, "serviceDate"),
    )
    checked = check_given(given, catalogue, settings.severities, lists)
    return {
        "id": str(line.value.get("id", line.number)),
        "findings": [finding_object(one) for one in checked.findings],
        "notRun": list(checked.not_run),
        **({"risk": _risk(risk, case_of(given, catalogue, lists))} if risk else {}),
    }


def _risk(risk: RiskAssessor, case: EditCase) -> dict[str, Any]:
    return plain_risk(lambda: risk.assess_codes(case.codes, case.codebook, case.service_date, case.age_years, case.gender))
