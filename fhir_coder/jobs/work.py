"""Doing a job: the encounter is coded as for a caller who waits, and the answer is kept with the coding, in one transaction, or neither is.

What may go better another time is tried again later; what would not is the answer. Nothing here raises because a job fails.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from fhir_coder.api.given import GivenParameters
from fhir_coder.api.log import FIELDS, places
from fhir_coder.api.outcome import outcome_of_error
from fhir_coder.api.told_of import told_of_request, told_of_result
from fhir_coder.audit.entry import AuditEntry, Auditor, Success
from fhir_coder.errors import Conflict, FhirCoderError, RequiredMissing, Uncodable, WorkerLost
from fhir_coder.exchange import CodingRequest, CodingResult, Resource
from fhir_coder.fhir.writer import write_json
from fhir_coder.jobs import asked as asking
from fhir_coder.jobs.again import is_worth_another_try, wait_s
from fhir_coder.jobs.asked import Asked
from fhir_coder.jobs.entries import EVENT, entry, failed
from fhir_coder.jobs.job import Answer, Claimed
from fhir_coder.jobs.lease import renewing

_LOG = logging.getLogger("fhir_coder.jobs")


class Claims(Protocol):
    """What this needs of :class:`fhir_coder.store.job_claims.JobClaims`."""

    def claim(self, job_id: str) -> Claimed | None:
        """The job, for the caller alone."""

    def claim_next(self) -> Claimed | None:
        """The next one that is due."""

    def renew(self, claimed: Claimed) -> bool:
        """Whether it is still the caller's."""

    def finish(self, connection: Any, claimed: Claimed, answer: Answer, coding: str) -> None:
        """It came to a coding."""

    def fail(self, connection: Any, claimed: Claimed, answer: Answer, error: str) -> None:
        """Its answer is an error."""

    def postpone(self, claimed: Claimed, wait_s: float, error: str) -> bool:
        """Another try later, unless this was the last one."""

    def give_up(self, connection: Any, claimed: Claimed, error: str) -> None:
        """It is dead."""

    def writing(self) -> AbstractContextManager[Any]:
        """A transaction."""


class Codes(Protocol):
    """What this needs of the engine."""

    def code(self, request: CodingRequest, beside: Callable[[Any, CodingResult], None] | None = None) -> CodingResult:
        """Code an encounter, and keep something beside the coding."""


@dataclass(frozen=True, slots=True)
class Work:
    """``render`` makes the answer of a result; ``append`` adds an entry to the audit within a transaction, ``record`` in one of its own; ``done`` hears
    of each coding, ``count`` how each try ended; ``renew_s`` is how often a lease is renewed; ``too_long`` are errors that
    whoever calls puts into a try that takes longer than it may."""

    claims: Claims
    engine: Codes
    render: Callable[[CodingResult, Asked], Resource]
    append: Callable[[Any, AuditEntry], object]
    record: Auditor
    done: Callable[[CodingResult], None]
    count: Callable[[str], None]
    renew_s: float = 10.0
    too_long: tuple[type[Exception], ...] = ()
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    chance: random.Random = field(default_factory=random.Random)

    def do(self, job_id: str) -> bool:
        """The job of that id; whether there was something to do."""
        return self._do(self.claims.claim(job_id))

    def do_next(self) -> bool:
        """The next job that is due; whether there was one."""
        return self._do(self.claims.claim_next())

    def _do(self, claimed: Claimed | None) -> bool:
        if claimed is None:
            return False
        started = time.monotonic()
        with renewing(lambda: self.claims.renew(claimed), self.renew_s):
            end = self._try(claimed, asking.read(claimed.asked))
        self.count(end.partition(",")[0])
        fields = {"job": claimed.job.id, "tenant": claimed.job.tenant, "attempt": claimed.job.attempts, "end": end}
        _LOG.info("job", extra={FIELDS: fields | {"milliseconds": round((time.monotonic() - started) * 1000, 1)}})
        return True

    def _try(self, claimed: Claimed, asked: Asked) -> str:
        """How it ended, in a word."""
        try:
            if asked.request.write_back:
                self.record(entry(claimed.job, asked, "write-back", Success.DONE, told_of_request(asked.request)))
            result = self.engine.code(asked.request, lambda connection, result: self._keep(connection, claimed, asked, result))
        except self.too_long:
            return self._end(claimed, asked, WorkerLost("a try took longer than it may"))
        except Exception as error:  # whatever it is, it is of this job
            return self._end(claimed, asked, error)
        self.done(result)
        return "done"

    def _keep(self, connection: Any, claimed: Claimed, asked: Asked, result: CodingResult) -> None:
        """The answer and the entry of the audit, with the coding."""
        answer = Answer(200, write_json(self.render(result, asked)).decode("utf-8"))
        self.append(connection, entry(claimed.job, asked, EVENT, Success.DONE, told_of_result(result)))
        self.claims.finish(connection, claimed, answer, result.coding_id)

    def _end(self, claimed: Claimed, asked: Asked, error: Exception) -> str:
        code = error.code if isinstance(error, FhirCoderError) else FhirCoderError.code
        if not isinstance(error, FhirCoderError):
            fields = {"job": claimed.job.id, "exception": type(error).__name__, "places": list(places(error.__traceback__))}
            _LOG.error("unexpected error", extra={FIELDS: fields})
        if isinstance(error, FhirCoderError) and not is_worth_another_try(error):
            self._refuse(claimed, asked, error)
            return code
        wait = wait_s(claimed.job.attempts, error, self.now, self.chance)
        if self.claims.postpone(claimed, wait, code):
            return f"{code}, tried again"
        return f"{code}, {self._give_up(claimed, asked, code)}"

    def _give_up(self, claimed: Claimed, asked: Asked, code: str) -> str:
        try:
            with self.claims.writing() as connection:
                self.append(connection, failed(claimed.job, asked, Success.FAILED, code))
                self.claims.give_up(connection, claimed, code)
        except Conflict:
            return "not ours any more"
        return "dead"

    def _refuse(self, claimed: Claimed, asked: Asked, error: FhirCoderError) -> None:
        if isinstance(error, RequiredMissing | Uncodable):
            error = GivenParameters({}, asked.ignored).explain(error)
        told = failed(claimed.job, asked, Success.REFUSED if error.status < 500 else Success.FAILED, error.code)
        outcome = write_json(outcome_of_error(error, asked.request_id)).decode("utf-8")
        with self.claims.writing() as connection:
            self.append(connection, told)
            self.claims.fail(connection, claimed, Answer(error.status, outcome), error.code)
