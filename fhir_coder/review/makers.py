"""The person of a session as reviews name them."""

from __future__ import annotations

from flask import Request

from fhir_coder.api.observation import current_request_id
from fhir_coder.review.session import ReviewSession
from fhir_coder.store.reviews import Maker
from fhir_coder.worklist.decision import Someone


def someone_of(session: ReviewSession) -> Someone:
    """Who is signed in."""
    return Someone(session.person.id, session.person.issuer, session.person.name)


def maker_of(session: ReviewSession, request: Request) -> Maker:
    """Who is signed in, with the request that a decision comes by."""
    return Maker(someone_of(session), current_request_id(), request.remote_addr or "")
