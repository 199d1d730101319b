"""Seventh character missing.

What it checks
        A code that is complete but for its seventh character.

Why it matters
        Where the tabular list asks for a seventh character the code is invalid without it.

Fires
        S52.501 (needs A, B, C, D, ...), W21.89, W21.89X.

Passes
        S52.501A, W21.89XA.

Source
        ICD-10-CM Official Guidelines FY2026, I.A.5
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.validity import CodeFault
from fhir_coder.model import Severity

ID = "FCE-110"
NAME = "seventh-character-missing"
SEVERITY = Severity.BLOCKING


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code."""
    for invalid in case.invalid(CodeFault.SEVENTH_MISSING):
        yield Fault((invalid.code,), f"{invalid.code} needs a seventh character.{invalid.remedy}")
