"""Calls that are answered later: ``Prefer: respond-async`` gives 202 and an address; who asked for it asks there for the answer.

The kick-off and the polling are those of http://hl7.org/fhir/R4/async.html. That page hands results out as files of a manifest, which one resource is
not; ours is a Bundle of type batch-response with one entry, as http://hl7.org/fhir/R5/async-bundle.html has it, and an error is its status and its
OperationOutcome.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from decimal import Decimal
from email.utils import formatdate
from typing import Any, Protocol

from flask import Response, request

from fhir_coder.api.audited import current_agent, tell
from fhir_coder.api.gate import current_grant
from fhir_coder.api.media import Format
from fhir_coder.api.observation import current_request_id
from fhir_coder.api.outcome import plain_issue
from fhir_coder.api.respond import format_of, respond
from fhir_coder.api.told_of import told_of_request
from fhir_coder.audit.entry import Action
from fhir_coder.errors import JobGivenUp, JobUnknown
from fhir_coder.exchange import CodingRequest, Resource
from fhir_coder.jobs.asked import Asked, written
from fhir_coder.jobs.job import Answer, Caller, Job, Standing, State
from fhir_coder.smart.context import Grant

PATH = "_jobs"
"""Where the addresses of jobs stand, below a base."""
LOOK_AGAIN_S = 2
"""When to ask again for a job that is being done or is next."""
LONGEST_S = 120


class Desk(Protocol):
    """What this needs of :class:`fhir_coder.store.jobs.Jobs`."""

    @property
    def can_keep(self) -> bool:
        """Whether jobs can be taken on."""

    def add(self, tenant: str, caller: Caller, asked: str, encounter: str) -> Job:
        """Take one on."""

    def find(self, tenant: str, caller: Caller) -> Standing | None:
        """The caller's job at an address."""

    def cancel(self, tenant: str, caller: Caller) -> bool:
        """Take it back."""


class Asynchronous:
    """``desk`` keeps the jobs, ``taken_on`` is told of each new one, ``base`` gives the absolute base of a tenant as callers see it, ``record`` writes down
    by a word that an answer was handed out or a job taken back; ``now`` tells epoch seconds."""

    def __init__(
        self,
        desk: Desk,
        taken_on: Callable[[], None],
        base: Callable[[str], str],
        record: Callable[[str, Action], None],
        now: Callable[[], float],
    ) -> None:
        self._desk = desk
        self._taken_on = taken_on
        self._base = base
        self._record = record
        self._now = now

    @property
    def is_possible(self) -> bool:
        """Whether calls can be answered later here: what is asked must be kept, and is kept sealed or not at all."""
        return self._desk.can_keep

    def take_on(self, coding: CodingRequest, ignored: Sequence[str], form: Format) -> Response:
        """Keep what is asked, and say where the answer will be. Raises Busy where too many wait."""
        asked = Asked(coding, current_agent(), tuple(ignored), current_request_id(), request.remote_addr or "")
        address = secrets.token_urlsafe(32)
        told = told_of_request(coding)
        tell(told.patient, told.entities, told.detail)
        job = self._desk.add(coding.tenant, Caller(caller_name(current_grant()), address), written(asked), asked.encounter)
        tell(detail={"job": job.id})
        self._taken_on()
        where = f"{self._base(coding.tenant)}/{PATH}/{address}"
        headers = {"Content-Location": where, "Retry-After": str(LOOK_AGAIN_S)}
        return respond(_said("The encounter will be coded. Ask for the answer at the address in Content-Location."), form, 202, headers)

    def status(self, tenant: str, address: str) -> Response:
        """202 until there is an answer, then the answer, for as long as it is kept. Raises JobUnknown for whoever did not ask for it, and JobGivenUp."""
        standing = self._standing(tenant, address)
        job, form = standing.job, format_of(request)
        if job.is_open:
            headers = {"X-Progress": progress(standing), "Retry-After": str(self._look_again_s(job))}
            return respond(_said(f"No answer yet: {progress(standing)}."), form, 202, headers)
        self._write_down("job-answer", Action.READ, job)
        if job.state is State.DEAD or standing.answer is None:
            raise JobGivenUp(
                f"the encounter could not be coded in {job.attempts} tries (last error {job.error}); an operator may try it again"
            )
        return _answered(standing.answer, job, form)

    def cancel(self, tenant: str, address: str) -> Response:
        """Take a job back, or forget its answer. Raises JobUnknown, and NotRecorded: then it stays."""
        form = format_of(request)
        self._write_down("job-cancel", Action.DELETE, self._standing(tenant, address).job)
        if not self._desk.cancel(tenant, Caller(caller_name(current_grant()), address)):
            raise _unknown()  # another call took it back this moment
        return respond(
            _said("The job was taken back and its answer is forgotten. A coding that was made or is being made stays."), form, 202
        )

    def _standing(self, tenant: str, address: str) -> Standing:
        found = self._desk.find(tenant, Caller(caller_name(current_grant()), address))
        if found is None:
            raise _unknown()
        return found

    def _write_down(self, word: str, action: Action, job: Job) -> None:
        tell(entities=[job.encounter], detail={"job": job.id, "coding": job.coding})
        self._record(word, action)

    def _look_again_s(self, job: Job) -> int:
        if job.state is State.RUNNING:
            return LOOK_AGAIN_S
        return int(min(LONGEST_S, max(LOOK_AGAIN_S, job.next_attempt_s - self._now())))


def _unknown() -> JobUnknown:
    return JobUnknown("no job at this address: it never was, was cancelled, or is beyond its time")


def caller_name(grant: Grant | None) -> str:
    """Who may ask after a job: the client and the person of the token, within the patient and encounter that it is bound to; without tokens everybody on
    this machine is the same."""
    if grant is None:
        return "this machine"
    return json.dumps([grant.issuer, grant.client, grant.subject, grant.patient, grant.encounter])


def progress(standing: Standing) -> str:
    """Where a job stands, in less than 100 characters (the header X-Progress)."""
    job = standing.job
    if job.state is State.RUNNING:
        return "being coded"
    if job.attempts:
        return f"waiting for another try after {job.attempts}, last error {job.error}"
    return f"waiting, {standing.before} before it" if standing.before else "waiting, next"


def _answered(answer: Answer, job: Job, form: Format) -> Response:
    resource: Resource = json.loads(answer.resource, parse_float=Decimal)
    headers = {"Expires": formatdate(job.expires_s, usegmt=True)}
    if answer.status >= 400:
        return respond(resource, form, answer.status, headers)
    entry: dict[str, Any] = {"resource": resource, "response": {"status": "200 OK"}}
    return respond({"resourceType": "Bundle", "type": "batch-response", "entry": [entry]}, form, 200, headers)


def _said(sentence: str) -> Resource:
    return {"resourceType": "OperationOutcome", "issue": [plain_issue("information", "informational", sentence)]}
