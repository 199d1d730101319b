"""Drafts over HTTP: what a person types on a review is kept while they type, and given back to them when they open the page again.

A draft is no decision: nobody else sees it, nothing follows from it, and it is not audited. The look at the coding is, and so is the decision.
"""

from __future__ import annotations

import json
from typing import Any, Protocol

from flask import Response, request

from fhir_coder.errors import InvalidContent, ResourceUnknown
from fhir_coder.people import Right
from fhir_coder.review.protection import protect
from fhir_coder.review.session import ReviewSession
from fhir_coder.review.sight import require_right, sight_of
from fhir_coder.store.drafts import Draft
from fhir_coder.store.records import CODING_ID, CodingLine, Within
from fhir_coder.worklist.decision import Act, Someone

LONGEST_TEXT = 4000
LONGEST_CODE = 16


class Lines(Protocol):
    """What this needs of :class:`fhir_coder.store.repository.Repository`."""

    def line(self, tenant: str, coding_id: str, within: Within = ...) -> CodingLine | None:
        """One coding of the tenant within a part of it."""


class KeepsDrafts(Protocol):
    """What this needs of :class:`fhir_coder.store.drafts.Drafts`."""

    def keep(self, tenant: str, coding_id: str, person: Someone, draft: Draft) -> bool:
        """Keep a draft in place of the person's earlier one; whether it is kept."""

    def find(self, tenant: str, coding_id: str, person: Someone) -> Draft | None:
        """The person's draft on a review."""


class Drafting:
    """Over the drafts of the store."""

    def __init__(self, lines: Lines, drafts: KeepsDrafts) -> None:
        self._lines = lines
        self._drafts = drafts

    def keep(self, session: ReviewSession, coding_id: str) -> Response:
        """Keep ``text`` for ``act`` on ``code``; an empty one removes the draft. Raises InvalidContent for what is too long or no act."""
        self._require_sight(session, coding_id)
        text, code = request.form.get("text", "").replace("\r\n", "\n"), request.form.get("code", "")
        if len(text) > LONGEST_TEXT or len(code) > LONGEST_CODE:
            raise InvalidContent(f"a draft has {LONGEST_TEXT} characters at the most")
        try:
            act = Act(request.form.get("act", ""))
        except ValueError:
            raise InvalidContent("a draft is for one of the acts of a review") from None
        draft = Draft(act, code, text if text.strip() else "")
        return _answer({"kept": self._drafts.keep(session.tenant, coding_id, _person(session), draft)})

    def drafted(self, session: ReviewSession, coding_id: str) -> Response:
        """The person's draft, or an empty object."""
        self._require_sight(session, coding_id)
        found = self._drafts.find(session.tenant, coding_id, _person(session))
        return _answer({"act": found.act.value, "code": found.code, "text": found.text} if found else {})

    def _require_sight(self, session: ReviewSession, coding_id: str) -> None:
        """Raises ResourceUnknown as the page of the coding does, and Forbidden for who may not decide."""
        require_right(session, Right.REVIEW)
        is_id = CODING_ID.fullmatch(coding_id)
        if not is_id or self._lines.line(session.tenant, coding_id, sight_of(session).within) is None:
            raise ResourceUnknown("there is no coding of that id in your sight")


def _person(session: ReviewSession) -> Someone:
    return Someone(session.person.id, session.person.issuer)


def _answer(value: dict[str, Any]) -> Response:
    return protect(Response(json.dumps(value, ensure_ascii=False), content_type="application/json"))
