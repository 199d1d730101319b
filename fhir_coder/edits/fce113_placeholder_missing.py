"""Placeholder missing.

What it checks
        A seventh character that does not stand in the seventh place because the placeholder X was left out.

Why it matters
        Without the placeholder the character is read as another level of detail and the code is invalid.

Fires
        W21.89A for W21.89XA, T14.90A for T14.90XA.

Passes
        W21.89XA, T14.90XA.

Source
        ICD-10-CM Official Guidelines FY2026, I.A.4
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.validity import CodeFault
from fhir_coder.model import Severity

ID = "FCE-113"
NAME = "placeholder-missing"
SEVERITY = Severity.BLOCKING


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code."""
    for invalid in case.invalid(CodeFault.PLACEHOLDER_MISSING):
        yield Fault((invalid.code,), f"{invalid.code} lacks the placeholder X before its seventh character.{invalid.remedy}")
