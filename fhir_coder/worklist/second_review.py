"""A second review as a value: an encounter that passed, coded again by somebody who has not seen its codes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from fhir_coder.worklist.agreement import Comparison, compare
from fhir_coder.worklist.decision import Someone
from fhir_coder.worklist.review import State


class SecondState(StrEnum):
    """Where a second review stands."""

    WAITING = "waiting"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class SecondReview:
    """One second review. ``coder`` has it, or had it; ``until`` is when somebody else may take it over, None where that is now. ``first`` and
    ``second`` are codes in order, empty until it is done; ``review_state`` is where the first review stands today, and ``is_superseded``: the
    encounter was coded again. Moments are aware."""

    coding_id: str
    ehr: str
    encounter_reference: str
    patient_reference: str
    service_date: date | None
    drawn_at: datetime
    state: SecondState
    coder: Someone | None
    until: datetime | None
    first: tuple[str, ...]
    second: tuple[str, ...]
    completed_at: datetime | None
    review_state: State
    is_superseded: bool

    def is_of(self, coding_id: str, ehr: str, encounter_reference: str) -> bool:
        """Whether a coding is of the same encounter."""
        if not self.encounter_reference:
            return coding_id == self.coding_id
        return (ehr, encounter_reference) == (self.ehr, self.encounter_reference)

    @property
    def comparison(self) -> Comparison:
        """The codes that passed beside those of the second coder."""
        return compare(self.first, self.second)
