"""``fhir-coder keys new|jwks``: the keys with which we ask EHRs for tokens."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from fhir_coder.backend_settings import ALGORITHMS
from fhir_coder.smart.signing_key import key_set, load_key, new_key


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("keys", help="make a private key for SMART Backend Services, or print public ones")
    actions = command.add_subparsers(dest="action", required=True)
    new = actions.add_parser("new", help="make a private key and print its public JWK")
    new.add_argument("--alg", choices=ALGORITHMS, default="ES384", help="what it signs with")
    new.add_argument("--out", type=Path, required=True, metavar="FILE", help="the file to make; it must not exist")
    new.set_defaults(run=run_new)
    jwks = actions.add_parser("jwks", help="print the public JWK Set of private key files")
    jwks.add_argument("files", nargs="+", metavar="FILE")
    jwks.set_defaults(run=run_jwks)


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
