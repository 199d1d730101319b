"""The pages of second reviews: what waits, an encounter that is coded without a look at the first result, and the comparison afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from flask import Response, request

from fhir_coder.audit.entry import Action, Success
from fhir_coder.code_search.searching import Found
from fhir_coder.errors import Conflict, Forbidden, ResourceUnknown
from fhir_coder.people import Right
from fhir_coder.record.rereading import Reread
from fhir_coder.review.blinding import maker_of, someone
from fhir_coder.review.following_up import FollowsUp
from fhir_coder.review.launch_reading import one_of
from fhir_coder.review.note_view import note_views
from fhir_coder.review.picking import FIND, HAND_IN, MOST, Picked, checked, picked
from fhir_coder.review.recording import Recording
from fhir_coder.review.rendering import Pages
from fhir_coder.review.second_parts import Decides, KeepsSecondReviews, Searches
from fhir_coder.review.session import ReviewSession
from fhir_coder.review.sight import require_right, sight_of
from fhir_coder.store.records import CODING_ID, StoredEncounter
from fhir_coder.worklist.decision import Act, Decision
from fhir_coder.worklist.review import State
from fhir_coder.worklist.second_review import SecondReview, SecondState
from terminology.release import Catalogue, Release

ADDRESS = "/review/second"
_UNKNOWN = "there is no second review of that coding in your sight"


class SecondReviewPages:
    """``readable`` gives a coding whose notes are for the person to read, ``require_unblinded`` raises Forbidden for who must not see its codes yet;
    ``notes_of`` gives the notes of a coding, ``judge`` lets a tenant's standing follow from what was handed in; ``follows`` is what a reopening brings
    about outside the review, None where nothing follows."""

    def __init__(
        self,
        second: KeepsSecondReviews,
        reviews: Decides,
        readable: Callable[[ReviewSession, str], StoredEncounter | None],
        require_unblinded: Callable[[ReviewSession, StoredEncounter], None],
        notes_of: Callable[[ReviewSession, StoredEncounter], Sequence[Reread]],
        catalogue: Catalogue,
        codes: Searches,
        judge: Callable[[str], object],
        recording: Recording,
        pages: Pages,
        follows: FollowsUp | None = None,
    ) -> None:
        self._follows = follows
        self._second = second
        self._reviews = reviews
        self._readable = readable
        self._require_unblinded = require_unblinded
        self._notes_of = notes_of
        self._catalogue = catalogue
        self._codes = codes
        self._judge = judge
        self._recording = recording
        self._pages = pages

    def listed(self, session: ReviewSession) -> Response:
        """What waits in sight, without a word of what was coded."""
        require_right(session, Right.SECOND_REVIEW)
        within = sight_of(session).within
        lines, count = self._second.waiting(session.tenant, within), self._second.count_waiting(session.tenant, within)
        self._recording.person(request, session, "list-second-reviews", Action.READ, count=str(len(lines)))
        return self._pages.page(
            "second_list", session, lines=lines, count=count, me=someone(session.person), sees_report=session.person.may(Right.SEE_OTHERS)
        )

    def shown(self, session: ReviewSession, coding_id: str) -> Response:
        """The notes to who has it, the comparison when it is done, else an offer to begin."""
        coding, second = self._found(session, coding_id)
        if second.state is SecondState.DONE:
            return self._result(session, coding, second)
        require_right(session, Right.SECOND_REVIEW)
        if not someone(session.person).is_same(second.coder):
            return self._pages.page("second_offer", session, second=second)
        return self._desk(session, coding, Picked(()), "", ())

    def begin(self, session: ReviewSession, coding_id: str) -> Response:
        """Take it."""
        require_right(session, Right.SECOND_REVIEW)
        coding, _ = self._found(session, coding_id)
        self._second.begin(session.tenant, coding_id, maker_of(session))
        self._recording.person(request, session, "begin-second-review", Action.UPDATE, coding=coding)
        return self._redirect(session, f"/{coding_id}")

    def let_go(self, session: ReviewSession, coding_id: str) -> Response:
        """Leave it to others."""
        coding, _ = self._found(session, coding_id)
        self._second.let_go(session.tenant, coding_id, maker_of(session))
        self._recording.person(request, session, "leave-second-review", Action.UPDATE, coding=coding)
        return self._redirect(session, "")

    def pick(self, session: ReviewSession, coding_id: str) -> Response:
        """One step on the list of codes, or hand it in. Raises Conflict for who does not have it any more."""
        require_right(session, Right.SECOND_REVIEW)
        coding, second = self._found(session, coding_id)
        if second.state is SecondState.DONE or not someone(session.person).is_same(second.coder):
            raise Conflict("you do not have this second review any more")
        release = self._release(coding)
        do, query = one_of(request.form, "do") or FIND, one_of(request.form, "q")
        codes = checked(request.form.getlist("code"), release.codebook)
        if do == HAND_IN:
            return self._hand_in(session, coding, codes)
        now = picked(codes, do, query, release.codebook)
        is_asked = do == FIND and now.codes == codes and not now.said and bool(query.strip())
        found = self._codes.search(query, release) if is_asked else ()
        if is_asked and not found:
            now = replace(now, said="Nothing was found.")
        return self._desk(session, coding, now, query if is_asked else "", found)

    def reopen(self, session: ReviewSession, coding_id: str) -> Response:
        """Open the first review again because the second found something."""
        require_right(session, Right.SEE_OTHERS)
        require_right(session, Right.SIGN_OFF)
        coding, second = self._found(session, coding_id)
        self._require_unblinded(session, coding)
        opened = self._reviews.find(session.tenant, coding_id)
        if opened is None or second.state is not SecondState.DONE or second.comparison.is_exact:
            raise Conflict("the second review is not done, or agrees with the first")
        decision = Decision(Act.REOPEN, reason="audit-finding", text=one_of(request.form, "text").strip())
        duties = self._follows.duties(session, coding, decision, opened.history) if self._follows else ()
        self._reviews.decide(session.tenant, coding_id, opened.review.version, decision, maker_of(session), duties=duties)
        if self._follows:
            self._follows.carry_out(session, coding)
        return self._pages.redirect(self._pages.local(f"/review/encounters/{coding_id}"), session.frame_ancestors)

    def _hand_in(self, session: ReviewSession, coding: StoredEncounter, codes: tuple[str, ...]) -> Response:
        if not codes and one_of(request.form, "none") != "yes":
            said = "The list is empty. If nothing can be coded, say so below and hand it in again."
            return self._desk(session, coding, Picked(codes, said), "", ())
        self._second.finish(session.tenant, coding.id, codes, maker_of(session))
        self._judge(session.tenant)
        return self._redirect(session, f"/{coding.id}")

    def _desk(self, session: ReviewSession, coding: StoredEncounter, now: Picked, query: str, found: tuple[Found, ...]) -> Response:
        """The notes without any mark, beside the list."""
        self._recording.person(request, session, "open-second-review", Action.READ, coding=coding)
        blind = blinded(coding)
        codebook = self._release(coding).codebook
        return self._pages.page(
            "second",
            session,
            takes_words=True,
            coding_id=coding.id,
            encounter_reference=coding.encounter_reference,
            patient_reference=coding.patient_reference,
            service_date=coding.service_date,
            release_id=coding.release_id,
            notes=note_views(blind, self._notes_of(session, blind), {}),
            codes=[(one, codebook.title(one)) for one in now.codes],
            said=now.said,
            query=query,
            found=found,
            most=MOST,
        )

    def _result(self, session: ReviewSession, coding: StoredEncounter, second: SecondReview) -> Response:
        """For the second coder, and for who may see what others decided."""
        if not someone(session.person).is_same(second.coder):
            require_right(session, Right.SEE_OTHERS)
        self._require_unblinded(session, coding)
        self._recording.person(request, session, "read-second-review", Action.READ, coding=coding)
        codebook = self._release(coding).codebook
        titles = {one: codebook.title(one) if one in codebook else "" for one in (*second.first, *second.second)}
        may_reopen = all(session.person.may(right) for right in (Right.SEE_OTHERS, Right.SIGN_OFF))
        is_closed = second.review_state in {State.PASSED, State.SIGNED} and not second.is_superseded
        values: dict[str, Any] = {"second": second, "compared": second.comparison, "titles": titles}
        can_reopen = may_reopen and is_closed and not second.comparison.is_exact
        return self._pages.page("second_result", session, takes_words=True, can_reopen=can_reopen, **values)

    def _found(self, session: ReviewSession, coding_id: str) -> tuple[StoredEncounter, SecondReview]:
        """Raises ResourceUnknown for what was not drawn and for what is out of sight alike, and writes that down."""
        if not any(session.person.may(right) for right in (Right.SECOND_REVIEW, Right.SEE_OTHERS)):
            raise Forbidden(f"none of your roles may {Right.SECOND_REVIEW.meaning}")
        second = self._second.find(session.tenant, coding_id) if CODING_ID.fullmatch(coding_id) else None
        coding = self._readable(session, coding_id) if second else None
        if coding is None or second is None:
            asked = coding_id if CODING_ID.fullmatch(coding_id) else ""
            self._recording.person(request, session, "open-second-review", Action.READ, Success.REFUSED, asked=asked)
            raise ResourceUnknown(_UNKNOWN)
        return coding, second

    def _release(self, coding: StoredEncounter) -> Release:
        try:
            return self._catalogue.get(coding.release_id)
        except KeyError:
            return self._catalogue.for_date(coding.service_date).release

    def _redirect(self, session: ReviewSession, path: str) -> Response:
        return self._pages.redirect(self._pages.local(ADDRESS + path), session.frame_ancestors)


def blinded(coding: StoredEncounter) -> StoredEncounter:
    """The coding without anything that was found in its notes or came of it."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("assignments", "by_code", "rejected", "uncoded", "findings", "reasons", "proposals", "receipts", "trail", "recorded"), ()
    )
    return replace(coding, **nothing)
