"""Gestational diabetes.

What it checks
        Gestational diabetes (O24.4) beside another code of O24, or beside long-term use of insulin or another drug for diabetes.

Why it matters
        O24.4 says by itself that the diabetes arose in this pregnancy and what controls it; the second code contradicts or repeats it.

Fires
        O24.410, O24.111; O24.414, Z79.4; O24.410, O24.414.

Passes
        O24.414 alone; O24.111, E11.9, Z79.4 (diabetes before the pregnancy); O99.810.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.15.i
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-763"
NAME = "gestational-diabetes"
SEVERITY = Severity.BLOCKING

_GESTATIONAL, _IN_PREGNANCY = "O24.4", "O24"
_DRUGS = parse_ranges("Z79.4, Z79.84, Z79.85")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for other codes of O24 and one for each long-term drug."""
    gestational = sorted(code for code in case.known if code.startswith(_GESTATIONAL))
    if not gestational:
        return
    codes = [code for code in case.known if code.startswith(_IN_PREGNANCY)]
    if len(codes) > 1:
        detail = f"{', '.join(codes)}: gestational diabetes is told by one code of O24.4 alone; where a drug joins the diet, the code of the drug. Keep the one that holds."
        yield Fault(tuple(codes), detail)
    for code in case.known:
        if covered(code, _DRUGS):
            yield Fault(
                (gestational[0], code),
                f"{code} is not coded beside {gestational[0]}, whose code says what controls the diabetes; remove {code}.",
            )
