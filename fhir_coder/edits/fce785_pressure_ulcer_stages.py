"""Pressure ulcer stages.

What it checks
    Two stages of a pressure ulcer of one and the same site and side.

Why it matters
    An ulcer has one stage, in the outpatient setting that of the visit. Two codes are right only for two ulcers there, which the
    notes must tell apart.

Fires
    L89.152 and L89.153; L89.620 and L89.624.

Passes
    L89.152 and L89.622 (two sites); L89.611 and L89.622 (two heels); L89.152 and L89.159 (FCE-305).

Source
    ICD-10-CM Official Guidelines FY2026, I.C.12.a.1, I.C.12.a.2 and I.C.12.a.6 (two codes for an ulcer that got worse during a stay)
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from fhir_coder.code_ranges import parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-785"
NAME = "pressure-ulcer-stages"
SEVERITY = Severity.ADVISORY

_ULCER = parse_ranges("L89.0-L89.8")
_SITE = len("L89.15")
_UNSPECIFIED = "9"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such pair."""
    staged = [code for code in case.known if _ULCER.cover(code) and len(code) > _SITE and not code.endswith(_UNSPECIFIED)]
    for code, other in combinations(staged, 2):
        if code[:_SITE] == other[:_SITE]:
            detail = f"{code} and {other} are two stages of one site; keep the stage of this visit unless the notes tell of two ulcers."
            yield Fault((code, other), detail)
