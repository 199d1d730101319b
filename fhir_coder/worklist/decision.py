"""What a person did to a review, as data. Decisions are only ever added; :mod:`fhir_coder.worklist.review` says what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Act(StrEnum):
    """One thing that a person does to a review; ``docs/worklist.md`` says what each needs."""

    ACCEPT = "accept"
    REJECT = "reject"
    REPLACE = "replace"
    ADD = "add"
    RESTORE = "restore"
    MOVE = "move"
    EVIDENCE = "evidence"
    LINK = "link"
    COMMENT = "comment"
    ASK = "ask"
    HOLD = "hold"
    RELEASE = "release"
    ASSIGN = "assign"
    UNDO = "undo"
    SIGN_OFF = "sign-off"
    REOPEN = "reopen"


@dataclass(frozen=True, slots=True)
class Span:
    """Words of a note: half-open code point offsets into its canonical text, and the sha256 of the whole of that text."""

    note_id: str
    start: int
    end: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Someone:
    """A person as the history names them: id and issuer as of :class:`fhir_coder.people.Person`; the name may be empty."""

    id: str
    issuer: str
    name: str = ""

    def is_same(self, other: Someone | None) -> bool:
        """Whether both are one person, whatever name they went by."""
        return other is not None and (self.id, self.issuer) == (other.id, other.issuer)


SOFTWARE = Someone("fhir-coder", "")
"""Who decides where no person did: people have an issuer."""


@dataclass(frozen=True, slots=True)
class Override:
    """A blocking finding that a sign-off lets pass, and why. ``finding`` names it (see :func:`finding_name`); ``text`` is free text."""

    finding: str
    reason: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision. What an act does not use stays empty.

    ``code`` is the code it is about and ``instead`` the one that takes its place; ``reason`` is of :mod:`fhir_coder.worklist.reasons`;
    ``position`` is 1-based in claim order, 0 for none; ``lines`` are numbers of service lines (1-based); ``text`` is free text (a comment, a
    question, what lies behind a reason); ``finding`` names the finding that a question comes from; ``undoes`` is the sequence of the decision
    that is taken back, 0 for the last; ``to`` is who it is assigned to, None for nobody.
    """

    act: Act
    code: str = ""
    instead: str = ""
    reason: str = ""
    position: int = 0
    spans: tuple[Span, ...] = ()
    lines: tuple[int, ...] = ()
    text: str = ""
    finding: str = ""
    undoes: int = 0
    overrides: tuple[Override, ...] = ()
    to: Someone | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A decision with its place in the history of a review (from 1, without gaps), its moment (aware) and who made it."""

    sequence: int
    at: datetime
    person_id: str
    person_issuer: str
    person_name: str
    decision: Decision

    @property
    def by(self) -> Someone:
        """Who made it."""
        return Someone(self.person_id, self.person_issuer, self.person_name)


def finding_name(edit: str, codes: tuple[str, ...]) -> str:
    """How decisions name a finding: the edit and the codes it is about, so that it is the same after the edits ran again."""
    return " ".join((edit, *codes))
