"""Code first order.

What it checks
        A code whose code first note names a condition that is coded as well, but after it.

Why it matters
        The note fixes the order of the two; in the wrong order the claim names the consequence as the reason for its cause.

Fires
        N18.30 before E11.22; L97.411 before E11.621.

Passes
        E11.22 before N18.30; N18.30 without any condition that its note names; a pair whose notes name each other.

Source
        ICD-10-CM Official Guidelines FY2026, I.A.13 and I.B.9
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.instructions import code_first_references
from fhir_coder.model import Severity
from terminology.references import CodeReference

ID = "FCE-205"
NAME = "code-first-order"
SEVERITY = Severity.ADVISORY
IS_ABOUT_ORDER = True


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each pair in the wrong order."""
    references = {code: code_first_references(case, code) for code in case.known}
    for place, code in enumerate(case.known):
        for later in case.known[place + 1 :] if references[code] else ():
            if _names(references[code], code, later) and not _names(references[later], later, code):
                yield Fault((code, later), f"A code first note over {code} names {later}; put {later} before {code}.")


def _names(references: tuple[CodeReference, ...], code: str, other: str) -> bool:
    return any(reference.covers(other) and not reference.covers(code) for reference in references)
