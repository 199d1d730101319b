"""``fhir-coder audit-sample status|lift``: how far second reviews agree with what passed, and letting encounters pass again."""

from __future__ import annotations

import argparse

from fhir_coder.app import open_all_stores, samples_of
from fhir_coder.audit.entry import Action, AuditEntry, Success
from fhir_coder.commands.operator import operator
from fhir_coder.sample_settings import AuditSample
from fhir_coder.settings import Settings
from fhir_coder.store.passing import Standing
from fhir_coder.tenant_settings import DEFAULT_TENANT


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("audit-sample", help="how far second reviews agree with what passed, and whether encounters may pass")
    actions = command.add_subparsers(dest="action", required=True)
    status = actions.add_parser("status", help="print how a tenant stands")
    status.set_defaults(run=run_status)
    lift = actions.add_parser("lift", help="let encounters pass again after second reviews agreed too little")
    lift.add_argument("--reason", required=True, help="why; it stands in the audit")
    lift.set_defaults(run=run_lift)
    for action in (status, lift):
        action.add_argument("--tenant", default=DEFAULT_TENANT, help="whose (default: default)")


def run_status(arguments: argparse.Namespace) -> int:
    """Exit status 1 while nothing may pass."""
    settings = Settings.from_environment()
    rule, stores = _rule(settings, arguments.tenant), open_all_stores(settings)
    try:
        standing, waiting = stores.passing.judge(arguments.tenant, rule), stores.second_reviews.count_waiting(arguments.tenant)
        detail = {"count": str(standing.agreement.count), "form": "status"}
        entry = AuditEntry(arguments.tenant, "second-review-report", Action.READ, Success.DONE, operator(), detail=detail)
        stores.audit.record(entry)
    finally:
        stores.close()
    print(f"tenant {arguments.tenant}: share {rule.share:g}, floor {rule.floor:g} from {rule.least} on, over the newest {rule.window}")
    print(f"  waiting    {waiting}")
    print(f"  agreement  {_told(standing)}")
    print(
        f"  passing    {'suspended since ' + format(standing.turn.at, '%Y-%m-%d %H:%M') + ' UTC' if standing.is_suspended and standing.turn else 'allowed'}"
    )
    return 1 if standing.is_suspended else 0


def run_lift(arguments: argparse.Namespace) -> int:
    """From then on only what is done later counts."""
    settings = Settings.from_environment()
    rule, stores = _rule(settings, arguments.tenant), open_all_stores(settings)
    try:
        stores.passing.lift(arguments.tenant, arguments.reason, operator(), rule)
    finally:
        stores.close()
    print(f"encounters of tenant {arguments.tenant} may pass again")
    return 0


def _rule(settings: Settings, tenant: str) -> AuditSample:
    return samples_of(settings).get(tenant, AuditSample())


def _told(standing: Standing) -> str:
    found = standing.agreement
    if found.on_codes is None:
        return f"{found.count} done"
    return f"{found.on_codes:.4f} on codes over {found.count} done, {found.exact} with the same codes"
