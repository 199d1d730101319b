"""What a person may see: their practice, within it the EHR, patient and encounter of a launch, and only with the rights and scopes for it.

A launch is a boundary that nothing moves: breaking the glass shows what a role keeps from a person, never what a token does.
"""

from __future__ import annotations

from dataclasses import dataclass

from fhir_coder.errors import Forbidden
from fhir_coder.people import Right
from fhir_coder.review.session import ReviewSession
from fhir_coder.smart.scopes import Operation, require_scopes
from fhir_coder.store.records import StoredEncounter, Within


@dataclass(frozen=True, slots=True)
class Sight:
    """``is_role``: the person's roles show codings; ``within``: the part of the practice that the launch leaves."""

    within: Within
    is_role: bool

    def admits(self, coding: StoredEncounter) -> bool:
        """Whether a coding of the session's tenant lies inside the launch."""
        return (
            self.within.ehr in {"", coding.ehr}
            and self.within.patient in {"", coding.patient_reference}
            and self.within.encounter in {"", coding.encounter_reference}
        )


def sight_of(session: ReviewSession) -> Sight:
    """The sight of a session. Raises InsufficientScope when the token of its launch opens no notes, as codings quote them."""
    grant = session.grant
    is_role = session.person.may(Right.REVIEW) or session.person.may(Right.SEE_OTHERS)
    if grant is None:
        return Sight(Within(), is_role)
    require_scopes(grant.scopes, Operation.CODE_ENCOUNTER)
    patient = f"Patient/{grant.patient}" if grant.patient else ""
    encounter = f"Encounter/{grant.encounter}" if grant.encounter else ""
    return Sight(Within(session.ehr, patient, encounter), is_role)


def require_right(session: ReviewSession, right: Right) -> None:
    """Raises Forbidden, which names what is missing."""
    if not session.person.may(right):
        raise Forbidden(f"none of your roles may {right.meaning}")
