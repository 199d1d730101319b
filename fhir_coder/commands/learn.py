"""``fhir-coder learn REPORTS.jsonl --output FOLDER``: learn which phrases of case reports go with which codes."""

from __future__ import annotations

import argparse
from pathlib import Path

from fhir_coder.coding.case_reports.alignment import Report, read_report
from fhir_coder.coding.case_reports.learned import CODES_FILE, PHRASES_FILE
from fhir_coder.coding.case_reports.learning import align_all, codes_table, learn_phrases, phrases_table
from fhir_coder.commands.files import existing_file
from fhir_coder.commands.lines import for_each_line
from fhir_coder.errors import InvalidContent


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("learn", help="learn phrases and their codes from case reports (CodiEsp train), for --policy mentions")
    command.add_argument("reports", type=Path, metavar="REPORTS.jsonl", help='CodiEsp lines of {"text","codes","evidence","mt_len_ratio"}')
    command.add_argument("--output", "-o", type=Path, required=True, metavar="FOLDER", help=f"gets {PHRASES_FILE} and {CODES_FILE}")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Align, count, write both tables; lines that cannot be used are reported and left out (exit status 1)."""
    source = existing_file(arguments.reports)
    reports: list[Report] = []
    failed = for_each_line(source, "reading", lambda line: reports.append(read_report(line.value)))
    if not reports:
        raise InvalidContent(f"{source}: no usable line")
    learned = learn_phrases(reports, align_all(reports))
    arguments.output.mkdir(parents=True, exist_ok=True)
    arguments.output.joinpath(PHRASES_FILE).write_text(phrases_table(learned), encoding="utf-8")
    arguments.output.joinpath(CODES_FILE).write_text(codes_table(learned), encoding="utf-8")
    print(f"wrote {len(learned.links)} phrases and {len(learned.codes)} codes from {len(reports)} reports to {arguments.output}")
    return 1 if failed else 0
