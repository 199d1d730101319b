"""``fhir-coder edits list``: every compliance edit with severity and source."""

from __future__ import annotations

import argparse

from fhir_coder.edits.registry import all_edits, edits_table


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("edits", help="list the compliance edits")
    actions = command.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="id, name, severity and source of every edit")
    listing.add_argument("--markdown", action="store_true", help="the table as docs/edits.md holds it")
    listing.set_defaults(run=run_list)


def run_list(arguments: argparse.Namespace) -> int:
    """Print one line for each edit, or the Markdown table."""
    if arguments.markdown:
        print(edits_table(), end="")
        return 0
    for edit in all_edits():
        print(f"{edit.id}  {edit.severity.value:11}  {edit.name:34}  {edit.source}")
    return 0
