"""``fhir-coder retention report|apply|hold|release|delete``: how long codings and audit events stay, and what stays longer or goes sooner."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime

from fhir_coder.app import open_all_stores
from fhir_coder.commands.operator import operator
from fhir_coder.commands.subject import add_subject, subject_of
from fhir_coder.errors import InvalidContent
from fhir_coder.settings import Settings
from fhir_coder.store.start import Stores
from fhir_coder.tenant_settings import DEFAULT_TENANT

_LONGEST_REASON = 255


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("retention", help="report, apply, hold and delete")
    actions = command.add_subparsers(dest="action", required=True)
    actions.add_parser("report", help="say what is kept, what is beyond its time, and what is held").set_defaults(run=run_report)
    apply = actions.add_parser("apply", help="delete codings and audit events that are beyond their time")
    apply.add_argument("--dry-run", action="store_true", help="only say what would be deleted")
    apply.set_defaults(run=run_apply)
    hold = actions.add_parser("hold", help="place a legal hold: nothing of the encounter or patient is deleted")
    _common(hold, "encounter")
    hold.set_defaults(run=run_hold)
    release = actions.add_parser("release", help="lift a legal hold")
    _common(release, "encounter")
    release.set_defaults(run=run_release)
    delete = actions.add_parser("delete", help="delete the codings of an encounter or patient; the audit stays")
    _common(delete, "--encounter")
    delete.add_argument("--ehr", default="", help="the EHR whose patient or encounter it is, where codings are of several")
    delete.set_defaults(run=run_delete)


def run_report(arguments: argparse.Namespace) -> int:
    """Lines for each tenant."""
    settings = Settings.from_environment()
    stores = open_all_stores(settings)
    try:
        for tenant in _tenants(stores):
            for line in _report(stores, tenant, settings, datetime.now(UTC)):
                print(line)
    finally:
        stores.close()
    return 0


def run_apply(arguments: argparse.Namespace) -> int:
    """Tenant by tenant; each deletion is in the audit of its tenant."""
    if arguments.dry_run:
        return run_report(arguments)
    settings, agent, now = Settings.from_environment(), operator(), datetime.now(UTC)
    stores = open_all_stores(settings)
    try:
        for tenant in _tenants(stores):
            codings = events = 0
            if settings.coding_years:
                codings = stores.deletion.expire(tenant, years_before(now, settings.coding_years), agent)
            if settings.audit_years:
                events = stores.pruning.prune(tenant, years_before(now, settings.audit_years), agent)
            print(f"tenant {tenant}: {codings} codings and {events} audit events deleted")
    finally:
        stores.close()
    return 0


def run_hold(arguments: argparse.Namespace) -> int:
    """Place it."""
    return _change(arguments, "hold")


def run_release(arguments: argparse.Namespace) -> int:
    """Lift it."""
    return _change(arguments, "release")


def run_delete(arguments: argparse.Namespace) -> int:
    """Delete what was named, unless it is held."""
    subject, reason = subject_of(arguments), require_reason(arguments.reason)
    stores = open_all_stores(Settings.from_environment())
    try:
        count = stores.deletion.delete(arguments.tenant, subject, arguments.ehr, reason, operator())
    finally:
        stores.close()
    print(f"{count} codings of {subject} deleted")
    return 0


def require_reason(text: str) -> str:
    """The reason that will stand in the audit. Raises InvalidContent for one that is empty or too long."""
    reason = " ".join(text.split())
    if not 0 < len(reason) <= _LONGEST_REASON:
        raise InvalidContent(f"--reason: expected 1 to {_LONGEST_REASON} characters")
    return reason


def years_before(moment: datetime, years: int) -> datetime:
    """The same day, years ago; the 28th for a 29th of February that was not."""
    try:
        return moment.replace(year=moment.year - years)
    except ValueError:
        return moment.replace(year=moment.year - years, day=28)


def _common(command: argparse.ArgumentParser, encounter: str) -> None:
    add_subject(command, encounter)
    command.add_argument("--tenant", default=DEFAULT_TENANT, help="the tenant (default: default)")
    command.add_argument("--reason", required=True, help="why; it stands in the audit, so name a case number and no clinical word")


def _change(arguments: argparse.Namespace, how: str) -> int:
    subject, reason = subject_of(arguments), require_reason(arguments.reason)
    stores = open_all_stores(Settings.from_environment())
    try:
        change = stores.holds.place if how == "hold" else stores.holds.release
        change(arguments.tenant, subject, reason, operator())
    finally:
        stores.close()
    print(f"{subject}: {'held' if how == 'hold' else 'hold lifted'}")
    return 0


def _tenants(stores: Stores) -> list[str]:
    return sorted({*stores.deletion.tenants(), *stores.audit.tenants()})


def _report(stores: Stores, tenant: str, settings: Settings, now: datetime) -> Iterator[str]:
    if settings.coding_years:
        found = stores.deletion.beyond(tenant, years_before(now, settings.coding_years))
        yield f"tenant {tenant}: {found.all} codings, {found.deletable} older than {settings.coding_years} years, {found.held} more held"
    else:
        yield f"tenant {tenant}: {stores.deletion.beyond(tenant, now).all} codings, kept for ever (FHIR_CODER_CODING_YEARS)"
    if settings.audit_years:
        overdue = stores.pruning.overdue(tenant, years_before(now, settings.audit_years))
        stop = f", kept from event {overdue.held_from} on by a hold" if overdue.held_from else ""
        yield f"tenant {tenant}: {overdue.all} audit events, {overdue.prunable} older than {settings.audit_years} years{stop}"
    else:
        yield f"tenant {tenant}: audit events are kept for ever (FHIR_CODER_AUDIT_YEARS)"
    for hold in stores.holds.in_force(tenant):
        yield f"tenant {tenant}: hold on {hold.subject} since {hold.placed_at.date()} by {hold.placed_by}: {hold.reason}"
