"""One at a time for one encounter, across threads and processes: two calls that write at the same moment would both find nothing there.

SQLite: a locked file beside the database, one of 256, so that no files pile up (two encounters that share one wait for each other).
PostgreSQL: an advisory lock of the session (https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS), on a connection
of its own: taken from the store's pool, calls that wait would leave none to the call they wait for. Both end with the process that holds them.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from fhir_coder.errors import Conflict

LONGEST_WAIT_S = 60.0
_POLL_S = 0.05
_FILES = 256


def open_lock_engine(engine: Engine) -> Engine:
    """The engine for :func:`exclusively` beside a store's: with PostgreSQL one that opens a connection for each lock and keeps none."""
    if engine.dialect.name != "postgresql":
        return engine
    return create_engine(engine.url, poolclass=NullPool, hide_parameters=True)


@contextmanager
def exclusively(engine: Engine, name: str, longest_wait_s: float = LONGEST_WAIT_S, group: str = "") -> Iterator[None]:
    """Hold the lock of that name. ``engine`` is of :func:`open_lock_engine`. Raises Conflict when another holds it for longer than ``longest_wait_s``.

    ``group`` (letters) sets locks apart that one thread holds at once: of one group it would wait for itself where two names share a file.
    """
    digest = int.from_bytes(sha256(f"{group}{name}".encode()).digest()[:8], "big", signed=True)
    if engine.dialect.name == "postgresql":
        with _advisory_lock(engine, digest, longest_wait_s):
            yield
    else:
        with _file_lock(engine, f"{group}{digest % _FILES:02x}", longest_wait_s):
            yield


@contextmanager
def _advisory_lock(engine: Engine, digest: int, longest_wait_s: float) -> Iterator[None]:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        _wait(lambda: bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": digest})), longest_wait_s)
        try:
            yield
        finally:
            _unlock(connection, digest)


def _unlock(connection: Connection, digest: int) -> None:
    """Give the lock back. Where the database no longer answers, it ended with the session, and what was done under it stands."""
    try:
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": digest})
    except SQLAlchemyError:
        connection.invalidate()


@contextmanager
def _file_lock(engine: Engine, name: str, longest_wait_s: float) -> Iterator[None]:
    database = engine.url.database or ""
    if database in {"", ":memory:"}:  # belongs to one connection: nobody else can be there
        yield
        return
    folder = Path(f"{database}.locks")
    folder.mkdir(exist_ok=True)
    file = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait(lambda: _try_lock(file), longest_wait_s)
        yield
    finally:
        os.close(file)


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(is_ours: Callable[[], bool], longest_wait_s: float) -> None:
    deadline = time.monotonic() + longest_wait_s
    while not is_ours():
        if time.monotonic() > deadline:
            raise Conflict("the same encounter is being coded and written; try again later")
        time.sleep(_POLL_S)
