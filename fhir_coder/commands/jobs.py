"""``fhir-coder jobs list|retry|drop``: encounters that are coded after the call was answered, and those that were given up."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime
from enum import Enum

from fhir_coder.app import open_all_stores
from fhir_coder.audit.entry import Action, AuditEntry, Success
from fhir_coder.commands.actions import tenant_action
from fhir_coder.commands.operator import operator
from fhir_coder.errors import ResourceUnknown
from fhir_coder.jobs.job import Job, State
from fhir_coder.settings import Settings
from fhir_coder.store.start import Stores


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("jobs", help="list jobs, try dead ones again, take them back")
    actions = command.add_subparsers(dest="action", required=True)
    listed = tenant_action(actions, "list", "print the jobs of a tenant, newest first", run_list)
    listed.add_argument("--state", action="append", default=[], choices=[one.value for one in State], help="only what stands so")
    listed.add_argument("--json", action="store_true", help="print one JSON object a line")
    retry = tenant_action(actions, "retry", "let dead jobs wait once more", run_retry)
    retry.add_argument("job", metavar="JOB", nargs="*", help="ids as listed; none: all dead jobs of the tenant")
    drop = tenant_action(actions, "drop", "take jobs back, with what was asked and what came out", run_drop)
    drop.add_argument("job", metavar="JOB", nargs="+", help="ids as listed")


def run_list(arguments: argparse.Namespace) -> int:
    """One line each. What is asked and what came out is not shown."""
    stores = open_all_stores(Settings.from_environment())
    try:
        found = stores.jobs.entries(arguments.tenant, tuple(State(one) for one in arguments.state))
        _record("job-list", stores, arguments.tenant, Action.READ, {"jobs": str(len(found))})
    finally:
        stores.close()
    for one in found:
        print(json.dumps(_plain(one)) if arguments.json else _line(one))
    return 0


def run_retry(arguments: argparse.Namespace) -> int:
    """They begin anew; the next sweep hands them out."""
    stores = open_all_stores(Settings.from_environment())
    try:
        ids = arguments.job or [one.id for one in stores.jobs.entries(arguments.tenant, (State.DEAD,))]
        for job in ids:
            stores.jobs.try_again(arguments.tenant, job)
            _record("job-retry", stores, arguments.tenant, Action.UPDATE, {"job": job})
    finally:
        stores.close()
    print(f"{len(ids)} jobs wait once more")
    return 0


def run_drop(arguments: argparse.Namespace) -> int:
    """Raises ResourceUnknown for one that is not there."""
    stores = open_all_stores(Settings.from_environment())
    try:
        for job in arguments.job:
            if not stores.jobs.drop(arguments.tenant, job):
                raise ResourceUnknown(f"tenant {arguments.tenant} has no job {job}")
            _record("job-drop", stores, arguments.tenant, Action.DELETE, {"job": job})
    finally:
        stores.close()
    print(f"{len(arguments.job)} jobs taken back")
    return 0


def _record(event: str, stores: Stores, tenant: str, action: Action, detail: dict[str, str]) -> None:
    stores.audit.record(AuditEntry(tenant, event, action, Success.DONE, operator(), detail=detail))


def _plain(job: Job) -> dict[str, object]:
    return {name: value.name.lower() if isinstance(value, Enum) else value for name, value in asdict(job).items()}


def _line(job: Job) -> str:
    began = datetime.fromtimestamp(job.created_s, UTC).isoformat(timespec="seconds")
    told = [job.id, began, job.state.value, job.priority.name.lower(), f"tries {job.attempts}", job.encounter or "inline"]
    return "  ".join([*told, *filter(None, [job.coding, job.error, job.run and f"run {job.run}"])])
