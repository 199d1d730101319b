"""What a decision brings about outside the review, as values: writing to the EHR, handing over to billing, asking the provider.

Each is a duty that is written down with the decision, in one transaction: a process that dies between the two leaves neither undone unseen.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What is to be done. ``EHR``: what was written there follows the review (a sign-off, a reopening); ``BILLING``: the signed version goes to
    one destination; ``QUERY``: the question reaches the provider; ``WITHDRAWAL``: the provider sees that it was taken back."""

    EHR = "ehr"
    BILLING = "billing"
    QUERY = "query"
    WITHDRAWAL = "withdrawal"


class Progress(StrEnum):
    """Where a duty stands. ``FAILED`` is tried again; ``UNDELIVERED`` is left to a person, who finds in ``detail`` why; ``OVERTAKEN``: a later
    decision made it needless; ``UNSURE``: what was sent may have arrived, the EHR cannot be asked, and a person has to say before it is sent again."""

    DUE = "due"
    DOING = "doing"
    DONE = "done"
    FAILED = "failed"
    UNDELIVERED = "undelivered"
    OVERTAKEN = "overtaken"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing to do. ``target`` is the id of the EHR or of the billing destination, of the tenant's settings."""

    kind: Kind
    target: str = ""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A duty as it stands. ``sequence`` is the decision that it follows; moments are epoch seconds, 0 for not yet; ``detail`` is our sentence on
    what happened, without words of notes; ``reference`` is where it stands at the EHR, or empty."""

    key: int
    coding_id: str
    sequence: int
    duty: Duty
    progress: Progress
    attempts: int
    created_s: int
    next_attempt_s: int
    settled_s: int
    detail: str = ""
    reference: str = ""
