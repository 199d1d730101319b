"""Seventh character not allowed.

What it checks
        A seventh character behind a code that takes none.

Why it matters
        The code does not exist, and the claim is rejected.

Fires
        I10.XXXA, M54.50XA.

Passes
        I10, M54.50.

Source
        ICD-10-CM Official Guidelines FY2026, I.A.5
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.validity import CodeFault
from fhir_coder.model import Severity

ID = "FCE-112"
NAME = "seventh-character-not-allowed"
SEVERITY = Severity.BLOCKING


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code."""
    for invalid in case.invalid(CodeFault.SEVENTH_NOT_ALLOWED):
        yield Fault((invalid.code,), f"{invalid.code} takes no seventh character.{invalid.remedy}")
