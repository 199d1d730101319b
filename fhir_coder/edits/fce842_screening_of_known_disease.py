"""Screening of known disease.

What it checks
    Screening for a disease other than cancer (screening_of_known.tsv) listed behind that disease itself.

Why it matters
    Screening is for people who are not known to have the disease. In a patient who has it the same test monitors it, and the benefit for
    screening does not apply.

Fires
    E11.9, Z13.1; F33.1, Z13.31; M81.0, Z13.820.

Passes
    Z13.1, E11.9 (found by the screening); I10, Z13.1; R73.03, Z13.1.

Source
    ICD-10-CM Official Guidelines FY2026, I.C.21.c.5; screening_of_known.tsv names the source of each row
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.pairs import pairs
from fhir_coder.model import Severity

ID = "FCE-842"
NAME = "screening-of-known-disease"
SEVERITY = Severity.ADVISORY
IS_ABOUT_ORDER = True


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each screening behind its disease."""
    for screening, disease, _ in pairs(case, "screening_of_known.tsv"):
        if case.known.index(disease) < case.known.index(screening):
            detail = (
                f"{screening} is screening for what {disease} says is known; remove it, or put it first if the screening found the disease."
            )
            yield Fault((disease, screening), detail)
