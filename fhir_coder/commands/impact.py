"""``fhir-coder impact``: which passed and signed encounters an edit, a model, a lexicon or a release has touched, with their state at billing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fhir_coder.app import open_all_stores
from fhir_coder.audit.entry import Action, AuditEntry, Success
from fhir_coder.commands.impact_lines import FORMATS, LineWriter
from fhir_coder.commands.operator import operator
from fhir_coder.commands.private_file import require_absent, writing_privately
from fhir_coder.edits.registry import all_edits
from fhir_coder.errors import InvalidContent
from fhir_coder.settings import Settings
from fhir_coder.store.affected import Affected, Cause
from fhir_coder.store.start import Stores

_HELP = {
    Cause.EDIT: "an edit found something in them, in whatever severity, or its finding was overridden at sign-off",
    Cause.MODEL: "they were coded with this embedding model or ranker: name@hash, or the beginning of a hash",
    Cause.LEXICON: "they were coded with this lexicon: the beginning of its hash",
    Cause.RELEASE: "they were coded with this release: its id, or the beginning of its hash",
}
_MOST_TOLD = 20


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("impact", help="list the passed and signed encounters that a change affects")
    causes = command.add_mutually_exclusive_group(required=True)
    for cause in Cause:
        causes.add_argument(f"--{cause.value}", metavar="X", help=_HELP[cause])
    command.add_argument("--tenant", default="", help="whose (default: all tenants)")
    command.add_argument("--output", "-o", type=Path, metavar="FILE", help="a file to make (mode 600; default: standard output)")
    command.add_argument("--format", choices=FORMATS, default="text", help="text (default), csv, or ndjson")
    command.set_defaults(run=run)


@dataclass(frozen=True, slots=True)
class _Search:
    """What is looked for, as the operator wrote it."""

    cause: Cause
    written: str

    def values(self, known: tuple[str, ...]) -> tuple[str, ...]:
        """Those of what a store knows that are meant."""
        return tuple(one for one in known if self._is_meant(one))

    def _is_meant(self, known: str) -> bool:
        if self.cause is Cause.EDIT:
            return known == self.written
        return known.startswith(self.written) or known.rpartition("@")[2].startswith(self.written)


def run(arguments: argparse.Namespace) -> int:
    """Page after page, each written down before it is told. Exit status 2 for what no coding of these tenants was made with."""
    if arguments.output:
        require_absent(arguments.output)
    search = _search(arguments)
    stores = open_all_stores(Settings.from_environment())
    try:
        tenants = [arguments.tenant] if arguments.tenant else stores.deletion.tenants()
        found = _values(stores, tenants, search)
        if arguments.output:
            with writing_privately(arguments.output) as stream:
                count = LineWriter(stream, arguments.format).write(_told(stores, found, search))
        else:
            count = LineWriter(sys.stdout, arguments.format).write(_told(stores, found, search))
    finally:
        stores.close()
    print(f"{count} encounters", file=sys.stderr)
    return 0


def _search(arguments: argparse.Namespace) -> _Search:
    ((cause, written),) = [(one, getattr(arguments, one.value)) for one in Cause if getattr(arguments, one.value) is not None]
    if not written.strip():
        raise InvalidContent(f"--{cause.value} needs a value: an empty one would mean everything")
    return _Search(cause, written.strip())


def _values(stores: Stores, tenants: Sequence[str], search: _Search) -> dict[str, tuple[str, ...]]:
    """What is meant, by tenant. An edit that exists and found nothing is no mistake. Raises InvalidContent, naming what there is."""
    known = {tenant: stores.affected.known(tenant, search.cause) for tenant in tenants}
    found = {tenant: search.values(values) for tenant, values in known.items()}
    edits = {edit.id for edit in all_edits()} if search.cause is Cause.EDIT else set()
    if search.written in edits:
        return dict.fromkeys(tenants, (search.written,))
    if not any(found.values()):
        there = sorted({one for values in known.values() for one in values} | edits)
        told = ", ".join(there[:_MOST_TOLD]) + (", ..." if len(there) > _MOST_TOLD else "")
        raise InvalidContent(f"no coding here was made with {search.cause.value} {search.written}; there is: {told or 'nothing'}")
    return {tenant: values for tenant, values in found.items() if values}


def _told(stores: Stores, found: dict[str, tuple[str, ...]], search: _Search) -> Iterator[Affected]:
    for tenant, values in found.items():
        for page in stores.affected.pages(tenant, search.cause, values):
            stores.audit.record(_entry(tenant, search, page))
            yield from page


def _entry(tenant: str, search: _Search, page: tuple[Affected, ...]) -> AuditEntry:
    """Who saw which encounters."""
    seen = tuple(dict.fromkeys(one for line in page for one in (line.patient, line.encounter) if one))
    detail = {search.cause.value: search.written, "encounters": str(len(page))}
    return AuditEntry(tenant, "impact-report", Action.READ, Success.DONE, operator(), "", seen, detail=detail)
