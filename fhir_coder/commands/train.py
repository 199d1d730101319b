"""``fhir-coder train NOTES.jsonl... --policy P --output RANKER.json``: fit a ranker on notes with reference codes."""

from __future__ import annotations

import argparse
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path

from fhir_coder.batch import Line, codes_field, encounter_from, read_lines
from fhir_coder.coding.assignment import assign_codes
from fhir_coder.coding.case_reports.alignment import read_report
from fhir_coder.coding.case_reports.learning import learn_left_out
from fhir_coder.coding.policy import CodingPolicy
from fhir_coder.coding.ranker import Ranker
from fhir_coder.coding.training import Example, Split, by_file, by_fold, examples_of, fit, rankers_left_out, write_ranker
from fhir_coder.coding.weighing import feature_set
from fhir_coder.commands.coder import add_policy, load_coder
from fhir_coder.commands.evaluate import readable
from fhir_coder.commands.files import existing_file
from fhir_coder.commands.lines import for_each_line
from fhir_coder.errors import InvalidContent
from fhir_coder.evaluation import Document, document_of, evaluate
from fhir_coder.model import Candidates
from fhir_coder.pipeline import Coder
from terminology.release import Release


@dataclass(frozen=True, slots=True)
class _Case:
    """One note read as far as its candidates, with its reference codes, the examples that it gives, and the policy it is coded by."""

    policy: CodingPolicy
    candidates: Candidates
    release: Release
    reference: frozenset[str]
    examples: list[Example]


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("train", help="fit the ranker on notes with reference codes")
    command.add_argument("notes", type=Path, nargs="+", metavar="NOTES.jsonl", help='lines of {"text","codes"}; a file for each hand')
    add_policy(command)
    command.add_argument("--output", "-o", type=Path, required=True, metavar="RANKER.json")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Collect the features of every code of every note, fit, write the artifact, print how rankers do on files and folds they never saw.

    Lines that cannot be used are reported and left out (exit status 1).
    """
    sources = [existing_file(path) for path in arguments.notes]
    coder, policy = load_coder(arguments, rankers={})
    cases: list[_Case] = []
    notes = count()
    failed = 0
    for source in sources:
        read = partial(_case, coder, _policies(policy, source), notes, source.name)
        failed += for_each_line(source, "reading", lambda line, read=read: cases.append(read(line)))  # type: ignore[misc]
    examples = [example for case in cases for example in case.examples]
    if not examples:
        raise InvalidContent("no usable line; training needs notes with reference codes")
    splits: dict[str, Split] = {"five folds of notes": by_fold(examples)}
    if len(sources) > 1:
        splits["one file left out at a time"] = by_file
    for title, split in splits.items():
        print(f"== {title}\n{readable(evaluate(_documents_left_out(cases, examples, policy, split)))}\n")
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_bytes(
        write_ranker(arguments.policy, fit(examples, feature_set(policy)[0]), [path.name for path in sources], len(examples))
    )
    print(f"wrote {arguments.output} from {len(examples)} codes offered in {len(cases)} notes")
    return 1 if failed else 0


def _policies(policy: CodingPolicy, source: Path) -> Mapping[int, CodingPolicy]:
    """The policy for each line. Where phrases were learned, each line has those of the others: its own would always be right."""
    numbers = [line.number for line in read_lines(source)]
    if policy.learned is None:
        return dict.fromkeys(numbers, policy)
    usable = [line for line in read_lines(source) if not line.problem]
    tables = learn_left_out([read_report(line.value) for line in usable])
    return dict.fromkeys(numbers, policy) | {
        line.number: replace(policy, learned=table) for line, table in zip(usable, tables, strict=True)
    }


def _case(coder: Coder, policies: Mapping[int, CodingPolicy], notes: Iterator[int], file: str, line: Line) -> _Case:
    """One line read by its own policy; the next number of ``notes`` keeps its examples in one fold."""
    policy, note = policies[line.number], next(notes)
    encounter = encounter_from(line.value, line.number)
    reference = frozenset(codes_field(line.value))
    release = coder.catalogue.for_date(encounter.service_date).release
    candidates = coder.find_candidates(encounter, release, policy)
    return _Case(policy, candidates, release, reference, examples_of(candidates, release, policy, reference, note, file))


def _documents_left_out(cases: list[_Case], examples: list[Example], policy: CodingPolicy, split: Split) -> list[Document]:
    """Every note coded by a ranker that saw nothing of its part of the split."""
    rankers = rankers_left_out(policy.name, examples, split, feature_set(policy)[0])
    return [_document(case, rankers, split) for case in cases]


def _document(case: _Case, rankers: Mapping[Hashable, Ranker], split: Split) -> Document:
    if not case.examples:  # nothing was offered for the note, so nothing can be assigned
        return Document(case.reference, {}, {})
    return document_of(assign_codes(case.candidates, case.release, rankers[split(case.examples[0])], case.policy, {}), case.reference)
