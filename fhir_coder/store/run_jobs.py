"""Jobs as a bulk run has them: encounters that workers code for it, whose answers it takes.

The id of a job follows from run and encounter, so that none is asked for twice. A job goes in the transaction that keeps how its encounter ended: whoever still
does one that is gone keeps nothing.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from hashlib import sha256

from sqlalchemy import Connection, Engine, delete, func, select

from fhir_coder.bulk.of_workers import Ask, Taken
from fhir_coder.errors import Busy, ConfigurationError, Conflict
from fhir_coder.jobs.job import Caller, JobLimits, Priority
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.job_rows import PLAIN, job_of
from fhir_coder.store.job_tables import JobRow
from fhir_coder.store.jobs import OPEN_STATES, Jobs

_J = JobRow
SHARE = 0.8
"""Of the jobs of a tenant that may wait: the rest of the places is for callers, who do not come back by themselves."""


class RunJobs:
    """``now`` tells epoch seconds. Safe to share between threads and processes."""

    def __init__(self, engine: Engine, cipher: Cipher, limits: JobLimits = JobLimits(), now: Callable[[], float] = time.time) -> None:  # noqa: B008 (a constant)
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._cipher = cipher
        self._limits = limits
        self._jobs = Jobs(engine, cipher, limits, now)

    def room(self, tenant: str) -> int:
        """How many jobs the tenant may have beside those that are open, as far as runs may fill its places."""
        query = select(func.count()).where(_J.tenant == tenant, _J.state.in_(OPEN_STATES))
        with self._engine.connect() as connection:
            return max(1, int(self._limits.waiting * SHARE)) - (connection.scalar(query) or 0)

    def take_on(self, tenant: str, run: str, asks: Sequence[Ask]) -> int:
        """Take jobs on, in order, as long as there is room; how many."""
        with self._writing.begin() as connection:
            for taken, ask in enumerate(asks):
                caller, job_id = Caller("bulk", secrets.token_urlsafe(32)), _id_of(tenant, run, ask.encounter)
                try:
                    self._jobs.add_within(connection, tenant, caller, ask.asked, ask.encounter, Priority.BULK, SHARE, job_id, run)
                except Busy:
                    return taken
        return len(asks)

    def encounters(self, tenant: str, run: str) -> tuple[str, ...]:
        """References of the encounters that have jobs, whatever these have come to."""
        with self._engine.connect() as connection:
            return tuple(connection.scalars(select(_J.encounter).where(_J.tenant == tenant, _J.run == run)))

    def ended(self, tenant: str, run: str, most: int) -> tuple[Taken, ...]:
        """Jobs that came to an end, with their answers. Raises ConfigurationError where an answer cannot be opened."""
        mine = (_J.run == run, _J.state.not_in(OPEN_STATES))
        with self._engine.connect() as connection:
            rows = connection.execute(select(*PLAIN, _J.answer).where(_J.tenant == tenant, *mine).order_by(_J.key).limit(most)).all()
        if any(row.answer for row in rows) and not self._cipher.has_key:
            raise ConfigurationError("workers coded encounters of this run, and FHIR_CODER_KEY is empty: it must be the one that they have")
        return tuple(Taken(job_of(row), self._cipher.open(row.answer)) for row in rows)

    def forget(self, connection: Connection, tenant: str, run: str, jobs: Sequence[str]) -> None:
        """What was taken goes, in the caller's transaction. Raises Conflict where a job is no longer at its end."""
        ended = (_J.run == run, _J.id.in_(jobs), _J.state.not_in(OPEN_STATES))
        if connection.execute(delete(_J).where(_J.tenant == tenant, *ended)).rowcount != len(jobs):
            raise Conflict("jobs of this run were changed by another")

    def take_back(self, tenant: str, run: str) -> int:
        """Jobs that have not come to an end go: what a worker still makes of one is not kept. How many there were."""
        with self._writing.begin() as connection:
            return connection.execute(delete(_J).where(_J.tenant == tenant, _J.run == run, _J.state.in_(OPEN_STATES))).rowcount


def _id_of(tenant: str, run: str, encounter: str) -> str:
    return sha256(f"{tenant}|{run}|{encounter}".encode()).hexdigest()[:32]
