"""Whether the EHR lets a person read an encounter, where their launch is bound to no patient."""

from __future__ import annotations

from http import HTTPStatus

from fhir_coder.errors import EhrRefused, ResourceDeleted, ResourceUnknown
from fhir_coder.review.patient_reading import Reads
from fhir_coder.review.session import ReviewSession


def is_bound_by_the_ehr(session: ReviewSession) -> bool:
    """Whether what a session may read is the EHR's to say, encounter by encounter: it came by a launch, and the launch named no patient."""
    return session.launched is not None and session.launched.is_smart and not session.launched.patient


def may_read(client: Reads | None, session: ReviewSession, encounter_reference: str) -> bool:
    """``client`` is the EHR as the person has it, None for a session that came from none. Raises an EhrError when the EHR does not say."""
    if client is None or (session.launched and session.launched.patient):
        return True
    kind, _, encounter_id = encounter_reference.partition("/")
    try:
        return kind == "Encounter" and bool(client.read("Encounter", encounter_id))
    except (ResourceUnknown, ResourceDeleted):
        return False
    except EhrRefused as error:
        if error.ehr_status == HTTPStatus.FORBIDDEN:
            return False
        raise
