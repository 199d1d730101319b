"""Database engines with the settings that the store relies on."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from fhir_coder.errors import ConfigurationError
from fhir_coder.store.pool import Pool
from fhir_coder.store.tls import DatabaseTls

BUSY_TIMEOUT_MS = 15_000
CONNECTS_S = 10
"""For each address of PostgreSQL, unless the URL says otherwise."""


def open_engine(database_url: str, tls: DatabaseTls | None = None, pool: Pool = Pool()) -> Engine:  # noqa: B008 (a constant)
    """An engine for SQLite (WAL, foreign keys, waits for locks) or PostgreSQL, with a ``pool`` of connections. Raises ConfigurationError for another kind of URL, and for a host
    elsewhere without TLS."""
    try:
        url = _answering((tls or DatabaseTls()).applied(make_url(database_url)))
        engine = create_engine(url, pool_pre_ping=True, hide_parameters=True, **pool.options(url))
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise ConfigurationError(f"FHIR_CODER_DATABASE_URL cannot be used ({type(error).__name__})") from None
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
        _make_folder(url.database or "")
    return engine


def _answering(url: URL) -> URL:
    """Nobody waits for minutes for a host that says nothing: in the URL it reaches the engine of the locks too."""
    if url.get_driver_name() != "psycopg" or "connect_timeout" in url.query:
        return url
    return url.update_query_dict({"connect_timeout": str(CONNECTS_S)})


def _make_folder(database: str) -> None:
    """The folder of a database file. Raises ConfigurationError when it cannot be made."""
    try:
        if database not in {"", ":memory:"}:
            Path(database).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"the folder of the store cannot be made ({type(error).__name__}); check FHIR_CODER_DATABASE_URL"
        ) from None


def _prepare_sqlite(engine: Engine) -> None:
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)


def _set_pragmas(connection: Any, _record: Any) -> None:
    """The driver must not begin transactions by itself: it would leave the definition of tables outside them."""
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
    _set_wal(connection)


def _set_wal(connection: Any) -> None:
    """Two processes that open a new file at once: the switch does not wait for locks as other statements do."""
    for attempt in range(50):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if attempt == 49:
                raise
            time.sleep(0.05)


def _begin(connection: Connection) -> None:
    """Writers take the lock at once, so that they wait for each other instead of failing halfway."""
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")
