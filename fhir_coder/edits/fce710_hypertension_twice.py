"""Hypertension twice.

What it checks
        More than one code of essential hypertension and of hypertensive heart and kidney disease (I10 to I13).

Why it matters
        I11 and I12 include I10, and I13 includes them all: hypertension with its heart and kidney disease is one code.

Fires
        I10 beside I11.0; I11.9 beside I12.9; I12.9 beside I13.0.

Passes
        I13.0 alone; I10 beside I16.0 or I1A.0; I11.0 beside I15.1.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.9.a.1, I.C.9.a.2 and I.C.9.a.3; tabular list, includes note at I13
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.hypertension import Involvement, code_for, coded_beside, told_by
from fhir_coder.model import Severity

ID = "FCE-710"
NAME = "hypertension-twice"
SEVERITY = Severity.BLOCKING


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, with all codes of hypertension."""
    told = {code: involvement for code in case.known if (involvement := told_by(code)) is not None}
    if len(told) > 1:
        due = code_for(reduce(Involvement.joined, told.values(), coded_beside(case.known)))
        yield Fault(tuple(told), f"{', '.join(told)} each code the hypertension; one code is due for it: {due}.")
