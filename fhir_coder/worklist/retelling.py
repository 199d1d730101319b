"""A history told step by step: what stood before each decision and what after, as :mod:`fhir_coder.worklist.folding` has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fhir_coder.worklist.decision import Act, Recorded
from fhir_coder.worklist.folding import after, beginning, fold
from fhir_coder.worklist.history import changed, standing
from fhir_coder.worklist.review import Proposed, Review


@dataclass(frozen=True, slots=True)
class Step:
    """One decision with the review before and after it; what could be taken back then is told in neither.

    ``left_out`` and ``back_in`` are what an undo changed: sequences of decisions that no longer stand, and that stand again. ``stands`` is
    False for a decision that a later undo left out for good.
    """

    recorded: Recorded
    before: Review
    after: Review
    stands: bool
    left_out: tuple[int, ...] = ()
    back_in: tuple[int, ...] = ()

    @property
    def changes_codes(self) -> bool:
        """Whether other codes stand after it, or in another order."""
        return self.codes_before != self.codes_after

    @property
    def codes_before(self) -> tuple[str, ...]:
        """The codes that stood, in claim order."""
        return tuple(one.code for one in self.before.codes)

    @property
    def codes_after(self) -> tuple[str, ...]:
        """The codes that stand after it, in claim order."""
        return tuple(one.code for one in self.after.codes)


def retell(proposed: Proposed, recorded: Sequence[Recorded]) -> tuple[Step, ...]:
    """Every decision of a history in order. Each is one small step; only an undo needs the whole fold again."""
    stood = {one.sequence for one in standing(recorded).decisions}
    told, before = [], beginning(proposed)
    for place, one in enumerate(recorded, 1):
        is_undo = one.decision.act is Act.UNDO
        now = fold(proposed, recorded[:place]) if is_undo else after(before, one)
        left_out, back_in = changed(recorded[: place - 1], recorded[:place]) if is_undo else ((), ())
        told.append(Step(one, before, now, is_undo or one.sequence in stood, left_out, back_in))
        before = now
    return tuple(told)
