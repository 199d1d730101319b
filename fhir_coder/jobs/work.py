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
from functools import partial
from typing import Any, Protocol

from fhir_coder.api.given import GivenParameters
from fhir_coder.api.log import FIELDS, places
from fhir_coder.api.outcome import outcome_of_error
from fhir_coder.api.told_of import told_of_request, told_of_result
from fhir_coder.audit.entry import AuditEntry, Auditor, Success
from fhir_coder.errors import ConfigurationError, Conflict, FhirCoderError, RequiredMissing, Uncodable, WorkerLost
from fhir_coder.exchange import CodingRequest, CodingResult, Resource
from fhir_coder.fhir.writer import write_json
from fhir_coder.jobs import asked as asking
from fhir_coder.jobs.again import is_worth_another_try, wait_s
from fhir_coder.jobs.asked import Asked
from fhir_coder.jobs.entries import EVENT, entry, failed, lost
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


class Doing(Protocol):
    """What one job takes, of its kind: a caller's, or an encounter of a bulk run (:class:`fhir_coder.bulk.worked_off.OfRun`)."""

    def code(self, beside: Callable[[Any, CodingResult], None]) -> CodingResult:
        """Code it, and keep something beside the coding."""

    def answer(self, result: CodingResult) -> str:
        """What is to be kept as the answer."""

    def refusal(self, error: FhirCoderError) -> str:
        """The same where the answer is an error."""


@dataclass(frozen=True, slots=True)
class _OfCaller:
    """As the operation does a call."""

    engine: Codes
    render: Callable[[CodingResult, Asked], Resource]
    asked: Asked

    def code(self, beside: Callable[[Any, CodingResult], None]) -> CodingResult:
        return self.engine.code(self.asked.request, beside)

    def answer(self, result: CodingResult) -> str:
        return write_json(self.render(result, self.asked)).decode("utf-8")

    def refusal(self, error: FhirCoderError) -> str:
        if isinstance(error, RequiredMissing | Uncodable):
            error = GivenParameters({}, self.asked.ignored).explain(error)
        return write_json(outcome_of_error(error, self.asked.request_id)).decode("utf-8")


def no_run(asked: Asked) -> Doing:
    """Where no bulk run gives work. Raises ConfigurationError."""
    raise ConfigurationError("encounters of bulk runs are not coded here")


@dataclass(frozen=True, slots=True)
class Work:
    """``render`` makes the answer of a result; ``append`` adds an entry to the audit within a transaction, ``record`` in one of its own; ``done`` hears
    of each coding, ``count`` how each try ended; ``renew_s`` is how often a lease is renewed; ``too_long`` are errors that
    whoever calls puts into a try that takes longer than it may; ``of_run`` does encounters of bulk runs."""

    claims: Claims
    engine: Codes
    render: Callable[[CodingResult, Asked], Resource]
    append: Callable[[Any, AuditEntry], object]
    record: Auditor
    done: Callable[[CodingResult], None]
    count: Callable[[str], None]
    renew_s: float = 10.0
    too_long: tuple[type[Exception], ...] = ()
    of_run: Callable[[Asked], Doing] = no_run
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
            end = self._begin(claimed)
        self.count(end.partition(",")[0])
        fields = {"job": claimed.job.id, "tenant": claimed.job.tenant, "attempt": claimed.job.attempts, "end": end}
        _LOG.info("job", extra={FIELDS: fields | {"milliseconds": round((time.monotonic() - started) * 1000, 1)}})
        return True

    def _begin(self, claimed: Claimed) -> str:
        """How it ended, in a word. What this process cannot read another may, now or after a restart; it must not keep other jobs from being done."""
        try:
            asked = _read(claimed)
        except ConfigurationError as error:
            _LOG.warning("a job cannot be read: %s", error)
            return self._put_off(claimed, error, error.code, lost(claimed.job, claimed.asked, error.code))
        return self._try(claimed, asked)

    def _try(self, claimed: Claimed, asked: Asked) -> str:
        """The same of what was read."""
        doing = self.of_run(asked) if claimed.job.run else _OfCaller(self.engine, self.render, asked)
        try:
            if asked.request.write_back:
                self.record(entry(claimed.job, asked, "write-back", Success.DONE, told_of_request(asked.request)))
            result = doing.code(partial(self._keep, claimed, asked, doing))
        except self.too_long:
            return self._end(claimed, asked, WorkerLost("a try took longer than it may"), doing)
        except Exception as error:  # whatever it is, it is of this job
            return self._end(claimed, asked, error, doing)
        self.done(result)
        return "done"

    def _keep(self, claimed: Claimed, asked: Asked, doing: Doing, connection: Any, result: CodingResult) -> None:
        """The answer and the entry of the audit, with the coding."""
        answer = Answer(200, doing.answer(result))
        self.append(connection, entry(claimed.job, asked, EVENT, Success.DONE, told_of_result(result)))
        self.claims.finish(connection, claimed, answer, result.coding_id)

    def _end(self, claimed: Claimed, asked: Asked, error: Exception, doing: Doing) -> str:
        code = error.code if isinstance(error, FhirCoderError) else FhirCoderError.code
        if not isinstance(error, FhirCoderError):
            fields = {"job": claimed.job.id, "exception": type(error).__name__, "places": list(places(error.__traceback__))}
            _LOG.error("unexpected error", extra={FIELDS: fields})
        if isinstance(error, FhirCoderError) and not is_worth_another_try(error):
            self._refuse(claimed, asked, error, doing)
            return code
        return self._put_off(claimed, error, code, failed(claimed.job, asked, Success.FAILED, code))

    def _put_off(self, claimed: Claimed, error: Exception, code: str, told: AuditEntry) -> str:
        """Another try later, or none; then the audit is ``told``."""
        if self.claims.postpone(claimed, wait_s(claimed.job.attempts, error, self.now, self.chance), code):
            return f"{code}, tried again"
        return f"{code}, {self._give_up(claimed, told, code)}"

    def _give_up(self, claimed: Claimed, told: AuditEntry, code: str) -> str:
        try:
            with self.claims.writing() as connection:
                self.append(connection, told)
                self.claims.give_up(connection, claimed, code)
        except Conflict:
            return "not ours any more"
        return "dead"

    def _refuse(self, claimed: Claimed, asked: Asked, error: FhirCoderError, doing: Doing) -> None:
        told = failed(claimed.job, asked, Success.REFUSED if error.status < 500 else Success.FAILED, error.code)
        with self.claims.writing() as connection:
            self.append(connection, told)
            self.claims.fail(connection, claimed, Answer(error.status, doing.refusal(error)), error.code)


def _read(claimed: Claimed) -> Asked:
    """What is asked. Raises ConfigurationError where it cannot be opened with the keys of this process, or another version of ours wrote it."""
    if not claimed.asked:
        raise ConfigurationError("what is asked was sealed with a key that FHIR_CODER_KEY does not list")
    try:
        return asking.read(claimed.asked)
    except (ValueError, LookupError, TypeError, AttributeError):
        raise ConfigurationError("what is asked was written by another version of this software") from None
