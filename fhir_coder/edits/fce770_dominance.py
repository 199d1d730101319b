"""Dominance.

What it checks
        Paralysis by side and dominance (G81, G83, I69): codes that make one patient right-handed and left-handed, and, where there is a note, a code that
        makes the patient left-handed though the note does not say so, or right-handed though it says left-handed or ambidextrous.

Why it matters
        Where dominance is not documented, the right side counts as dominant and the left as nondominant; ambidextrous patients have two dominant sides.

Fires
        G81.91, G81.92; G81.94 given on the note of a left-handed patient; G81.93 on a note without handedness.

Passes
        G81.91, G83.14; G81.94 on a note without handedness; G81.92 on the note of a left-handed patient.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.6.a
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-770"
NAME = "dominance"
SEVERITY = Severity.ADVISORY

_CATEGORIES = ("G81", "G83", "I69")
_SIDE = re.compile(r"affecting (right|left) (non-?)?dominant side")
_LEFT_HANDED = re.compile(
    r"\bleft[- ]?hand(?:ed(?:ness)?\b|[- ]domina)|\bleft[- ](?:side )?domina|\bLHD\b|\bhandedness:? ?left|\b(?:hand )?domina\w+(?: hand)?(?: is|:)? ?left\b",
    re.IGNORECASE,
)
_AMBIDEXTROUS = re.compile(r"\bambidextr", re.IGNORECASE)


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for codes that contradict each other, or one for each code that the notes do not bear."""
    hands = {code: hand for code in case.known if code.startswith(_CATEGORIES) and (hand := _dominant_hand(case.titles[code]))}
    if not hands:
        return
    text = "\n".join(note.text for note in case.encounter.notes) if case.encounter else ""
    if _AMBIDEXTROUS.search(text):
        for code in hands:
            if "nondominant" in case.titles[code].replace("-", ""):
                yield Fault((code,), f"The notes call the patient ambidextrous: the side of {code} counts as dominant.")
    elif len(set(hands.values())) > 1:
        detail = f"{', '.join(hands)} make the patient right-handed and left-handed; without documented dominance the right side is the dominant one."
        yield Fault(tuple(hands), detail)
    elif text:
        told = "left" if _LEFT_HANDED.search(text) else "right"
        for code, hand in hands.items():
            if hand != told:
                why = "the notes call the patient left-handed" if told == "left" else "no note calls the patient left-handed"
                yield Fault(
                    (code,), f"{code} makes the {hand} hand the dominant one, but {why}; without a statement the right side is dominant."
                )


@lru_cache(maxsize=512)
def _dominant_hand(title: str) -> str:
    """The hand that a title makes the dominant one, or empty where it tells no side and dominance."""
    found = _SIDE.search(title)
    if not found:
        return ""
    side, is_other = found.groups()
    return {"right": "left", "left": "right"}[side] if is_other else side
