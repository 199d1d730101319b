"""Which stored coding a subcommand is about."""

from __future__ import annotations

import argparse

from fhir_coder.errors import ResourceUnknown
from fhir_coder.store.records import StoredEncounter
from fhir_coder.store.repository import Repository
from fhir_coder.tenant_settings import DEFAULT_TENANT


def add_coding(command: argparse.ArgumentParser, is_optional: bool = False) -> None:
    """Declare the id and ``--tenant``."""
    command.add_argument(
        "coding", nargs="?" if is_optional else None, metavar="ID", help="id of a coding (codingId), or Encounter/ID for its newest one"
    )
    command.add_argument("--tenant", default=DEFAULT_TENANT, help="the tenant whose coding it is (default: default)")


def find_coding(repository: Repository, arguments: argparse.Namespace) -> StoredEncounter:
    """The coding that was named. Raises ResourceUnknown."""
    name = arguments.coding
    found = repository.latest(arguments.tenant, name) if "/" in name else repository.get(arguments.tenant, name)
    if found is None:
        raise ResourceUnknown(f"tenant {arguments.tenant} has no coding {name}")
    return found
