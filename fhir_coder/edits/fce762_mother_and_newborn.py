"""Mother and newborn.

What it checks
        Codes of the mother's record (chapter 15, Z37) and of the newborn's (chapter 16, Z38) on one claim.

Why it matters
        Two patients are coded as one. Chapter 16 is never for the mother, chapter 15 never for the newborn.

Fires
        O60.14X0, P07.39; Z38.00, Z37.0.

Passes
        O60.14X0, Z37.0; Z38.00, P07.39; an adult with bronchopulmonary dysplasia since birth (P27.1) who is not pregnant.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.15.a.2 and I.C.16.a.1; tabular list, notes over chapters 15 and 16 and at Z37
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-762"
NAME = "mother-and-newborn"
SEVERITY = Severity.BLOCKING

_MOTHER, _NEWBORN = parse_ranges("O00-O9A, Z37"), parse_ranges("P00-P96, Z38")


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, with the codes of both records."""
    mother = [code for code in case.known if covered(code, _MOTHER)]
    newborn = [code for code in case.known if covered(code, _NEWBORN)] if mother else []
    if newborn:
        detail = f"{', '.join(mother)} belongs to the mother's record and {', '.join(newborn)} to the newborn's; code each patient apart."
        yield Fault((*mother, *newborn), detail)
