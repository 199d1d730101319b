"""``fhir-coder decisions``: what people decided on each code, as NDJSON, with what a recalibration needs."""

from __future__ import annotations

import argparse
import hmac
import json
import secrets
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fhir_coder.app import open_all_stores
from fhir_coder.audit.entry import Action, AuditEntry, Success
from fhir_coder.commands.decision_lines import NamesPatients, NamesPeople, second_lines, signed_lines
from fhir_coder.commands.operator import operator
from fhir_coder.commands.private_file import require_absent, writing_privately
from fhir_coder.settings import Settings
from fhir_coder.store.start import Stores
from fhir_coder.tenant_settings import DEFAULT_TENANT
from fhir_coder.worklist.decision import Someone

_DIGITS = 16


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("decisions", help="write what people decided on each code to a new file, one JSON object a line")
    command.add_argument("--output", "-o", type=Path, required=True, metavar="FILE", help="the file to make (mode 600); it must not exist")
    command.add_argument("--tenant", default=DEFAULT_TENANT, help="whose decisions (default: default)")
    command.add_argument("--since", type=_moment, metavar="TIME", help="decided from this date or time on (ISO 8601, UTC unless it says)")
    command.add_argument("--until", type=_moment, metavar="TIME", help="decided before this date or time")
    command.add_argument("--people", action="store_true", help="write who decided by id, instead of a pseudonym")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """The export is written down before the file is made."""
    require_absent(arguments.output)
    settings = Settings.from_environment()
    stores, count = open_all_stores(settings), 0
    try:
        stores.audit.record(_entry(arguments))
        pseudonym, patient = pseudonyms(settings.key)
        name = _by_id if arguments.people else pseudonym
        with writing_privately(arguments.output) as stream:
            for line in decided(stores, arguments.tenant, arguments.since, arguments.until, name, patient):
                stream.write(json.dumps(line, ensure_ascii=False) + "\n")
                count += 1
    finally:
        stores.close()
    print(f"{count} decided codes in {arguments.output}", file=sys.stderr)
    return 0


def decided(
    stores: Stores, tenant: str, since: datetime | None, until: datetime | None, name: NamesPeople, patient: NamesPatients
) -> Iterator[dict[str, Any]]:
    """What was signed, oldest first, then what second reviews say of what passed."""
    for outcome in stores.outcomes.signed(tenant, since, until):
        yield from signed_lines(outcome, name, patient)
    for second in reversed(stores.second_reviews.done(tenant, since, until)):
        coding = stores.repository.get(tenant, second.coding_id)
        if coding:
            yield from second_lines(coding, second, name, patient)


def pseudonyms(key: str) -> tuple[NamesPeople, NamesPatients]:
    """The same person, or patient of an EHR, has the same name in all exports under one key of the store, and nobody without the key can find out by trying ids. Without
    a key the names hold within one export."""
    secret = key.split(",")[0].strip().encode() or secrets.token_bytes(32)

    def of(text: str) -> str:
        return hmac.digest(secret, text.encode(), "sha256").hex()[:_DIGITS]

    return lambda person: of(f"person {person.issuer} {person.id}"), lambda ehr, patient: of(f"patient {ehr} {patient}") if patient else ""


def _by_id(person: Someone) -> str:
    return f"{person.issuer} {person.id}"


def _entry(arguments: argparse.Namespace) -> AuditEntry:
    span = {name: value.isoformat() for name in ("since", "until") if (value := getattr(arguments, name))}
    detail = span | {"file": arguments.output.name, "people": "by id" if arguments.people else "pseudonyms"}
    return AuditEntry(arguments.tenant, "export-decisions", Action.READ, Success.DONE, operator(), detail=detail)


def _moment(text: str) -> datetime:
    """Raises ArgumentTypeError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("expected a date or time (ISO 8601)") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
