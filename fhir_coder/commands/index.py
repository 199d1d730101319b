"""``fhir-coder index build``: make the index of every installed release."""

from __future__ import annotations

import argparse

from fhir_coder.installed import build_indexes
from fhir_coder.settings import Settings


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("index", help="build the candidate index")
    actions = command.add_subparsers(dest="action", required=True)
    build = actions.add_parser("build", help="build what is missing or outdated, with progress")
    build.add_argument("--force", action="store_true", help="build again even if it is up to date")
    build.set_defaults(run=run_build)


def run_build(arguments: argparse.Namespace) -> int:
    """Build, and say where the index lies."""
    for folder, built in build_indexes(Settings.from_environment(), force=arguments.force):
        print(f"{'built' if built else 'up to date'}: {folder}")
    return 0
