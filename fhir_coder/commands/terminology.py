"""``fhir-coder terminology list|verify``: the installed releases of ICD-10-CM."""

from __future__ import annotations

import argparse

from fhir_coder.app import open_releases
from fhir_coder.settings import Settings
from terminology.release import Release
from terminology.verification import verify


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("terminology", help="list or verify the installed releases")
    actions = command.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="releases with the service dates they cover").set_defaults(run=run_list)
    actions.add_parser("verify", help="check counts and sentinels of every release").set_defaults(run=run_verify)


def run_list(arguments: argparse.Namespace) -> int:
    """Print one line for each release."""
    for release in open_releases(Settings.from_environment()).releases:
        print(_line(release))
    return 0


def run_verify(arguments: argparse.Namespace) -> int:
    """Print the problems of each release; exit status 1 when there are any."""
    status = 0
    for release in open_releases(Settings.from_environment()).releases:
        problems = verify(release)
        print(f"{_line(release)}: {'ok' if not problems else f'{len(problems)} problems'}")
        for problem in problems:
            print(f"  {problem}")
            status = 1
    return status


def _line(release: Release) -> str:
    book = release.codebook
    return (
        f"{release.id}  {release.title}  service dates {release.effective_from} to {release.effective_to}"
        f"  {len(book)} codes, {book.billable_count} billable  sha256 {release.sha256[:12]}"
    )
