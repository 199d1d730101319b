"""``fhir-coder calibrate``: the probability from which codes may pass, from what a site's own people signed. Nothing is changed by it."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime

from fhir_coder.app import open_all_stores
from fhir_coder.audit.entry import Action, AuditEntry, Success
from fhir_coder.commands.moments import moment
from fhir_coder.commands.operator import operator
from fhir_coder.errors import ResourceUnknown
from fhir_coder.recalibration.calibrating import Wanted, calibrate
from fhir_coder.recalibration.evidence import Refused
from fhir_coder.recalibration.kept import content_of, keep
from fhir_coder.recalibration.told import page
from fhir_coder.settings import Settings
from fhir_coder.store.start import Stores
from fhir_coder.tenant_settings import DEFAULT_TENANT

REFUSED = 3
"""Exit status where the decisions do not carry a calibration."""


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("calibrate", help="fit thresholds on what people signed")
    command.add_argument("--tenant", default=DEFAULT_TENANT, help="whose decisions (default: default)")
    command.add_argument(
        "--since", type=moment, metavar="TIME", help="only what was signed then or later (ISO 8601, UTC unless it says otherwise)"
    )
    command.add_argument("--until", type=moment, metavar="TIME", help="only what was signed before")
    command.add_argument("--target", type=_target, default=0.95, help="the precision wanted of codes that may pass (default: 0.95)")
    command.add_argument("--refit", action="store_true", help="draw the probabilities anew too")
    command.add_argument("--with-unopened", action="store_true", help="count codes as kept that nobody accepted one by one")
    command.add_argument("--write", action="store_true", help="keep the calibration, so that the tenant's configuration can name it")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 3, with one line that says why, where the decisions do not carry a calibration: then nothing is kept. Raises ResourceUnknown."""
    settings = Settings.from_environment()
    stores = open_all_stores(settings)
    wanted = Wanted(arguments.target, arguments.refit, arguments.with_unopened)
    try:
        _require_known(arguments.tenant, settings, stores)
        content = content_of(
            arguments.tenant, calibrate(stores.outcomes.signed(arguments.tenant, arguments.since, arguments.until), wanted)
        )
        print(json.dumps(content, indent=1) if arguments.json else page(content))
        if arguments.write:
            name, file = keep(settings.data, content)
            _record(stores, arguments.tenant, name, arguments.since, arguments.until)
            print(f'wrote {file}; "calibration": "{name}" in the tenant\'s configuration takes it into use', file=sys.stderr)
    except Refused as refused:
        print(f"fhir-coder: no calibration: {refused}", file=sys.stderr)
        return REFUSED
    finally:
        stores.close()
    return 0


def _require_known(tenant: str, settings: Settings, stores: Stores) -> None:
    """A misspelt tenant has too few decisions too, and waiting would not help. One that is no longer configured may still have signed encounters."""
    configured = {DEFAULT_TENANT, *(one.id for one in settings.tenants)}
    if tenant not in configured and tenant not in stores.deletion.tenants():
        raise ResourceUnknown(f"no tenant {tenant}: it is not configured, and the store has no coding of it")


def _record(stores: Stores, tenant: str, name: str, since: datetime | None, until: datetime | None) -> None:
    bounds = {"since": since.isoformat() if since else "", "until": until.isoformat() if until else ""}
    detail = {"calibration": name, **{key: value for key, value in bounds.items() if value}}
    stores.audit.record(AuditEntry(tenant, "calibrate", Action.CREATE, Success.DONE, operator(), detail=detail))


def _target(text: str) -> float:
    if not 0.5 <= float(text) < 1:
        raise argparse.ArgumentTypeError("expected a precision from 0.5 to below 1")
    return float(text)
