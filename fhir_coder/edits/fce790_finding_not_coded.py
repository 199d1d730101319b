"""Finding not coded.

What it checks
    An examination with abnormal findings, and no code that could be the finding.

Why it matters
    The tabular list asks for a code of each finding; without one the claim says that something was found and not what.

Fires
    Z00.01 alone; Z00.121 and Z23.

Passes
    Z00.01 and R01.1; Z00.121 and H65.22; Z01.411 and B37.31; Z00.00 alone.

Source
    ICD-10-CM Official Guidelines FY2026, IV.P and I.C.21.c.13
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.examinations import has_findings
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-790"
NAME = "finding-not-coded"
SEVERITY = Severity.ADVISORY

_NO_FINDING = "VWXYZ"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such examination."""
    if any(code[0] not in _NO_FINDING for code in case.known):
        return
    for code in case.known:
        if has_findings(case.titles[code]):
            yield Fault((code,), f"{code} tells of abnormal findings and none is coded; code them, or take the code without findings.")
