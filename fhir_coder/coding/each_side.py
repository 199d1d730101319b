"""A condition of both sides that differs between them: "glaucoma of both eyes, moderate stage OD, mild OS" is two codes, one for each eye.

The stage that stands before or after a side belongs to that side (guideline I.C.7.a.3: eyes of different stages are coded each by its own).
"""

from __future__ import annotations

import re

from terminology.codebook import Codebook
from terminology.laterality import sides

_STAGES = ("mild", "moderate", "severe", "indeterminate")
_SIDES = {"right": r"(?:OD|(?i:right)(?i: eye)?)", "left": r"(?:OS|(?i:left)(?i: eye)?)"}
_BOTH = ("right", "left")


def each_side(codebook: Codebook, code: str, text: str) -> tuple[str, ...]:
    """The codes of the right and the left side, each with its own stage as its seventh character, or ``code`` alone when the ``text`` tells no two
    stages of a code whose sides have stages."""
    stem = codebook.stem(code)
    choices = codebook.seventh_characters(stem) if stem != code else {}
    options = sides(codebook, stem)
    if not choices or any(side not in options for side in _BOTH):
        return (code,)
    stages = {side: _stage_of(side, text) for side in _BOTH}
    if "" in stages.values() or len(set(stages.values())) == 1:
        return (code,)
    found = [_staged(codebook, options[side], stages[side]) for side in _BOTH]
    return tuple(found) if all(found) else (code,)


def _stage_of(side: str, text: str) -> str:
    """The stage said right before or after the side, or empty."""
    stages = "|".join(_STAGES)
    before = re.search(rf"\b(?i:({stages}))(?i: stage)? (?i:in (?:the )?)?{_SIDES[side]}\b", text)
    after = re.search(rf"\b{_SIDES[side]}:? (?i:({stages}))\b", text)
    found = before or after
    return found.group(1).lower() if found else ""


def _staged(codebook: Codebook, stem: str, stage: str) -> str:
    titles = codebook.seventh_characters(stem) or {}
    character = next((one for one, title in titles.items() if title.lower().startswith(stage)), "")
    return codebook.with_seventh(stem, character) if character else ""
