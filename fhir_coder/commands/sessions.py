"""``fhir-coder sessions count|end``: who is signed in on the pages, and signing everybody of a practice out at once."""

from __future__ import annotations

import argparse

from fhir_coder.app import open_all_stores
from fhir_coder.audit.entry import Action, AuditEntry, Success
from fhir_coder.commands.operator import operator
from fhir_coder.settings import Settings
from fhir_coder.tenant_settings import DEFAULT_TENANT


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("sessions", help="count or end the sessions of people on the pages")
    actions = command.add_subparsers(dest="action", required=True)
    for name, told, run in (
        ("count", "print how many sessions a tenant has", run_count),
        ("end", "sign everybody of a tenant out", run_end),
    ):
        action = actions.add_parser(name, help=told)
        action.add_argument("--tenant", default=DEFAULT_TENANT, help="whose (default: default)")
        action.set_defaults(run=run)


def run_count(arguments: argparse.Namespace) -> int:
    """Names of people are sealed, and are not told."""
    stores = open_all_stores(Settings.from_environment())
    try:
        print(f"{stores.sessions.count(arguments.tenant)} sessions of tenant {arguments.tenant}")
    finally:
        stores.close()
    return 0


def run_end(arguments: argparse.Namespace) -> int:
    """Ended first and written down then: when the audit cannot be written, they are ended all the same, and the command fails."""
    stores = open_all_stores(Settings.from_environment())
    try:
        ended = stores.sessions.end(arguments.tenant)
        detail = {"sessions": str(ended)}
        stores.audit.record(AuditEntry(arguments.tenant, "end-sessions", Action.DELETE, Success.DONE, operator(), detail=detail))
    finally:
        stores.close()
    print(f"ended {ended} sessions of tenant {arguments.tenant}")
    return 0
