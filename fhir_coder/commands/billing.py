"""``fhir-coder billing list|send|resend|acknowledge``: what goes to billing, and what has become of it."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from datetime import UTC, datetime

from fhir_coder.app import open_all_stores, open_billing
from fhir_coder.audit.entry import Action, AuditEntry, Success
from fhir_coder.billing.outgoing import Outgoing, State
from fhir_coder.commands.actions import patience, pause_s, tenant_action
from fhir_coder.commands.operator import operator
from fhir_coder.settings import Settings

_UNDELIVERED = {State.REJECTED, State.FAILED}


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("billing", help="list, send and settle what goes to billing")
    actions = command.add_subparsers(dest="action", required=True)
    listed = tenant_action(actions, "list", "print what is in the outbox", run_list)
    listed.add_argument("--state", action="append", default=[], choices=[one.value for one in State], help="only what is in this state")
    listed.add_argument("--json", action="store_true", help="print one JSON object a line")
    send = tenant_action(actions, "send", "send what is due", run_send)
    send.add_argument("--every", type=pause_s, metavar="SECONDS", help="go on, looking again after so many seconds")
    _of_one(tenant_action(actions, "resend", "let something leave again with the next send", run_resend))
    told = _of_one(tenant_action(actions, "acknowledge", "say for the receiver that it took something, or did not", run_acknowledge))
    told.add_argument("--rejected", action="store_true", help="it did not take it")


def _of_one(action: argparse.ArgumentParser) -> argparse.ArgumentParser:
    action.add_argument("control", metavar="CONTROL", help="the control id, as listed")
    action.add_argument("--destination", default="", help="which, where several destinations have it")
    action.add_argument("--reason", required=True, help="why; stands in the audit")
    return action


def run_list(arguments: argparse.Namespace) -> int:
    """One line each. Names and codes are sealed, and are not told."""
    stores = open_all_stores(Settings.from_environment())
    try:
        found = stores.outbox.entries(arguments.tenant, tuple(State(one) for one in arguments.state))
        detail, shown = {"entries": str(len(found))}, tuple(dict.fromkeys(one.encounter for one in found))
        stores.audit.record(AuditEntry(arguments.tenant, "billing-list", Action.READ, Success.DONE, operator(), "", shown, detail=detail))
    finally:
        stores.close()
    for one in found:
        print(json.dumps(asdict(one)) if arguments.json else _line(one))
    return 0


def run_send(arguments: argparse.Namespace) -> int:
    """Exit status 1 when something was refused or given up."""
    settings = Settings.from_environment()
    stores = open_all_stores(settings, patience=patience(arguments.every))
    undelivered = False
    try:
        delivery = open_billing(settings, stores, arguments.tenant, operator())
        while True:
            for one in delivery.deliver_due(arguments.tenant):
                undelivered |= one.state in _UNDELIVERED
                print(_line(one), flush=True)
            if arguments.every is None:
                return 1 if undelivered else 0
            time.sleep(arguments.every)
    finally:
        stores.close()


def run_resend(arguments: argparse.Namespace) -> int:
    """It leaves with the next ``billing send``."""
    stores = open_all_stores(Settings.from_environment())
    try:
        stores.outbox_actions.resend(arguments.tenant, arguments.control, arguments.destination, arguments.reason, operator())
    finally:
        stores.close()
    print(f"{arguments.control} leaves with the next billing send")
    return 0


def run_acknowledge(arguments: argparse.Namespace) -> int:
    """For files, which nothing acknowledges, and for what was sent and never answered."""
    stores = open_all_stores(Settings.from_environment())
    taken = not arguments.rejected
    try:
        stores.outbox_actions.acknowledge(arguments.tenant, arguments.control, arguments.destination, taken, arguments.reason, operator())
    finally:
        stores.close()
    print(f"{arguments.control} is {'acknowledged' if taken else 'rejected'}")
    return 0


def _line(one: Outgoing) -> str:
    version = f"{one.review} version {one.version}"
    told = " ".join(filter(None, (one.acknowledgement, one.detail)))
    moment = datetime.fromtimestamp(one.created_s, UTC).isoformat(timespec="seconds")
    again = f"  replaces {one.replaces}" if one.replaces else ""
    line = (
        f"{one.control_id}  {one.state.value:<12}  {one.destination}  {one.encounter or '-'}  {version}  {moment}  attempts {one.attempts}"
    )
    return f"{line}{again}  {told}".rstrip()
