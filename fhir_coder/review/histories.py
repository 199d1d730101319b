"""The page of a coding's history: everybody who may see the coding sees who did what to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from flask import Response, request

from fhir_coder.audit.entry import Action, Success
from fhir_coder.errors import ResourceUnknown
from fhir_coder.people import Right
from fhir_coder.review.history_page import history_values
from fhir_coder.review.recording import Recording
from fhir_coder.review.rendering import Pages
from fhir_coder.review.session import ReviewSession
from fhir_coder.review.sight import sight_of
from fhir_coder.store.aftermath import Aftermath
from fhir_coder.store.records import CODING_ID, StoredEncounter
from fhir_coder.store.reviews import OpenedReview
from fhir_coder.worklist.second_review import SecondReview, SecondState

InSight = Callable[[ReviewSession, str], StoredEncounter | None]
"""The coding of an id, if the person of a session may see it now."""


class FindsReviews(Protocol):
    """What this needs of :class:`fhir_coder.store.reviews.Reviews`."""

    def find(self, tenant: str, coding_id: str) -> OpenedReview | None:
        """The review of a coding, if it is the tenant's."""


class KnowsAftermath(Protocol):
    """What this needs of :class:`fhir_coder.store.aftermath.Aftermaths`."""

    def of(self, tenant: str, coding_id: str) -> Aftermath:
        """What came of one coding."""


class FindsSecond(Protocol):
    """What this needs of :class:`fhir_coder.store.second_reviews.SecondReviews`."""

    def find(self, tenant: str, coding_id: str) -> SecondReview | None:
        """The second review of a coding."""


class HistoryPages:
    """``in_sight`` is the rule of the coding's own page."""

    def __init__(
        self, in_sight: InSight, reviews: FindsReviews, aftermaths: KnowsAftermath, second: FindsSecond, recording: Recording, pages: Pages
    ) -> None:
        self._second = second
        self._in_sight = in_sight
        self._reviews = reviews
        self._aftermaths = aftermaths
        self._recording = recording
        self._pages = pages

    def history(self, session: ReviewSession, coding_id: str) -> Response:
        """Who did what to a coding, when and why, with the codes before and after. Raises ResourceUnknown for one out of sight."""
        coding = self._in_sight(session, coding_id)
        opened = self._reviews.find(session.tenant, coding_id) if coding else None
        if coding is None or opened is None:
            asked = coding_id if CODING_ID.fullmatch(coding_id) else ""
            self._recording.person(request, session, "read-history", Action.READ, Success.REFUSED, asked=asked)
            raise ResourceUnknown("there is no coding of that id in your sight")
        purpose = "" if sight_of(session).is_role else "BTG"
        self._recording.person(request, session, "read-history", Action.READ, coding=coding, purpose=purpose)
        values = history_values(coding, opened, self._aftermaths.of(session.tenant, coding_id))
        second = self._second.find(session.tenant, coding_id)
        is_done = second is not None and second.state is SecondState.DONE
        sees_others = session.person.may(Right.SEE_OTHERS)
        return self._pages.page(
            "history", session, is_broken=bool(purpose), second=second if is_done else None, sees_others=sees_others, **values
        )
