"""Where nothing follows a decision outside the review: no EHR is written, nothing is billed, nobody is asked."""

from __future__ import annotations

from collections.abc import Sequence

from fhir_coder.review.session import ReviewSession
from fhir_coder.store.records import StoredEncounter
from fhir_coder.worklist.decision import Decision, Recorded
from fhir_coder.worklist.following import Duty, FollowUp


class NothingFollows:
    """A :class:`fhir_coder.review.following_up.FollowsUp` without duties."""

    def duties(self, session: ReviewSession, coding: StoredEncounter, decision: Decision, history: Sequence[Recorded]) -> tuple[Duty, ...]:
        """None."""
        return ()

    def carry_out(self, session: ReviewSession, coding: StoredEncounter, is_asked: bool = False) -> None:
        """Nothing is due."""

    def of(self, tenant: str, coding_id: str) -> tuple[FollowUp, ...]:
        """None."""
        return ()

    def resolve(self, session: ReviewSession, coding: StoredEncounter, key: int, is_there: bool) -> bool:
        """Nothing is in doubt."""
        return False

    def query_text(self, coding: StoredEncounter, sequence: int) -> str:
        """None."""
        return ""
