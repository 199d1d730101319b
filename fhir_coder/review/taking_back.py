"""The decisions that can be taken back, and those that took one back, as the page lists them: each by its number, not only the last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fhir_coder.review.history_page import ACTS, name_of
from fhir_coder.store.reviews import OpenedReview
from fhir_coder.worklist.decision import Act


@dataclass(frozen=True, slots=True)
class TakenBack:
    """One decision to name. ``is_undo``: it took another back, which stands again without it."""

    sequence: int
    at: datetime
    who: str
    what: str
    code: str
    instead: str
    is_undo: bool


def to_take_back(opened: OpenedReview) -> tuple[TakenBack, ...]:
    """The newest first."""
    named = {*opened.review.undoable, *opened.review.redoable}
    return tuple(
        TakenBack(
            one.sequence,
            one.at,
            name_of(one.by),
            ACTS[one.decision.act] + (f" decision {one.decision.undoes}" if one.decision.undoes else ""),
            one.decision.code,
            one.decision.instead,
            one.decision.act is Act.UNDO,
        )
        for one in reversed(opened.history)
        if one.sequence in named
    )
