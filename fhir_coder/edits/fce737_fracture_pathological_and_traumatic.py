"""Fracture pathological and traumatic.

What it checks
        A pathological fracture (M80, M84.5, M84.6, M84.7) beside a traumatic fracture of the same bone (fracture_sites.tsv), neither of them a
    sequela and not on opposite sides.

Why it matters
        One break is either due to the disease of the bone or to the force that struck it; a bone with osteoporosis that breaks in a minor fall
    is the former.

Fires
        M80.051A beside S72.001A; M80.08XA beside S32.010A.

Passes
        M80.051A beside S72.002A (the other hip); M80.08XD beside S52.501A (another bone).

Source
        ICD-10-CM Official Guidelines FY2026, I.C.13.c and I.C.13.d.2
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from fhir_coder.code_ranges import CodeRanges, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.phases import ACTIVE, HEALING, phase
from fhir_coder.edits.sides import are_opposite
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Severity

ID = "FCE-737"
NAME = "fracture-pathological-and-traumatic"
SEVERITY = Severity.ADVISORY


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such pair."""
    current = [code for code in case.known if phase(code) in {ACTIVE, HEALING}]
    for code in current:
        for site, codes, traumatic in _rows() if code.startswith("M") else ():
            for other in current:
                if codes.cover(code) and traumatic.cover(other) and not are_opposite(case.titles[code], case.titles[other]):
                    detail = f"{code} and {other} both tell a fracture of the {site}; keep the one for what broke the bone, unless there are two."
                    yield Fault((code, other), detail)


@cache
def _rows() -> tuple[tuple[str, CodeRanges, CodeRanges], ...]:
    return tuple((row["site"], parse_ranges(row["codes"]), parse_ranges(row["traumatic"])) for row in read_table("fracture_sites.tsv"))
