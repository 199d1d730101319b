"""Acuity open.

What it checks
        A code that does not tell acute from chronic where its category does: heart failure of a known type, respiratory failure, bronchitis, hepatitis B and C, otitis
    media, cholecystitis, pyelonephritis; where the notes do not tell it; with a query to the provider.

Why it matters
        Acute and chronic forms are different codes, and both are assigned where both are there.

Fires
        I50.20 for heart failure with reduced ejection fraction at a routine visit; J40.

Passes
        I50.20 where the note says decompensated; H66.91 for acute otitis media; J20.9.

Source
        ICD-10-CM Official Guidelines FY2026, I.B.8 and I.C.10.b; query_axes.tsv names the source of each row
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.queries import open_axes
from fhir_coder.model import Severity

ID = "FCE-804"
NAME = "acuity-open"
SEVERITY = Severity.ADVISORY
NEEDS = "note"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code, with its query."""
    return open_axes(case, ID)
