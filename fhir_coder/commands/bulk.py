"""``fhir-coder bulk FOLDER --out DIR``: code every encounter of a FHIR Bulk Data export, once, whatever stops it on the way."""

from __future__ import annotations

import argparse
import logging
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from fhir_coder.api.log import FIELDS, configure_logging, kind_of, places
from fhir_coder.app import ehr_of, open_all_stores, open_bulk, open_bulk_workers
from fhir_coder.audit.entry import Action, AuditEntry, Success
from fhir_coder.bulk.exporting import Exporting
from fhir_coder.bulk.folder import held, make_folder
from fhir_coder.bulk.run import Asked, Parts, run_bulk
from fhir_coder.bulk.summary import is_complete, page
from fhir_coder.commands.operator import operator
from fhir_coder.connections import EhrConnections, tenants_of
from fhir_coder.ehr.bulk_server import INSTANT, ExportAsked
from fhir_coder.errors import ConfigurationError, EhrError, FhirCoderError, InvalidContent, RequiredMissing, WorkerLost
from fhir_coder.fhir_id import FHIR_ID
from fhir_coder.progress import stage_progress
from fhir_coder.settings import Settings
from fhir_coder.store.start import Stores
from fhir_coder.tenant_settings import DEFAULT_TENANT

_LOG = logging.getLogger("fhir_coder.bulk")
MOST_PROCESSES = 256
DEFAULT_TYPES = ("Encounter", "Patient", "DocumentReference", "Condition", "Coverage", "Procedure", "Practitioner", "Organization")
_DAY = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])", re.ASCII)
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}", re.ASCII)


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("bulk", help="code every encounter of a FHIR Bulk Data export")
    command.add_argument("folder", type=Path, nargs="?", metavar="FOLDER", help="the export: files that end in .ndjson or .ndjson.gz")
    command.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where the output and the state of the run go; the same again resumes"
    )
    command.add_argument("--tenant", default=DEFAULT_TENANT, help="whose encounters they are (default: default)")
    command.add_argument(
        "--ehr", default="", metavar="ID", help="the configured EHR that they are of; attachments that are missing are fetched there"
    )
    command.add_argument(
        "--processes", type=_count, default=None, metavar="N", help="encounters coded at once (default: one for each core)"
    )
    command.add_argument(
        "--on-workers", action="store_true", help="have them coded by fhir-coder worker, on as many machines as it is started on"
    )
    command.add_argument(
        "--since", default="", help="only encounters that began on this day (YYYY-MM-DD) or later; with --export the instant of _since"
    )
    command.add_argument("--export", action="store_true", help="ask the EHR for the export first, instead of FOLDER")
    command.add_argument("--group", default="", metavar="ID", help="with --export: the Group whose patients are exported")
    command.add_argument("--types", type=_types, default=DEFAULT_TYPES, help=f"with --export: _type (default: {','.join(DEFAULT_TYPES)})")
    command.add_argument(
        "--again", action="store_true", help="with --export: leave an export that the EHR knows no more, and ask for another"
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Code what is not coded yet, and print the report. Exit status 1 where an encounter was not coded, a line could not be read or the EHR failed."""
    _require_consistent(arguments)
    settings = Settings.from_environment()
    configure_logging(settings.log_level)
    _require_known(settings, arguments.tenant, arguments.ehr)
    if arguments.on_workers:
        _require_workers(settings)
    make_folder(arguments.out)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with held(arguments.out):
            return _run(settings, arguments)
    except (EhrError, WorkerLost) as error:
        return _stopped(error)
    except (FhirCoderError, BrokenPipeError):
        raise
    except Exception as error:  # the disk is full, or the database away: what counts is what the store knows
        _LOG.error("unexpected error", extra={FIELDS: {"exception": kind_of(error), "places": list(places(error.__traceback__))}})
        return _stopped(WorkerLost(f"the run was stopped by {kind_of(error)} and can be resumed"))


def _stopped(error: FhirCoderError) -> int:
    print(f"fhir-coder: {error.code}: {error.message}", file=sys.stderr)
    return 1


def _run(settings: Settings, arguments: argparse.Namespace) -> int:
    stores = open_all_stores(settings)
    try:
        workers = open_bulk_workers(settings, stores, _tell) if arguments.on_workers else None
        folder = _fetched(settings, stores, arguments) if arguments.export else arguments.folder
        since = "" if arguments.export else arguments.since
        processes = 0 if workers else arguments.processes or os.cpu_count() or 1
        asked = Asked(folder, arguments.out, arguments.tenant, arguments.ehr, since, processes, operator(), arguments.export)
        parts = Parts(
            open_bulk(settings, stores, arguments.tenant, arguments.ehr),
            stores.bulk_ends,
            stores.audit.append,
            stores.repository.forget_connections,
            stage_progress("reading"),
            _progress,
            stores.run_jobs,
            workers,
        )
        report = run_bulk(asked, parts)
    finally:
        stores.close()
    print(page(report))
    return 0 if is_complete(report) else 1


def _fetched(settings: Settings, stores: Stores, arguments: argparse.Namespace) -> Path:
    """The folder of the export, once all of it is here. What is about to leave the EHR is written down first."""
    server = EhrConnections(None, settings.private_networks).bulk(ehr_of(settings, arguments.tenant, arguments.ehr))
    detail = {"ehr": arguments.ehr, "group": arguments.group, "since": arguments.since}
    stores.audit.record(AuditEntry(arguments.tenant, "bulk-export", Action.EXECUTE, Success.DONE, operator(), detail=detail))
    exporting = Exporting(server, arguments.out, lambda sentence: print(f"export: {sentence}", file=sys.stderr))
    return exporting.fetch(arguments.ehr, ExportAsked(arguments.group, arguments.since, arguments.types), arguments.again)


@contextmanager
def _progress(total: int, done: int) -> Iterator[Callable[[], None]]:
    """A line on standard error, at most every second: how many of how many, how many a second, how much time is left."""
    tqdm.monitor_interval = 0  # no thread of its own: processes are forked while the line is drawn
    with tqdm(total=total, initial=done, desc="coding", unit=" encounters", mininterval=1.0, miniters=1, file=sys.stderr) as bar:
        yield lambda: _one_more(bar)


def _tell(sentence: str) -> None:
    tqdm.write(sentence, file=sys.stderr)


def _one_more(bar: Any) -> None:
    bar.update()


def _require_known(settings: Settings, tenant: str, ehr: str) -> None:
    if ehr:
        ehr_of(settings, tenant, ehr)
    elif tenant not in tenants_of(settings, None):
        raise ConfigurationError(f"there is no tenant {tenant} in FHIR_CODER_TENANTS")


def _require_workers(settings: Settings) -> None:
    """Raises ConfigurationError where they cannot be told of jobs, or jobs not be kept."""
    if not settings.broker_url:
        raise ConfigurationError("--on-workers needs FHIR_CODER_BROKER_URL, by which fhir-coder worker is told of jobs")
    if not settings.key:
        raise ConfigurationError("--on-workers needs FHIR_CODER_KEY, the one that the workers have: jobs are kept encrypted or not at all")


def _require_consistent(arguments: argparse.Namespace) -> None:
    """Raises RequiredMissing where what is given does not go together."""
    if arguments.export == (arguments.folder is not None):
        raise RequiredMissing("name either the folder of an export, or --export")
    if arguments.on_workers and arguments.processes:
        raise RequiredMissing("--processes is of this machine, and does not go with --on-workers")
    if arguments.export and not arguments.ehr:
        raise RequiredMissing("--export needs --ehr: the EHR that is asked")
    if not arguments.export and (arguments.group or arguments.again or arguments.types != DEFAULT_TYPES):
        raise RequiredMissing("--group, --types and --again go with --export")
    if arguments.group and not FHIR_ID.fullmatch(arguments.group):
        raise InvalidContent("--group is the id of a Group")
    if arguments.since and not (INSTANT if arguments.export else _DAY).fullmatch(arguments.since):
        raise InvalidContent(f"--since is {'an instant, 2026-05-04T00:00:00Z' if arguments.export else 'a day, YYYY-MM-DD'}")


def _types(text: str) -> tuple[str, ...]:
    found = tuple(text.split(","))
    if not all(_TYPE.fullmatch(one) for one in found):
        raise argparse.ArgumentTypeError("expected names of resource types with commas between them")
    return found


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_PROCESSES:
        raise argparse.ArgumentTypeError(f"expected 1 to {MOST_PROCESSES}")
    return int(text)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
