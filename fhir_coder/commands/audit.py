"""``fhir-coder audit verify|head|export|patient``: is the audit whole, where does it end, and what does it tell."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from fhir_coder.app import open_all_stores
from fhir_coder.audit.chain import Head, read_head
from fhir_coder.audit.entry import Action, AuditEntry, Success
from fhir_coder.audit.fhir_event import instant
from fhir_coder.audit.verification import Verdict, exported_lines, start_of, verify
from fhir_coder.commands.access_report import add_patient_report
from fhir_coder.commands.files import existing_file
from fhir_coder.commands.operator import operator
from fhir_coder.commands.private_file import require_absent, writing_privately
from fhir_coder.errors import InvalidContent
from fhir_coder.settings import Settings
from fhir_coder.store.audit import AuditLog
from fhir_coder.tenant_settings import DEFAULT_TENANT


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("audit", help="verify, export and report the audit")
    actions = command.add_subparsers(dest="action", required=True)
    check = actions.add_parser("verify", help="say whether the chain of a tenant, or of every tenant, is whole")
    check.add_argument("--tenant", help="the tenant (default: every tenant, with --head default)")
    check.add_argument(
        "--head", action="append", default=[], metavar="N:HASH", help="a head that was kept elsewhere and must be in the chain"
    )
    check.add_argument("--file", type=Path, metavar="FILE", help="verify an export instead of the store")
    check.set_defaults(run=run_verify)
    head = actions.add_parser("head", help="print the newest event's number and hash, to be kept elsewhere")
    head.add_argument("--tenant", help="the tenant (default: every tenant)")
    head.set_defaults(run=run_head)
    export = actions.add_parser("export", help="write audit events to a new file, one AuditEvent a line")
    export.add_argument("--output", "-o", type=Path, required=True, metavar="FILE", help="the file to make (mode 600); it must not exist")
    export.add_argument("--tenant", default=DEFAULT_TENANT, help="whose events (default: default)")
    export.add_argument("--since", type=_moment, metavar="TIME", help="from this date or time on (ISO 8601, UTC unless it says)")
    export.add_argument("--until", type=_moment, metavar="TIME", help="before this date or time")
    export.set_defaults(run=run_export)
    add_patient_report(actions)


def run_verify(arguments: argparse.Namespace) -> int:
    """Exit status 0 when every chain is whole, 1 when one is not."""
    anchors = [_head(one) for one in arguments.head]
    if arguments.file:
        return 0 if _print_verdict(str(arguments.file), _verify_file(arguments.file, anchors)) else 1
    stores = open_all_stores(Settings.from_environment())
    try:
        named = arguments.tenant or (DEFAULT_TENANT if anchors else "")
        tenants = (named,) if named else stores.audit.tenants()
        results = [_print_verdict(f"tenant {one}", _verify_tenant(stores.audit, one, anchors)) for one in tenants]
    finally:
        stores.close()
    if not results:
        print("no events")
    return 0 if all(results) else 1


def run_head(arguments: argparse.Namespace) -> int:
    """One line for each tenant."""
    stores = open_all_stores(Settings.from_environment())
    try:
        for tenant in (arguments.tenant,) if arguments.tenant else stores.audit.tenants():
            print(f"{tenant} {stores.audit.head(tenant)}")
    finally:
        stores.close()
    return 0


def run_export(arguments: argparse.Namespace) -> int:
    """The export is an event itself, written down before the file is made, and stands in none but later exports."""
    require_absent(arguments.output)
    stores = open_all_stores(Settings.from_environment())
    try:
        since, until = arguments.since or "", arguments.until or ""
        first, last = stores.audit.span(arguments.tenant, since, until)
        span = {"since": since, "until": until, "first": str(first), "last": str(last)}
        detail = {**span, "events": str(last - first + 1), "file": arguments.output.name}
        stores.audit.record(AuditEntry(arguments.tenant, "audit-export", Action.READ, Success.DONE, operator(), detail=detail))
        head = None
        with writing_privately(arguments.output) as stream:
            for line in stores.audit.lines(arguments.tenant, first, last):
                stream.write(line.content + "\n")
                head = Head(line.sequence, line.hash)
    finally:
        stores.close()
    print(f"{last - first + 1} events in {arguments.output}; head {head or 'none'}", file=sys.stderr)
    return 0


def _verify_tenant(log: AuditLog, tenant: str, anchors: list[Head]) -> Verdict:
    """What a server adds meanwhile is left to the next time; where retention removes something meanwhile, it begins again."""
    while True:
        start, last = log.start(tenant), log.head(tenant)
        verdict = verify(log.lines(tenant, 0, last.sequence), start, anchors)
        if log.start(tenant) == start:
            return verdict


def _verify_file(path: Path, anchors: list[Head]) -> Verdict:
    with existing_file(path).open(encoding="utf-8", newline="\n") as stream:
        first = stream.readline().rstrip("\n")
    return verify(exported_lines(_texts(path)), start_of(first), anchors, is_part=True)


def _texts(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="\n") as stream:
        for line in stream:
            yield line.rstrip("\n")


def _print_verdict(name: str, verdict: Verdict) -> bool:
    state = "whole" if verdict.is_whole else "NOT WHOLE"
    print(f"{name}: {verdict.count} events, {state}, head {verdict.head}")
    for note in verdict.notes:
        print(f"  note: {note}")
    for fault in verdict.faults:
        print(f"  event {fault.sequence} {fault.what}")
    return verdict.is_whole


def _head(text: str) -> Head:
    try:
        return read_head(text)
    except ValueError as error:
        raise InvalidContent(f"--head: {error}") from error


def _moment(text: str) -> str:
    """A date or time as an instant of the events. Raises ArgumentTypeError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("expected a date or time (ISO 8601)") from error
    return instant(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
