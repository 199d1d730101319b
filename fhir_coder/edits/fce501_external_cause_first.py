"""External cause first.

What it checks
        An external cause code (V00-Y99) listed first.

Why it matters
        External causes say how an injury came about; they are never the reason for the visit.

Fires
        W19.XXXA before S52.501A; Y92.009 alone.

Passes
        S52.501A before W19.XXXA.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.20.a.6
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-501"
NAME = "external-cause-first"
SEVERITY = Severity.BLOCKING
IS_ABOUT_ORDER = True

_EXTERNAL_CAUSES = parse_ranges("V00-Y99")


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, on the first-listed code."""
    first = case.first_listed
    if first is not None and covered(first, _EXTERNAL_CAUSES):
        yield Fault((first,), f"{first} is an external cause and cannot be first-listed; put the injury or condition before it.")
