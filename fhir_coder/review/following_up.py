"""What the pages need of what follows a decision: which duties it brings, doing what is due, and how each stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from fhir_coder.review.session import ReviewSession
from fhir_coder.store.records import StoredEncounter
from fhir_coder.worklist.decision import Decision, Recorded
from fhir_coder.worklist.following import Duty, FollowUp


class FollowsUp(Protocol):
    """Behind the pages: the EHR, billing, the provider."""

    def duties(self, session: ReviewSession, coding: StoredEncounter, decision: Decision, history: Sequence[Recorded]) -> tuple[Duty, ...]:
        """What a decision brings about that is made after a history; to be kept with it."""

    def carry_out(self, session: ReviewSession, coding: StoredEncounter, is_asked: bool = False) -> None:
        """Do what is due for a coding, with this person's access. Raises nothing: what fails is kept with its cause, and tried again.
        ``is_asked``: a person wants it now, also what waits for its next attempt or was left to a person."""

    def of(self, tenant: str, coding_id: str) -> tuple[FollowUp, ...]:
        """How all of a coding stand, oldest first."""

    def resolve(self, session: ReviewSession, coding: StoredEncounter, key: int, is_there: bool) -> bool:
        """Write down what this person found at the EHR of what may have arrived by a duty; False where nothing of it is in doubt."""

    def query_text(self, coding: StoredEncounter, sequence: int) -> str:
        """The question of that decision as a text to copy, for an EHR that takes none; empty where it has none."""
