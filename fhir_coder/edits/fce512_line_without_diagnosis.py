"""Line without diagnosis.

What it checks
        A service line that names no reason at all.

Why it matters
        Every line of a professional claim points to a diagnosis; someone has to choose it.

Fires
        An office visit line without reasons.

Passes
        A line with the reason I10, or with a reference to the condition it was done for.

Source
        ASC X12N 837P (005010X222A1), loop 2400 SV107-1 (required); CMS-1500 (02/12) item 24E
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-512"
NAME = "line-without-diagnosis"
SEVERITY = Severity.ADVISORY
NEEDS = "lines"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such line."""
    for line in case.services or ():
        if not line.reason_codes and not line.reason_references:
            yield Fault((), f"Line {line.code} ({line.source}) names no diagnosis; choose the one it was done for.")
