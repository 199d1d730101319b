"""Course open.

What it checks
        Gout without its course where the notes tell of its treatment or signs, or bipolar disorder without its type and current episode; with a query to the provider.

Why it matters
        Acute and chronic gout stand in different categories; bipolar disorder is classified by its current episode.

Fires
        M10.9 on allopurinol; F31.9 on lithium.

Passes
        M10.9 for a gout flare; M10.9 with nothing said of it; F31.81.

Source
        ICD-10-CM Official Guidelines FY2026, I.B.8 and I.B.18; tabular list, F31, M10 and M1A
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.queries import open_axes
from fhir_coder.model import Severity

ID = "FCE-813"
NAME = "course-open"
SEVERITY = Severity.INFORMATION
NEEDS = "note"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code, with its query."""
    return open_axes(case, ID)
