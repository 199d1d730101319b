"""The folder of a run: which run it is, of which export, and that one process at a time is at it."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

from fhir_coder.errors import Conflict, InvalidContent

FORMAT = 1
_RUN = "run.json"
_LOCK = "lock"
_PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class Run:
    """``export`` is what the export is known by, ``since`` the first day of encounters that are coded, or empty."""

    id: str
    tenant: str
    ehr: str
    since: str
    export: str
    format: int = FORMAT


def make_folder(folder: Path) -> None:
    """The folder of the output, for its owner alone. Raises InvalidContent for one that holds something else, or cannot be made."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        others = [one.name for one in folder.iterdir()] if not (folder / _LOCK).exists() else []
    except OSError as error:
        raise InvalidContent(f"{folder}: cannot be made or read ({error.strerror})") from error
    if others:
        raise InvalidContent(f"{folder}: holds something that is no bulk run; name a new or empty folder")


@contextmanager
def held(folder: Path, longest_s: float = 60.0) -> Iterator[None]:
    """The folder for this process and those forked from it. Those of a run that was stopped may still end their encounter: they are waited for. Raises
    Conflict where somebody is at it for longer.

    The lock belongs to the open file, which forked processes share: it lasts until the last of them is gone."""
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + longest_s
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Conflict(f"{folder}: another bulk run is at work here") from None
                time.sleep(_PAUSE_S)
        yield
    finally:
        os.close(lock)


def begin_or_resume(folder: Path, tenant: str, ehr: str, since: str, export: str) -> Run:
    """The run of the folder, begun where there is none. Raises Conflict where it is another's: of another export, tenant, EHR or first day."""
    known = read_run(folder)
    if known is None:
        run = Run(uuid4().hex, tenant, ehr, since, export)
        write_durably(folder / _RUN, json.dumps(asdict(run), indent=1))
        return run
    given = {"export": export, "tenant": tenant, "EHR": ehr, "first day (--since)": since}
    there = {"export": known.export, "tenant": known.tenant, "EHR": known.ehr, "first day (--since)": known.since}
    differing = [name for name, value in given.items() if there[name] != value]
    if differing:
        raise Conflict(f"{folder}: is of a run with another {' and another '.join(differing)}; name a folder of its own for this one")
    return known


def read_run(folder: Path) -> Run | None:
    """The run of the folder, or None. Raises InvalidContent for one that cannot be read."""
    try:
        return Run(**json.loads((folder / _RUN).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise InvalidContent(f"{folder / _RUN}: cannot be read ({type(error).__name__})") from error


def write_durably(path: Path, text: str) -> None:
    """A file that is there as a whole, or as it was before, whatever is stopped when; for its owner alone."""
    partial = path.with_name(path.name + ".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)
