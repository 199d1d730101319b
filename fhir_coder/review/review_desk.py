"""The desk of one review: what a page of it shows to a person, and the edits on its codes as they are or would be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from fhir_coder.errors import ResourceUnknown
from fhir_coder.people import Right
from fhir_coder.rechecking import HasEncounter, Rechecked, Reviewed
from fhir_coder.record.rereading import Reread
from fhir_coder.review.difference import difference
from fhir_coder.review.encounter_page import Looked, Shown, encounter_values
from fhir_coder.review.following_up import FollowsUp
from fhir_coder.review.makers import someone_of
from fhir_coder.review.review_head import head_values
from fhir_coder.review.reviewed_codes import places_known, reviewed_of
from fhir_coder.review.session import ReviewSession
from fhir_coder.review.sight import sight_of
from fhir_coder.review.tabular import TabularList
from fhir_coder.review.taking_back import to_take_back
from fhir_coder.review.worklist_query import person_key
from fhir_coder.store.records import EarlierCoding, StoredEncounter
from fhir_coder.store.reviews import OpenedReview
from fhir_coder.worklist.decision import Someone
from fhir_coder.worklist.review import Review

AFRESH = Shown()
"""A page that shows nothing yet."""


class FindsReviews(Protocol):
    """What this needs of :class:`fhir_coder.store.reviews.Reviews`."""

    def find(self, tenant: str, coding_id: str) -> OpenedReview | None:
        """The review of a coding, if it is the tenant's."""


class Rechecks(Protocol):
    """What this needs of :class:`fhir_coder.rechecking.Rechecker`."""

    def recheck(self, coding: StoredEncounter, reviewed: Reviewed, source: HasEncounter) -> Rechecked:
        """Every edit that has its input."""


def nothing_before(coding: StoredEncounter) -> EarlierCoding | None:
    """Where no encounter was coded before."""
    return None


class ReviewDesk:
    """``source_of`` gives where the encounter of a past coding is had again for a session, ``notes_of`` the notes of a coding as far as the session
    may have them, ``people_of`` whom a practice knows, ``before`` the coding of its encounter that came before one."""

    def __init__(
        self,
        reviews: FindsReviews,
        edits: Rechecks,
        source_of: Callable[[ReviewSession], HasEncounter],
        notes_of: Callable[[ReviewSession, StoredEncounter], Sequence[Reread]],
        tabular: TabularList,
        follow_ups: FollowsUp,
        people_of: Callable[[str], Sequence[Someone]],
        before: Callable[[StoredEncounter], EarlierCoding | None] = nothing_before,
    ) -> None:
        self._before = before
        self._reviews = reviews
        self._edits = edits
        self._source_of = source_of
        self._notes_of = notes_of
        self._follow_ups = follow_ups
        self.tabular = tabular
        self.people_of = people_of

    def opened(self, coding: StoredEncounter) -> OpenedReview:
        """The review of a coding. Raises ResourceUnknown where it went with its coding meanwhile."""
        found = self._reviews.find(coding.tenant, coding.id)
        if found is None:
            raise ResourceUnknown("there is no such review, or no longer")
        return found

    def notes(self, session: ReviewSession, coding: StoredEncounter) -> Sequence[Reread]:
        """The notes of a coding, each with its text or the reason why there is none."""
        return self._notes_of(session, coding)

    def recheck(self, session: ReviewSession, coding: StoredEncounter, review: Review) -> Rechecked:
        """What the edits say of the codes of a review."""
        return self._edits.recheck(coding, reviewed_of(review, places_known(coding)), self._source_of(session))

    def values(
        self,
        session: ReviewSession,
        coding: StoredEncounter,
        is_broken: bool = False,
        shown: Shown = AFRESH,
        rechecked: Rechecked | None = None,
    ) -> dict[str, Any]:
        """All that the templates of the page need. ``is_broken``: the person sees it by breaking the glass, and decides nothing; ``shown`` is what
        the page has already; ``rechecked``: what the edits say of the codes as they are, where that is known already."""
        opened = self.opened(coding)
        rechecked = rechecked or self.recheck(session, coding, opened.review)
        follow_ups = self._follow_ups.of(coding.tenant, coding.id)
        query_text = lambda sequence: self._follow_ups.query_text(coding, sequence)  # noqa: E731 - one place, one line
        may_review = session.person.may(Right.REVIEW) and sight_of(session).is_role and not is_broken
        head = head_values(session.person, someone_of(session), opened, may_review, follow_ups, query_text)
        looked = Looked(coding, opened, rechecked, self.notes(session, coding))
        values = encounter_values(looked, self.tabular, shown, head["allowed"].decide)
        people = [(person_key(one), one.name or one.id) for one in self.people_of(coding.tenant) if not one.is_same(someone_of(session))]
        before = self._before(coding)
        told = {"is_broken": is_broken, "people": people, "to_take_back": to_take_back(opened)}
        return values | head | told | {"since": difference(before, coding) if before else None}
