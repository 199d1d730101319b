"""Secondary without primary.

What it checks
        A secondary malignant neoplasm (C77-C79, C7B) when neither a primary one nor the history of one is coded.

Why it matters
        A metastasis has a primary: a current one, one in the history (Z85), or an unknown one (C80.1). The claim tells only half of the disease.

Fires
        C79.51 alone; C78.7, I10.

Passes
        C61, C79.51; C79.51, Z85.46; C79.51, C80.1; C78.7, C7A.012.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.2.b, I.C.2.d and I.C.2.k
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-765"
NAME = "secondary-without-primary"
SEVERITY = Severity.ADVISORY

_SECONDARY = parse_ranges("C77-C79, C7B")
_PRIMARY = parse_ranges("C00-C76, C7A, C80-C96, D37-D49, Z85")


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, with every secondary neoplasm."""
    secondary = [code for code in case.known if covered(code, _SECONDARY)]
    if secondary and not any(covered(code, _PRIMARY) and not covered(code, _SECONDARY) for code in case.known):
        detail = f"{', '.join(secondary)} stands without its primary; add the primary, its history (Z85.-) if it is gone, or C80.1 if it is unknown."
        yield Fault(tuple(secondary), detail)
