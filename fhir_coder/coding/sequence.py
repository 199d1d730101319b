"""Claim order: the first-listed diagnosis first.

Guideline IV.G: first the condition chiefly responsible for the services, then coexisting ones. Guideline I.A.13 and the tabular "code first"
notes: etiology before manifestation. Guideline I.C.20.a.6: an external cause is never first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from fhir_coder.coding.support import ASSESSMENT_SECTIONS, Pillar, is_incidental
from terminology.codebook import Codebook, NoteKind

_OF_MEDICINE = re.compile(r"T(?:3[6-9]|4\d|50)\..*[56]X*[A-Z]")


def claim_order(codes: Sequence[str], pillars: Mapping[str, Sequence[Pillar]], codebook: Codebook) -> list[str]:
    """The codes in claim order: by kind, incidental findings of a report last, by where the assessment names them, then tabular "code first" notes."""
    ordered = sorted(codes, key=lambda code: (_kind(code), is_incidental(pillars.get(code, ())), *_place(pillars.get(code, ())), code))
    return _etiology_first(ordered, codebook)


def _kind(code: str) -> int:
    """Conditions, then status and history codes, then external causes."""
    if code[0] in "VWXY":
        return 2
    if _OF_MEDICINE.fullmatch(code):  # an adverse effect or underdosing follows its nature (I.C.19.e.5.a, c)
        return 1
    if "B95" <= code[:3] <= "B97":  # the agent of a disease classified elsewhere is always an additional code (I.C.1.b)
        return 1
    # Encounters for a reason (Z00-Z13, Z23, Z30-Z53) may be first-listed; history and status codes (Z14-Z22, Z66-Z99) follow conditions.
    return int(code[0] == "Z" and not ("Z00" <= code[:3] <= "Z13" or "Z23" <= code[:3] <= "Z53"))


def _place(pillars: Sequence[Pillar]) -> tuple[int, int]:
    """(0, offset) in an assessment, (1, offset) elsewhere, (2, 0) when only a combination rule made the code."""
    if not pillars:
        return 2, 0
    return min((int(p.assertion.mention.section not in ASSESSMENT_SECTIONS), p.assertion.mention.start) for p in pillars)


def _etiology_first(codes: list[str], codebook: Codebook) -> list[str]:
    """Move each code behind those that its "code first" notes name; stable, and finite even if notes point at each other."""
    ordered = list(codes)
    for code in codes:
        firsts = [other for other in ordered if other != code and _names_first(codebook, code, other)]
        target = max((ordered.index(other) for other in firsts), default=-1)
        here = ordered.index(code)
        if target > here and not any(_names_first(codebook, other, code) for other in firsts):
            ordered.insert(target, ordered.pop(here))
    return ordered


def _names_first(codebook: Codebook, code: str, other: str) -> bool:
    return any(reference.covers(other) for note in codebook.notes(code, NoteKind.CODE_FIRST) for reference in note.references)
