"""``fhir-coder patient-merge --from P1 --into P2``: two patient records are one person; ``--undo`` takes it back."""

from __future__ import annotations

import argparse

from fhir_coder.app import open_all_stores
from fhir_coder.commands.operator import operator
from fhir_coder.commands.retention import require_reason
from fhir_coder.commands.subject import patient_reference
from fhir_coder.errors import InvalidContent
from fhir_coder.settings import Settings
from fhir_coder.tenant_settings import DEFAULT_TENANT


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("patient-merge", help="give the codings of one patient to another, or take that back")
    command.add_argument("--from", dest="source", type=patient_reference, required=True, metavar="PATIENT", help="whose codings move")
    command.add_argument("--into", dest="target", type=patient_reference, required=True, metavar="PATIENT", help="who gets them")
    command.add_argument("--tenant", default=DEFAULT_TENANT, help="the tenant (default: default)")
    command.add_argument("--ehr", default="", help="the EHR whose patients they are, where codings are of several")
    command.add_argument("--reason", required=True, help="why; it stands in the audit")
    command.add_argument("--undo", action="store_true", help="take the newest merge of the two back")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Merge, or take back."""
    source, target, reason = arguments.source, arguments.target, require_reason(arguments.reason)
    if source == target:
        raise InvalidContent("--from and --into name the same patient")
    stores = open_all_stores(Settings.from_environment())
    try:
        if arguments.undo:
            count = stores.merging.undo(arguments.tenant, source, target, reason, operator())
            print(f"{count} codings went back to {source}")
        else:
            count = stores.merging.merge(arguments.tenant, source, target, arguments.ehr, reason, operator())
            print(f"{count} codings of {source} are {target}'s now")
    finally:
        stores.close()
    return 0
