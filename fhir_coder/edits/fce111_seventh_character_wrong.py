"""Seventh character wrong.

What it checks
        A seventh character that the tabular list does not offer for this code.

Why it matters
        The code does not exist; the episode of care it was meant to tell is lost.

Fires
        S52.501Z, S06.0X0B.

Passes
        S52.501A, S06.0X0A.

Source
        ICD-10-CM Official Guidelines FY2026, I.A.5 and I.C.19.a
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.validity import CodeFault
from fhir_coder.model import Severity

ID = "FCE-111"
NAME = "seventh-character-wrong"
SEVERITY = Severity.BLOCKING


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code."""
    for invalid in case.invalid(CodeFault.SEVENTH_WRONG):
        yield Fault((invalid.code,), f"{invalid.code} ends in a seventh character that this code does not take.{invalid.remedy}")
