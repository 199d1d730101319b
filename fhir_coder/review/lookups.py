"""Codes looked up by a person on a page, as JSON: search while typing, and one code with what the tabular list says around it.

Nothing here is about a patient, so nothing is audited: the code set is public, and a coding only says which release holds. What is typed is
neither kept nor logged.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from typing import Any, Protocol

from flask import Response, request

from fhir_coder.code_search.context import CodeContext, context_of
from fhir_coder.code_search.searching import Found
from fhir_coder.errors import ResourceUnknown
from fhir_coder.review.launch_reading import one_of
from fhir_coder.review.protection import protect
from fhir_coder.review.session import ReviewSession
from fhir_coder.review.sight import sight_of
from fhir_coder.store.records import CODING_ID, CodingLine, Within
from terminology.release import Catalogue, Release

LONGEST_CODE = 10


class Lines(Protocol):
    """What this needs of :class:`fhir_coder.store.repository.Repository`."""

    def line(self, tenant: str, coding_id: str, within: Within = ...) -> CodingLine | None:
        """One coding of the tenant within a part of it."""


class Searches(Protocol):
    """What this needs of :class:`fhir_coder.code_search.searching.CodeSearch`."""

    def search(self, query: str, release: Release, most: int = ...) -> tuple[Found, ...]:
        """The best codes."""


class Lookups:
    """``today`` is the date whose release holds where no coding is named."""

    def __init__(self, lines: Lines, catalogue: Catalogue, codes: Searches, today: Callable[[], date]) -> None:
        self._lines = lines
        self._catalogue = catalogue
        self._codes = codes
        self._today = today

    def search(self, session: ReviewSession) -> Response:
        """``q``: what was typed; ``coding``: the coding whose release holds."""
        release = self._release(session)
        query = one_of(request.args, "q")
        found = self._codes.search(query, release)
        return _answer({"release": release.id, "codes": [_found(one) for one in found]})

    def code(self, session: ReviewSession, code: str) -> Response:
        """One code of the release of ``coding``, header or billable."""
        release = self._release(session)
        context = context_of(release, code) if len(code) <= LONGEST_CODE else None
        if context is None:
            raise ResourceUnknown("the release has no such code")
        return _answer(_context(context))

    def _release(self, session: ReviewSession) -> Release:
        """Raises ResourceUnknown for a coding that is not in sight, as the page of it does."""
        sight = sight_of(session)
        coding_id = one_of(request.args, "coding")
        if not coding_id:
            return self._catalogue.for_date(self._today()).release
        is_seen = CODING_ID.fullmatch(coding_id) and (sight.is_role or coding_id in session.opened)
        line = self._lines.line(session.tenant, coding_id, sight.within) if is_seen else None
        if line is None:
            raise ResourceUnknown("there is no coding of that id in your sight")
        try:
            return self._catalogue.get(line.release_id)
        except KeyError:
            return self._catalogue.for_date(line.service_date).release


def _found(found: Found) -> dict[str, Any]:
    return {
        "code": found.code,
        "title": found.title,
        "billable": found.is_billable,
        "why": found.why,
        "below": [_choice(asdict(one)) for one in found.below],
    }


def _context(context: CodeContext) -> dict[str, Any]:
    return {
        "code": context.code,
        "title": context.title,
        "billable": context.is_billable,
        "release": context.release,
        "above": [asdict(one) for one in context.above],
        "notes": {kind.value: [asdict(line) for line in lines] for kind, lines in context.notes},
        "siblings": [_choice(asdict(one)) for one in context.siblings],
        "sides": [_choice(asdict(one)) for one in context.sides],
        "below": [_choice(asdict(one)) for one in context.below],
        "prompts": [
            {
                "axis": one.axis,
                "what": one.what,
                "answers": [{"text": answer.text, "codes": [_choice(asdict(code)) for code in answer.codes]} for answer in one.answers],
            }
            for one in context.prompts
        ],
    }


def _choice(members: dict[str, Any]) -> dict[str, Any]:
    return {"code": members["code"], "title": members["title"], "billable": members["is_billable"]}


def _answer(value: dict[str, Any]) -> Response:
    return protect(Response(json.dumps(value, ensure_ascii=False), content_type="application/json"))
