"""``fhir-coder artifacts list|prune``: what codings were made with, how much room it takes, and removing what nothing needs."""

from __future__ import annotations

import argparse

from fhir_coder.app import open_store
from fhir_coder.errors import ConfigurationError
from fhir_coder.record.archive import Archive
from fhir_coder.record.artifacts import archive_folder, installed
from fhir_coder.settings import Settings


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("artifacts", help="list what codings were made with, or remove what none needs")
    actions = command.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="every kept artifact with its size and how many codings need it").set_defaults(run=run_list)
    prune = actions.add_parser("prune", help="name artifacts that no coding needs and that are not installed")
    prune.add_argument("--yes", action="store_true", help="remove them")
    prune.set_defaults(run=run_prune)


def run_list(arguments: argparse.Namespace) -> int:
    """Print one line for each artifact, and what all take together."""
    settings = Settings.from_environment()
    archive, used, current = _archive(settings), _in_use(settings), installed(settings.data)
    blobs: set[str] = set()
    for one in archive.sets():
        own = set(one.files.values())
        blobs |= own
        state = "installed" if one.digest in current else "kept"
        print(
            f"{one.kind:10} {one.name or '-':12} {one.digest[:12]}  {_megabytes(archive.size_of(own))}  codings {used.get(one.digest, 0):6}  {state}"
        )
    print(f"together {_megabytes(archive.size_of(blobs)).strip()}, of which links to installed files take no room of their own")
    return 0


def run_prune(arguments: argparse.Namespace) -> int:
    """Name, or with ``--yes`` remove, what no coding of the configured store needs. Refused while a server or command holds the artifacts."""
    settings = Settings.from_environment()
    archive = _archive(settings)
    if not archive.seize():
        raise ConfigurationError("the artifacts are in use by a running server or command; stop it first")
    needed = set(_in_use(settings)) | installed(settings.data)
    unneeded = [one for one in archive.sets() if one.digest not in needed]
    for one in unneeded:
        print(f"{one.kind} {one.name or '-'} {one.digest[:12]}")
    if arguments.yes:
        print(f"{len(unneeded)} artifacts removed, {_megabytes(archive.drop(unneeded)).strip()} of files")
    else:
        print(f"{len(unneeded)} artifacts that no coding in this store needs; --yes removes them")
    return 0


def _archive(settings: Settings) -> Archive:
    return Archive(archive_folder(settings.data))


def _in_use(settings: Settings) -> dict[str, int]:
    """How many codings need each artifact."""
    repository = open_store(settings)
    try:
        return repository.artifacts_in_use()
    finally:
        repository.close()


def _megabytes(size: int) -> str:
    return f"{size / 1e6:7.1f} MB"
