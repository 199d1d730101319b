"""The worklist as a page, the count that the open page asks for, and what of it stands on the first page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from flask import Response, request
from werkzeug.datastructures import MultiDict

from fhir_coder.audit.entry import Action
from fhir_coder.errors import Forbidden
from fhir_coder.people import Right
from fhir_coder.review.makers import someone_of
from fhir_coder.review.protection import protect
from fhir_coder.review.reading_right import is_bound_by_the_ehr
from fhir_coder.review.recording import Recording
from fhir_coder.review.rendering import Pages
from fhir_coder.review.session import ReviewSession
from fhir_coder.review.sight import sight_of
from fhir_coder.review.worklist_page import BUILT_IN, Said, View, Waiting, rows_of
from fhir_coder.review.worklist_query import LEAST, ME, NOBODY, STATES, ListQuery, person_key
from fhir_coder.review.worklist_stores import WorklistStores
from fhir_coder.review.worklist_words import reason_words
from fhir_coder.store.records import Within
from fhir_coder.store.worklist import Page, Sort
from fhir_coder.worklist.decision import Someone
from fhir_coder.worklist.reasons import reasons

ADDRESS = "/review/worklist"
MOST_ROWS = 50
_DONE = re.compile(r"(claim|assign|hold|release|let-go)\.(\d{1,3})|none|saved|renamed|deleted|first", re.ASCII)
_NOTHING: Mapping[str, Said] = {}


class WorklistPages:
    """``now`` tells the time (aware)."""

    def __init__(self, stores: WorklistStores, recording: Recording, pages: Pages, now: Callable[[], datetime]) -> None:
        self._stores = stores
        self._recording = recording
        self._pages = pages
        self._now = now

    def worklist(self, session: ReviewSession) -> Response:
        """The list that the query string asks for; without one, the view that opens first for the person."""
        if not request.args:
            first = next((one for one in self._stores.views.of(session.tenant, someone_of(session)) if one.is_first), None)
            if first:
                return self._pages.redirect(self.address(read_query(first.query)), session.frame_ancestors)
        return self.show(session, ListQuery.of(request.args), done=_done(request.args.get("did", "")))

    def show(
        self,
        session: ReviewSession,
        query: ListQuery,
        said: Mapping[str, Said] = _NOTHING,
        refused: Sequence[str] = (),
        status: int = 200,
        done: tuple[str, int] = ("", 0),
    ) -> Response:
        """The page. ``said`` is what became of changes, by the id of the coding; ``refused`` are sentences about the whole; ``done`` says how many rows
        an act has changed."""
        within, me, shows_codes = self.within(session), someone_of(session), not is_bound_by_the_ehr(session)
        query = self.allowed(session, query)
        lists, filters = self._stores.lists, query.filters(me, within)
        count = lists.count(session.tenant, filters)
        last = max(-(-count // MOST_ROWS), 1)
        query = replace(query, page=min(query.page, last))
        lines = lists.lines(session.tenant, filters, Sort(query.sort), Page((query.page - 1) * MOST_ROWS, MOST_ROWS))
        self._recording.person(request, session, "list-codings", Action.READ, view="worklist", count=str(len(lines)))
        billing = self._stores.billing.of(session.tenant, [one.coding_id for one in lines])
        rows = rows_of(lines, me, self._now(), billing, said, shows_codes)
        shown = {one.coding_id for one in lines}
        newest = lists.newest(session.tenant, filters)
        return self._pages.page(
            "worklist",
            session,
            status,
            has_script=True,
            connects=True,
            takes_words=True,
            query=query,
            rows=rows,
            count=count,
            last=last,
            views=self._views(session, query, me, within),
            newest=(newest or self._now()).astimezone(UTC).isoformat(),
            refused=(*refused, *(one.sentence for coding, one in said.items() if coding not in shown and not one.is_done)),
            done=done,
            may_work=may_work(session),
            can_keep=self._stores.views.can_keep,
            shows_codes=shows_codes,
            has_billing=any(row.billing for row in rows),
            **self._choices(session, query),
        )

    def count(self, session: ReviewSession) -> Response:
        """How long the list is now, and how much of it was coded ``after`` a moment. No patient is in it, and it is not written down."""
        filters = self.allowed(session, ListQuery.of(request.args)).filters(someone_of(session), self.within(session))
        after, lists = _moment(request.args.get("after", "")), self._stores.lists
        new = lists.count(session.tenant, replace(filters, created_after=after)) if after else 0
        newest = lists.newest(session.tenant, filters)
        told = {"count": lists.count(session.tenant, filters), "new": new, "newest": newest.isoformat() if newest else ""}
        return protect(Response(json.dumps(told), content_type="application/json"))

    def waiting(self, session: ReviewSession) -> Waiting | None:
        """What the first page tells of it; None for whom the list is not the place of work."""
        if not session.has_worklist:
            return None
        within, me = self.within(session), someone_of(session)
        queries = (ListQuery(), ListQuery(assigned=ME), ListQuery("waiting", assigned=NOBODY))
        is_open, mine, unclaimed = (self._stores.lists.count(session.tenant, one.filters(me, within)) for one in queries)
        return Waiting(is_open, mine, unclaimed, may_work(session))

    def within(self, session: ReviewSession) -> Within:
        """The part of the practice that a session sees. Raises Forbidden for a person whose roles show no codings."""
        sight = sight_of(session)
        if not sight.is_role:
            raise Forbidden("your roles do not show codings")
        return sight.within

    def address(self, query: ListQuery, did: str = "") -> str:
        """Where a list is found; ``did`` is what the page says was done."""
        return self._pages.local(f"{ADDRESS}?{query.text(page=query.page)}{f'&did={did}' if did else ''}")

    def allowed(self, session: ReviewSession, query: ListQuery) -> ListQuery:
        """What a session is not shown is not to be found out by a filter either."""
        return query.without_findings() if is_bound_by_the_ehr(session) else query

    def _views(self, session: ReviewSession, query: ListQuery, me: Someone, within: Within) -> tuple[View, ...]:
        may_any = session.person.may(Right.CHANGE_THRESHOLDS)
        saved = self._stores.views.of(session.tenant, me)
        found = [(View(name, one.text(), 0, False), one) for name, one in BUILT_IN]
        for one in saved:
            parsed = self.allowed(session, read_query(one.query))
            is_changeable = one.is_own or (one.is_shared and may_any)
            found.append((View(one.name, parsed.text(), 0, False, one.id, one.is_shared, is_changeable, one.is_first), parsed))
        here, count = query.text(), self._stores.lists.count
        return tuple(
            replace(view, count=count(session.tenant, one.filters(me, within)), is_current=view.query == here) for view, one in found
        )

    def _choices(self, session: ReviewSession, query: ListQuery) -> dict[str, Any]:
        choices, me = self._stores.choices, someone_of(session)
        people = [(person_key(one), one.name or one.id) for one in choices.people(session.tenant) if not one.is_same(me)]
        codes = sorted({*choices.reasons(session.tenant), *filter(None, [query.reason])})
        return {
            "states": tuple(STATES),
            "people": people,
            "severities": [one.value for one in LEAST],
            "reason_choices": [(code, reason_words(code)) for code in codes],
            "ehr_choices": sorted({*choices.ehrs(session.tenant), *filter(None, [query.ehr])}),
            "hold_reasons": reasons()["hold"],
        }


def may_work(session: ReviewSession) -> bool:
    """Whether a person works on the list, beyond looking at it: who may sign off may claim, assign, hold and release."""
    return session.person.may(Right.SIGN_OFF)


def read_query(text: str) -> ListQuery:
    """The query of a kept or sent query string."""
    return ListQuery.of(MultiDict(parse_qsl(text)))


def _done(given: str) -> tuple[str, int]:
    match = _DONE.fullmatch(given)
    return (match[1], int(match[2])) if match and match[1] else (given if match else "", 0)


def _moment(given: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None
