"""Resistance without infection.

What it checks
    A code for resistance to antimicrobial drugs (Z16) with no code of a disease before it.

Why it matters
    Resistance qualifies an infection, whose code stands first.

Fires
    Z16.12 before N39.0; Z16.24 alone.

Passes
    N39.0, B96.20 and Z16.12; J15.1 and Z16.24.

Source
    ICD-10-CM Official Guidelines FY2026, I.C.21.c.3 (Z16); tabular list, code first note at Z16
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-797"
NAME = "resistance-without-infection"
SEVERITY = Severity.ADVISORY
IS_ABOUT_ORDER = True

_RESISTANCE = parse_ranges("Z16")
_NO_DISEASE = "VWXYZ"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code."""
    for place, code in enumerate(case.known):
        if _RESISTANCE.cover(code) and all(before[0] in _NO_DISEASE for before in case.known[:place]):
            yield Fault((code,), f"{code} has no infection before it; code the infection that is resistant first.")
