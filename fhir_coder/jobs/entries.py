"""What the audit is told of a job: entries in the name of whoever asked, whenever and by whomever it is done, and of jobs that nobody came to an end with."""

from __future__ import annotations

from fhir_coder.api.told_of import Told, told_of_request
from fhir_coder.audit.entry import Action, Agent, AgentKind, AuditEntry, Success
from fhir_coder.errors import WorkerLost
from fhir_coder.jobs import asked as asking
from fhir_coder.jobs.asked import Asked
from fhir_coder.jobs.job import Job

EVENT = "code-encounter"
"""The audit's word for a call of the operation, whenever it is done."""
_US = Agent(AgentKind.SOFTWARE)


def entry(job: Job, asked: Asked, event: str, success: Success, told: Told) -> AuditEntry:
    """An entry in the name of whoever asked."""
    detail = {**told.detail, "job": job.id, **({"run": job.run} if job.run else {})}
    return AuditEntry(
        job.tenant, event, Action.EXECUTE, success, asked.agent, told.patient, told.entities, asked.request_id, asked.address, detail=detail
    )


def failed(job: Job, asked: Asked, success: Success, code: str) -> AuditEntry:
    """The entry of a job whose end is an error."""
    told = told_of_request(asked.request)
    return entry(job, asked, EVENT, success, Told(told.patient, told.entities, {**told.detail, "error": code}))


def lost(job: Job, text: str, code: str = WorkerLost.code) -> AuditEntry:
    """The entry of a job that is dead because at its last try its worker was lost, or could not read it. ``text`` is what was asked, as
    :mod:`fhir_coder.jobs.asked` wrote it: where it cannot be read the entry is in our own name, and tells of the job and its encounter. Raises nothing: a job
    that cannot be read has to end too."""
    try:
        return failed(job, asking.read(text), Success.FAILED, code)
    except (ValueError, LookupError, TypeError, AttributeError):
        told = Told.of("", (job.encounter,), {"error": code, "job": job.id})
        return AuditEntry(job.tenant, EVENT, Action.EXECUTE, Success.FAILED, _US, told.patient, told.entities, detail=told.detail)
