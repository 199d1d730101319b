"""``fhir-coder evaluate GOLD.jsonl...``: code notes with known codes and print how well it went."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from fhir_coder.batch import Line, codes_field, encounter_from
from fhir_coder.coding.policy import CodingPolicy
from fhir_coder.commands.coder import add_policy, load_coder
from fhir_coder.commands.files import existing_file
from fhir_coder.commands.lines import for_each_line
from fhir_coder.errors import InvalidContent
from fhir_coder.evaluation import evaluate
from fhir_coder.pipeline import Coder
from fhir_coder.scored import Document, document_of


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("evaluate", help="measure coding against notes with known codes")
    command.add_argument(
        "gold", type=Path, nargs="+", metavar="GOLD.jsonl", help='lines of {"text","codes"} with the optional fields of "code"; pooled'
    )
    add_policy(command)
    command.add_argument("--json", action="store_true", help="print the figures as JSON")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Code every line of all files, print the figures over them together; lines that cannot be used are reported and left out (exit status 1)."""
    sources = [existing_file(path) for path in arguments.gold]
    coder, policy = load_coder(arguments)
    documents: list[Document] = []
    failed = sum(for_each_line(source, "coding", lambda line: documents.append(_document(coder, policy, line))) for source in sources)
    if not documents:
        raise InvalidContent(f"{', '.join(map(str, sources))}: no usable line")
    figures = evaluate(documents)
    print(json.dumps(figures, indent=2) if arguments.json else readable(figures))
    return 1 if failed else 0


def _document(coder: Coder, policy: CodingPolicy, line: Line) -> Document:
    """One note coded, beside its reference codes."""
    disposition, _ = coder.code_encounter(encounter_from(line.value, line.number), policy)
    return document_of(disposition.report.coded, codes_field(line.value))


def readable(figures: dict[str, Any]) -> str:
    """The figures as a page of text."""
    lines = [f"{figures['documents']} notes, {figures['gold_codes']} reference codes, {figures['predicted_codes']} assigned", ""]
    for key, title in (("exact", "exact code"), ("three_character", "3-character")):
        one = figures[key]
        lines.append(
            f"{title:12} precision {one['precision']:.3f}  recall {one['recall']:.3f}  F1 {one['f1']:.3f}  (95 % interval {one['f1_low']:.3f} to {one['f1_high']:.3f})"
        )
    lines.append(
        f"encounters with exactly the reference codes: {figures['exact_match_encounters']:.3f} {_span(figures['exact_match_interval'])}"
    )
    lines.append(_first_listed(figures["first_listed"]))
    return "\n".join(
        [*lines, "", *_calibration(figures["calibration"]), "", *_automation(figures["automation"]), "", *_floors(figures["floors"])]
    )


def _first_listed(figures: dict[str, Any]) -> str:
    return (
        f"first-listed code right: {figures['accuracy']:.3f} {_span(figures['interval'])} of {figures['notes']} notes; "
        f"{figures['accuracy_where_assigned']:.3f} of the {figures['notes_where_assigned']} with the reference's first code assigned"
    )


def _calibration(figures: dict[str, Any]) -> list[str]:
    error, span = figures["expected_calibration_error"], (figures["error_low"], figures["error_high"])
    return [
        f"calibration error {error:.3f} {_span(span)} over {figures['candidates']} ranked codes",
        *(
            f"  p >= {b['from']:.1f}: {b['count']:5} codes, mean p {b['probability']:.3f}, right {b['accuracy']:.3f}"
            for b in figures["bins"]
        ),
    ]


def _automation(rows: list[dict[str, float]]) -> list[str]:
    return [
        "automation   codes  precision   encounters  exactly right  codes missed",
        *(
            f"  p >= {row['probability']:.2f}  {row['codes']:.3f}  {row['code_precision']:.3f}       {row['encounters']:.3f}       "
            f"{row['encounters_exact']:.3f}          {row['missed_codes']:.3f}"
            for row in rows
        ),
    ]


def _floors(rows: list[dict[str, Any]]) -> list[str]:
    """What passes where assigned codes reach a precision."""
    lines = []
    for row in rows:
        if row["probability"] is None:
            lines.append(f"no floor at which assigned codes are right {row['precision']:.2f} of the time")
            continue
        lines.append(f"assigned codes are right {row['precision']:.2f} of the time from p >= {row['probability']:.4f}:")
        for key, title in (
            ("code_precision", "precision there"),
            ("codes", "share of assigned codes"),
            ("encounters", "share of encounters that pass"),
            ("encounters_exact", "of these exactly right"),
            ("missed_codes", "of their codes missed"),
        ):
            lines.append(f"  {title:30} {row[key]:.3f} {_span(row[key + '_interval'])}")
    return lines


def _span(limits: tuple[float, float]) -> str:
    return f"({limits[0]:.3f} to {limits[1]:.3f})"
