"""Type open.

What it checks
        A code without the type of heart failure, atrial fibrillation or diabetic complication, or the control of gestational diabetes, where the notes do not tell it;
    with a query to the provider.

Why it matters
        These categories are divided by type, and treatment goes by it; unspecified is for what cannot be known.

Fires
        I50.9 beside an ejection fraction of 35%; I48.91 with nothing said of its course.

Passes
        I48.91 for new-onset fibrillation; I50.22; E11.9, which leaves nothing open; J44.9 and E78.5, where the note says no more.

Source
        ICD-10-CM Official Guidelines FY2026, I.B.2, I.B.18 and I.C.4.a; query_axes.tsv names the source of each row
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.queries import open_axes
from fhir_coder.model import Severity

ID = "FCE-803"
NAME = "type-open"
SEVERITY = Severity.ADVISORY
NEEDS = "note"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code, with its query."""
    return open_axes(case, ID)
