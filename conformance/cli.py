"""``python -m conformance BASE_URL``: run the kit, print or write a report, and say by the exit code what came out."""

from __future__ import annotations

import argparse
import math
import os
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
from conformance.reaching import NothingThere, NotLetIn, require_address, require_server, require_simulator
from conformance.reports import REPORTS
from conformance.requirement import Level, Requirement, binding, read_requirements
from conformance.running import Run, run
from conformance.target import TIMEOUT_S, Target, anonymous
from conformance.verdict import Finding, Verdict, plain

HOLDS, FAILS, UNUSABLE, PROVES_NOTHING = 0, 1, 2, 3
"""Exit codes: everything tried holds; something does not, or could not be found out; the call was wrong; nothing could be tried."""


WIDTH = 79
"""Characters of a terminal that a line of progress may take."""


class CallUnusable(Exception):
    """The options make no sense; which, and why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    given = _parser().parse_args(arguments)
    try:
        requirements = _asked_for(given)
        target = _target(given)
        require_server(target)
        require_simulator(target)
    except (CallUnusable, CredentialsUnusable, NotLetIn) as reason:
        print(f"conformance: {reason}", file=sys.stderr)
        return UNUSABLE
    except NothingThere as reason:
        print(f"conformance: {reason}", file=sys.stderr)
        return PROVES_NOTHING
    progress = Progress()
    found = run(target, requirements, progress if sys.stderr.isatty() else lambda finding: None)
    progress.end()
    _write(REPORTS[given.format](found), given.output)
    return exit_code(found)


def exit_code(found: Run) -> int:
    """See :data:`HOLDS` and its like."""
    if found.has_failed:
        return FAILS
    return PROVES_NOTHING if found.is_empty else HOLDS


def _asked_for(given: argparse.Namespace) -> tuple[Requirement, ...]:
    """The requirements of the level and of the ids. Raises CallUnusable where an id is nobody's, or the rest cannot be meant so."""
    every = read_requirements()
    for only in given.only:
        if not any(one.id.startswith(only) for one in every):
            groups = ", ".join(dict.fromkeys(one.id.partition("-")[0] for one in every))
            raise CallUnusable(f"--only {plain(only)}: no requirement has such an id; they begin with {groups}")
    if given.ca and not given.ca.is_file():
        raise CallUnusable(f"--ca {given.ca}: there is no such file")
    if given.output and (not given.output.absolute().parent.is_dir() or given.output.is_dir()):
        raise CallUnusable(f"--output {given.output}: the report cannot be written there")
    asked = tuple(one for one in binding(every, Level(given.level)) if not given.only or one.id.startswith(tuple(given.only)))
    if not asked:
        raise CallUnusable(f"--only: nothing of it is {given.level}")
    return asked


def _target(given: argparse.Namespace) -> Target:
    require_address(given.base_url)
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


class Progress:
    """On a terminal, in one line: how many checks were done, how many failed, and which came last."""

    def __init__(self) -> None:
        self._done = self._failed = 0

    def __call__(self, finding: Finding) -> None:
        """One more."""
        self._done += 1
        self._failed += finding.verdict in {Verdict.FAIL, Verdict.ERROR}
        told = f"{self._done} checks, {self._failed} failed: {finding.check}"
        print(f"\r\x1b[K{told[:WIDTH]}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave no trace of it."""
        if self._done:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _write(report: str, output: Path | None) -> None:
    """Raises no error where nobody reads on, as ``head`` does not."""
    if output is not None:
        output.write_text(report + "\n", encoding="utf-8")
        return
    try:
        print(report, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains at its end


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m conformance",
        usage="%(prog)s [options] BASE_URL",
        description="Does a server do $code-encounter as its OperationDefinition, FHIR R4 and SMART say? What an option is missing for is not tried, and the report "
        "says so.",
        epilog="Exit code: 0 all that was tried holds, 1 something does not, 2 the call makes no sense, 3 nothing could be tried. "
        "@FILE stands for the words in a file, one on each line, as the EHR simulator writes them with --site. More: conformance/README.md.",
        fromfile_prefix_chars="@",
    )
    parser.add_argument("base_url", metavar="BASE_URL", help="FHIR base of the server, such as http://127.0.0.1:8080/fhir")
    what = parser.add_argument_group("what is tried")
    what.add_argument(
        "--level", choices=[one.value for one in Level], default=Level.MAY.value, help="what binds so much at least; default: MAY, all"
    )
    what.add_argument(
        "--only", action="append", default=[], metavar="ID", help="requirements whose id begins so, such as SEC; may be repeated"
    )
    _add_report(parser.add_argument_group("the report"))
    _add_connection(parser.add_argument_group("the connection"))
    ehr = parser.add_argument_group("an EHR that the server calls back")
    ehr.add_argument("--simulator", default="", metavar="URL", help="control address of the EHR simulator")
    ehr.add_argument("--ehr", default="", metavar="ID", help="the id under which the server knows it")
    _add_smart(parser.add_argument_group("SMART"))
    return parser


def _add_report(report: argparse._ArgumentGroup) -> None:
    report.add_argument("--format", choices=list(REPORTS), default="text", help="default: text; html is a page to send to a vendor")
    report.add_argument("--output", type=Path, metavar="FILE", help="where it goes instead of standard output")


def _add_connection(connection: argparse._ArgumentGroup) -> None:
    who = connection.add_mutually_exclusive_group()
    who.add_argument("--token", default="", metavar="TOKEN", help="bearer token for the operation")
    who.add_argument(
        "--backend-services",
        type=Path,
        metavar="FILE",
        help="get tokens by SMART: JSON with token_url, client_id, scope and key (a private JWK)",
    )
    connection.add_argument(
        "--timeout", type=_seconds, default=TIMEOUT_S, metavar="SECONDS", help=f"for one answer; default: {TIMEOUT_S:g}"
    )
    connection.add_argument("--ca", type=Path, metavar="FILE", help="certificates to trust (PEM)")


def _add_smart(smart: argparse._ArgumentGroup) -> None:
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


def _seconds(given: str) -> float:
    """More than none, and not for ever."""
    value = float(given)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError("expected more than 0 seconds")
    return value
