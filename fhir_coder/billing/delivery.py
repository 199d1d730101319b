"""Delivering what is due: claimed, written down, sent, and what became of it written down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from fhir_coder.audit.entry import Action, Agent, AuditEntry, Auditor, Success
from fhir_coder.billing.answer import Answer, Fate
from fhir_coder.billing.destinations import OpenDestination
from fhir_coder.billing.outgoing import Claimed, Outgoing, Persistence, Render, State
from fhir_coder.billing_settings import BillingDestination
from fhir_coder.errors import NotRecorded


class Box(Protocol):
    """The outbox as delivery uses it (:class:`fhir_coder.store.outbox.Outbox`)."""

    def claim(self, tenant: str, destination: str, render: Render) -> Claimed | Outgoing | None:
        """The next that is due, or one that could not be made and has failed."""

    def settle(self, claimed: Claimed, answer: Answer, persistence: Persistence) -> Outgoing:
        """What became of it."""


class Delivery:
    """``destinations`` of one tenant. Safe to run in several processes: a claim is of one."""

    def __init__(self, box: Box, destinations: Sequence[OpenDestination], auditor: Auditor, agent: Agent) -> None:
        self._box = box
        self._destinations = destinations
        self._auditor = auditor
        self._agent = agent

    def deliver_due(self, tenant: str) -> Iterator[Outgoing]:
        """Deliver what is due now, one after the other, and tell of each. Raises NotRecorded before anything leaves that cannot be written down."""
        for destination in self._destinations:
            while claimed := self._box.claim(tenant, destination.settings.id, destination.render):
                yield self._deliver(destination, claimed) if isinstance(claimed, Claimed) else self._unmade(claimed)

    def _deliver(self, destination: OpenDestination, claimed: Claimed) -> Outgoing:
        settings = destination.settings
        try:
            self._auditor(self._entry("billing-send", claimed, {"again": "yes" if claimed.is_again else "no"}, Success.DONE))
        except NotRecorded:
            self._settle(claimed, Answer(Fate.NOT_TAKEN, detail="the audit cannot be written"), settings)
            raise
        outgoing = self._settle(claimed, destination.carrier.deliver(claimed.outgoing.control_id, claimed.message), settings)
        success = Success.DONE if outgoing.state in {State.SENT, State.ACKNOWLEDGED} else Success.FAILED
        told = {"state": outgoing.state.value, "answer": outgoing.acknowledgement}
        self._auditor(self._entry("billing-outcome", claimed, told, success))
        return outgoing

    def _unmade(self, one: Outgoing) -> Outgoing:
        self._auditor(_entry(self._agent, "billing-outcome", one, "", {"state": one.state.value, "answer": ""}, Success.FAILED))
        return one

    def _settle(self, claimed: Claimed, answer: Answer, settings: BillingDestination) -> Outgoing:
        return self._box.settle(claimed, answer, Persistence(settings.attempts, settings.resend_unanswered))

    def _entry(self, event: str, claimed: Claimed, detail: dict[str, str], success: Success) -> AuditEntry:
        return _entry(self._agent, event, claimed.outgoing, claimed.signed.patient.reference, detail, success)


def _entry(agent: Agent, event: str, one: Outgoing, patient: str, detail: dict[str, str], success: Success) -> AuditEntry:
    told = {"control": one.control_id, "destination": one.destination, "coding": one.coding, "frequency": one.frequency, **detail}
    return AuditEntry(one.tenant, event, Action.EXECUTE, success, agent, patient, (one.encounter,), purpose="HPAYMT", detail=told)
