"""The state of a review as values: what was proposed, what stands now, and what was turned down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fhir_coder.model import Outcome
from fhir_coder.worklist.decision import Override, Someone, Span


@dataclass(frozen=True, slots=True)
class ProposedCode:
    """A code that the engine assigned, in claim order."""

    code: str
    display: str
    probability: float
    disposition: Outcome
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class TurnedDown:
    """A candidate that the engine did not assign. ``reason`` is of :class:`fhir_coder.model.RejectionReason`."""

    code: str
    display: str
    reason: str
    probability: float = 0.0
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposed:
    """One coding as a review begins with it. ``coding_id`` names the review too."""

    coding_id: str
    codes: tuple[ProposedCode, ...]
    rejected: tuple[TurnedDown, ...] = ()
    outcome: Outcome = Outcome.REVIEW


class Origin(StrEnum):
    """How a code came into the review. ``RESTORED``: the engine had turned it down, a person brought it back."""

    PROPOSED = "proposed"
    RESTORED = "restored"
    REPLACED = "replaced"
    ADDED = "added"


class Verdict(StrEnum):
    """Whether a person said yes to this very code. Signing off with open codes takes them as they are, and stays visible as that."""

    OPEN = "open"
    ACCEPTED = "accepted"


class State(StrEnum):
    """Where a review stands. ``PASSED``: the engine let the encounter pass, nobody was asked."""

    WAITING = "waiting"
    HELD = "held"
    SIGNED = "signed"
    PASSED = "passed"


@dataclass(frozen=True, slots=True)
class ReviewedCode:
    """A code that stands. ``replaces`` is the code that stood in its place first; ``probability`` is None for a code that the engine never weighed.
    ``lines`` are the numbers of its service lines: none where a person left it none, None where nobody decided and the EHR's links hold."""

    code: str
    display: str
    origin: Origin
    replaces: str = ""
    probability: float | None = None
    verdict: Verdict = Verdict.OPEN
    spans: tuple[Span, ...] = ()
    lines: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class RejectedCode:
    """A code that does not stand. ``was`` is the code as it stood, or would stand: it comes back as that; ``by`` is None for the engine, whose
    ``reason`` is of :class:`fhir_coder.model.RejectionReason`. A code that another took the place of has the reason ``replaced`` unless one was
    given. ``position`` is the place it had, 0 for none."""

    was: ReviewedCode
    reason: str
    by: Someone | None = None
    text: str = ""
    position: int = 0

    @property
    def code(self) -> str:
        """The code."""
        return self.was.code

    @property
    def display(self) -> str:
        """Its title, or empty for a code that a person added."""
        return self.was.display


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment or a question to the provider, with the decision it came by. ``code`` and ``finding`` may be empty."""

    sequence: int
    at: datetime
    by: Someone
    text: str
    code: str = ""
    finding: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """What follows from a proposal and the decisions on it. ``codes`` are in claim order: the first is position 1.

    ``version`` is the sequence of the last decision, 0 before the first. ``hold_reason`` and ``hold_text`` are empty unless held; ``signed_by``,
    ``signed_at`` and ``overrides`` are of the sign-off that is in force, ``times_signed`` counts all there were. ``is_touched``: a person changed or
    accepted a code. ``undoable`` are the decisions that can be taken back, ``redoable`` those that took one back and can be taken back themselves.
    ``idle`` are decisions that found nothing to act on: none, unless the rules changed since they were admitted.
    """

    coding_id: str
    version: int
    state: State
    codes: tuple[ReviewedCode, ...]
    rejected: tuple[RejectedCode, ...]
    comments: tuple[Remark, ...] = ()
    questions: tuple[Remark, ...] = ()
    assigned: Someone | None = None
    hold_reason: str = ""
    hold_text: str = ""
    signed_by: Someone | None = None
    signed_at: datetime | None = None
    overrides: tuple[Override, ...] = ()
    times_signed: int = 0
    is_touched: bool = False
    undoable: tuple[int, ...] = ()
    redoable: tuple[int, ...] = ()
    idle: tuple[int, ...] = ()

    def position(self, code: str) -> int:
        """The 1-based place of a code, 0 for one that does not stand."""
        return next((place for place, one in enumerate(self.codes, 1) if one.code == code), 0)

    def find(self, code: str) -> ReviewedCode | None:
        """The code that stands, if it does."""
        return next((one for one in self.codes if one.code == code), None)

    def turned_down(self, code: str) -> RejectedCode | None:
        """The code that does not stand, if it was ever weighed or removed."""
        return next((one for one in self.rejected if one.code == code), None)
