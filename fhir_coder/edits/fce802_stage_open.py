"""Stage open.

What it checks
        A code without the stage of kidney disease, a pressure ulcer or glaucoma, where the notes do not tell it; with a query to the provider.

Why it matters
        The stage is what these categories are divided by, and the one who treats the patient mostly knows it.

Fires
        N18.9 with an eGFR of 41 in the note; L89.159 with the wound measured and not staged.

Passes
        N18.9 where a line names a stage; N18.32; I10, which has none.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.7.a, I.C.12.a.1 and I.C.14.a.1
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.queries import open_axes
from fhir_coder.model import Severity

ID = "FCE-802"
NAME = "stage-open"
SEVERITY = Severity.ADVISORY
NEEDS = "note"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code, with its query."""
    return open_axes(case, ID)
