"""Dialysis stage.

What it checks
        Dependence on dialysis (Z99.2) beside chronic kidney disease of a stage below end stage.

Why it matters
        Chronic kidney disease that needs chronic dialysis is end stage renal disease, N18.6.

Fires
        N18.5 with Z99.2; N18.9 with Z99.2.

Passes
        N18.6 with Z99.2; N18.4 and N17.9 with Z99.2 (dialysis for the acute failure).

Source
        ICD-10-CM Official Guidelines FY2026, I.C.14.a.1; tabular list, inclusion term at N18.6 and Excludes1 at N18.5
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-713"
NAME = "dialysis-stage"
SEVERITY = Severity.ADVISORY

_BELOW = parse_ranges("N18.1-N18.5, N18.9")
_ANOTHER_REASON = parse_ranges("N17, N18.6")


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault."""
    if "Z99.2" not in case.known or any(covered(code, _ANOTHER_REASON) for code in case.known):
        return
    stages = tuple(code for code in case.known if covered(code, _BELOW))
    if stages:
        detail = f"Chronic kidney disease on chronic dialysis is N18.6, not {', '.join(stages)}; correct it, or remove Z99.2 if dialysis has not begun."
        yield Fault((*stages, "Z99.2"), detail)
