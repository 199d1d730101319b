"""Billing after a signature: the signed version goes to the outbox of a destination, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from fhir_coder.billing.outgoing import Outgoing
from fhir_coder.billing.signed import SignedEncounter
from fhir_coder.errors import Conflict, InvalidContent, ResourceDeleted, ResourceUnknown
from fhir_coder.exchange import Resource
from fhir_coder.signing.billed import signed_encounter
from fhir_coder.signing.performing import Task
from fhir_coder.store.follow_ups import Outcome
from fhir_coder.worklist.following import FollowUp, Progress
from fhir_coder.worklist.review import State
from fhir_coder.writeback.ehr_writer import EhrWriter


class Box(Protocol):
    """What this needs of :class:`fhir_coder.store.outbox.Outbox`."""

    def hand_over(self, signed: SignedEncounter, destination: str) -> Outgoing:
        """Add a version."""

    def withdraw(self, tenant: str, coding: str, destination: str, reason: str) -> int:
        """Keep what never left from leaving."""


class BillingFollows:
    """``number_of`` counts the signatures of an encounter up to the decision of a review (tenant, coding id, sequence); ``is_overtaken`` says whether a
    later signature of the encounter is there by now."""

    def __init__(self, box: Box, number_of: Callable[[str, str, int], int], is_overtaken: Callable[[str, FollowUp], bool]) -> None:
        self._box = box
        self._number_of = number_of
        self._is_overtaken = is_overtaken

    def __call__(self, task: Task) -> Outcome:
        """Hand the signed version over, or after a reopening keep it from leaving. The EHR is asked for record number and NPI; where it has no such
        resource the ids stand for them."""
        coding, review = task.coding, task.opened.review
        if review.state is not State.SIGNED:
            return self._withdrawn(task)
        number = self._number_of(coding.tenant, coding.id, task.follow_up.sequence)
        if self._is_overtaken(coding.tenant, task.follow_up):
            return Outcome(Progress.OVERTAKEN)
        try:
            signed = signed_encounter(coding, review, task.access.source.facts(coding), number, _finder(task.access.client))
            outgoing = self._box.hand_over(signed, task.follow_up.duty.target)
        except (ValueError, InvalidContent) as error:
            return Outcome(Progress.UNDELIVERED, str(error))
        except Conflict as error:
            is_late = self._is_overtaken(coding.tenant, task.follow_up)  # the later version was handed over meanwhile
            return Outcome(Progress.OVERTAKEN) if is_late else Outcome(Progress.UNDELIVERED, error.message)
        return Outcome(Progress.DONE, reference=outgoing.control_id)

    def _withdrawn(self, task: Task) -> Outcome:
        """What left stays with billing until the next signature replaces or voids it; what did not, might be wrong, and does not leave."""
        reason = "reopened before it left"
        count = self._box.withdraw(task.coding.tenant, task.coding.id, task.follow_up.duty.target, reason)
        return Outcome(Progress.DONE, reason if count else "reopened: nothing waits for billing")


def _finder(client: EhrWriter | None) -> Callable[[str], Resource | None]:
    def find(reference: str) -> Resource | None:
        kind, _, own_id = reference.partition("/")
        if client is None or not own_id:
            return None
        try:
            return client.read(kind, own_id)
        except (ResourceUnknown, ResourceDeleted):
            return None

    return find
