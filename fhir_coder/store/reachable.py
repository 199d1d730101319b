"""Whether PostgreSQL is there at all, told apart from one that is there and lets us not in.

That is asked by libpq's ping (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PQPING), which needs no account and no database, and whose answer is no text
in some language. Our own account, password and TLS are left out: a server that refuses any of them is there.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine

ANSWERS_S = 5
_WHERE = ("host", "hostaddr", "port", "service")
_NOBODY: dict[str, Any] = {
    "user": "ping",
    "password": "ping",
    "dbname": "ping",
    "sslmode": "disable",
    "gssencmode": "disable",
    "connect_timeout": ANSWERS_S,
}
"""What a server may be told without protection, and what the environment would put in place of what is left out."""


def is_away(engine: Engine) -> bool:
    """Whether the database takes no connections now: nobody answers, its host has no name yet, or it is starting or ending. Never of SQLite. No other thread runs
    while it is asked, so this is for starts."""
    if engine.driver != "psycopg":
        return False
    from psycopg import conninfo, pq

    _, given = engine.dialect.create_connect_args(engine.url)
    where = {name: value for name, value in given.items() if name in _WHERE}
    asked = conninfo.make_conninfo(**{**_NOBODY, **where})
    return pq.PGconn.ping(asked.encode()) != pq.Ping.OK
