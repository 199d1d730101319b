"""Doing what decisions bring about: each duty is taken up by one process, performed, and what became of it written down."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from fhir_coder.audit.entry import Action, AuditEntry, Auditor, Success
from fhir_coder.errors import FhirCoderError, NotRecorded
from fhir_coder.record.again import NotReplayable
from fhir_coder.signing.access import Access
from fhir_coder.signing.performing import Perform, Task
from fhir_coder.signing.query import question_of
from fhir_coder.store.follow_ups import FollowUps, Outcome
from fhir_coder.store.records import StoredEncounter
from fhir_coder.store.reviews import OpenedReview
from fhir_coder.tenant_settings import Tenant
from fhir_coder.worklist.decision import Act
from fhir_coder.worklist.following import Duty, FollowUp, Kind, Progress

_LOG = logging.getLogger("fhir_coder.follow_ups")
_SUCCESS = {
    Progress.DONE: Success.DONE,
    Progress.OVERTAKEN: Success.DONE,
    Progress.UNDELIVERED: Success.REFUSED,
    Progress.FAILED: Success.FAILED,
}


class FindsReview(Protocol):
    """What this needs of :class:`fhir_coder.store.reviews.Reviews`."""

    def find(self, tenant: str, coding_id: str) -> OpenedReview | None:
        """The review of a coding."""


class FindsCoding(Protocol):
    """What this needs of :class:`fhir_coder.store.repository.Repository`."""

    def get(self, tenant: str, coding_id: str) -> StoredEncounter | None:
        """The coding of that id."""


class Following:
    """``performers`` does the duties of each kind. Nothing here raises because something outside fails: it is kept with its cause."""

    def __init__(
        self,
        store: FollowUps,
        codings: FindsCoding,
        reviews: FindsReview,
        performers: Mapping[Kind, Perform],
        tenants: Mapping[str, Tenant],
        auditor: Auditor,
    ) -> None:
        self._store = store
        self._codings = codings
        self._reviews = reviews
        self._performers = performers
        self._tenants = tenants
        self._auditor = auditor

    def duties(self, coding: StoredEncounter, act: Act) -> tuple[Duty, ...]:
        """What a decision brings about. An EHR that knows nothing of the encounter is not written: its notes came with the request, and nobody asked for
        them to be written. A reopening is for billing only: what was signed and has not left is kept from leaving."""
        if act is Act.ASK:
            return (Duty(Kind.QUERY, coding.ehr),)
        if act not in {Act.SIGN_OFF, Act.REOPEN}:
            return ()
        tenant = self._tenants.get(coding.tenant)
        is_there = bool(coding.ehr and coding.encounter_reference) and (not coding.is_inline or bool(coding.receipts))
        to_ehr = (Duty(Kind.EHR, coding.ehr),) if is_there and act is Act.SIGN_OFF else ()
        return (*to_ehr, *(Duty(Kind.BILLING, one.id) for one in (tenant.billing if tenant else ())))

    def carry_out(self, tenant: str, access_of: Callable[[StoredEncounter], Access], coding_id: str = "", is_asked: bool = False) -> int:
        """Do what is due, of a coding or of the whole tenant, each once; how many there were. ``is_asked``: a person wants it now."""
        done, last = 0, 0
        while claimed := self._store.claim(tenant, coding_id, last, is_asked):
            last, done = claimed.key, done + 1
            self._store.settle(tenant, claimed, self._performed(tenant, claimed, access_of))
        return done

    def of(self, tenant: str, coding_id: str) -> tuple[FollowUp, ...]:
        """How all of a coding stand, oldest first."""
        return self._store.of(tenant, coding_id)

    def query_text(self, coding: StoredEncounter, sequence: int) -> str:
        """The question of a decision as a text to copy; empty where it has none."""
        opened = self._reviews.find(coding.tenant, coding.id)
        remark = question_of(opened.review, sequence) if opened else None
        return remark.text if remark else ""

    def _performed(self, tenant: str, claimed: FollowUp, access_of: Callable[[StoredEncounter], Access]) -> Outcome:
        coding, opened = self._codings.get(tenant, claimed.coding_id), self._reviews.find(tenant, claimed.coding_id)
        if coding is None or opened is None:
            return Outcome(Progress.UNDELIVERED, "the coding is not there any more")
        try:
            task = Task(claimed, coding, opened, access_of(coding))
            self._tell("follow-up", task, Success.DONE)  # before anything leaves: what cannot be written down is not done
            outcome = self._performers[claimed.duty.kind](task)
            self._tell("follow-up-outcome", task, _SUCCESS[outcome.progress])
        except NotRecorded:
            return Outcome(Progress.FAILED, "the audit cannot be written")
        except FhirCoderError as error:
            return Outcome(Progress.FAILED, f"{error.message} [{error.code}]")
        except NotReplayable as error:
            return Outcome(Progress.FAILED, str(error))
        except Exception as error:  # a duty is never lost by a fault of ours; the message may quote a note and is not kept
            _LOG.error("a follow-up failed unexpectedly: %s", type(error).__name__)
            return Outcome(Progress.FAILED, f"a fault of this server ({type(error).__name__})")
        return outcome

    def _tell(self, event: str, task: Task, success: Success) -> None:
        coding, access, follow_up = task.coding, task.access, task.follow_up
        self._auditor(
            AuditEntry(
                tenant=coding.tenant,
                event=event,
                action=Action.EXECUTE,
                success=success,
                agent=access.agent,
                patient=coding.patient_reference,
                entities=(coding.encounter_reference,) if coding.encounter_reference else (),
                request_id=access.request_id,
                address=access.address,
                detail={
                    "coding": coding.id,
                    "version": str(follow_up.sequence),
                    "kind": follow_up.duty.kind.value,
                    "target": follow_up.duty.target,
                },
            )
        )
