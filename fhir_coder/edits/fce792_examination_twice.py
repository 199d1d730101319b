"""Examination twice.

What it checks
    One examination both with and without abnormal findings.

Why it matters
    The two codes contradict each other.

Fires
    Z00.00 and Z00.01; Z00.121 and Z00.129; Z01.411 and Z01.419.

Passes
    Z00.01 and Z01.419 (two examinations); Z00.00 alone.

Source
    ICD-10-CM Official Guidelines FY2026, I.C.21.c.13; tabular list, Z00 and Z01
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.examinations import has_findings
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-792"
NAME = "examination-twice"
SEVERITY = Severity.BLOCKING


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such pair."""
    examinations = [code for code in case.known if has_findings(case.titles[code]) is not None]
    for code, other in combinations(examinations, 2):
        is_same = case.codebook.parent(code) == case.codebook.parent(other)
        if is_same and has_findings(case.titles[code]) != has_findings(case.titles[other]):
            yield Fault((code, other), f"{code} and {other} are one examination with and without findings; keep the one that is true.")
