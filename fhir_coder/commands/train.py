"""``fhir-coder train NOTES.jsonl... --policy P --output RANKER.json``: fit a ranker on notes with reference codes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from fhir_coder.app import build_coder, ensure_index
from fhir_coder.batch import codes_field, encounter_from, read_lines
from fhir_coder.coding.policy import POLICIES
from fhir_coder.coding.training import Example, examples_of, fit, out_of_fold, write_ranker
from fhir_coder.commands.files import existing_file
from fhir_coder.settings import Settings


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("train", help="fit the ranker on notes with reference codes")
    command.add_argument("notes", type=Path, nargs="+", metavar="NOTES.jsonl", help='lines of {"text","codes"}')
    command.add_argument("--policy", choices=sorted(POLICIES), default="outpatient")
    command.add_argument("--output", "-o", type=Path, required=True, metavar="RANKER.json")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Collect the features of every code of every note, fit, write the artifact, print out-of-fold figures."""
    settings = Settings.from_environment()
    ensure_index(settings)
    examples = _examples(arguments, settings)
    print(out_of_fold(examples))
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_bytes(write_ranker(arguments.policy, fit(examples), [path.name for path in arguments.notes], len(examples)))
    print(f"wrote {arguments.output} from {len(examples)} codes offered")
    return 0


def _examples(arguments: argparse.Namespace, settings: Settings) -> list[Example]:
    coder = build_coder(settings, rankers={})
    policy = POLICIES[arguments.policy](settings.assign_probability)
    lines = [line for path in arguments.notes for line in read_lines(existing_file(path)) if not line.problem]
    examples: list[Example] = []
    for group, line in enumerate(tqdm(lines, desc="reading", unit="note", disable=None, file=sys.stderr)):
        encounter = encounter_from(line.value, line.number)
        release = coder.catalogue.for_date(encounter.service_date).release
        candidates = coder.find_candidates(encounter, release)
        examples += examples_of(candidates, release, policy, frozenset(codes_field(line.value)), group)
    return examples
