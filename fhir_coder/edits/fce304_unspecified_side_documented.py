"""Unspecified side documented.

What it checks
        A code for an unspecified side when the words it rests on, or their sentence, name one.

Why it matters
        Unspecified is for what the record does not tell; payers return unspecified sides.

Fires
        M25.569 (unspecified knee) resting on pain in the left knee.

Passes
        M25.569 when no side is named; M25.562.

Source
        ICD-10-CM Official Guidelines FY2026, I.B.13 and I.B.18
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.sides import documented_sides, own_side
from fhir_coder.model import Severity

ID = "FCE-304"
NAME = "unspecified-side-documented"
SEVERITY = Severity.ADVISORY
NEEDS = "note"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code, with the words that name the side."""
    for code in case.known:
        if own_side(case, code) == "unspecified":
            named, words = documented_sides(case, code)
            better = sorted(stem for name, stem in case.side_families[code].items() if name in named)
            if better:
                yield Fault((code,), f"{code} leaves the side open, and the note names it; consider {', '.join(better)}.", words)
