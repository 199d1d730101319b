"""Counters that the worker processes of one machine share: a SQLite file, as a storage of the library ``limits``.

The counts are worth nothing after a minute or an hour, so the file is never synced to the disk; losing it loses no more than the counts. It
holds digests of who called and no names.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import floor
from pathlib import Path
from typing import Any

from limits.storage import SlidingWindowCounterSupport, Storage

_BUSY_S = 2.0
"""How long one worker waits for another's count, which takes a fraction of a millisecond."""
_SCHEMA = (
    "PRAGMA journal_mode = WAL",
    "CREATE TABLE IF NOT EXISTS counter (name TEXT, span INTEGER, hits INTEGER NOT NULL, expires REAL NOT NULL, PRIMARY KEY (name, span))"
    " WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS counter_by_expiry ON counter (expires)",
)
_FIXED = -1
"""The span of a counter that begins with its first hit."""


class CounterFile(Storage, SlidingWindowCounterSupport):
    """Counters in a file that is made when missing. ``clock`` tells seconds since 1970, the same in every process.

    Raises sqlite3.Error or OSError when the file cannot be used.
    """

    STORAGE_SCHEME = None

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        super().__init__(wrap_exceptions=True)
        self._path = path
        self._clock = clock
        self._local = threading.local()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        connection = self._open()  # closed again: it must not be carried over a fork
        try:
            for statement in _SCHEMA:
                connection.execute(statement)
        finally:
            connection.close()

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """What the library turns into its StorageError."""
        return (sqlite3.Error, OSError)

    # -------------------------------------------------------------------------------------------------- sliding windows, which we use

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count a hit, if with it this window and what is left of the one before hold at most ``limit``."""
        with self._writing() as connection:
            now = self._clock()
            span, left = _span(now, expiry)
            previous, current = self._hits(connection, key, span - 1), self._hits(connection, key, span)
            if floor(previous * left) + current + amount > limit:
                return False
            self._count(connection, key, span, amount, (span + 2) * expiry, now)
            return True

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Hits of the window before and seconds until they no longer count, then the same of this window."""
        span, left = _span(self._clock(), expiry)
        connection = self._connection()
        return self._hits(connection, key, span - 1), left * expiry, self._hits(connection, key, span), (left + 1) * expiry

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Forget a counter."""
        self.clear(key)

    # ------------------------------------------------------------------------------------------ plain counters, which the library asks for

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, from zero when the time of the counter is over."""
        with self._writing() as connection:
            now = self._clock()
            connection.execute("DELETE FROM counter WHERE name = ? AND span = ? AND expires <= ?", (key, _FIXED, now))
            self._count(connection, key, _FIXED, amount, now + expiry, now)
            return self._hits(connection, key, _FIXED)

    def get(self, key: str) -> int:
        """The count."""
        row = self._connection().execute(
            "SELECT hits FROM counter WHERE name = ? AND span = ? AND expires > ?", (key, _FIXED, self._clock())
        )
        return int((row.fetchone() or (0,))[0])

    def get_expiry(self, key: str) -> float:
        """When the count begins anew, in seconds since 1970."""
        row = self._connection().execute("SELECT expires FROM counter WHERE name = ? AND span = ?", (key, _FIXED)).fetchone()
        return float(row[0]) if row else self._clock()

    def check(self) -> bool:
        """Whether the file can be read."""
        try:
            self._connection().execute("SELECT 1 FROM counter LIMIT 1").fetchall()
        except (sqlite3.Error, OSError):
            return False
        return True

    def reset(self) -> int | None:
        """Forget everything; how many counters there were."""
        return self._connection().execute("DELETE FROM counter").rowcount

    def clear(self, key: str) -> None:
        """Forget a counter."""
        self._connection().execute("DELETE FROM counter WHERE name = ?", (key,))

    # ----------------------------------------------------------------------------------------------------------------------- the file

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that has the lock from its beginning, so that what is read still holds when it is written."""
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def _hits(self, connection: sqlite3.Connection, key: str, span: int) -> int:
        row = connection.execute("SELECT hits FROM counter WHERE name = ? AND span = ?", (key, span)).fetchone()
        return int(row[0]) if row else 0

    def _count(self, connection: sqlite3.Connection, key: str, span: int, amount: int, expires: float, now: float) -> None:
        """Add; where that begins a counter, those whose time is over are dropped, so that the file stays as large as its callers are many."""
        found = connection.execute("UPDATE counter SET hits = hits + ? WHERE name = ? AND span = ?", (amount, key, span))
        if not found.rowcount:
            connection.execute("DELETE FROM counter WHERE expires <= ?", (now,))
            connection.execute("INSERT INTO counter VALUES (?, ?, ?, ?)", (key, span, amount, expires))

    def _connection(self) -> sqlite3.Connection:
        """One for each thread and process."""
        owner, connection = getattr(self._local, "opened", (0, None))
        if connection is None or owner != os.getpid():
            connection = self._open()
            self._local.opened = (os.getpid(), connection)
        return connection

    def _open(self) -> Any:
        connection = sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None)
        connection.execute("PRAGMA synchronous = OFF")
        return connection


def _span(now: float, expiry: int) -> tuple[int, float]:
    """The number of the window, and which share of it is left."""
    span = int(now // expiry)
    return span, 1 - (now / expiry - span)
