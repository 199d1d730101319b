"""The phase of care that the seventh character of an injury, a fracture or an external cause tells (guidelines I.C.19.a and I.C.20.a.2)."""

from __future__ import annotations

from collections.abc import Mapping

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from terminology.notation import compact

ACTIVE, HEALING, SEQUELA = "A", "D", "S"
PHASES = {ACTIVE: "active treatment", HEALING: "healing", SEQUELA: "a sequela"}
"""What each phase means, in a coder's words."""

_INJURIES = parse_ranges("S00-T88, M48.4, M48.5, M80, M84.3-M84.7")
_CAUSES = parse_ranges("V00-Y38")
_BURNS = parse_ranges("T20-T32")
_LENGTH = 7


def phase(code: str) -> str:
    """ACTIVE, HEALING or SEQUELA for an injury, poisoning, complication or fracture; empty for any other code, and without a seventh character."""
    return _read(code) if covered(code, _INJURIES) else ""


def cause_phase(code: str) -> str:
    """The same for an external cause."""
    return _read(code) if covered(code, _CAUSES) else ""


def same_injury(case: EditCase) -> Mapping[str, tuple[str, ...]]:
    """Stem to the codes that stand on the claim with several of its seventh characters. Burns are left out: old and new ones, healing at
    different speed, are coded side by side (guideline I.C.19.d.8)."""
    stems: dict[str, list[str]] = {}
    for code in case.known:
        if phase(code) and not covered(code, _BURNS):
            stems.setdefault(case.codebook.stem(code), []).append(code)
    return {stem: tuple(codes) for stem, codes in stems.items() if len(codes) > 1}


def _read(code: str) -> str:
    """Fractures have several letters for active treatment (A to C) and for healing (D to R)."""
    plain = compact(code)
    if len(plain) != _LENGTH:
        return ""
    return ACTIVE if plain[-1] in "ABC" else SEQUELA if plain[-1] == SEQUELA else HEALING
