"""Duplicate code.

What it checks
        The same code twice, however spelled.

Why it matters
        A code is reported once for an encounter; a second one is rejected or shifts the pointers of the service lines.

Fires
        I10, E11.9, I10; also i10 beside I10.

Passes
        M25.561 beside M25.562 (right and left).

Source
        ICD-10-CM Official Guidelines FY2026, I.B.12
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-120"
NAME = "duplicate-code"
SEVERITY = Severity.BLOCKING


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each repeated code."""
    counts = Counter(case.codebook.normalize(code) or code.strip().upper() for code in case.codes)
    for code, count in counts.items():
        if count > 1:
            yield Fault((code,), f"{code} is listed {count} times; keep the first.")
