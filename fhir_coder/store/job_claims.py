"""Jobs as those who work them off have them: one process at a time has a job, for as long as it says that it is at it.

A claim is a lease with a name of its own. Whoever stalls and wakes up after another took over cannot end the job: the end of a job stands in the
transaction that keeps its coding, and is refused with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Engine, func, select, update

from fhir_coder.errors import ConfigurationError, Conflict
from fhir_coder.jobs.job import Answer, Claimed, Job, JobLimits, State
from fhir_coder.store.cipher import Cipher, Sealed
from fhir_coder.store.job_rows import IN_TURN, PLAIN, job_of, take_turn
from fhir_coder.store.job_tables import JobRow

_J = JobRow


class JobClaims:
    """``now`` tells epoch seconds. Safe to share between threads and processes."""

    def __init__(self, engine: Engine, cipher: Cipher, limits: JobLimits = JobLimits(), now: Callable[[], float] = time.time) -> None:  # noqa: B008 (a constant)
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._cipher = cipher
        self._limits = limits
        self._now = now

    def claim(self, job_id: str) -> Claimed | None:
        """The job for the caller alone; None where it is not due, another has it, or as many of its tenant are being done as may be. Raises
        ConfigurationError without a key."""
        with self._engine.connect() as connection:
            tenant = connection.scalar(select(_J.tenant).where(_J.id == job_id))
        return self._claim_of(tenant, _J.id == job_id) if tenant is not None else None

    def claim_next(self) -> Claimed | None:
        """The next of all tenants that is due, as :meth:`claim` has it; None where nothing is to be done now."""
        passed: list[str] = []
        while (tenant := self._tenant_next(passed)) is not None:
            if claimed := self._claim_of(tenant):
                return claimed
            passed.append(tenant)
        return None

    def renew(self, claimed: Claimed) -> bool:
        """Say that the caller is still at it; False where the job is no longer the caller's."""
        with self._writing.begin() as connection:
            return _change(connection, claimed, lease_until_s=int(self._now()) + self._limits.lease_s)

    def finish(self, connection: Connection, claimed: Claimed, answer: Answer, coding: str) -> None:
        """The end of a job that came to a coding, in the transaction that keeps it. A job that was cancelled meanwhile keeps no answer. Raises Conflict
        where another has the job, or a bulk run took it back: then nothing is to be kept. The answer of a run's job waits for the run as long as the
        coding is kept."""
        values = {"answer": self._cipher.seal(answer.resource), "status": answer.status, "coding": coding, "error": ""}
        is_of_run = bool(claimed.job.run)
        values |= {"expires_s": 0} if is_of_run else {}
        if not self._end(connection, claimed, State.DONE, self._limits.kept_s, values) and (
            is_of_run or not _is_cancelled(connection, claimed)
        ):
            raise Conflict("this job is another's by now")

    def fail(self, connection: Connection, claimed: Claimed, answer: Answer, error: str) -> None:
        """The end of a job whose answer is an error. One that is another's by now, or was cancelled, stays as it is."""
        values = {"answer": self._cipher.seal(answer.resource), "status": answer.status, "error": error}
        self._end(connection, claimed, State.FAILED, self._limits.dead_s if claimed.job.run else self._limits.kept_s, values)

    def postpone(self, claimed: Claimed, wait_s: float, error: str) -> bool:
        """Let a job wait for its next try; False where this was its last one: then nothing is done, and it is to be given up."""
        if claimed.job.attempts >= self._limits.attempts:
            return False
        at_s = int(self._now() + wait_s + 0.999)
        with self._writing.begin() as connection:
            values = {"state": State.WAITING.value, "next_attempt_s": at_s, "handed_out_s": 0, "error": error}
            _change(connection, claimed, **values, lease_until_s=0)
        return True

    def give_up(self, connection: Connection, claimed: Claimed, error: str) -> None:
        """A job is dead after its last try; what is asked stays, sealed. Raises Conflict where it is another's by now, or was cancelled: then nothing is to be kept
        of its end."""
        if not self._end(connection, claimed, State.DEAD, self._limits.dead_s, {"error": error}, asks_on=True):
            raise Conflict("this job is not this worker's to end any more")

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction for what ends a job and belongs to it."""
        return self._writing.begin()

    def _due(self) -> tuple[Any, ...]:
        return (_J.state == State.WAITING.value, _J.next_attempt_s <= int(self._now()))

    def _tenant_next(self, passed: Sequence[str]) -> str | None:
        """Whose job is the next, of the tenants that were not passed over."""
        query = select(_J.tenant).where(*self._due(), _J.tenant.not_in(passed)).order_by(*IN_TURN).limit(1)
        with self._engine.connect() as connection:
            return connection.scalar(query)

    def _claim_of(self, tenant: str, *which: Any) -> Claimed | None:
        """The tenant's next job, of those that are meant, in a transaction of its own: whoever waits for one tenant's turn holds no other's."""
        with self._writing.begin() as connection:
            take_turn(connection, tenant)
            if self._is_full(connection, tenant):
                self._hand_out_anew(connection, tenant, which)
                return None
            query = select(*PLAIN).where(_J.tenant == tenant, *self._due(), *which).order_by(*IN_TURN).limit(1)
            row = connection.execute(query).first()
            return self._take(connection, job_of(row)) if row else None

    def _is_full(self, connection: Connection, tenant: str) -> bool:
        running = select(func.count()).where(_J.tenant == tenant, _J.state == State.RUNNING.value)
        return (connection.scalar(running) or 0) >= self._limits.at_once

    def _hand_out_anew(self, connection: Connection, tenant: str, which: Sequence[Any]) -> None:
        """The message that named the job is gone with this: another is sent when there is room. Nothing is to be sent where none was."""
        if which:
            waiting = update(_J).where(_J.tenant == tenant, _J.state == State.WAITING.value, *which)
            connection.execute(waiting.values(handed_out_s=0))

    def _take(self, connection: Connection, job: Job) -> Claimed | None:
        """The job under a lease; None where its caller took it back this moment."""
        now, lease = int(self._now()), uuid4().hex
        values = {
            "state": State.RUNNING.value,
            "attempts": job.attempts + 1,
            "started_s": job.started_s or now,
            "lease": lease,
            "lease_until_s": now + self._limits.lease_s,
        }
        waiting = (_J.id == job.id, _J.state == State.WAITING.value)
        if not connection.execute(update(_J).where(_J.tenant == job.tenant, *waiting).values(values)).rowcount:
            return None
        row = connection.execute(select(*PLAIN, _J.asked).where(_J.tenant == job.tenant, _J.id == job.id)).one()
        if not self._cipher.has_key:
            raise ConfigurationError("jobs wait that were sealed with a key, and FHIR_CODER_KEY is empty")
        return Claimed(job_of(row), lease, self._opened(row.asked))

    def _opened(self, asked: Sealed | None) -> str:
        """Empty where no key of ours opens it: the try fails, so that the jobs behind it have their turn."""
        try:
            return self._cipher.open(asked)
        except ConfigurationError:
            return ""

    def _end(
        self, connection: Connection, claimed: Claimed, state: State, kept_s: int, values: dict[str, Any], asks_on: bool = False
    ) -> bool:
        now = int(self._now())
        over = {"state": state.value, "ended_s": now, "expires_s": now + kept_s, "lease_until_s": 0} | values
        return _change(connection, claimed, **over, **({} if asks_on else {"asked": None}))


def _change(connection: Connection, claimed: Claimed, **values: Any) -> bool:
    """Change a job that is the caller's."""
    mine = (_J.id == claimed.job.id, _J.lease == claimed.lease, _J.state == State.RUNNING.value)
    return bool(connection.execute(update(_J).where(_J.tenant == claimed.job.tenant, *mine).values(values)).rowcount)


def _is_cancelled(connection: Connection, claimed: Claimed) -> bool:
    """Whether it was taken back while the caller was at it."""
    mine = (_J.id == claimed.job.id, _J.lease == claimed.lease)
    return connection.scalar(select(_J.state).where(_J.tenant == claimed.job.tenant, *mine)) == State.CANCELLED.value
