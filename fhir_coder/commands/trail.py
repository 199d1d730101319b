"""``fhir-coder trail ID``: print how a coding came about; ``--latest N`` lists codings."""

from __future__ import annotations

import argparse
import json

from fhir_coder.app import open_all_stores
from fhir_coder.audit.entry import Action, AuditEntry, Success
from fhir_coder.commands.coding import add_coding, find_coding
from fhir_coder.commands.operator import looked_at, operator
from fhir_coder.errors import RequiredMissing
from fhir_coder.record.trail_document import trail_document
from fhir_coder.record.trail_page import trail_page
from fhir_coder.settings import Settings
from fhir_coder.store.start import Stores


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("trail", help="print the decision record of a coding")
    add_coding(command, is_optional=True)
    command.add_argument("--latest", type=int, metavar="N", help="list the newest N codings instead")
    command.add_argument("--words", action="store_true", help="also the words of the notes, where they are stored")
    command.add_argument("--json", action="store_true", help="print it as JSON")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print one record, or the list."""
    if arguments.coding is None and arguments.latest is None:
        raise RequiredMissing("name a coding, or list the newest with --latest N")
    stores = open_all_stores(Settings.from_environment())
    try:
        if arguments.latest is not None:
            _list(stores, arguments)
            return 0
        coding = find_coding(stores.repository, arguments)
        stores.audit.record(looked_at("trail", coding, {"words": "yes" if arguments.words else "no"}))
        document = trail_document(coding, with_words=arguments.words)
        print(json.dumps(document, indent=1, ensure_ascii=False) if arguments.json else trail_page(document))
        return 0
    finally:
        stores.close()


def _list(stores: Stores, arguments: argparse.Namespace) -> None:
    """One line for each of the newest codings."""
    found = stores.repository.recent(arguments.tenant, max(arguments.latest, 0))
    detail, shown = {"codings": str(len(found))}, tuple(one.encounter_reference for one in found)
    stores.audit.record(AuditEntry(arguments.tenant, "list-codings", Action.READ, Success.DONE, operator(), "", shown, detail=detail))
    for one in found:
        moment, encounter = one.created_at.isoformat(timespec="seconds"), one.encounter_reference or "-"
        line = {
            "codingId": one.id,
            "codedAt": moment,
            "encounter": encounter,
            "release": one.release_id,
            "disposition": one.disposition.value,
        }
        print(json.dumps(line) if arguments.json else f"{one.id}  {moment}  {encounter}  release {one.release_id}  {one.disposition.value}")
