"""Who the session of this browser is of, as JSON: a page whose session ended goes on with the next one, if it is the same person's."""

from __future__ import annotations

import json

from flask import Response

from fhir_coder.review.protection import TOKEN_FIELD, protect
from fhir_coder.review.session import ReviewSession


def session_state(session: ReviewSession) -> Response:
    """The person, and the token that stands in the forms of this session. No other site can read it: answers carry no CORS header."""
    value = {"person": {"id": session.person.id, "issuer": session.person.issuer}, TOKEN_FIELD: session.csrf}
    return protect(Response(json.dumps(value, ensure_ascii=False), content_type="application/json"))
