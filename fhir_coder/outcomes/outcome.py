"""One coding and what became of it, as data: ids, codes and numbers, no word of a note or of a person's reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from fhir_coder.exchange import Artifacts
from fhir_coder.model import Outcome, Severity
from fhir_coder.worklist.decision import Someone
from fhir_coder.worklist.review import Origin, State, Verdict


@dataclass(frozen=True, slots=True)
class ProposedOutcome:
    """A code that the engine assigned. ``rank`` is its place in claim order, from 1; ``disposition`` where it went by itself; ``features`` are the
    numbers that its probability was reckoned from."""

    code: str
    probability: float
    rank: int
    disposition: Outcome
    features: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class WeighedOutcome:
    """A candidate that the engine did not assign. ``reason`` is of :class:`fhir_coder.model.RejectionReason`."""

    code: str
    probability: float
    reason: str


@dataclass(frozen=True, slots=True)
class EditOutcome:
    """A finding on the proposal: the id of the edit, its severity and the codes it is about."""

    edit: str
    severity: Severity
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FinalCode:
    """A code that was signed. ``verdict`` is open where nobody accepted this very code; ``replaces`` is the code that stood in its place first, or
    empty; ``probability`` is None for a code that the engine never weighed."""

    code: str
    origin: Origin
    verdict: Verdict
    replaces: str
    probability: float | None


@dataclass(frozen=True, slots=True)
class RejectedOutcome:
    """A code that a person took out, with the reason (:mod:`fhir_coder.worklist.reasons`, or ``replaced``)."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class OverrideOutcome:
    """A blocking finding that the sign-off let pass: its name (:func:`fhir_coder.worklist.decision.finding_name`) and the reason."""

    finding: str
    reason: str


@dataclass(frozen=True, slots=True)
class CodedLine:
    """One coding in a count of them. ``created_at`` (aware) is when it was coded and, where it was not passed, queued. ``provider`` is a reference,
    ``specialty`` a name or a code (:mod:`fhir_coder.outcomes.specialty`); both are empty where the EHR told none."""

    coding_id: str
    ehr: str
    created_at: datetime
    provider: str
    specialty: str
    release_id: str
    engine_version: str
    disposition: Outcome
    state: State


@dataclass(frozen=True, slots=True)
class CodingOutcome:
    """One coding as the engine made it. ``disposition`` is the engine's, and stays what it was when a person reopens what had passed; ``versions`` and
    ``artifacts`` are what it was coded with, as stored. ``proposed`` are in claim order; ``edits`` are the findings on the proposal, those in
    shadow among them. The rest as :class:`CodedLine`."""

    tenant: str
    coding_id: str
    ehr: str
    encounter_reference: str
    patient_reference: str
    service_date: date | None
    created_at: datetime
    provider: str
    specialty: str
    release_id: str
    engine_version: str
    versions: Mapping[str, str]
    artifacts: Artifacts
    disposition: Outcome
    is_confident: bool
    proposed: tuple[ProposedOutcome, ...]
    weighed: tuple[WeighedOutcome, ...]
    edits: tuple[EditOutcome, ...]


@dataclass(frozen=True, slots=True)
class SignedOutcome(CodingOutcome):
    """A coding whose review is signed, as of the sign-off in force, whose decision is ``sequence``. ``signed_at`` is aware; ``final`` are in claim order; ``rejected`` is what people
    took out, replaced codes among them; ``decisions`` counts all that were made on the review, those taken back and sign-offs among them."""

    sequence: int
    signed_at: datetime
    decided_by: Someone
    final: tuple[FinalCode, ...]
    rejected: tuple[RejectedOutcome, ...]
    overrides: tuple[OverrideOutcome, ...]
    times_signed: int
    decisions: int

    @property
    def replaced(self) -> tuple[tuple[str, str], ...]:
        """Pairs of the code that stood first and the one that was signed in its place."""
        return tuple((one.replaces, one.code) for one in self.final if one.replaces)

    @property
    def unseen(self) -> tuple[str, ...]:
        """Codes that nobody accepted one by one: the sign-off took them as they were."""
        return tuple(one.code for one in self.final if one.verdict is Verdict.OPEN)

    @property
    def is_blind(self) -> bool:
        """Whether it was signed as proposed without a decision on any code."""
        return bool(self.proposed) and len(self.unseen) == len(self.final) == len(self.proposed) and not self.rejected

    @property
    def final_codes(self) -> tuple[str, ...]:
        """The signed codes in claim order."""
        return tuple(one.code for one in self.final)

    @property
    def turnaround_s(self) -> float:
        """Seconds from coded to signed; never negative, whatever the clocks of two servers say."""
        return max(0.0, (self.signed_at - self.created_at).total_seconds())
