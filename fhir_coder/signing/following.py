"""Doing what decisions bring about: each duty is taken up by one process, performed, and what became of it written down."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from fhir_coder.audit.entry import Action, AuditEntry, Auditor, Success
from fhir_coder.errors import FhirCoderError, NotRecorded
from fhir_coder.exchange import Resource
from fhir_coder.record.again import NotReplayable
from fhir_coder.signing.access import Access
from fhir_coder.signing.performing import Perform, Task
from fhir_coder.signing.query import is_of_question, is_of_questions, question_of
from fhir_coder.store.follow_ups import FollowUps, Outcome
from fhir_coder.store.records import StoredEncounter
from fhir_coder.store.reviews import OpenedReview
from fhir_coder.tenant_settings import Tenant
from fhir_coder.worklist.decision import Act, Decision, Recorded
from fhir_coder.worklist.following import Duty, FollowUp, Kind, Progress
from fhir_coder.worklist.questions import asked_by, asks_after
from fhir_coder.writeback.names import name_of

_LOG = logging.getLogger("fhir_coder.follow_ups")
_SUCCESS = {
    Progress.DONE: Success.DONE,
    Progress.OVERTAKEN: Success.DONE,
    Progress.UNDELIVERED: Success.REFUSED,
    Progress.FAILED: Success.FAILED,
    Progress.UNSURE: Success.FAILED,
}


class FindsReview(Protocol):
    """What this needs of :class:`fhir_coder.store.reviews.Reviews`."""

    def find(self, tenant: str, coding_id: str) -> OpenedReview | None:
        """The review of a coding."""


class FindsCoding(Protocol):
    """What this needs of :class:`fhir_coder.store.repository.Repository`."""

    def get(self, tenant: str, coding_id: str) -> StoredEncounter | None:
        """The coding of that id."""


class Resolves(Protocol):
    """What this needs of :class:`fhir_coder.store.deliveries.Deliveries`."""

    def resolve(
        self, tenant: str, ehr: str, encounter_reference: str, coding_id: str, is_meant: Callable[[Resource], bool], is_there: bool
    ) -> int:
        """Write down what a person found at the EHR."""


def duties_after(tenant: Tenant | None, coding: StoredEncounter, decision: Decision, history: Sequence[Recorded]) -> tuple[Duty, ...]:
    """What a decision brings about that is made after a history. An EHR that knows nothing of the encounter is not written: its notes came with the
    request, and nobody asked for them to be written. After a reopening the EHR's Claim is kept from being billed, and what was signed and has not left from
    leaving. A question that is taken back is withdrawn."""
    act = decision.act
    asks, takes_back = asks_after(history, decision)
    if asks or takes_back:
        return (Duty(Kind.QUERY if asks else Kind.WITHDRAWAL, coding.ehr),)
    if act not in {Act.SIGN_OFF, Act.REOPEN}:
        return ()
    is_there = bool(coding.ehr and coding.encounter_reference) and (not coding.is_inline or bool(coding.receipts))
    to_ehr = (Duty(Kind.EHR, coding.ehr),) if is_there else ()
    return (*to_ehr, *(Duty(Kind.BILLING, one.id) for one in (tenant.billing if tenant else ())))


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
        deliveries: Resolves,
    ) -> None:
        self._store = store
        self._codings = codings
        self._reviews = reviews
        self._performers = performers
        self._tenants = tenants
        self._auditor = auditor
        self._deliveries = deliveries

    def duties(self, coding: StoredEncounter, decision: Decision, history: Sequence[Recorded]) -> tuple[Duty, ...]:
        """As :func:`duties_after`."""
        return duties_after(self._tenants.get(coding.tenant), coding, decision, history)

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
        remark = question_of(opened.review, asked_by(opened.history, sequence)) if opened else None
        return remark.text if remark else ""

    def resolve(self, coding: StoredEncounter, key: int, is_there: bool) -> bool:
        """Write down what a person found at the EHR of what may have arrived by a duty (its ``key``), so that it is known at the next attempt; False where nothing
        of it is in doubt."""
        found = next((one for one in self.of(coding.tenant, coding.id) if one.key == key and one.progress is Progress.UNSURE), None)
        if found is None:
            return False
        is_question = found.duty.kind in {Kind.QUERY, Kind.WITHDRAWAL}
        opened = self._reviews.find(coding.tenant, coding.id)
        history = opened.history if opened else ()

        def is_meant(resource: Resource) -> bool:
            name = name_of(resource)
            return is_of_question(coding, history, found, name) if is_question else not is_of_questions(coding, name)

        place = (coding.tenant, coding.ehr, "" if is_question else coding.encounter_reference, coding.id)
        return self._deliveries.resolve(*place, is_meant, is_there) > 0

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
