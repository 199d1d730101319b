"""Jobs as their callers and the operator have them: taken on, asked after, cancelled, tried again. Who works them off is :mod:`.job_claims`.

A job is found by the random part of its address and by who asked for it, both as hashes: neither the tables nor a list of jobs opens an answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256
from uuid import uuid4

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from fhir_coder.errors import Busy, ConfigurationError, ResourceUnknown
from fhir_coder.jobs.job import OPEN, Answer, Caller, Job, JobLimits, Priority, Standing, State
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.job_rows import PLAIN, job_of, take_turn
from fhir_coder.store.job_tables import JobRow

RETRY_AFTER_S = 30
"""When to come back to a tenant whose jobs are as many as may wait."""
_J = JobRow
OPEN_STATES = [one.value for one in OPEN]


class Jobs:
    """``now`` tells epoch seconds. Safe to share between threads and processes."""

    def __init__(self, engine: Engine, cipher: Cipher, limits: JobLimits = JobLimits(), now: Callable[[], float] = time.time) -> None:  # noqa: B008 (a constant)
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._cipher = cipher
        self._limits = limits
        self._now = now

    @property
    def can_keep(self) -> bool:
        """Whether jobs can be taken on: what is asked is kept sealed or not at all."""
        return self._cipher.has_key

    def add(self, tenant: str, caller: Caller, asked: str, encounter: str, priority: Priority = Priority.INTERACTIVE) -> Job:
        """Take a job on. ``asked`` is what :mod:`fhir_coder.jobs.asked` wrote. Raises Busy where as many of the tenant's are open as may be, and
        ConfigurationError without a key."""
        with self._writing.begin() as connection:
            return self.add_within(connection, tenant, caller, asked, encounter, priority)

    def add_within(
        self, connection: Connection, tenant: str, caller: Caller, asked: str, encounter: str, priority: Priority, share: float = 1.0
    ) -> Job:
        """The same in the caller's transaction, which was begun for writing. ``share`` of the places is what may be filled so: the rest is for others."""
        if not self.can_keep:
            raise ConfigurationError("jobs need FHIR_CODER_KEY: what is asked is kept encrypted or not at all")
        now = int(self._now())
        values = dict.fromkeys(("attempts", "handed_out_s", "started_s", "ended_s", "expires_s", "lease_until_s", "status"), 0)
        row = values | {
            "id": uuid4().hex,
            "tenant": tenant,
            "address_sha256": _hash(caller.address),
            "caller_sha256": _hash(caller.name),
            "priority": priority.value,
            "state": State.WAITING.value,
            "created_s": now,
            "next_attempt_s": now,
            "encounter": encounter[:255],
            **dict.fromkeys(("lease", "coding", "error"), ""),
            "asked": self._cipher.seal(asked),
        }
        take_turn(connection, tenant)
        self._require_room(connection, tenant, share)
        connection.execute(insert(_J), row)
        return job_of(connection.execute(select(*PLAIN).where(_J.tenant == tenant, _J.id == row["id"])).one())

    def find(self, tenant: str, caller: Caller) -> Standing | None:
        """The caller's job at that address, unless it was cancelled or is beyond its time."""
        mine = (_J.address_sha256 == _hash(caller.address), _J.caller_sha256 == _hash(caller.name), _J.state != State.CANCELLED.value)
        with self._engine.connect() as connection:
            row = connection.execute(select(*PLAIN, _J.status, _J.answer, _J.key).where(_J.tenant == tenant, *mine)).first()
            if row is None or 0 < row.expires_s <= self._now():
                return None
            answer = Answer(row.status, self._cipher.open(row.answer)) if row.status else None
            return Standing(job_of(row), answer, self._before(connection, tenant, row.priority, row.key))

    def cancel(self, tenant: str, caller: Caller) -> bool:
        """Take the caller's job back, with all that it holds; False where there is none. One that is being done is not interrupted: it may be writing to
        the EHR. What it comes to is kept as a coding, and told to nobody."""
        found = self.find(tenant, caller)
        return found is not None and self.drop(tenant, found.job.id)

    def drop(self, tenant: str, job_id: str) -> bool:
        """The same by the id of the job, for the operator."""
        ended = {"state": State.CANCELLED.value, "ended_s": int(self._now()), "expires_s": int(self._now()) + self._limits.kept_s}
        same = (_J.id == job_id, _J.state != State.CANCELLED.value)
        with self._writing.begin() as connection:
            dropped = update(_J).where(_J.tenant == tenant, *same).values(**ended, asked=None, answer=None, status=0)
            return bool(connection.execute(dropped).rowcount)

    def try_again(self, tenant: str, job_id: str) -> Job:
        """Let a dead job wait once more, as if it were new. Raises ResourceUnknown where the tenant has none of that id, or it is not dead."""
        values = {
            "state": State.WAITING.value,
            "attempts": 0,
            "next_attempt_s": int(self._now()),
            "handed_out_s": 0,
            "ended_s": 0,
            "expires_s": 0,
        }
        dead = (_J.id == job_id, _J.state == State.DEAD.value)
        with self._writing.begin() as connection:
            if not connection.execute(update(_J).where(_J.tenant == tenant, *dead).values(values)).rowcount:
                raise ResourceUnknown(f"tenant {tenant} has no dead job {job_id}")
            return job_of(connection.execute(select(*PLAIN).where(_J.tenant == tenant, _J.id == job_id)).one())

    def entries(self, tenant: str, states: tuple[State, ...] = (), most: int = 1000) -> tuple[Job, ...]:
        """A tenant's jobs, newest first; in some states."""
        query = select(*PLAIN).where(_J.tenant == tenant).order_by(_J.key.desc()).limit(most)
        if states:
            query = query.where(_J.state.in_([one.value for one in states]))
        with self._engine.connect() as connection:
            return tuple(map(job_of, connection.execute(query)))

    def _require_room(self, connection: Connection, tenant: str, share: float = 1.0) -> None:
        count = connection.scalar(select(func.count()).where(_J.tenant == tenant, _J.state.in_(OPEN_STATES))) or 0
        if count >= max(1, int(self._limits.waiting * share)):
            raise Busy(
                f"as many jobs of this tenant are open as may be ({count}); try again later", headers={"Retry-After": str(RETRY_AFTER_S)}
            )

    def _before(self, connection: Connection, tenant: str, priority: int, key: int) -> int:
        sooner = (_J.state == State.WAITING.value, (_J.priority < priority) | ((_J.priority == priority) & (_J.key < key)))
        return connection.scalar(select(func.count()).where(_J.tenant == tenant, *sooner)) or 0


def forget_jobs(connection: Connection, tenant: str, coding: str) -> None:
    """A coding that is deleted takes the answers with it that told of it."""
    connection.execute(delete(_J).where(_J.tenant == tenant, _J.coding == coding))


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
