"""What a duty works on, and what performs duties of one kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fhir_coder.signing.access import Access
from fhir_coder.store.follow_ups import Outcome
from fhir_coder.store.records import StoredEncounter
from fhir_coder.store.reviews import OpenedReview
from fhir_coder.worklist.following import FollowUp


@dataclass(frozen=True, slots=True)
class Task:
    """A duty with its coding and the review as it stands."""

    follow_up: FollowUp
    coding: StoredEncounter
    opened: OpenedReview
    access: Access


Perform = Callable[[Task], Outcome]
"""Does one duty. Raises the errors of :mod:`fhir_coder.errors` and NotReplayable: both mean that it is tried again."""
