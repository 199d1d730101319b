"""Header code.

What it checks
        A category or subcategory that is divided further and therefore is not billable.

Why it matters
        A diagnosis must be coded to the full number of characters; a header is rejected as invalid.

Fires
        E11, E11.2, M54.5.

Passes
        E11.22, M54.50, I10 (a three-character code that is not divided).

Source
        ICD-10-CM Official Guidelines FY2026, I.B.2 and IV.F (level of detail)
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.validity import CodeFault
from fhir_coder.model import Severity

ID = "FCE-102"
NAME = "header-code"
SEVERITY = Severity.BLOCKING
HOLDS_FROM = None  # whatever the date, a claim with it is wrong


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code."""
    for invalid in case.invalid(CodeFault.HEADER):
        until = case.history.billable_until(invalid.code, case.release)
        told = f"{invalid.code} is a heading and not billable" + (f" after {until}" if until else "")
        yield Fault((invalid.code,), f"{told}.{invalid.remedy}")
