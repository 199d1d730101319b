"""Dangling pointer.

What it checks
        A service line whose reason is not among the diagnoses that reach the claim.

Why it matters
        The pointer would name nothing, or another diagnosis; the service loses what justifies it.

Fires
        A line for M54.50 when only I10 is coded; a line for the thirteenth diagnosis.

Passes
        A line for I10 when I10 is coded.

Source
        ASC X12N 837P (005010X222A1), loop 2400 SV107; CMS-1500 (02/12) item 24E
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.service_reasons import coded_reasons
from fhir_coder.model import MAX_DIAGNOSES, Severity

ID = "FCE-511"
NAME = "dangling-pointer"
SEVERITY = Severity.BLOCKING
NEEDS = "lines"
IS_ABOUT_ORDER = True


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such line."""
    claimed = {case.codebook.normalize(code) or code for code in case.codes[:MAX_DIAGNOSES]}
    for line in case.services or ():
        dangling = tuple(code for code in coded_reasons(case, line) if code not in claimed)
        if dangling:
            yield Fault(
                dangling,
                f"Line {line.code} ({line.source}) rests on {', '.join(dangling)}, which is not on the claim; code it if it is documented, or correct the pointer.",
            )
