"""``fhir-coder train NOTES.jsonl... --policy P --output RANKER.json``: fit a ranker on notes with reference codes."""

from __future__ import annotations

import argparse
from itertools import count
from pathlib import Path

from fhir_coder.batch import Line, codes_field, encounter_from
from fhir_coder.coding.policy import CodingPolicy
from fhir_coder.coding.training import Example, examples_of, fit, out_of_fold, write_ranker
from fhir_coder.commands.coder import add_policy, load_coder
from fhir_coder.commands.files import existing_file
from fhir_coder.commands.lines import for_each_line
from fhir_coder.errors import InvalidContent
from fhir_coder.pipeline import Coder


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("train", help="fit the ranker on notes with reference codes")
    command.add_argument("notes", type=Path, nargs="+", metavar="NOTES.jsonl", help='lines of {"text","codes"}')
    add_policy(command)
    command.add_argument("--output", "-o", type=Path, required=True, metavar="RANKER.json")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Collect the features of every code of every note, fit, write the artifact, print out-of-fold figures.

    Lines that cannot be used are reported and left out (exit status 1).
    """
    sources = [existing_file(path) for path in arguments.notes]
    coder, policy = load_coder(arguments, rankers={})
    examples: list[Example] = []
    notes = count()
    failed = sum(
        for_each_line(source, "reading", lambda line: examples.extend(_examples(coder, policy, line, next(notes)))) for source in sources
    )
    if not examples:
        raise InvalidContent("no usable line; training needs notes with reference codes")
    print(out_of_fold(examples))
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_bytes(write_ranker(arguments.policy, fit(examples), [path.name for path in sources], len(examples)))
    print(f"wrote {arguments.output} from {len(examples)} codes offered")
    return 1 if failed else 0


def _examples(coder: Coder, policy: CodingPolicy, line: Line, group: int) -> list[Example]:
    """The codes offered for one note; ``group`` keeps them in one fold."""
    encounter = encounter_from(line.value, line.number)
    release = coder.catalogue.for_date(encounter.service_date).release
    return list(examples_of(coder.find_candidates(encounter, release), release, policy, frozenset(codes_field(line.value)), group))
