"""Insulin beside type 1.

What it checks
        Long-term use of insulin coded beside type 1 diabetes.

Why it matters
        Who has type 1 diabetes needs insulin to live; the code adds nothing, and the tabular list does not ask for it at E10.

Fires
        E10.9 with Z79.4; E10.65 with Z79.4.

Passes
        E11.9 with Z79.4; E10.9 with Z96.41 (insulin pump).

Source
        Tabular list, use additional code at E08, E09, E11 and E13, absent at E10; ICD-10-CM Official Guidelines FY2026, I.C.4.a.3 asks for
    the drug where the type is not told and has no rule against it at type 1
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-705"
NAME = "insulin-beside-type-1"
SEVERITY = Severity.INFORMATION

_TYPE_1 = parse_ranges("E10")
_OTHER = parse_ranges("E08-E09, E11, E13, O24")


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault."""
    type_1 = tuple(code for code in case.known if covered(code, _TYPE_1))
    if type_1 and "Z79.4" in case.known and not any(covered(code, _OTHER) for code in case.known):
        yield Fault((*type_1, "Z79.4"), f"Type 1 diabetes ({', '.join(type_1)}) implies insulin; Z79.4 is not needed.")
