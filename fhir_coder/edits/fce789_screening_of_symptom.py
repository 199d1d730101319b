"""Screening of symptom.

What it checks
    A screening code beside the sign or symptom that makes the same test a diagnostic one (screening_reasons.tsv).

Why it matters
    Screening is for the seemingly well. Screening pays differently, and the patient's share differs with it.

Fires
    Z12.11 and K62.5; Z12.31 and N63.10; Z13.6 and R07.9.

Passes
    Z12.11 and K63.5 (found by the screening); Z12.31 and Z80.3; Z12.11 and R05.9; Z12.5 and R97.20.

Source
    ICD-10-CM Official Guidelines FY2026, I.C.21.c.5; tabular list, Excludes1 notes in words at Z11, Z12 and Z13
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.pairs import pairs
from fhir_coder.model import Severity

ID = "FCE-789"
NAME = "screening-of-symptom"
SEVERITY = Severity.ADVISORY

_TABLE = "screening_reasons.tsv"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such pair."""
    for screening, sign, _ in pairs(case, _TABLE):
        detail = (
            f"{sign} is a reason for a diagnostic test, and {screening} is for patients without signs; if the sign led to the test, "
            f"remove {screening}."
        )
        yield Fault((screening, sign), detail)
