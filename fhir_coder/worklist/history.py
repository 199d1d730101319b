"""Which decisions of a history stand: taking one back is leaving it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fhir_coder.worklist.decision import Act, Recorded

FENCES = frozenset({Act.SIGN_OFF, Act.REOPEN})
"""What is never taken back. What was signed stays as it was: after a reopening it is changed by new decisions."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The decisions that stand, in order; those that can be taken back, and those that took one back and can be taken back themselves."""

    decisions: tuple[Recorded, ...]
    undoable: tuple[int, ...]
    redoable: tuple[int, ...]


def standing(history: Sequence[Recorded]) -> Standing:
    """What stands of a history."""
    return _standing(history, _targets(history))


def changed(earlier: Sequence[Recorded], later: Sequence[Recorded]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Sequences of the decisions that stand in the earlier history and not in the later one, and of those that stand in the later one alone."""
    was, now = ({one.sequence for one in standing(history).decisions} for history in (earlier, later))
    return tuple(sorted(was - now)), tuple(sorted(now - was))


def _targets(history: Sequence[Recorded]) -> Mapping[int, int]:
    """What each undo takes back, by sequence: what it names, or else the last that can be taken back at its time; 0 where there is nothing."""
    targets: dict[int, int] = {}
    for place, one in enumerate(history):
        if one.decision.act is not Act.UNDO:
            continue
        before = _standing(history[:place], targets)
        named = one.decision.undoes or next(reversed(before.undoable), 0)
        targets[one.sequence] = named if named in {*before.undoable, *before.redoable} else 0
    return targets


def _standing(history: Sequence[Recorded], targets: Mapping[int, int]) -> Standing:
    """An undo that was taken back itself takes nothing back: the newest are asked first."""
    undone: set[int] = set()
    for one in reversed(history):
        if one.decision.act is Act.UNDO and one.sequence not in undone:
            undone.add(targets[one.sequence])
    there = tuple(one for one in history if one.sequence not in undone)
    fence = max((one.sequence for one in there if one.decision.act in FENCES), default=0)
    since = [one for one in there if one.sequence > fence]
    return Standing(
        tuple(one for one in there if one.decision.act is not Act.UNDO),
        tuple(one.sequence for one in since if one.decision.act is not Act.UNDO),
        tuple(one.sequence for one in since if one.decision.act is Act.UNDO and targets[one.sequence]),
    )
