"""Anemia type open.

What it checks
        Anemia without a type where the notes tell of iron, vitamins, bleeding or a disease that causes it; with a query to the provider.

Why it matters
        The link between a cause and the anemia is the provider's to make, except where the classification assumes it.

Fires
        D64.9 beside a ferritin of 8.

Passes
        D64.9 with the work-up under way; D50.9; D64.9 with a hemoglobin alone.

Source
        ICD-10-CM Official Guidelines FY2026, I.B.18; tabular list, D50-D64
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.queries import open_axes
from fhir_coder.model import Severity

ID = "FCE-812"
NAME = "anemia-type-open"
SEVERITY = Severity.INFORMATION
NEEDS = "note"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code, with its query."""
    return open_axes(case, ID)
