"""``fhir-coder evaluate GOLD.jsonl``: code notes with known codes and print how well it went."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tqdm import tqdm

from fhir_coder.app import build_coder, ensure_index
from fhir_coder.batch import codes_field, encounter_from, read_lines
from fhir_coder.coding.policy import POLICIES, CodingPolicy
from fhir_coder.commands.files import existing_file
from fhir_coder.errors import FhirCoderError, InvalidContent
from fhir_coder.evaluation import Document, evaluate
from fhir_coder.model import Outcome
from fhir_coder.pipeline import Coder
from fhir_coder.settings import Settings


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("evaluate", help="measure coding against notes with known codes")
    command.add_argument("gold", type=Path, metavar="GOLD.jsonl", help='lines of {"text","codes"} with the optional fields of "code"')
    command.add_argument("--policy", choices=sorted(POLICIES), default="outpatient")
    command.add_argument("--json", action="store_true", help="print the figures as JSON")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Code every line, print the figures; lines that cannot be used are reported and left out (exit status 1)."""
    source = existing_file(arguments.gold)
    settings = Settings.from_environment()
    ensure_index(settings)
    coder = build_coder(settings)
    policy = POLICIES[arguments.policy](settings.assign_probability)
    documents, failed = _documents(source, coder, policy)
    if not documents:
        raise InvalidContent(f"{source}: no usable line")
    figures = evaluate(documents)
    print(json.dumps(figures, indent=2) if arguments.json else _readable(figures))
    return 1 if failed else 0


def _documents(source: Path, coder: Coder, policy: CodingPolicy) -> tuple[list[Document], int]:
    documents, failed = [], 0
    for line in tqdm(list(read_lines(source)), desc="coding", unit="note", disable=None, file=sys.stderr):
        problem = line.problem
        if not problem:
            try:
                gold = frozenset(codes_field(line.value))
                disposition, _ = coder.code_encounter(encounter_from(line.value, line.number), policy)
            except FhirCoderError as error:
                problem = error.message
        if problem:
            failed += 1
            tqdm.write(f"line {line.number}: {problem}", file=sys.stderr)
            continue
        coded = disposition.report.coded
        predicted = {one.code: one.probability for one in coded.assignments}
        ranked = {one.code: one.probability for one in coded.rejected if one.probability > 0} | predicted
        documents.append(Document(gold, predicted, ranked, disposition.outcome is Outcome.PASS))
    return documents, failed


def _readable(figures: dict) -> str:
    """The figures as a page of text."""
    lines = [f"{figures['documents']} notes, {figures['gold_codes']} reference codes, {figures['predicted_codes']} assigned", ""]
    for key, title in (("exact", "exact code"), ("three_character", "3-character")):
        one = figures[key]
        lines.append(
            f"{title:12} precision {one['precision']:.3f}  recall {one['recall']:.3f}  F1 {one['f1']:.3f}  (95 % interval {one['f1_low']:.3f} to {one['f1_high']:.3f})"
        )
    lines.append(f"encounters with exactly the reference codes: {figures['exact_match_encounters']:.3f}")
    calibration = figures["calibration"]
    lines += ["", f"calibration error {calibration['expected_calibration_error']:.3f} over {calibration['candidates']} ranked codes"]
    lines += [
        f"  p >= {b['from']:.1f}: {b['count']:5} codes, mean p {b['probability']:.3f}, right {b['accuracy']:.3f}"
        for b in calibration["bins"]
    ]
    lines += ["", "automation   codes  precision   encounters  exactly right"]
    lines += [
        f"  p >= {row['probability']:.2f}  {row['codes']:.3f}  {row['code_precision']:.3f}       {row['encounters']:.3f}       {row['encounters_exact']:.3f}"
        for row in figures["automation"]
    ]
    return "\n".join(lines)
