"""``python -m conformance BASE_URL``: run the kit, print or write a report, and say by the exit code what came out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from conformance.credentials import (
    BackendService,
    BackendToken,
    CredentialsUnusable,
    bearer,
    in_every_spelling,
    read_accepted,
    read_refused,
)
from conformance.reports import REPORTS
from conformance.requirement import Level, binding, read_requirements
from conformance.running import Run, run
from conformance.target import TIMEOUT_S, Target, anonymous
from conformance.verdict import Finding

HOLDS, FAILS, UNUSABLE, PROVES_NOTHING = 0, 1, 2, 3
"""Exit codes: everything tried holds; something does not, or could not be found out; the call was wrong; nothing could be tried."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    given = _parser().parse_args(arguments)
    try:
        target = _target(given)
    except CredentialsUnusable as reason:
        print(f"conformance: {reason}", file=sys.stderr)
        return UNUSABLE
    requirements = binding(read_requirements(), Level(given.level))
    if given.only:
        requirements = tuple(one for one in requirements if one.id.startswith(tuple(given.only)))
    if not requirements:
        print("conformance: no requirement has such an id", file=sys.stderr)
        return UNUSABLE
    found = run(target, requirements, _tell if sys.stderr.isatty() else lambda finding: None)
    _write(REPORTS[given.format](found), given.output)
    return exit_code(found)


def exit_code(found: Run) -> int:
    """See :data:`HOLDS` and its like."""
    if found.has_failed:
        return FAILS
    return PROVES_NOTHING if found.is_empty else HOLDS


def _target(given: argparse.Namespace) -> Target:
    target = Target(given.base_url.rstrip("/"), simulator=given.simulator.rstrip("/"), ehr=given.ehr, timeout_s=given.timeout)
    target.jwks, target.launch, target.launch_iss = given.jwks, given.launch, given.launch_iss
    target.session.verify = str(given.ca) if given.ca else True
    target.refused = read_refused(given.refused) if given.refused else {}
    if given.backend_services:
        token = BackendToken(BackendService.read(given.backend_services), target.session)
        target.authorize, target.accepted = token, in_every_spelling(token)
    else:
        target.authorize = bearer(given.token) if given.token else anonymous
    if given.accepted:
        target.accepted = {**target.accepted, **read_accepted(given.accepted)}
    target.authorize()  # credentials that do not work end the run before it begins
    return target


def _tell(finding: Finding) -> None:
    print(f"{finding.verdict.value:5} {finding.check}", file=sys.stderr)


def _write(report: str, output: Path | None) -> None:
    if output is None:
        print(report)
    else:
        output.write_text(report + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m conformance", description="Does a server do $code-encounter as its definition says?")
    parser.add_argument("base_url", metavar="BASE_URL", help="FHIR base of the server, such as http://127.0.0.1:8080/fhir")
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--token", default="", help="bearer token for the operation")
    who.add_argument("--backend-services", type=Path, metavar="FILE", help="JSON with token_url, client_id, scope and key (a private JWK)")
    _add_smart(parser)
    parser.add_argument("--simulator", default="", metavar="URL", help="control address of the EHR simulator that the server calls back")
    parser.add_argument("--ehr", default="", metavar="ID", help="the id under which the server knows the simulator")
    parser.add_argument(
        "--level", choices=[one.value for one in Level], default=Level.MAY.value, help="the least binding requirements that are tried"
    )
    parser.add_argument("--only", action="append", default=[], metavar="ID", help="requirements whose id begins so; may be repeated")
    parser.add_argument("--format", choices=sorted(REPORTS), default="text", help="of the report")
    parser.add_argument("--output", type=Path, metavar="FILE", help="where the report goes instead of standard output")
    parser.add_argument("--timeout", type=float, default=TIMEOUT_S, metavar="SECONDS", help="for one answer")
    parser.add_argument("--ca", type=Path, metavar="FILE", help="certificates to trust (PEM)")
    return parser


def _add_smart(parser: argparse.ArgumentParser) -> None:
    smart = parser.add_argument_group("SMART", "what is left out here is not tried")
    smart.add_argument(
        "--refused", type=Path, metavar="FILE", help="JSON with tokens that the server must refuse: expired, narrow, foreign, patient"
    )
    smart.add_argument(
        "--accepted",
        type=Path,
        metavar="FILE",
        help="JSON with tokens that it must take: v1, v2 (spellings of the scopes), other (of another caller)",
    )
    smart.add_argument("--jwks", default="", metavar="URL", help="where the server publishes its own public keys")
    smart.add_argument("--launch", default="", metavar="URL", help="where an EHR launches its app")
    smart.add_argument("--launch-iss", default="", metavar="URL", help="FHIR base of an EHR that is configured there")
