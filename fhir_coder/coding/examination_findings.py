"""Routine examinations with or without abnormal findings.

An abnormal finding is one that the examination brought up: a new condition, or a known one that has changed. A chronic condition that is merely
still there is none (guideline I.C.21.c.13). The code for the finding is an additional code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from fhir_coder.coding.support import ASSESSMENT_SECTIONS, Pillar
from fhir_coder.model import SectionKind

#: The examination without abnormal findings, and the same with them.
WITH_FINDINGS: Mapping[str, str] = {
    "Z00.00": "Z00.01",
    "Z00.129": "Z00.121",
    "Z01.00": "Z01.01",
    "Z01.10": "Z01.118",
    "Z01.20": "Z01.21",
    "Z01.419": "Z01.411",
}
SOURCE = "I.C.21.c.13"

_KNOWN_FROM = frozenset(
    {SectionKind.PAST_MEDICAL_HISTORY, SectionKind.PROBLEM_LIST, SectionKind.MEDICATIONS, SectionKind.PAST_SURGICAL_HISTORY}
)
_STATED_IN = ASSESSMENT_SECTIONS | {SectionKind.PLAN, SectionKind.BODY, SectionKind.PHYSICAL_EXAM, SectionKind.RESULTS}
_UNCHANGED = re.compile(
    r"\b(?:stable|controlled|at goal|unchanged|known|long-?standing|continue\w*|cont\.?|refill\w*|same (?:dose|meds?)|history of|h/o|"
    r"h/x|since|for years|well[- ]managed|on (?:metformin|statin|meds?|medication))\b",
    re.IGNORECASE,
)
_CHANGED = re.compile(r"\b(?:new(?:ly)?|today|found|worse\w*|uncontrolled|not at goal|above goal|incidental|first time)\b", re.IGNORECASE)


def finding_of(chosen: Mapping[str, Sequence[Pillar]], texts: Mapping[str, str]) -> str:
    """The first of the ``chosen`` codes that is an abnormal finding of the examination, or empty. ``texts`` are the notes by id."""
    return next((code for code in sorted(chosen) if code[0] not in "VWXYZ" and _is_new(chosen[code], texts)), "")


def _is_new(pillars: Sequence[Pillar], texts: Mapping[str, str]) -> bool:
    """Whether what is told of the condition speaks of something found or changed."""
    mentions = [pillar.assertion.mention for pillar in pillars]
    sentences = " ".join(texts[one.note_id][one.sentence_start : one.sentence_end + 1] for one in mentions)
    if _CHANGED.search(sentences):
        return True
    if any(one.section in _KNOWN_FROM for one in mentions) or _UNCHANGED.search(sentences):
        return False
    return any(one.section in _STATED_IN for one in mentions)
