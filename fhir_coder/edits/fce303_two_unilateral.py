"""Two unilateral.

What it checks
        The right and the left code of a condition that has a bilateral code.

Why it matters
        When both sides are affected and treated in the visit the bilateral code says so; two codes may be read as two conditions.

Fires
        M17.11 with M17.12 where M17.0 exists.

Passes
        M25.561 with M25.562 (no bilateral code exists); H40.1112 with H40.1121 (the sides differ in stage, so neither code says it for both); M17.11 with
    M17.12 and Z96.652 (one side was treated before, and the bilateral code holds no longer).

Source
        ICD-10-CM Official Guidelines FY2026, I.B.13 and I.C.7.a
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.sides import coded_sides, own_side
from fhir_coder.model import Severity

ID = "FCE-303"
NAME = "two-unilateral"
SEVERITY = Severity.ADVISORY

# A joint or lens put in, a cataract or breast taken out, and the aftercare of these: one of the sides was treated at an earlier visit.
_TREATED = parse_ranges("Z96.1, Z96.6, Z98.4, Z90.0-Z90.1, Z89, Z47.1")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each pair."""
    if any(covered(code, _TREATED) for code in case.known):
        return
    for code in case.known:
        both = case.side_families[code].get("bilateral")
        left = coded_sides(case, code).get("left")
        if own_side(case, code) == "right" and both is not None and left is not None and _ends_alike(case, code, left):
            yield Fault((code, left), f"{code} and {left} name both sides; consider {both}, unless one side was treated before.")


def _ends_alike(case: EditCase, code: str, other: str) -> bool:
    """Whether the two have the same seventh character: two stages of glaucoma, or two phases of care, have no code for both sides."""
    return code.removeprefix(case.codebook.stem(code)) == other.removeprefix(case.codebook.stem(other))
