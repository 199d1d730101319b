"""The time by the clock of PostgreSQL. Machines whose own clocks differ agree by it on when a job is due and when a claim of it is over: one that is a minute ahead would
take all jobs away from those who are at them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, event

ASKS_S = 60.0
"""How often the database is asked: own clocks hardly move against it in that time."""
_LOG = logging.getLogger("fhir_coder.store")


class DatabaseClock:
    """Tells epoch seconds; of a database that is a file of this machine by the machine's ``own`` clock. The database is asked by whoever takes a connection for something
    else, so that nobody who has one waits for a second; ``steady`` tells when that is due."""

    def __init__(self, engine: Engine, own: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._own = own
        self._steady = steady
        self._ahead_s = 0.0
        self._asks_at = 0.0
        if engine.dialect.name == "postgresql":
            event.listen(engine, "checkout", self._look)

    def __call__(self) -> float:
        """Now."""
        return self._own() + self._ahead_s

    def _look(self, connection: Any, _record: Any, _proxy: Any) -> None:
        if self._steady() < self._asks_at:
            return
        self._asks_at = self._steady() + ASKS_S
        try:
            self._ahead_s = self._asked(connection)
        except Exception as error:  # whoever takes the connection is told by what comes next
            _LOG.warning("the database was not asked for its time: %s", type(error).__name__)

    def _asked(self, connection: Any) -> float:
        """How far the database is ahead of us, in seconds; within half the time that the question takes."""
        before = self._own()
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
            (told,) = cursor.fetchone()
        after = self._own()
        connection.rollback()
        return float(told) - (before + after) / 2
