"""What becomes of an encounter that is due: it is looked at again later, a job is taken on for it, or nothing more is expected of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Protocol
from uuid import uuid4

from fhir_coder.audit.entry import Action, Agent, AgentKind, AuditEntry, Success
from fhir_coder.discovery.coded_already import ReadsAs, has_read, reads_otherwise
from fhir_coder.discovery.telling import News, Telling
from fhir_coder.discovery.watched import BY_IDENTIFIER, Watched, Why
from fhir_coder.discovery_settings import Discovery
from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.encounter_look import Look, look_at
from fhir_coder.ehr.encounter_search import KIND, by_identifier
from fhir_coder.ehr.encounter_state import Standing
from fhir_coder.ehr.note_proof import is_silent
from fhir_coder.ehr.policy import IntakePolicy
from fhir_coder.ehr.withdrawal import is_withdrawn
from fhir_coder.errors import Conflict, ResourceDeleted, ResourceUnknown, Uncodable
from fhir_coder.exchange import CodingRequest, Resource
from fhir_coder.fhir_id import is_addressable
from fhir_coder.jobs.asked import Asked, written
from fhir_coder.jobs.job import Caller, Job, Priority
from fhir_coder.store.records import CodingLine, StoredEncounter, Within

EVENT = "discover"
"""The audit's word for a job that was taken on for an encounter that was found, and for the reading of texts that were coded, to compare them."""
MOST_JOBS = 20
"""Codings of one encounter that discovery has made: an EHR that gives every answer a new version would have it coded for ever."""
SHARE = 0.8
"""Of the jobs of a tenant that may wait: the rest of the places is for callers, who do not come back by themselves."""
DAY_S, HOUR_S, MINUTE_S = 24 * 3600, 3600, 60
_US = Agent(AgentKind.SOFTWARE)
_NOT_TOLD = {Why.UNKNOWN, Why.REFUSED, Why.UNCODABLE}
_CLOSED = {Standing.NOT_A_VISIT: Why.NOT_A_VISIT, Standing.INPATIENT: Why.INPATIENT}


class Cause(StrEnum):
    """Why a job was taken on: the encounter was coded by nobody, or it was, and has changed. ``WITHDRAWN``: there is nothing left to code, and reviews were held."""

    NEW = "new"
    CHANGED = "changed"
    WITHDRAWN = "withdrawn"


class Keeps(Protocol):
    """What this needs of :class:`fhir_coder.store.discovery.DiscoveryStore`."""

    def later(
        self,
        tenant: str,
        one: Watched,
        why: Why,
        look_at_s: int,
        pending: str = "",
        pending_s: int = 0,
        version: str = "",
        also: Callable[[Any], object] | None = None,
    ) -> bool:
        """Look at it again then."""

    def close(self, tenant: str, one: Watched, why: Why) -> bool:
        """Expect nothing more of it."""

    def resolve(self, tenant: str, ehr: str, one: Watched, encounter: str) -> bool:
        """Watch this encounter instead."""

    def take(self, tenant: str, one: Watched, version: str, look_at_s: int, add_job: Callable[[Any], Job]) -> Job | None:
        """Take a job on."""

    def is_open(self, tenant: str, job: str) -> bool:
        """Whether a job has not come to its end."""


class TakesOn(Protocol):
    """What this needs of :class:`fhir_coder.store.jobs.Jobs`."""

    def add_within(
        self, connection: Any, tenant: str, caller: Caller, asked: str, encounter: str, priority: Priority, share: float = 1.0
    ) -> Job:
        """Take a job on in a transaction."""


class Codings(Protocol):
    """What this needs of :class:`fhir_coder.store.repository.Repository`."""

    def recent(self, tenant: str, most: int, within: Within = ...) -> tuple[CodingLine, ...]:
        """The newest codings of an encounter."""

    def get(self, tenant: str, coding_id: str) -> StoredEncounter | None:
        """One of them."""


@dataclass(frozen=True, slots=True)
class Looker:
    """Looks at encounters of one EHR. ``append`` adds an entry to the audit within a transaction, ``record`` in one of its own; ``now`` tells the time (aware)."""

    tenant: str
    ehr: str
    discovery: Discovery
    store: Keeps
    jobs: TakesOn
    codings: Codings
    policy: IntakePolicy
    append: Callable[[Any, AuditEntry], object]
    record: Callable[[AuditEntry], object]
    now: Callable[[], datetime]
    telling: Telling

    def look(self, client: EhrClient, one: Watched) -> Cause | None:
        """Why a job was taken on or reviews were held, None where neither was. Raises Busy where no more may wait, and an EhrError: then the encounter stands as it did."""
        if one.encounter.startswith(BY_IDENTIFIER):
            self._resolve(client, one)
            return None
        if self.store.is_open(self.tenant, one.job):
            self._again(one, Why.QUEUED, one.version)
            return None
        try:
            return self._judge(client, one, look_at(client, one.encounter, self.policy, self.now))
        except ResourceUnknown:
            self._again(one, Why.UNKNOWN)
        except ResourceDeleted:
            return self._over(one, Why.DELETED)
        except Uncodable:
            self._again(one, Why.UNCODABLE)
        return None

    def failed(self, one: Watched, is_refused: bool = False) -> None:
        """The look came to nothing, for whatever cause: another time, so that one encounter does not keep the others waiting."""
        self._again(one, Why.REFUSED if is_refused else Why.FAILED)

    def _judge(self, client: EhrClient, one: Watched, look: Look) -> Cause | None:
        if look.standing in _CLOSED:
            return self._over(one, _CLOSED[look.standing])
        if look.standing is Standing.UNFINISHED:
            self._again(one, Why.UNFINISHED)
        elif not look.documents:
            return self._without_note(client, one, Why.UNSIGNED if look.has_unsigned else Why.NO_NOTE)
        elif look.version == one.version:
            return self._compare(one, look)
        elif not self._settles(one, look):
            return self._take(one, look)
        return None

    def _over(self, one: Watched, why: Why) -> Cause | None:
        """Nothing is expected of it, once its reviews were told."""
        if news := self.telling.news(one, why):
            return self._tell(one, why, news)
        self.store.close(self.tenant, one, why)
        return None

    def _without_note(self, client: EhrClient, one: Watched, why: Why) -> Cause | None:
        """There is no note that could be coded: where one was, and was withdrawn since, its reviews are told."""
        address, was_seen = f"{KIND}/{one.encounter}", bool(one.version)

        def rests_on_it(coding: StoredEncounter) -> bool:
            return any(is_withdrawn(client, note.reference, address, was_seen) for note in coding.notes)

        if news := self.telling.news(one, Why.NO_NOTE, rests_on_it):
            return self._tell(one, why, news)
        self._again(one, why)
        return None

    def _tell(self, one: Watched, why: Why, news: News) -> Cause | None:
        """The reviews are held and that is known of the encounter, or neither: a person's work is waited for."""
        due, told = self._in(self.discovery.look_minutes * MINUTE_S), list[str]()
        try:
            self.store.later(
                self.tenant, one, why, due, version=news.version, also=lambda connection: told.extend(self.telling.tell(connection, news))
            )
        except Conflict:
            self.store.later(self.tenant, one, why, due)
        for coding in told:
            self.telling.carry_out(coding)
        return Cause.WITHDRAWN if told else None

    def _compare(self, one: Watched, look: Look) -> Cause | None:
        """Nothing that the EHR tells has changed. Where it could not tell, the texts are compared now and then with those that were coded."""
        now = int(self.now().timestamp())
        silent = [document for document in look.documents if is_silent(document)]
        is_due = self.discovery.compare_minutes and now - max(one.compared_s, one.taken_s) >= self.discovery.compare_minutes * MINUTE_S
        if not (silent and is_due):
            self._again(one, Why.UNCHANGED, look.version, one.compared_s)
            return None
        coding = self._coding(one.encounter)
        if coding is None or not reads_otherwise(coding, silent, self._reading(one, look)):
            self._again(one, Why.UNCHANGED, look.version, now)
            return None
        return self._take(one, replace(look, version=sha256(f"{look.version} read otherwise".encode()).hexdigest()))

    def _reading(self, one: Watched, look: Look) -> ReadsAs:
        """Reads documents of a look; that texts are read is in the audit before the first is."""
        told: list[str] = []

        def reads_as(document: Resource, sha256: str) -> bool:
            if not told:
                entity = f"{KIND}/{one.encounter}"
                detail = {"ehr": self.ehr, "cause": "compared"}
                self.record(AuditEntry(self.tenant, EVENT, Action.READ, Success.DONE, _US, look.patient, (entity,), detail=detail))
                told.append(entity)
            return look.proof is None or look.proof.reads_as(document, sha256)

        return reads_as

    def _settles(self, one: Watched, look: Look) -> bool:
        """Whether the time after the last signature is not over, by the EHR's word; since these notes were first seen where it does not tell, or tells a later
        moment: what was seen had been written."""
        now = int(self.now().timestamp())
        since = one.pending_s if one.pending == look.version else now
        signed = min(int(look.signed_at.timestamp()), since) if look.signed_at else since
        ready = signed + self.discovery.settle_minutes * MINUTE_S
        if ready > now:
            self.store.later(self.tenant, one, Why.SETTLING, ready, look.version, since)
        return ready > now

    def _take(self, one: Watched, look: Look) -> Cause | None:
        coding = self._coding(one.encounter)
        if coding is not None and has_read(coding, look.encounter, look.documents, self._reading(one, look)):
            self._again(one, Why.UNCHANGED, look.version)
            return None
        if one.jobs >= MOST_JOBS:
            self.store.close(self.tenant, one, Why.TOO_OFTEN)
            return None
        cause = Cause.NEW if coding is None and not one.version else Cause.CHANGED

        def add_job(connection: Any) -> Job:
            asked = self._asked(one)
            caller = Caller("discovery", secrets.token_urlsafe(32))
            job = self.jobs.add_within(connection, self.tenant, caller, written(asked), asked.encounter, Priority.BULK, SHARE)
            detail = {"job": job.id, "ehr": self.ehr, "notes": str(len(look.documents)), "cause": cause.value}
            entities = (asked.encounter,)
            self.append(
                connection, AuditEntry(self.tenant, EVENT, Action.EXECUTE, Success.DONE, _US, look.patient, entities, detail=detail)
            )
            return job

        # the job is looked after soon: what changes before it is done has the encounter coded again
        due = self._in(self.discovery.look_minutes * MINUTE_S)
        return cause if self.store.take(self.tenant, one, look.version, due, add_job) is not None else None

    def _asked(self, one: Watched) -> Asked:
        request = CodingRequest(self.tenant, encounter_id=one.encounter, ehr=self.ehr, write_back=self.discovery.write_back)
        return Asked(request, _US, request_id=uuid4().hex)

    def _coding(self, encounter: str) -> StoredEncounter | None:
        lines = self.codings.recent(self.tenant, 1, Within(ehr=self.ehr, encounter=f"Encounter/{encounter}"))
        return self.codings.get(self.tenant, lines[0].id) if lines else None

    def _resolve(self, client: EhrClient, one: Watched) -> None:
        """An encounter that is known by an identifier: its id, once the EHR tells exactly one."""
        token = one.encounter.removeprefix(BY_IDENTIFIER)
        found = list(client.search(KIND, by_identifier(token), on_warning=lambda sentence: None))
        ids = {each["id"] for each in found if is_addressable(each.get("id", "")) and _has_identifier(each.get("identifier", ()), token)}
        if len(ids) == 1:
            self.store.resolve(self.tenant, self.ehr, one, ids.pop())
        elif ids:
            self.store.close(self.tenant, one, Why.AMBIGUOUS)
        else:
            self._again(one, Why.UNKNOWN)

    def _again(self, one: Watched, why: Why, version: str = "", compared_s: int = 0) -> None:
        """Look later, or not at all once the time is over for which an encounter is waited for, or a coded one is read again."""
        now, is_taken = int(self.now().timestamp()), bool(one.taken_s or version)
        days = self.discovery.reread_days if is_taken else self.discovery.wait_days
        if why is not Why.QUEUED and now > ((one.taken_s or now) if is_taken else one.found_s) + days * DAY_S:
            self.store.close(self.tenant, one, Why.REREAD if is_taken else Why.TOO_LATE)
            return
        self.store.later(self.tenant, one, why, self._in(self._pause_s(one, why, now)), pending_s=compared_s, version=version)

    def _pause_s(self, one: Watched, why: Why, now: int) -> int:
        look_s = self.discovery.look_minutes * MINUTE_S
        if why is Why.UNCHANGED:
            return self.discovery.reread_minutes * MINUTE_S
        age = now - one.found_s
        if why in _NOT_TOLD:  # by ids of nothing, however many are named, an EHR is not asked again and again
            return max(look_s, min(age, HOUR_S))
        return look_s if why is Why.QUEUED or age < DAY_S else max(look_s, HOUR_S)

    def _in(self, seconds: int) -> int:
        return int(self.now().timestamp()) + seconds


def _has_identifier(identifiers: Any, token: str) -> bool:
    """Whether one of the identifiers is meant: servers may answer with others (http://hl7.org/fhir/R4/search.html#token)."""
    system, bar, value = token.rpartition("|")
    return any(one.get("value") == value and (not bar or not system or one.get("system", "") == system) for one in identifiers)
