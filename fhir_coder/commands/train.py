"""``fhir-coder train NOTES.jsonl... --policy P --output RANKER.json``: fit a ranker on notes with reference codes."""

from __future__ import annotations

import argparse
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
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
from fhir_coder.evaluation import evaluate, offered_at
from fhir_coder.model import Candidates
from fhir_coder.pipeline import Coder
from fhir_coder.scored import Document, document_of
from terminology.release import Release

_FLOORS = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class _Case:
    """One note read as far as its candidates, with its reference codes, the examples that it gives, and the policy it is coded by."""

    policy: CodingPolicy
    candidates: Candidates
    release: Release
    reference: tuple[str, ...]
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
    failed = sum(_read(source, coder, policy, cases) for source in sources)
    examples = [example for case in cases for example in case.examples]
    if not examples:
        raise InvalidContent("no usable line; training needs notes with reference codes")
    splits: dict[str, Split] = {"five folds of notes": by_fold(examples)}
    if len(sources) > 1:
        splits["one file left out at a time"] = by_file
    for title, split in splits.items():
        documents = _documents_left_out(cases, examples, policy, split)
        print(f"== {title}\n{readable(evaluate(documents))}\n\n{_floors(documents)}\n")
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    model = fit(examples, feature_set(policy)[0])
    arguments.output.write_bytes(write_ranker(arguments.policy, model, [_named(path) for path in sources], len(examples)))
    print(f"wrote {arguments.output} from {len(examples)} codes offered in {len(cases)} notes")
    return 1 if failed else 0


def _read(source: Path, coder: Coder, policy: CodingPolicy, cases: list[_Case]) -> int:
    """Add the notes of one file to the cases; how many lines could not be used."""
    policies = _policies(policy, source)
    return for_each_line(
        source, "reading", lambda line: cases.append(_case(coder, policies.get(line.number, policy), line, len(cases), source.name))
    )


def _named(source: Path) -> dict[str, str]:
    """A file as the artifact names it."""
    return {"file": source.name, "sha256": sha256(source.read_bytes()).hexdigest()}


def _floors(documents: list[Document]) -> str:
    """How the codes offered would fare at each floor, to choose ``FHIR_CODER_ASSIGN_PROBABILITY`` by."""
    rows = ((floor, *offered_at(documents, floor)) for floor in _FLOORS)
    return "\n".join(
        [
            "codes offered  precision  recall  F1",
            *(f"  p >= {floor:.2f}    {precision:.3f}      {recall:.3f}   {f1:.3f}" for floor, precision, recall, f1 in rows),
        ]
    )


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


def _case(coder: Coder, policy: CodingPolicy, line: Line, note: int, file: str) -> _Case:
    """One line read; ``note`` keeps its examples in one fold."""
    encounter = encounter_from(line.value, line.number)
    reference = codes_field(line.value)
    release = coder.catalogue.for_date(encounter.service_date).release
    candidates = coder.find_candidates(encounter, release, policy)
    return _Case(policy, candidates, release, reference, examples_of(candidates, release, policy, frozenset(reference), note, file))


def _documents_left_out(cases: list[_Case], examples: list[Example], policy: CodingPolicy, split: Split) -> list[Document]:
    """Every note coded by a ranker that saw nothing of its part of the split."""
    rankers = rankers_left_out(policy.name, examples, split, feature_set(policy)[0])
    return [_document(case, rankers, split) for case in cases]


def _document(case: _Case, rankers: Mapping[Hashable, Ranker], split: Split) -> Document:
    if not case.examples:  # nothing was offered for the note, so nothing can be assigned
        return Document(frozenset(case.reference), {}, {}, case.reference[0] if case.reference else "")
    return document_of(assign_codes(case.candidates, case.release, rankers[split(case.examples[0])], case.policy, {}), case.reference)
