"""What the store tells of one coding for a card: counts and ids, no code and no word."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tally:
    """The newest coding of an encounter: its id, its patient (``Patient/7`` or empty), codes proposed, of them to be reviewed, and findings that block."""

    coding_id: str
    patient_reference: str
    proposed: int
    to_review: int
    blocking: int
