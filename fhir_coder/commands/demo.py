"""``fhir-coder demo``: start the sandbox server, code one of its encounters through the HTTP operation, print what came out."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from decimal import Decimal
from typing import Any

from fhir_coder.commands.demo_page import demo_page
from fhir_coder.commands.serve import require_free_port, require_loopback
from fhir_coder.errors import ConfigurationError
from fhir_coder.installed import ensure_index
from fhir_coder.settings import Settings

START_TIMEOUT_S = 120
DEFAULT_ENCOUNTER = "diabetes-ckd"


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("demo", help="code one synthetic encounter over HTTP and show the result")
    command.add_argument("--host", default="127.0.0.1")
    command.add_argument("--port", type=int, default=8080)
    command.add_argument("--encounter", default=DEFAULT_ENCOUNTER, help="id of a sandbox encounter")
    command.add_argument("--stay", action="store_true", help="leave the server running until interrupted")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Build what is missing, serve, code, print; with ``--stay`` keep serving."""
    require_loopback(arguments.host)
    require_free_port(arguments.host, arguments.port)
    ensure_index(Settings.from_environment(sandbox=True))
    base = f"http://{arguments.host}:{arguments.port}"
    _end_orderly()
    server = subprocess.Popen(  # noqa: S603 - our own module, checked arguments
        [sys.executable, "-m", "fhir_coder", "serve", "--sandbox", "--host", arguments.host, "--port", str(arguments.port)],
        env={**os.environ, "FHIR_CODER_LOG_LEVEL": os.environ.get("FHIR_CODER_LOG_LEVEL", "WARNING")},
    )
    try:
        covered = _wait_until_ready(server, base)
        _print(base, arguments.encounter, _call(base, arguments.encounter), covered)
        if arguments.stay:
            print(_next_steps(base), flush=True)
            return server.wait()
        return 0
    finally:
        server.terminate()
        server.wait(30)


def _end_orderly() -> None:
    """Who kills the demo, or closes its terminal, ends the server with it: by default both signals would leave it behind on its port."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: sys.exit(128 + received))


def _wait_until_ready(server: subprocess.Popen, base: str) -> dict[str, Any]:
    """The readiness report, once the server answers."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise ConfigurationError(f"the server stopped with status {server.returncode}; is another one using this port?")
        try:
            with urllib.request.urlopen(f"{base}/health/ready", timeout=5) as response:  # noqa: S310 - our own loopback URL
                return json.load(response)
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise ConfigurationError(f"the server did not become ready in {START_TIMEOUT_S} s")


def _call(base: str, encounter: str) -> dict[str, Any]:
    """The operation with write-back, as an EHR would call it."""
    body = {"resourceType": "Parameters", "parameter": [{"name": "writeBack", "valueBoolean": True}]}
    request = urllib.request.Request(  # noqa: S310 - our own loopback URL
        f"{base}/fhir/Encounter/{encounter}/$code-encounter",
        json.dumps(body).encode(),
        {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - our own loopback URL
            return json.load(response, parse_float=Decimal)  # 0.9500 stays 0.9500
    except urllib.error.HTTPError as error:
        issues = json.load(error).get("issue", [])
        raise ConfigurationError(f"the operation answered {error.code}: {issues[0].get('diagnostics', '') if issues else ''}") from error


def _print(base: str, encounter: str, answer: dict[str, Any], ready: dict[str, Any]) -> None:
    """What was called, with which release, and the answer as a person reads it."""
    print(f"\nPOST {base}/fhir/Encounter/{encounter}/$code-encounter")
    for release in ready.get("releases", []):
        print(f"ICD-10-CM release {release['id']}, service dates {release['from']} to {release['to']}")
    print(demo_page(answer))


def _next_steps(base: str) -> str:
    return (
        f"\nThe server stays up at {base} (Ctrl+C stops it). Try next:\n"
        f"  open {base}/review/ in a browser\n"
        f"  curl -s {base}/sandbox/fhir/Encounter\n"
        f"  curl -s -X POST -H 'Content-Type: application/fhir+json' '{base}/fhir/Encounter/{DEFAULT_ENCOUNTER}/$code-encounter'\n"
        f"  curl -s {base}/fhir/metadata"
    )
