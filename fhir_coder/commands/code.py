"""``fhir-coder code IN.jsonl --output OUT.jsonl``: code notes from a file with the engine of the server."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from fhir_coder.app import open_risk
from fhir_coder.batch import Line, coded_line, encounter_from
from fhir_coder.coding.policy import CodingPolicy
from fhir_coder.commands.coder import add_policy, load_coder
from fhir_coder.commands.files import existing_file, writing
from fhir_coder.commands.lines import for_each_line, write_line
from fhir_coder.pipeline import Coder
from fhir_coder.risk.plain import plain_risk
from fhir_coder.risk.report import RiskAssessor
from fhir_coder.settings import Settings


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("code", help="code notes from a JSON Lines file")
    command.add_argument(
        "input", type=Path, metavar="IN.jsonl", help='lines of {"id","text"} with optional birthDate, gender, serviceDate, noteType'
    )
    command.add_argument("--output", "-o", type=Path, metavar="OUT.jsonl", help="where the coded lines go (default: standard output)")
    add_policy(command)
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Code every line; a bad line is reported with its number and does not stop the rest (exit status 1 at the end)."""
    source = existing_file(arguments.input)
    coder, policy = load_coder(arguments)
    risk = open_risk(Settings.from_environment(), coder.catalogue)
    with writing(arguments.output) as out:
        failed = for_each_line(source, "coding", lambda line: write_line(out, _code(coder, policy, risk, line)))
    return 1 if failed else 0


def _code(coder: Coder, policy: CodingPolicy, risk: RiskAssessor | None, line: Line) -> dict[str, Any]:
    encounter = encounter_from(line.value, line.number)
    disposition, release = coder.code_encounter(encounter, policy)
    return coded_line(encounter.id, disposition, release, plain_risk(lambda: risk.assess(disposition, {})) if risk else None)
