"""Too many pointers.

What it checks
        A service line that names more than four of the coded diagnoses.

Why it matters
        A line points to at most four; which four are kept decides whether the service is covered.

Fires
        A line with five reasons, all of them coded.

Passes
        A line with four reasons.

Source
        ASC X12N 837P (005010X222A1), loop 2400 SV107; CMS-1500 (02/12) item 24E
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.service_reasons import coded_reasons
from fhir_coder.model import MAX_POINTERS, Severity

ID = "FCE-510"
NAME = "too-many-pointers"
SEVERITY = Severity.ADVISORY
NEEDS = "lines"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such line."""
    for line in case.services or ():
        pointed = tuple(code for code in coded_reasons(case, line) if code in case.known)
        if len(pointed) > MAX_POINTERS:
            yield Fault(pointed, f"Line {line.code} ({line.source}) names {len(pointed)} diagnoses; it can point to {MAX_POINTERS}.")
