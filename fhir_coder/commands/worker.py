"""``fhir-coder worker``: does the jobs that a broker tells of, on as many machines as it is started on."""

from __future__ import annotations

import argparse
import os

from fhir_coder.api.metrics_folder import counting_together
from fhir_coder.app import open_worker
from fhir_coder.errors import ConfigurationError
from fhir_coder.settings import Settings


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("worker", help="do the jobs that a broker tells of")
    command.add_argument(
        "--processes", type=_count, default=os.cpu_count() or 1, help="encounters coded at once (default: one for each core)"
    )
    command.add_argument("--sandbox", action="store_true", help="the built-in EHR is among the EHRs, as under serve --sandbox")
    command.set_defaults(run=run)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError("expected 1 to 256")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Work until stopped."""
    settings = Settings.from_environment(sandbox=arguments.sandbox)
    if not settings.broker_url:
        raise ConfigurationError("FHIR_CODER_BROKER_URL is empty: without a broker the server's own processes do the jobs")
    if not settings.key:
        raise ConfigurationError("jobs need FHIR_CODER_KEY, the one that the server has: what is asked is kept encrypted or not at all")
    from fhir_coder.broker.worker import serve

    with counting_together():
        app, parts = open_worker(settings)
        serve(app, parts, arguments.processes, settings.log_level)
    return 0
