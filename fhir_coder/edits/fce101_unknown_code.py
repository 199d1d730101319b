"""Unknown code.

What it checks
        A code that the release in force on the date of service does not contain: deleted, not yet effective, or never one.

Why it matters
        A payer rejects the whole claim when one diagnosis code is invalid on the date of service.

Fires
        G43.91X, M54.5Z, 99213 or an empty code.

Passes
        I10; i10 and I10. as well, since case and dot are spelling, not content.

Source
        45 CFR 162.1002(c) (code set in force on the date of service); ICD-10-CM Official Guidelines FY2026, I.B.2
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.validity import CodeFault
from fhir_coder.model import Severity

ID = "FCE-101"
NAME = "unknown-code"
SEVERITY = Severity.BLOCKING


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code."""
    for invalid in case.invalid(CodeFault.UNKNOWN):
        yield Fault((invalid.code,), f"{invalid.code} is not a code of ICD-10-CM release {case.release.id}.{invalid.remedy}")
