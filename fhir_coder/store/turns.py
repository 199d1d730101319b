"""Turns by name within a database: who has one keeps others from it until the transaction ends. In SQLite, which lets one writer in at a time, a transaction that
was begun for writing has every turn.

PostgreSQL: advisory locks of the transaction (https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS).
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from sqlalchemy import Connection, text


def take_turns(connection: Connection, names: Iterable[str]) -> None:
    """Wait for the turns of these names, always in the same order, so that of two who want several neither waits for the other. What is read after it stands until the
    transaction ends."""
    if connection.dialect.name == "postgresql":
        keys = sorted(_key(name) for name in set(names))
        connection.execute(text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key"), {"keys": keys})


def _key(name: str) -> int:
    return int.from_bytes(sha256(name.encode()).digest()[:8], "big", signed=True)
