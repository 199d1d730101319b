"""Insulin without diabetes.

What it checks
        Long-term use of insulin without any code for a disease that it is taken for.

Why it matters
        The disease was left out, or the insulin was not for long.

Fires
        I10 with Z79.4; L03.115 with Z79.4.

Passes
        E11.9 with Z79.4; O24.111 with Z79.4; E89.1 with Z79.4; O24.414 with Z79.4, of which FCE-763 speaks.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.4.a.3; tabular list, use additional code at E08, E09, E11, E13, E89.1 and O24
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-706"
NAME = "insulin-without-diabetes"
SEVERITY = Severity.ADVISORY

_TAKEN_FOR = parse_ranges("E08-E11, E13, E89.1, O24, P70.2")


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault."""
    if "Z79.4" in case.known and not any(covered(code, _TAKEN_FOR) for code in case.known):
        yield Fault(("Z79.4",), "Z79.4 stands without a code for diabetes; code the disease that the insulin is taken for, or remove it.")
