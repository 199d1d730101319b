"""Severity open.

What it checks
        A code without the severity of asthma, major depression, malnutrition, a chronic ulcer or diabetic retinopathy, where the notes do not tell it; with a query
    to the provider.

Why it matters
        These categories are divided by severity, which only the provider's judgment can give.

Fires
        J45.909 with a rescue inhaler used twice a week; F33.9 with a PHQ-9 of 16.

Passes
        F32.A: depression without a type is right as it stands; J45.909 where the note says mild persistent; J45.40.

Source
        ICD-10-CM Official Guidelines FY2026, I.B.2, I.B.18 and I.C.12.b; query_axes.tsv names the source of each row
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.queries import open_axes
from fhir_coder.model import Severity

ID = "FCE-805"
NAME = "severity-open"
SEVERITY = Severity.ADVISORY
NEEDS = "note"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code, with its query."""
    return open_axes(case, ID)
