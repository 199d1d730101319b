"""Saved views of the worklist: kept, renamed, deleted, and chosen to open first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from flask import Response, request

from fhir_coder.audit.entry import Action
from fhir_coder.errors import InvalidContent
from fhir_coder.people import Right
from fhir_coder.review.makers import someone_of
from fhir_coder.review.recording import Recording
from fhir_coder.review.rendering import Pages
from fhir_coder.review.session import ReviewSession
from fhir_coder.review.worklist_pages import WorklistPages, read_query
from fhir_coder.review.worklist_query import LONGEST_QUERY
from fhir_coder.store.records import CODING_ID
from fhir_coder.worklist.decision import Someone

LONGEST_NAME = 60
"""Characters of a view's name: what fits beside the list."""


class KeepsViews(Protocol):
    """What this needs of :class:`fhir_coder.store.worklist_views.WorklistViews`."""

    def save(self, tenant: str, person: Someone, name: str, query: str, is_shared: bool) -> str:
        """Keep a new view; gives its id."""

    def rename(self, tenant: str, person: Someone, view_id: str, name: str, may_any: bool = ...) -> None:
        """Give a view another name."""

    def delete(self, tenant: str, person: Someone, view_id: str, may_any: bool = ...) -> None:
        """Delete a view."""

    def open_first(self, tenant: str, person: Someone, view_id: str) -> None:
        """Have a view open first, or none."""


@dataclass(frozen=True, slots=True)
class ViewSaving:
    """One's own views are one's own to change; shared ones are their owner's and those who may change thresholds."""

    shown: WorklistPages
    views: KeepsViews
    recording: Recording
    pages: Pages

    def change(self, session: ReviewSession) -> Response:
        """``do``: save, rename, delete or first. Back to the list that it was asked for on."""
        self.shown.within(session)
        query = read_query(request.form.get("query", "")[:LONGEST_QUERY])
        did = self._do(session, request.form.get("do", ""), query.text())
        return self.pages.redirect(self.shown.address(query, did), session.frame_ancestors)

    def _do(self, session: ReviewSession, what: str, query: str) -> str:
        tenant, me, view = session.tenant, someone_of(session), request.form.get("view", "")
        may_any = session.person.may(Right.CHANGE_THRESHOLDS)
        if what != "save" and not (CODING_ID.fullmatch(view) or (what == "first" and not view)):
            raise InvalidContent("no view can have this id")
        if what == "save":
            is_shared = request.form.get("shared", "") == "yes"
            view = self.views.save(tenant, me, _name(), query, is_shared)
            if request.form.get("first", "") == "yes":
                self.views.open_first(tenant, me, view)
            did = "saved"
        elif what == "rename":
            self.views.rename(tenant, me, view, _name(), may_any)
            did = "renamed"
        elif what == "delete":
            self.views.delete(tenant, me, view, may_any)
            did = "deleted"
        elif what == "first":
            self.views.open_first(tenant, me, view)
            did = "first"
        else:
            raise InvalidContent("a view is saved, renamed, deleted or opened first")
        self.recording.person(request, session, "change-view", Action.UPDATE, view=view, act=did)
        return did


def _name() -> str:
    """The name that was typed. Raises InvalidContent for one that is empty or does not fit."""
    name = " ".join(request.form.get("name", "").split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise InvalidContent(f"give the view a name of at most {LONGEST_NAME} characters")
    return name
