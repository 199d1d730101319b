"""``fhir-coder code IN.jsonl --output OUT.jsonl``: code notes from a file with the engine of the server."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TextIO

from tqdm import tqdm

from fhir_coder.app import build_coder, ensure_index
from fhir_coder.batch import Line, coded_line, encounter_from, read_lines
from fhir_coder.coding.policy import POLICIES, CodingPolicy
from fhir_coder.commands.files import existing_file, writing
from fhir_coder.errors import FhirCoderError
from fhir_coder.pipeline import Coder
from fhir_coder.settings import Settings


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("code", help="code notes from a JSON Lines file")
    command.add_argument(
        "input", type=Path, metavar="IN.jsonl", help='lines of {"id","text"} with optional birthDate, gender, serviceDate, noteType'
    )
    command.add_argument("--output", "-o", type=Path, metavar="OUT.jsonl", help="where the coded lines go (default: standard output)")
    command.add_argument(
        "--policy", choices=sorted(POLICIES), default="outpatient", help="outpatient (default) or mentions: every asserted mention"
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Code every line; a bad line is reported with its number and does not stop the rest (exit status 1 at the end)."""
    source = existing_file(arguments.input)
    settings = Settings.from_environment()
    ensure_index(settings)
    coder = build_coder(settings)
    policy = POLICIES[arguments.policy](settings.assign_probability)
    failed = 0
    with writing(arguments.output) as out:
        for line in tqdm(list(read_lines(source)), desc="coding", unit="note", disable=None, file=sys.stderr):
            failed += not _code_line(coder, policy, line, out)
    return 1 if failed else 0


def _code_line(coder: Coder, policy: CodingPolicy, line: Line, out: TextIO) -> bool:
    """Code and write one line; False when it could not be."""
    problem = line.problem
    if not problem:
        try:
            encounter = encounter_from(line.value, line.number)
            disposition, release = coder.code_encounter(encounter, policy)
            out.write(json.dumps(coded_line(encounter.id, disposition, release), ensure_ascii=False) + "\n")
            return True
        except FhirCoderError as error:
            problem = error.message
        except Exception as error:
            # The type alone: an unexpected message could quote the note.
            problem = f"internal error ({type(error).__name__})"
    tqdm.write(f"line {line.number}: {problem}", file=sys.stderr)
    return False
