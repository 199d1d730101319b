"""Decisions of people on a review: read from a form, checked against the release and the edits, kept, and shown with what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from flask import Response, request

from fhir_coder.audit.entry import Action, Success
from fhir_coder.errors import Conflict, FhirCoderError, Forbidden, InvalidContent, ResourceUnknown
from fhir_coder.people import Right
from fhir_coder.rechecking import Rechecked
from fhir_coder.review.answers import json_answer, wants_json
from fhir_coder.review.assigning import person_named
from fhir_coder.review.coding_in_sight import CodingInSight
from fhir_coder.review.decided_lines import require_lines
from fhir_coder.review.decision_codes import require_billable
from fhir_coder.review.decision_form import ACCEPT_ALL, decision_of, version_of
from fhir_coder.review.decision_words import said_of
from fhir_coder.review.encounter_page import Shown
from fhir_coder.review.following_up import FollowsUp
from fhir_coder.review.makers import maker_of
from fhir_coder.review.note_view import texts_of
from fhir_coder.review.recording import Recording
from fhir_coder.review.rendering import Pages
from fhir_coder.review.review_desk import ReviewDesk
from fhir_coder.review.reviewed_codes import checked_of
from fhir_coder.review.session import ReviewSession
from fhir_coder.review.sight import require_right
from fhir_coder.store.records import StoredEncounter
from fhir_coder.store.reviews import Checked, Maker
from fhir_coder.worklist.decision import Act, Decision, Recorded
from fhir_coder.worklist.folding import advance
from fhir_coder.worklist.following import Duty
from fhir_coder.worklist.review import Review, Verdict

_REGIONS = ("head", "codes", "inspector")
_FOUND = {"": "Tried again.", "there": "Noted as found at the EHR.", "absent": "Noted as not there."}
_BY_EVERYBODY = frozenset({Act.COMMENT})
"""What changes nothing: who may look at a review may say something on it. All else is for those who may sign off, as on the worklist."""


class Reviews(Protocol):
    """What this needs of :class:`fhir_coder.store.reviews.Reviews`."""

    def decide(
        self,
        tenant: str,
        coding_id: str,
        version: int,
        decision: Decision,
        maker: Maker,
        checked: Checked | None = None,
        duties: Sequence[Duty] = (),
    ) -> Review:
        """Add a decision that was made on a version, and give back the review after it."""

    def let_go(self, tenant: str, coding_id: str, maker: Maker) -> None:
        """Stop to work on a review."""


class Deciding:
    """``in_sight`` finds the codings that a session may decide on, ``now`` tells the time (aware)."""

    def __init__(
        self,
        in_sight: CodingInSight,
        desk: ReviewDesk,
        reviews: Reviews,
        follow_ups: FollowsUp,
        recording: Recording,
        pages: Pages,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._in_sight = in_sight
        self._desk = desk
        self._reviews = reviews
        self._follow_ups = follow_ups
        self._recording = recording
        self._pages = pages
        self._now = now

    def decide(self, session: ReviewSession, coding_id: str) -> Response:
        """One decision. A script of the page gets the regions anew, also with a conflict; without one it leads back to the page."""
        coding = self._coding(session, coding_id, "decide")
        try:
            decide = self._accept_all if request.form.get("act") == ACCEPT_ALL else self._one
            said, rechecked = decide(session, coding)
        except FhirCoderError as error:
            if not isinstance(error, Conflict):
                self._refused(session, "decide", error, coding)
                raise
            self._refused(session, "decide", error, coding)
            if not wants_json(request):
                raise
            return json_answer({"code": error.code, "error": _sentence(error.message)} | self._regions(session, coding), error.status)
        return self._done(session, coding, said, rechecked)

    def let_go(self, session: ReviewSession, coding_id: str) -> Response:
        """Stop to work on a review: others need not wait until the lock is over."""
        coding = self._coding(session, coding_id, "let-go")
        self._reviews.let_go(session.tenant, coding.id, maker_of(session, request))
        self._recording.person(request, session, "let-go", Action.UPDATE, coding=coding)
        return self._done(session, coding, "Let go: somebody else may work on it.")

    def retry(self, session: ReviewSession, coding_id: str) -> Response:
        """Do now what is due outside the review. ``found`` says what the person saw at the EHR of one that may have arrived (``follow_up``): it is ``there``,
        or ``absent`` and may be sent."""
        coding = self._coding(session, coding_id, "follow-up", Right.SIGN_OFF)
        found, asked = request.form.get("found", ""), request.form.get("follow_up", "")
        if found not in {"", "there", "absent"} or not ((asked.isdecimal() and len(asked) < 19) or not found):
            raise InvalidContent("say of one follow-up whether it was found: there or absent")
        if not found:
            self._recording.person(request, session, "follow-up", Action.EXECUTE, coding=coding)
        else:
            self._recording.person(request, session, "follow-up", Action.EXECUTE, coding=coding, followUp=asked, found=found)
            if not self._follow_ups.resolve(session, coding, int(asked), found == "there"):
                raise Conflict("nothing of it is in doubt any more: look at it again")
        self._follow_ups.carry_out(session, coding, is_asked=True)
        return self._done(session, coding, _FOUND[found])

    def _coding(self, session: ReviewSession, coding_id: str, event: str, right: Right = Right.REVIEW) -> StoredEncounter:
        """Raises Forbidden, and ResourceUnknown for what is not in sight; both are written down."""
        try:
            require_right(session, right)
            coding = self._in_sight.find(session, coding_id)
        except Forbidden as error:
            self._refused(session, event, error)
            raise
        if coding is None:
            unknown = ResourceUnknown("there is no coding of that id in your sight")
            self._refused(session, event, unknown)
            raise unknown
        return coding

    def _one(self, session: ReviewSession, coding: StoredEncounter) -> tuple[str, Rechecked]:
        """What the page says, and what the edits say of the codes now."""
        decision = decision_of(request.form, coding, texts_of(self._desk.notes(session, coding)))
        if decision.act not in _BY_EVERYBODY:
            require_right(session, Right.SIGN_OFF)
        if decision.act is Act.ASSIGN:
            decision = replace(decision, to=person_named(request.form, session, self._desk.people_of(session.tenant)))
        if decision.overrides:
            require_right(session, Right.OVERRIDE_BLOCKING)
        require_lines(decision, coding)
        require_billable(decision, self._desk.tabular.release_for(coding))
        return said_of(decision), self._keep(session, coding, version_of(request.form), decision)

    def _accept_all(self, session: ReviewSession, coding: StoredEncounter) -> tuple[str, Rechecked]:
        """Each open code by a decision of its own, so that the history says which; the first conflict ends it."""
        require_right(session, Right.SIGN_OFF)
        version, opened = version_of(request.form), self._desk.opened(coding)
        review = opened.review
        codes = [one.code for one in review.codes if one.verdict is Verdict.OPEN]
        if version != review.version:
            raise Conflict("the review changed meanwhile: look at it again")
        rechecked = self._desk.recheck(session, coding, review)
        checked = checked_of(rechecked)
        for code in codes:
            review = self._decide(session, coding, review.version, Decision(Act.ACCEPT, code=code), checked)
        return (f"{len(codes)} accepted." if codes else "Every code is accepted already."), rechecked

    def _keep(self, session: ReviewSession, coding: StoredEncounter, version: int, decision: Decision) -> Rechecked:
        """The edits run on the codes as they would be, so that the findings that are kept are those of the codes that are kept."""
        opened, person = self._desk.opened(coding), maker_of(session, request).person
        now = opened.review
        if version != now.version:
            raise Conflict("the review changed meanwhile: look at it again")
        new = Recorded(version + 1, self._now(), person.id, person.issuer, person.name, decision)
        after = now if decision.act is Act.SIGN_OFF else advance(opened.proposed, opened.history, new)
        rechecked = self._desk.recheck(session, coding, after)
        self._decide(session, coding, version, decision, checked_of(rechecked))
        self._follow_ups.carry_out(session, coding)
        return rechecked

    def _decide(self, session: ReviewSession, coding: StoredEncounter, version: int, decision: Decision, checked: Checked) -> Review:
        history = self._desk.opened(coding).history if decision.act is Act.UNDO else ()  # of other acts it changes nothing
        duties = self._follow_ups.duties(session, coding, decision, history)
        return self._reviews.decide(session.tenant, coding.id, version, decision, maker_of(session, request), checked, duties)

    def _done(self, session: ReviewSession, coding: StoredEncounter, said: str, rechecked: Rechecked | None = None) -> Response:
        if wants_json(request):
            return json_answer({"said": said} | self._regions(session, coding, rechecked))
        code = request.form.get("instead") or request.form.get("code", "")
        place = self._desk.opened(coding).review.position(code.strip().upper())
        fragment = f"#code-{place}" if place else "#codes"
        return self._pages.redirect(self._pages.local(f"/review/encounters/{coding.id}{fragment}"), session.frame_ancestors)

    def _regions(self, session: ReviewSession, coding: StoredEncounter, rechecked: Rechecked | None = None) -> dict[str, object]:
        """The parts of the page as they are now; the notes only where what is marked in them is not what the page shows."""
        shown = Shown(request.form.get("marks", ""), request.form.get("left_out", ""))
        values = self._desk.values(session, coding, shown=shown, rechecked=rechecked)
        names = (*_REGIONS, "notes") if shown.marks != values["marks"] else _REGIONS
        parts = {name: self._pages.part(f"encounter_{name}", session, is_scripted=True, **values) for name in names}
        review = values["review"]
        return {"version": review.version, "state": review.state.value} | parts

    def _refused(self, session: ReviewSession, event: str, error: FhirCoderError, coding: StoredEncounter | None = None) -> None:
        self._recording.person(request, session, event, Action.UPDATE, Success.REFUSED, coding=coding, error=error.code)


def _sentence(message: str) -> str:
    return message[:1].upper() + message[1:]
