"""What the code of a burn says: heat or chemical, how deep, and where (guideline I.C.19.d)."""

from __future__ import annotations

from fhir_coder.code_ranges import covered, parse_ranges
from terminology.notation import compact

SITES = parse_ranges("T20-T25")
"""Burns and corrosions of the body surface by site, which have a degree."""

ALL_SITES = parse_ranges("T20-T28")
"""The same with those of the eye and of internal organs, which have none."""

_CORROSIONS = parse_ranges(
    "T20.4-T20.7, T21.4-T21.7, T22.4-T22.7, T23.4-T23.7, T24.4-T24.7, T25.4-T25.7, T26.5-T26.9, T27.4-T27.7, T28.5-T28.9, T32"
)
_DEGREES = 4


def is_corrosion(code: str) -> bool:
    """Whether the code of a burn names a chemical one."""
    return covered(code, _CORROSIONS)


def degree(code: str) -> int:
    """1 to 3 for a code of SITES, 0 where it leaves the degree unspecified."""
    return int(compact(code)[3]) % _DEGREES


def place_of(code: str) -> tuple[str, bool, str]:
    """What two codes of SITES share that differ by degree alone: category, heat or chemical, and the characters for site and side."""
    plain = compact(code)
    return plain[:3], is_corrosion(code), plain[4:6]
