"""Long term drug first.

What it checks
    Long-term drug therapy (Z79) listed first. A convention of payers, no rule of the code set.

Why it matters
    The code says which drug is taken, not why the patient came; many payers refuse it as the first or only diagnosis.

Fires
    Z79.01 before I48.91; Z79.4 alone.

Passes
    E11.9 before Z79.4; Z51.81 before Z79.01.

Source
    Payers' convention, no official rule; ICD-10-CM Official Guidelines FY2026, I.C.21.c.3 has long-term drug therapy as a status code
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-795"
NAME = "long-term-drug-first"
SEVERITY = Severity.ADVISORY
IS_ABOUT_ORDER = True

_DRUG = parse_ranges("Z79")


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, on the first-listed code."""
    first = case.first_listed
    if first and _DRUG.cover(first):
        detail = f"{first} stands first, which many payers refuse; put the condition treated, or Z51.81 for drug monitoring, before it."
        yield Fault((first,), detail)
