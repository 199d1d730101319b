"""What people do on the pages, written down before the answer leaves. Ids and our own words only."""

from __future__ import annotations

from flask import Request

from fhir_coder.api.observation import current_request_id
from fhir_coder.audit.entry import Action, Agent, AgentKind, AuditEntry, Auditor, Success
from fhir_coder.review.session import ReviewSession
from fhir_coder.store.records import StoredEncounter


class Recording:
    """Tells an auditor who did what, from which address, in which request."""

    def __init__(self, auditor: Auditor) -> None:
        self._auditor = auditor

    def person(
        self,
        request: Request,
        session: ReviewSession,
        event: str,
        action: Action,
        success: Success = Success.DONE,
        coding: StoredEncounter | None = None,
        purpose: str = "",
        **detail: str,
    ) -> None:
        """Something that a signed-in person did or was refused; about a coding where there is one, else about the patient of the launch."""
        patient = f"Patient/{session.launched.patient}" if session.launched and session.launched.patient else ""
        entities = (coding.encounter_reference,) if coding and coding.encounter_reference else ()
        self._auditor(
            AuditEntry(
                tenant=session.tenant,
                event=event,
                action=action,
                success=success,
                agent=Agent(AgentKind.PERSON, session.person.id, session.person.issuer),
                patient=coding.patient_reference if coding else patient,
                entities=entities,
                request_id=current_request_id(),
                address=request.remote_addr or "",
                purpose=purpose,
                detail=({"coding": coding.id} if coding else {}) | detail,
            )
        )

    def refused(self, request: Request, tenant: str, event: str, agent: Agent, **detail: str) -> None:
        """Somebody who was not let in: nobody that we know, or a person without a role."""
        self._auditor(
            AuditEntry(
                tenant=tenant,
                event=event,
                action=Action.EXECUTE,
                success=Success.REFUSED,
                agent=agent,
                request_id=current_request_id(),
                address=request.remote_addr or "",
                detail=detail,
            )
        )
