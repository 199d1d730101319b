"""One round of keeping the table going: what was lost waits again, what is beyond its time goes, and a broker, where there is one, hears of what is due."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from fhir_coder.api.log import FIELDS
from fhir_coder.audit.entry import AuditEntry
from fhir_coder.errors import WorkerLost
from fhir_coder.jobs import entries
from fhir_coder.jobs.job import Job, State

_LOG = logging.getLogger("fhir_coder.jobs")


class Broker(Protocol):
    """What tells workers of jobs."""

    def tell(self, job: Job) -> bool:
        """False where it does not take it."""

    def held(self) -> int:
        """How many messages lie there that no worker has taken; 0 where it does not say."""


class Table(Protocol):
    """What this needs of :class:`fhir_coder.store.job_sweeping.JobSweeping`."""

    def take_back(self, entry_of: Callable[[Job, str], AuditEntry]) -> Sequence[Job]:
        """Jobs whose workers were lost."""

    def hand_out(self, held: Callable[[], int]) -> tuple[Job, ...]:
        """Jobs to tell a broker of, which holds so many messages."""

    def not_handed_out(self, jobs: Sequence[Job]) -> None:
        """Those that it did not take."""

    def prune(self) -> int:
        """What is beyond its time."""


class Sweeper:
    """``broker`` is None where none is used: then those who work the jobs off look into the table. ``count`` hears of each try whose worker was lost
    how it ended, as it hears of the others from whoever did them."""

    def __init__(self, table: Table, broker: Broker | None = None, count: Callable[[str], None] = lambda end: None) -> None:
        self._table = table
        self._broker = broker
        self._count = count

    def sweep(self) -> None:
        """One round. Nothing is raised: what cannot be done now is done by the next round."""
        try:
            for job in self._table.take_back(entries.lost):
                self._tell(job)
            self._table.prune()
        except Exception as error:  # the database may be away for a while
            _LOG.warning("jobs were not swept: %s", type(error).__name__)
        self.hand_out()

    def _tell(self, job: Job) -> None:
        """What a worker says of a try, of one that its worker cannot tell of any more."""
        self._count(WorkerLost.code)
        end = f"{WorkerLost.code}, {'dead' if job.state is State.DEAD else 'tried again'}"
        _LOG.warning("job", extra={FIELDS: {"job": job.id, "tenant": job.tenant, "attempt": job.attempts, "end": end}})

    def hand_out(self) -> None:
        """Tell the broker of what is due; also right after a job is taken on, or has made room for another of its tenant."""
        if self._broker is None:
            return
        try:
            if left := _not_taken(self._table.hand_out(self._broker.held), self._broker):
                self._table.not_handed_out(left)
        except Exception as error:
            _LOG.warning("jobs were not handed out: %s", type(error).__name__)


def _not_taken(jobs: Sequence[Job], broker: Broker) -> Sequence[Job]:
    """Those that the broker did not take: when it refuses one it is not asked about the rest."""
    for position, job in enumerate(jobs):
        if not broker.tell(job):
            return jobs[position:]
    return ()
