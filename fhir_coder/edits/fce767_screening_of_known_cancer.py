"""Screening of known cancer.

What it checks
        Screening for a cancer (cancer_screening.tsv) listed behind the current cancer of that site.

Why it matters
        Screening is for people without signs of the disease. Who has it is examined because of it, and the benefit for screening does not apply.

Fires
        C61, Z12.5; C18.7, Z12.11.

Passes
        Z12.11, C18.7 (found by the screening); C61, Z12.11; Z12.5, Z85.46; C50.911, Z12.31 (the other breast is screened).

Source
        ICD-10-CM Official Guidelines FY2026, I.C.21.c.5
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from fhir_coder.code_ranges import CodeRanges, covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Severity

ID = "FCE-767"
NAME = "screening-of-known-cancer"
SEVERITY = Severity.ADVISORY
IS_ABOUT_ORDER = True

_SCREENING = "Z12"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each screening behind its cancer."""
    for place, code in enumerate(case.known):
        if not code.startswith(_SCREENING):
            continue
        for cancer in case.known[:place]:
            if covered(cancer, _sites().get(code, ())):
                detail = (
                    f"{code} is screening for what {cancer} says is known; remove it, or put it first if the screening found the cancer."
                )
                yield Fault((cancer, code), detail)


@cache
def _sites() -> dict[str, CodeRanges]:
    return {row["codes"]: parse_ranges(row["within"]) for row in read_table("cancer_screening.tsv")}
