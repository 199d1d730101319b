"""Diabetes second drug.

What it checks
        Diabetes other than type 1 with a code for one group of its long-term medicines (Z79.4, Z79.84, Z79.85), when the notes document
    another group as well that is not coded.

Why it matters
        Each group has its code, and they are reported together. That no group is coded at all is FCE-206.

Fires
        E11.9 and Z79.84 when the note documents insulin as well; E11.65 and Z79.4 when it documents an injected GLP-1 agonist.

Passes
        E11.9 with Z79.4 and Z79.84; a group that the note denies or says was stopped; type 1 diabetes.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.4.a.3 and I.C.4.a.6.a
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-703"
NAME = "diabetes-second-drug"
SEVERITY = Severity.ADVISORY
NEEDS = "note"
HOLDS_FROM = date(2022, 10, 1)
"""Z79.85 came with fiscal year 2023; the paragraph asks for all groups since."""

_DIABETES = parse_ranges("E08-E09, E11, E13")
_DRUGS = ("Z79.4", "Z79.84", "Z79.85")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for the groups that are documented and not coded."""
    diabetes = tuple(code for code in case.known if covered(code, _DIABETES))
    coded = tuple(code for code in _DRUGS if code in case.known)
    missing = tuple(code for code in _DRUGS if code in case.documented)
    if diabetes and coded and missing:
        detail = f"{', '.join(missing)} is documented beside {', '.join(coded)}; each group of long-term diabetes medicines has its code: add it."
        yield Fault((*diabetes, *coded), detail, tuple(case.documented[code] for code in missing))
