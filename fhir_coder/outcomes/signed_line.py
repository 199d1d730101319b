"""One signed coding in a count of them: only what figures are made of, so that ten thousand are read in a moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from fhir_coder.model import Severity
from fhir_coder.outcomes.outcome import SignedOutcome
from fhir_coder.worklist.decision import Someone


@dataclass(frozen=True, slots=True)
class Counted:
    """What a sign-off says of the codes. ``proposed`` are codes with their probability and ``final`` the signed ones, both in claim order; ``unseen``
    counts the signed that nobody accepted one by one; ``replaced`` are pairs of the code that stood first and the one in its place; ``edits`` are the
    findings on the proposal; ``overridden`` the edits that it was signed against, once for each finding."""

    proposed: tuple[tuple[str, float], ...]
    final: tuple[str, ...]
    unseen: int
    replaced: tuple[tuple[str, str], ...]
    edits: tuple[tuple[str, Severity], ...]
    overridden: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SignedLine:
    """A signed coding. The rest as :class:`fhir_coder.outcomes.outcome.SignedOutcome`."""

    coding_id: str
    ehr: str
    created_at: datetime
    signed_at: datetime
    provider: str
    specialty: str
    release_id: str
    engine_version: str
    decided_by: Someone
    counted: Counted

    @property
    def turnaround_s(self) -> float:
        """Seconds from coded to signed; never negative, whatever the clocks of two servers say."""
        return max(0.0, (self.signed_at - self.created_at).total_seconds())


def counted_of(outcome: SignedOutcome) -> Counted:
    """What there is to count of a signed coding."""
    return Counted(
        tuple((one.code, one.probability) for one in outcome.proposed),
        outcome.final_codes,
        len(outcome.unseen),
        outcome.replaced,
        tuple((one.edit, one.severity) for one in outcome.edits),
        tuple(one.finding.split(" ")[0] for one in outcome.overrides),
    )


def line_of(outcome: SignedOutcome) -> SignedLine:
    """A signed coding as a line."""
    return SignedLine(
        outcome.coding_id,
        outcome.ehr,
        outcome.created_at,
        outcome.signed_at,
        outcome.provider,
        outcome.specialty,
        outcome.release_id,
        outcome.engine_version,
        outcome.decided_by,
        counted_of(outcome),
    )


def lines_of(outcomes: Iterable[SignedOutcome]) -> tuple[SignedLine, ...]:
    """Signed codings as lines."""
    return tuple(map(line_of, outcomes))
