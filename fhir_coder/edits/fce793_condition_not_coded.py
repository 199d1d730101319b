"""Condition not coded.

What it checks
    A code of an encounter that says nothing without the condition it was for, and no such condition (needs_condition.tsv): an
    examination before a procedure, aftercare, a procedure not carried out, treatment not followed.

Why it matters
    The payer cannot see what the examination, the care or the treatment was for.

Fires
    Z01.818 alone; Z51.5 and Z66; Z91.148 and Z00.00.

Passes
    Z01.818 and K40.90; Z01.818 and Z30.2 (sterilization); Z51.81 and Z79.01; Z91.19 and G47.33.

Source
    ICD-10-CM Official Guidelines FY2026, IV.M, I.C.21.c.7 and I.C.21.c.14; tabular list, code also note at Z51
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from fhir_coder.code_ranges import CodeRanges, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Severity

ID = "FCE-793"
NAME = "condition-not-coded"
SEVERITY = Severity.ADVISORY

_NO_CONDITION = "VWXYZ"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code."""
    if any(code[0] not in _NO_CONDITION for code in case.known):
        return
    for code in case.known:
        for codes, accepts, remedy in _rows():
            if codes.cover(code) and not any(accepts.cover(other) for other in case.known if other != code):
                yield Fault((code,), f"{code} is coded without the condition it was for; {remedy}.")


@cache
def _rows() -> tuple[tuple[CodeRanges, CodeRanges, str], ...]:
    return tuple((parse_ranges(row["codes"]), parse_ranges(row["accepts"]), row["remedy"]) for row in read_table("needs_condition.tsv"))
