"""What keeps the table of jobs going whatever is lost: claims of processes that are gone, messages that never arrived, answers beyond their time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, func, select, update

from fhir_coder.audit.entry import AuditEntry
from fhir_coder.errors import ConfigurationError, WorkerLost
from fhir_coder.jobs.job import OPEN, Job, JobLimits, State
from fhir_coder.store.audit import AuditLog
from fhir_coder.store.cipher import Cipher, Sealed
from fhir_coder.store.job_rows import IN_TURN, PLAIN, job_of
from fhir_coder.store.job_tables import JobRow

ARRIVES_S = 30
"""A job that was handed out so long ago and still waits is handed out again where its message may be lost. Where it only waits long, the second one finds nothing to do."""
_J = JobRow


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many jobs stand in a state, over all tenants, and the age of the oldest in seconds."""

    state: State
    count: int
    oldest_s: int


class JobSweeping:
    """``now`` tells epoch seconds. Several processes may sweep at once: what one did the other finds done."""

    def __init__(
        self,
        engine: Engine,
        cipher: Cipher,
        audit: AuditLog,
        limits: JobLimits = JobLimits(),  # noqa: B008 (a constant)
        now: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._cipher = cipher
        self._audit = audit
        self._limits = limits
        self._now = now

    def take_back(self, entry_of: Callable[[Job, str], AuditEntry]) -> tuple[Job, ...]:
        """Jobs whose claim was not renewed in time, as they are now: they wait again, or are dead where that was their last try. Of a dead one ``entry_of`` makes an
        entry of the audit, in the transaction that ends it: of the job, and what is asked, or empty where that cannot be opened."""
        over = (_J.state == State.RUNNING.value, _J.lease_until_s < int(self._now()))
        with self._engine.connect() as connection:
            lost = connection.execute(select(*PLAIN, _J.lease).where(*over).order_by(_J.key)).all()
        return tuple(filter(None, [self._take_back(job_of(row), row.lease, entry_of) for row in lost]))

    def hand_out(self, held: Callable[[], int] = lambda: 0) -> tuple[Job, ...]:
        """The jobs that a broker is to be told of now, each tenant's first ones, and no more of a tenant than are done at once. ``held`` says how many messages it
        holds: where no worker takes them, it is not filled with further ones."""
        now = int(self._now())
        out = (_J.state == State.WAITING.value, _J.handed_out_s > 0)
        silent = (*out, _J.handed_out_s < now - ARRIVES_S)
        with self._engine.connect() as connection:
            count, is_late = connection.execute(select(func.count(), func.min(_J.handed_out_s) < now - ARRIVES_S).where(*out)).one()
        is_lost = is_late and held() < count
        with self._writing.begin() as connection:
            if is_lost:
                connection.execute(update(_J).where(*silent).values(handed_out_s=0))
            due = (_J.state == State.WAITING.value, _J.handed_out_s == 0, _J.next_attempt_s <= now)
            tenants = connection.scalars(select(_J.tenant).where(*due).distinct()).all()
            return tuple(job for tenant in sorted(tenants) for job in self._of(connection, tenant, now))

    def not_handed_out(self, jobs: Sequence[Job]) -> None:
        """The broker did not take them: they are handed out again by the next sweep."""
        with self._writing.begin() as connection:
            connection.execute(update(_J).where(_J.id.in_([job.id for job in jobs])).values(handed_out_s=0))

    def prune(self) -> int:
        """Jobs that are beyond their time go, with their answers; how many."""
        with self._writing.begin() as connection:
            return connection.execute(delete(_J).where(_J.expires_s > 0, _J.expires_s <= int(self._now()))).rowcount

    def backlog(self) -> tuple[Backlog, ...]:
        """What waits, what is being done and what is dead, for the metrics."""
        states = [one.value for one in (*OPEN, State.DEAD)]
        query = select(_J.state, func.count(), func.min(_J.created_s)).where(_J.state.in_(states)).group_by(_J.state)
        with self._engine.connect() as connection:
            found = {state: (count, int(self._now()) - oldest) for state, count, oldest in connection.execute(query)}
        return tuple(Backlog(State(one), *found.get(one, (0, 0))) for one in states)

    def _take_back(self, job: Job, lease: str, entry_of: Callable[[Job, str], AuditEntry]) -> Job | None:
        """One of them, in a transaction of its own; None where its worker renewed its claim this moment, or somebody else took it back."""
        now, is_last = int(self._now()), job.attempts >= self._limits.attempts
        values = {
            "state": (State.DEAD if is_last else State.WAITING).value,
            "ended_s": now if is_last else 0,
            "expires_s": now + self._limits.dead_s if is_last else 0,
            "next_attempt_s": now,
            "handed_out_s": 0,
            "error": WorkerLost.code,
        }
        same = (_J.id == job.id, _J.lease == lease, _J.state == State.RUNNING.value, _J.lease_until_s < now)
        with self._writing.begin() as connection:
            if is_last:  # before the job is held: whoever ends one takes these two in the same order
                self._audit.take_turn(connection, job.tenant)
            if not connection.execute(update(_J).where(_J.tenant == job.tenant, *same).values(values)).rowcount:
                return None
            row = connection.execute(select(*PLAIN, _J.asked).where(_J.tenant == job.tenant, _J.id == job.id)).one()
            if is_last:
                self._audit.append(connection, entry_of(job_of(row), self._opened(row.asked)))
            return job_of(row)

    def _opened(self, asked: Sealed | None) -> str:
        try:
            return self._cipher.open(asked)
        except ConfigurationError:  # sealed with a key that is listed no more
            return ""

    def _of(self, connection: Connection, tenant: str, now: int) -> list[Job]:
        out = (_J.state == State.RUNNING.value) | ((_J.state == State.WAITING.value) & (_J.handed_out_s > 0))
        free = self._limits.at_once - (connection.scalar(select(func.count()).where(_J.tenant == tenant, out)) or 0)
        due = (_J.state == State.WAITING.value, _J.handed_out_s == 0, _J.next_attempt_s <= now)
        query = select(*PLAIN).where(_J.tenant == tenant, *due).order_by(*IN_TURN).limit(max(0, free))
        jobs = list(map(job_of, connection.execute(query)))
        told = (_J.id.in_([job.id for job in jobs]), _J.state == State.WAITING.value)
        connection.execute(update(_J).where(_J.tenant == tenant, *told).values(handed_out_s=now))
        return jobs
