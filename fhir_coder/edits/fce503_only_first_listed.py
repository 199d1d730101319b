"""Only first listed.

What it checks
        A Z code that may only be first-listed, in a later place behind a code that is not such a Z code.

Why it matters
        The visit is described by the wrong reason: an examination is either the reason for the visit or not coded.

Fires
        I10 before Z00.00; M54.50 before Z02.1.

Passes
        Z00.00 before I10; Z00.00 before Z01.419 (both may only be first: encounters of one day combined).

Source
        ICD-10-CM Official Guidelines FY2026, I.C.21.c.16
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.first_listed import is_only_first
from fhir_coder.model import Severity

ID = "FCE-503"
NAME = "only-first-listed"
SEVERITY = Severity.ADVISORY
IS_ABOUT_ORDER = True


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code behind the first."""
    first = case.first_listed
    if first is None or is_only_first(first):
        return
    for code in case.known:
        if code != first and is_only_first(code):
            yield Fault((code,), f"{code} may only be first-listed; put it first, or remove it if it is not the reason for the visit.")
