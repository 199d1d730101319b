"""Outcome without delivery.

What it checks
        An outcome of delivery (Z37) on a claim without a delivery: no obstetric code at all, or only codes of the puerperium, of an abortion or of a
        postpartum visit.

Why it matters
        The outcome is told once, on the mother's record of the delivery, and not again at later visits.

Fires
        Z39.2, Z37.0; O90.0, Z37.0; I10, Z37.0.

Passes
        O80, Z37.0; O99.02, D50.9, Z37.0; O72.1, Z37.0 (hemorrhage at delivery); Z33.2, Z37.0
        (a termination that ended in a live birth).

Source
        ICD-10-CM Official Guidelines FY2026, I.C.15.b.5; tabular list, note at Z37
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-761"
NAME = "outcome-without-delivery"
SEVERITY = Severity.ADVISORY

_OUTCOME = "Z37"
# With termination attempted that ended in a live birth (guideline I.C.15.q).
_MAY_BE_DELIVERY = parse_ranges("O09-O82, O88, O94-O9A, Z33.2")
_PUERPERIUM = "puerperium"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each outcome."""
    outcomes = [code for code in case.known if code.startswith(_OUTCOME)]
    if not outcomes or any(covered(code, _MAY_BE_DELIVERY) and _PUERPERIUM not in title for code, title in case.titles.items()):
        return
    for code in outcomes:
        yield Fault(
            (code,),
            f"{code} belongs to the mother's record of the delivery, and no code of this claim is of one; remove it or code the delivery.",
        )
