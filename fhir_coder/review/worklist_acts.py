"""What people do on the worklist: claim, assign, hold, release and let go of one row or of several, and take the next.

Each row is decided by itself, on the version that the page showed. What is refused comes back on the page, at its row, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from flask import Response, request

from fhir_coder.audit.entry import Action, Success
from fhir_coder.errors import Conflict, FhirCoderError, Forbidden, InvalidContent, RequiredMissing, ResourceUnknown
from fhir_coder.review.assigning import person_named
from fhir_coder.review.makers import maker_of, someone_of
from fhir_coder.review.patient_reading import Reads
from fhir_coder.review.reading_right import may_read
from fhir_coder.review.recording import Recording
from fhir_coder.review.rendering import Pages
from fhir_coder.review.session import ReviewSession
from fhir_coder.review.worklist_page import Said, display
from fhir_coder.review.worklist_pages import MOST_ROWS, WorklistPages, may_work, read_query
from fhir_coder.review.worklist_query import LONGEST_QUERY, ME, ListQuery
from fhir_coder.review.worklist_stores import Choices, Lists
from fhir_coder.store.reviews import Lock, Maker
from fhir_coder.store.worklist import Filters, Page, Sort, WorklistLine
from fhir_coder.worklist.admission import CLOSED
from fhir_coder.worklist.decision import Act, Decision
from fhir_coder.worklist.review import Review, State

_ROW = re.compile(r"([0-9a-f]{32}):(\d{1,9})", re.ASCII)
_TRIED = 10
"""Rows that taking the next tries before it says that others were faster."""


class Decides(Protocol):
    """What this needs of :class:`fhir_coder.store.reviews.Reviews`."""

    def take(self, tenant: str, coding_id: str, maker: Maker) -> Lock:
        """Begin to work on a review."""

    def let_go(self, tenant: str, coding_id: str, maker: Maker) -> None:
        """Stop to work on it."""

    def decide(self, tenant: str, coding_id: str, version: int, decision: Decision, maker: Maker) -> Review:
        """Add a decision."""


@dataclass(frozen=True, slots=True)
class WorklistActs:
    """``client_of`` gives the EHR as the person of a session has it, or None."""

    shown: WorklistPages
    lists: Lists
    choices: Choices
    reviews: Decides
    client_of: Callable[[ReviewSession], Reads | None]
    recording: Recording
    pages: Pages

    def change(self, session: ReviewSession) -> Response:
        """One act on the chosen rows. All done: back to the list, which says so; otherwise the list with what was refused."""
        self._require_work(session)
        query = self._query()
        act, chosen = _act_and_rows()
        try:
            do = self._doing(session, act)
            if not chosen:
                raise RequiredMissing("choose one row or more first")
        except (InvalidContent, RequiredMissing) as error:
            return self.shown.show(session, query, refused=[_sentence(error)], status=error.status)
        said: dict[str, Said] = {}
        worst = 0
        for coding_id, version in chosen:
            try:
                said[coding_id] = Said(do(self._line(session, coding_id), version), is_done=True)
            except FhirCoderError as error:
                if error.status >= 500:
                    raise
                worst = max(worst, error.status)
                said[coding_id] = Said(f"{_sentence(error)} ({error.code})", is_done=False)
        if worst:
            return self.shown.show(session, query, said, [_summary(list(said.values()))], status=worst)
        return self.pages.redirect(self.shown.address(query, f"{act}.{len(said)}"), session.frame_ancestors)

    def take_next(self, session: ReviewSession) -> Response:
        """Claim the first of the list that is nobody's and that nobody works on, and open it; in a list of one's own, the first of one's own."""
        self._require_work(session)
        query, me = self.shown.allowed(session, self._query()), someone_of(session)
        filters = replace(query.filters(me, self.shown.within(session)), states=(State.WAITING,))
        free = replace(filters, is_free=True) if query.assigned == ME else replace(filters, is_free=True, is_unassigned=True)
        for line in self.lists.lines(session.tenant, free, Sort(query.sort), Page(0, _TRIED)):
            try:
                self._require_readable(session, line)
                self._claim(session, line, line.version)
            except (Conflict, ResourceUnknown):  # somebody else was faster, or the EHR keeps it from this person
                continue
            return self.pages.redirect(self.pages.local(f"/review/encounters/{line.coding_id}"), session.frame_ancestors)
        return self.pages.redirect(self.shown.address(query, "none"), session.frame_ancestors)

    def _doing(self, session: ReviewSession, act: str) -> Callable[[WorklistLine, int], str]:
        """What an act does to a row. Raises InvalidContent for one that is not whole."""
        if act == "claim":
            return lambda line, version: self._claim(session, line, version)
        if act == "let-go":
            return lambda line, version: self._let_go(session, line)
        if act == "assign":
            to = person_named(request.form, session, self.choices.people(session.tenant))
            return self._deciding(session, Decision(Act.ASSIGN, to=to), f"Assigned to {display(to) or 'nobody'}")
        if act == "hold":
            decision = Decision(Act.HOLD, reason=_field("reason"), text=_field("words"))
            return self._deciding(session, decision, "Held")
        if act == "release":
            return self._deciding(session, Decision(Act.RELEASE), "Released")
        raise InvalidContent("the list knows no such act")

    def _deciding(self, session: ReviewSession, decision: Decision, done: str) -> Callable[[WorklistLine, int], str]:
        def decide(line: WorklistLine, version: int) -> str:
            self.reviews.decide(session.tenant, line.coding_id, version, decision, maker_of(session, request))
            return done

        return decide

    def _claim(self, session: ReviewSession, line: WorklistLine, version: int) -> str:
        """The lock, and the assignment unless it is the person's already. A claim that is refused, as that of a closed review is, leaves no lock behind."""
        if line.state in CLOSED:
            raise Conflict(f"the review is {line.state}: reopen it to change it")
        maker = maker_of(session, request)
        had_lock = line.lock is not None and line.lock.holder.is_same(maker.person)
        self.reviews.take(session.tenant, line.coding_id, maker)
        self._tell(session, line, "take")
        if maker.person.is_same(line.assigned):
            return "Claimed"
        try:
            self.reviews.decide(session.tenant, line.coding_id, version, Decision(Act.ASSIGN, to=maker.person), maker)
        except FhirCoderError:
            if not had_lock:
                self.reviews.let_go(session.tenant, line.coding_id, maker)
            raise
        return "Claimed"

    def _let_go(self, session: ReviewSession, line: WorklistLine) -> str:
        self.reviews.let_go(session.tenant, line.coding_id, maker_of(session, request))
        self._tell(session, line, "let-go")
        return "Let go"

    def _tell(self, session: ReviewSession, line: WorklistLine, act: str) -> None:
        self.recording.person(request, session, "lock-review", Action.UPDATE, asked=line.coding_id, act=act)

    def _line(self, session: ReviewSession, coding_id: str) -> WorklistLine:
        """A review in sight. Raises ResourceUnknown for any other, one whose encounter was coded again among them."""
        filters = Filters(states=tuple(State), search=coding_id, within=self.shown.within(session))
        line = next((one for one in self.lists.lines(session.tenant, filters) if one.coding_id == coding_id), None)
        if line is None:
            raise ResourceUnknown("it is listed no more: its encounter was coded again, or it is out of your sight")
        self._require_readable(session, line)
        return line

    def _require_readable(self, session: ReviewSession, line: WorklistLine) -> None:
        """Raises ResourceUnknown for what the EHR does not let the person read."""
        if not may_read(self.client_of(session), session, line.encounter_reference):
            raise ResourceUnknown("your EHR does not let you read this encounter")

    def _query(self) -> ListQuery:
        return read_query(request.form.get("query", "")[:LONGEST_QUERY])

    def _require_work(self, session: ReviewSession) -> None:
        """Raises Forbidden; that it was tried is written down."""
        if not may_work(session):
            self.recording.person(request, session, "decide", Action.EXECUTE, Success.REFUSED, error=Forbidden.code)
            raise Forbidden("none of your roles may work on the list: who may sign off may")


def _act_and_rows() -> tuple[str, tuple[tuple[str, int], ...]]:
    """The act, and the rows that it is for: the one whose own button was used, or those that are chosen."""
    own = request.form.get("claim", "")
    matches = map(_ROW.fullmatch, [own] if own else request.form.getlist("row")[:MOST_ROWS])
    rows = {match[1]: int(match[2]) for match in matches if match}
    return "claim" if own else _field("act"), tuple(rows.items())


def _summary(said: Sequence[Said]) -> str:
    refused, done = sum(not one.is_done for one in said), sum(one.is_done for one in said)
    return f"{refused} of {len(said)} could not be changed{', the others were' if done else ''}: why stands at the row."


def _field(name: str) -> str:
    return request.form.get(name, "").strip()


def _sentence(error: FhirCoderError) -> str:
    return error.message[:1].upper() + error.message[1:]
