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
from fhir_coder.worklist.following import Progress
from fhir_coder.worklist.review import State
from fhir_coder.writeback.ehr_writer import EhrWriter


class Box(Protocol):
    """What this needs of :class:`fhir_coder.store.outbox.Outbox`."""

    def hand_over(self, signed: SignedEncounter, destination: str) -> Outgoing:
        """Add a version."""


class BillingFollows:
    """``number_of`` counts the signatures of an encounter up to the decision of a review (tenant, coding id, sequence)."""

    def __init__(self, box: Box, number_of: Callable[[str, str, int], int]) -> None:
        self._box = box
        self._number_of = number_of

    def __call__(self, task: Task) -> Outcome:
        """Hand the signed version over. The EHR is asked for record number and NPI; where it has no such resource the ids stand for them."""
        coding, review = task.coding, task.opened.review
        if review.state is not State.SIGNED:
            return Outcome(Progress.DONE, "reopened before it was handed over: nothing goes to billing")
        number = self._number_of(coding.tenant, coding.id, task.follow_up.sequence)
        try:
            signed = signed_encounter(coding, review, task.access.source.facts(coding), number, _finder(task.access.client))
            outgoing = self._box.hand_over(signed, task.follow_up.duty.target)
        except (ValueError, InvalidContent) as error:
            return Outcome(Progress.UNDELIVERED, str(error))
        except Conflict as error:
            return Outcome(Progress.UNDELIVERED, error.message)
        return Outcome(Progress.DONE, reference=outgoing.control_id)


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
