"""``fhir-coder follow-ups list|run|retry``: what decisions bring about at the EHR, at billing and for the provider, and what has become of it."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial

from fhir_coder.app import build_coder, open_all_stores
from fhir_coder.audit.entry import Action, AuditEntry, Success
from fhir_coder.commands.actions import patience, pause_s, tenant_action
from fhir_coder.commands.operator import operator
from fhir_coder.following_up import open_background
from fhir_coder.settings import Settings
from fhir_coder.worklist.following import FollowUp, Progress

_UNDONE = (Progress.FAILED, Progress.UNDELIVERED, Progress.UNSURE)


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("follow-ups", help="list and do what follows sign-offs and questions")
    actions = command.add_subparsers(dest="action", required=True)
    listed = tenant_action(actions, "list", "print what is to be done and what was", run_list)
    listed.add_argument("--progress", action="append", default=[], choices=[one.value for one in Progress], help="only what stands so")
    listed.add_argument("--json", action="store_true", help="print one JSON object a line")
    run = tenant_action(actions, "run", "do what is due, with the server's own access", run_due)
    run.add_argument("--every", type=pause_s, metavar="SECONDS", help="go on, looking again after so many seconds")
    retry = tenant_action(actions, "retry", "do now what failed or was left to a person", run_retry)
    retry.add_argument("coding", metavar="CODING", help="the id of the coding, as listed")
    for one in (run, retry):
        one.add_argument("--sandbox", action="store_true", help="the built-in EHR is among the EHRs, as under serve --sandbox")


def run_list(arguments: argparse.Namespace) -> int:
    """One line each, newest first. No words of notes are kept with them."""
    stores = open_all_stores(Settings.from_environment())
    try:
        found = stores.follow_ups.entries(arguments.tenant, tuple(Progress(one) for one in arguments.progress))
        detail = {"entries": str(len(found))}
        stores.audit.record(AuditEntry(arguments.tenant, "follow-up-list", Action.READ, Success.DONE, operator(), detail=detail))
    finally:
        stores.close()
    for one in found:
        print(json.dumps(asdict(one)) if arguments.json else _line(one))
    return 0


def run_due(arguments: argparse.Namespace) -> int:
    """Exit status 1 when something failed or was left to a person."""
    return _carry_out(arguments, "", False, arguments.every)


def run_retry(arguments: argparse.Namespace) -> int:
    """The same for one coding, whatever its next attempt is."""
    return _carry_out(arguments, arguments.coding, True, None)


def _carry_out(arguments: argparse.Namespace, coding_id: str, is_asked: bool, every: float | None) -> int:
    settings = Settings.from_environment(sandbox=arguments.sandbox)
    stores = open_all_stores(settings, patience=patience(every))
    try:
        following, access = open_background(settings, stores, partial(build_coder, settings, records=True), operator())
        while True:
            done = following.carry_out(arguments.tenant, access, coding_id, is_asked)
            undone = sum(one.progress in _UNDONE for one in stores.follow_ups.entries(arguments.tenant, _UNDONE))
            print(f"{done} taken up; {undone} of the tenant are not done", flush=True)
            if every is None:
                return 1 if undone else 0
            time.sleep(every)
    finally:
        stores.close()


def _line(one: FollowUp) -> str:
    moment = datetime.fromtimestamp(one.created_s, UTC).isoformat(timespec="seconds")
    target = f"{one.duty.kind.value} {one.duty.target or '-'}"
    told = " ".join(filter(None, (one.reference, one.detail)))
    return (
        f"{one.coding_id}  {one.progress.value:<11}  {target}  decision {one.sequence}  {moment}  attempts {one.attempts}  {told}".rstrip()
    )
