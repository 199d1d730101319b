"""Diabetes second drug.

What it checks
        Diabetes other than type 1 with a code for one group of its long-term medicines (Z79.4, Z79.84, Z79.85), when the notes document
    another group as well that is not coded.

Why it matters
        Each group has its code, and they are reported together. That no group is coded at all is FCE-206.

Fires
        E11.9 and Z79.84 when the note documents insulin as well; E11.65 and Z79.4 when it documents an injected GLP-1 agonist.

Passes
        E11.9 with Z79.4 and Z79.84; a group that the note denies, or stops at this visit; type 1 diabetes.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.4.a.3 and I.C.4.a.6.a
"""

from __future__ import annotations

import re
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
"""Z79.85 came with fiscal year 2023; the edition of 2021 still asked for Z79.4 alone beside oral drugs."""

_DIABETES = parse_ranges("E08-E09, E11, E13")
_DRUGS = ("Z79.4", "Z79.84", "Z79.85")
_STOP = r"\b(?:stop\w*|discontinu\w*|d/c\w*|hold|held|taken? off|comes? off|wean\w*)\b"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for the groups that are documented and not coded."""
    diabetes = tuple(code for code in case.known if covered(code, _DIABETES))
    coded = tuple(code for code in _DRUGS if code in case.known)
    missing = tuple(code for code in _DRUGS if code in case.documented and not _is_stopped(case, case.documented[code].text))
    if diabetes and coded and missing:
        detail = f"{', '.join(missing)} is documented beside {', '.join(coded)}; each group of long-term diabetes medicines has its code: add it."
        yield Fault((*diabetes, *coded), detail, tuple(case.documented[code] for code in missing))


def _is_stopped(case: EditCase, name: str) -> bool:
    """Whether a sentence of the notes stops the medicine: what is taken up to this visit and not after it is no long-term use."""
    drug = re.escape(name.split()[0])
    stopped = re.compile(rf"{_STOP}[^.;\n]{{0,40}}\b{drug}|\b{drug}\b[^.;\n]{{0,40}}{_STOP}", re.IGNORECASE)
    return case.encounter is not None and any(stopped.search(note.text) for note in case.encounter.notes)
