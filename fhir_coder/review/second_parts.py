"""What the pages of second reviews need of the store and of the search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from fhir_coder.code_search.searching import Found
from fhir_coder.store.records import Within
from fhir_coder.store.reviews import Maker, OpenedReview
from fhir_coder.worklist.agreement import Comparison
from fhir_coder.worklist.decision import Decision, Someone
from fhir_coder.worklist.following import Duty
from fhir_coder.worklist.review import Review
from fhir_coder.worklist.second_review import SecondReview
from terminology.release import Release


class KeepsSecondReviews(Protocol):
    """What this needs of :class:`fhir_coder.store.second_reviews.SecondReviews`."""

    def find(self, tenant: str, coding_id: str) -> SecondReview | None:
        """The second review of a coding."""

    def waiting(self, tenant: str, within: Within = ..., most: int = ...) -> tuple[SecondReview, ...]:
        """What waits."""

    def count_waiting(self, tenant: str, within: Within = ...) -> int:
        """How many wait."""

    def held_by(self, tenant: str, person: Someone) -> tuple[SecondReview, ...]:
        """What a person has begun and not done."""

    def begin(self, tenant: str, coding_id: str, maker: Maker) -> None:
        """Take one."""

    def let_go(self, tenant: str, coding_id: str, maker: Maker) -> None:
        """Leave one to others."""

    def finish(self, tenant: str, coding_id: str, codes: Sequence[str], maker: Maker) -> Comparison:
        """Hand in codes."""


class Decides(Protocol):
    """What this needs of :class:`fhir_coder.store.reviews.Reviews`."""

    def find(self, tenant: str, coding_id: str) -> OpenedReview | None:
        """The first review."""

    def decide(
        self, tenant: str, coding_id: str, version: int, decision: Decision, maker: Maker, checked: None = ..., duties: Sequence[Duty] = ...
    ) -> Review:
        """Decide on it."""


class Searches(Protocol):
    """What this needs of :class:`fhir_coder.code_search.searching.CodeSearch`."""

    def search(self, query: str, release: Release, most: int = ...) -> tuple[Found, ...]:
        """The best codes."""
