"""Who codes an encounter a second time sees no code of it before they are done, on whatever page."""

from __future__ import annotations

from typing import Protocol

from flask import request

from fhir_coder.api.observation import current_request_id
from fhir_coder.errors import Forbidden
from fhir_coder.people import Person
from fhir_coder.review.session import ReviewSession
from fhir_coder.store.records import StoredEncounter
from fhir_coder.store.reviews import Maker
from fhir_coder.worklist.decision import Someone
from fhir_coder.worklist.second_review import SecondReview


class KnowsHeld(Protocol):
    """What this needs of :class:`fhir_coder.store.second_reviews.SecondReviews`."""

    def held_by(self, tenant: str, person: Someone) -> tuple[SecondReview, ...]:
        """What a person has begun and not done."""


class Blinding:
    """``held`` knows who codes what a second time."""

    def __init__(self, held: KnowsHeld) -> None:
        self._held = held

    def __call__(self, session: ReviewSession, coding: StoredEncounter) -> None:
        """Raises Forbidden where the person of a session codes the encounter of a coding a second time and is not done."""
        found = self._held.held_by(session.tenant, someone(session.person))
        if any(one.is_of(coding.id, coding.ehr, coding.encounter_reference) for one in found):
            raise Forbidden(
                "you code this encounter a second time: what was coded first is shown to you when you have handed in your codes"
            )


def someone(person: Person) -> Someone:
    """A person as histories name them."""
    return Someone(person.id, person.issuer, person.name)


def maker_of(session: ReviewSession) -> Maker:
    """The person of a session with the request that is answered now."""
    return Maker(someone(session.person), current_request_id(), request.remote_addr or "")
