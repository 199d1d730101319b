"""``fhir-coder bulk FOLDER --out DIR``: code every encounter of a FHIR Bulk Data export, once, whatever stops it on the way."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from tqdm import tqdm

from fhir_coder.api.log import configure_logging
from fhir_coder.app import ehr_of, open_all_stores, open_bulk
from fhir_coder.bulk.folder import held, make_folder
from fhir_coder.bulk.run import Asked, Parts, run_bulk
from fhir_coder.bulk.summary import is_complete, page
from fhir_coder.commands.operator import operator
from fhir_coder.connections import tenants_of
from fhir_coder.errors import ConfigurationError, RequiredMissing, WorkerLost
from fhir_coder.installed import ensure_index
from fhir_coder.progress import stage_progress
from fhir_coder.settings import Settings
from fhir_coder.tenant_settings import DEFAULT_TENANT

MOST_PROCESSES = 256


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("bulk", help="code every encounter of a FHIR Bulk Data export")
    command.add_argument("folder", type=Path, nargs="?", metavar="FOLDER", help="the export: files of NDJSON, .ndjson or .ndjson.gz")
    command.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where the output and the state of the run go; the same again resumes"
    )
    command.add_argument("--tenant", default=DEFAULT_TENANT, help="whose encounters they are (default: default)")
    command.add_argument(
        "--ehr", default="", metavar="ID", help="the configured EHR that they are of; missing attachments are fetched there"
    )
    command.add_argument(
        "--processes", type=_count, default=os.cpu_count() or 1, help="encounters coded at once (default: one for each core)"
    )
    command.add_argument("--since", default="", help="only encounters that began on this day (YYYY-MM-DD) or later")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Code what is not coded yet, and print the report. Exit status 1 where an encounter was not coded or a line could not be read."""
    if arguments.folder is None:
        raise RequiredMissing("name the folder of the export")
    settings = Settings.from_environment()
    configure_logging(settings.log_level)
    _require_known(settings, arguments.tenant, arguments.ehr)
    _day(arguments.since)
    ensure_index(settings)
    make_folder(arguments.out)
    signal.signal(signal.SIGTERM, _interrupt)
    with held(arguments.out):
        return _run(settings, arguments)


def _run(settings: Settings, arguments: argparse.Namespace) -> int:
    stores = open_all_stores(settings)
    asked = Asked(arguments.folder, arguments.out, arguments.tenant, arguments.ehr, arguments.since, arguments.processes, operator())
    parts = Parts(
        open_bulk(settings, stores, arguments.tenant, arguments.ehr),
        stores.bulk_ends,
        stores.audit.append,
        stores.repository.forget_connections,
        stage_progress("reading"),
        _progress,
    )
    try:
        report = run_bulk(asked, parts)
    except WorkerLost as error:
        print(f"fhir-coder: {error.code}: {error.message}", file=sys.stderr)
        return 1
    finally:
        stores.close()
    print(page(report))
    return 0 if is_complete(report) else 1


@contextmanager
def _progress(total: int, done: int) -> Iterator[Callable[[], None]]:
    """A line on standard error, at most every second: how many of how many, how many a second, how much time is left."""
    tqdm.monitor_interval = 0  # no thread of its own: processes are forked while the line is drawn
    with tqdm(total=total, initial=done, desc="coding", unit=" encounters", mininterval=1.0, file=sys.stderr) as bar:
        yield lambda: _one_more(bar)


def _one_more(bar: Any) -> None:
    bar.update()


def _require_known(settings: Settings, tenant: str, ehr: str) -> None:
    if ehr:
        ehr_of(settings, tenant, ehr)
    elif tenant not in tenants_of(settings, None):
        raise ConfigurationError(f"there is no tenant {tenant} in FHIR_CODER_TENANTS")


def _day(text: str) -> None:
    """Raises RequiredMissing for what is no day."""
    try:
        date.fromisoformat(text) if text else None
    except ValueError:
        raise RequiredMissing("--since is a day, YYYY-MM-DD") from None


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_PROCESSES:
        raise argparse.ArgumentTypeError(f"expected 1 to {MOST_PROCESSES}")
    return int(text)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
