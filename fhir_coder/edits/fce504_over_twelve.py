"""Over twelve.

What it checks
        More than twelve diagnoses.

Why it matters
        A professional claim carries twelve; what comes after them is recorded but not claimed, so the order decides.

Fires
        Thirteen different codes.

Passes
        Twelve codes.

Source
        ASC X12N 837P (005010X222A1), loop 2300 HI (health care diagnosis code); CMS-1500 (02/12) item 21
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import MAX_DIAGNOSES, Severity

ID = "FCE-504"
NAME = "over-twelve"
SEVERITY = Severity.ADVISORY
IS_ABOUT_ORDER = True


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, on the codes that do not reach the claim."""
    left_over = case.codes[MAX_DIAGNOSES:]
    if left_over:
        yield Fault(
            tuple(left_over),
            f"A claim carries {MAX_DIAGNOSES} diagnoses, and {', '.join(left_over)} will not be on it; put first what matters most for the services.",
        )
