"""Dementia severity open.

What it checks
        Dementia of unspecified severity where the notes tell how the patient functions or scores but not how severe it is; with a query to the provider.

Why it matters
        Severity is the provider's clinical judgment; a score alone does not give it.

Fires
        F03.90 beside a MoCA of 14.

Passes
        F03.90 where nothing of function or score is told: unspecified is then the right severity; F03.B0.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.5.d
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.queries import open_axes
from fhir_coder.model import Severity

ID = "FCE-809"
NAME = "dementia-severity-open"
SEVERITY = Severity.INFORMATION
NEEDS = "note"
HOLDS_FROM = date(2022, 10, 1)
"""The codes by severity came with fiscal year 2023."""


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code, with its query."""
    return open_axes(case, ID)
