"""Which decisions ask the provider and which take that back: an undo leaves a question out, or lets one stand again that was taken back."""

from __future__ import annotations

from collections.abc import Sequence

from fhir_coder.worklist.decision import Act, Decision, Recorded
from fhir_coder.worklist.history import changed


def asked_by(history: Sequence[Recorded], sequence: int) -> int:
    """The question (its sequence) that a decision asks, or lets stand again; 0 for none."""
    return _question(history, _back_in(history, sequence))


def taken_back_by(history: Sequence[Recorded], sequence: int) -> int:
    """The question (its sequence) that a decision takes back; 0 for none."""
    return _question(history, changed(_until(history, sequence - 1), _until(history, sequence))[0])


def askings(history: Sequence[Recorded], question: int) -> tuple[int, ...]:
    """The decisions that asked a question, oldest first: the one that it came by, and each that let it stand again."""
    undoing = [one.sequence for one in history if one.decision.act is Act.UNDO and one.sequence > question]
    return (question, *(one for one in undoing if question in _back_in(history, one)))


def asks_after(history: Sequence[Recorded], decision: Decision) -> tuple[bool, bool]:
    """Whether a decision that is made now on this history asks a question, or takes one back."""
    if decision.act is not Act.UNDO or not history:
        return decision.act is Act.ASK, False
    last = history[-1]
    after = (*history, Recorded(last.sequence + 1, last.at, "", "", "", decision))
    return asked_by(after, last.sequence + 1) > 0, taken_back_by(after, last.sequence + 1) > 0


def _back_in(history: Sequence[Recorded], sequence: int) -> tuple[int, ...]:
    return changed(_until(history, sequence - 1), _until(history, sequence))[1]


def _until(history: Sequence[Recorded], sequence: int) -> Sequence[Recorded]:
    return [one for one in history if one.sequence <= sequence]


def _question(history: Sequence[Recorded], sequences: Sequence[int]) -> int:
    """An undo changes one decision at most: what it names, or at the end of a chain of undos what the last of these names."""
    return next((one.sequence for one in history if one.sequence in sequences and one.decision.act is Act.ASK), 0)
