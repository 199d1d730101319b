"""``fhir-coder keys``: the keys with which we ask EHRs for tokens (``new``, ``jwks``), and those of the store (``new-store-key``, ``check``, ``rotate``)."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from fhir_coder.app import open_all_stores, open_store_rotation
from fhir_coder.audit.entry import Action, AuditEntry, Success
from fhir_coder.backend_settings import ALGORITHMS
from fhir_coder.commands.operator import operator
from fhir_coder.errors import ConfigurationError
from fhir_coder.settings import Settings
from fhir_coder.smart.signing_key import key_set, load_key, new_key
from fhir_coder.store.cipher import new_store_key
from fhir_coder.store.rotation import Openings
from fhir_coder.tenant_settings import DEFAULT_TENANT


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("keys", help="keys for SMART Backend Services and of the store")
    actions = command.add_subparsers(dest="action", required=True)
    new = actions.add_parser("new", help="make a private key and print its public JWK")
    new.add_argument("--alg", choices=ALGORITHMS, default="ES384", help="what it signs with")
    new.add_argument("--out", type=Path, required=True, metavar="FILE", help="the file to make; it must not exist")
    new.set_defaults(run=run_new)
    jwks = actions.add_parser("jwks", help="print the public JWK Set of private key files")
    jwks.add_argument("files", nargs="+", metavar="FILE")
    jwks.set_defaults(run=run_jwks)
    store = actions.add_parser("new-store-key", help="make a key for FHIR_CODER_KEY")
    store.add_argument(
        "--out", type=Path, metavar="FILE", help="the file to make, readable by its owner only; without it the key is printed"
    )
    store.set_defaults(run=run_new_store_key)
    check = actions.add_parser("check", help="count how many stored values each key of FHIR_CODER_KEY opens")
    check.set_defaults(run=run_check)
    rotate = actions.add_parser("rotate", help="encrypt everything stored with the newest key of FHIR_CODER_KEY")
    rotate.set_defaults(run=run_rotate)


def run_new(arguments: argparse.Namespace) -> int:
    """Make the file; the public JWK goes to standard output, the key's name to standard error."""
    key = new_key(arguments.out, arguments.alg)
    print(json.dumps(key.public(), indent=2))
    print(f"{arguments.out} holds the private key; kid {key.kid}", file=sys.stderr)
    return 0


def run_jwks(arguments: argparse.Namespace) -> int:
    """Print what can be registered at an authorization server."""
    print(json.dumps(key_set(load_key(path) for path in arguments.files), indent=2))
    return 0


def run_new_store_key(arguments: argparse.Namespace) -> int:
    """Print a key, or make the file. Raises ConfigurationError for a file that is there or cannot be made."""
    key = new_store_key()
    if arguments.out is None:
        print(key)
        return 0
    try:
        file = os.open(arguments.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigurationError(f"{arguments.out} cannot be made ({type(error).__name__})") from None
    with os.fdopen(file, "w", encoding="ascii") as opened:
        opened.write(f"{key}\n")
    print(f"{arguments.out} holds the key", file=sys.stderr)
    return 0


def run_check(arguments: argparse.Namespace) -> int:
    """Print a line for each column; 1 when the newest key does not open everything."""
    return _report(open_store_rotation(Settings.from_environment()).check())


def run_rotate(arguments: argparse.Namespace) -> int:
    """Rotate, then prove it by the count; 1 when something still needs an older key, or none opens it."""
    settings = Settings.from_environment()
    rotation = open_store_rotation(settings)
    _record(settings)
    count = rotation.rotate(lambda column, number: print(f"{column}: {number} encrypted anew", file=sys.stderr))
    print(f"encrypted anew: {count}")
    return _report(rotation.check())


def _record(settings: Settings) -> None:
    """Written down before it begins, in the audit of every tenant: one key seals them all."""
    stores = open_all_stores(settings)
    try:
        for tenant in stores.audit.tenants() or (DEFAULT_TENANT,):
            stores.audit.record(AuditEntry(tenant, "rotate-keys", Action.UPDATE, Success.DONE, operator()))
    finally:
        stores.close()


def _report(openings: tuple[Openings, ...]) -> int:
    for one in openings:
        places = sorted(one.by_key.items(), key=lambda item: (item[0] is None, item[0] or 0))
        told = ", ".join(f"{_which(place)} opens {number}" for place, number in places)
        print(f"{one.column}: {told or 'nothing stored'}")
    is_done = all(one.is_done for one in openings)
    print("the newest key opens everything: older keys may go" if is_done else "older keys are still needed")
    return 0 if is_done else 1


def _which(place: int | None) -> str:
    """A key by its place in FHIR_CODER_KEY, never by its value."""
    return "no key" if place is None else "the newest key" if place == 0 else f"key {place + 1}"
