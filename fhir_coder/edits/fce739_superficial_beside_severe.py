"""Superficial beside severe.

What it checks
        A contusion, abrasion or other superficial injury beside a fracture, dislocation, sprain or open wound of the same site
    (superficial_injuries.tsv), neither a sequela, not on opposite sides and not of different fingers or toes.

Why it matters
        The bruise belongs to the greater injury and is not coded with it.

Fires
        S90.01XA beside S93.401A; S60.021A beside S62.600A.

Passes
        S50.02XA beside S22.42XA (another site); S80.01XA beside S83.512A (the other knee); S60.021A beside S62.606A (another finger); S00.03XA
    beside S06.0X1A (scalp and brain).

Source
        ICD-10-CM Official Guidelines FY2026, I.C.19.b
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from fhir_coder.code_ranges import CodeRanges, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.phases import ACTIVE, HEALING, phase
from fhir_coder.edits.sides import are_opposite
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Severity

ID = "FCE-739"
NAME = "superficial-beside-severe"
SEVERITY = Severity.ADVISORY

_SUPERFICIAL = parse_ranges("S00, S10, S20, S30, S40, S50, S60, S70, S80, S90")
_DIGIT = re.compile(r"\b(?:thumb|index|middle|ring|little|great|lesser)\b")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such superficial injury, with the more severe ones."""
    current = [code for code in case.known if phase(code) in {ACTIVE, HEALING}]
    for code in current:
        for site, codes, severe in _rows() if _SUPERFICIAL.cover(code) else ():
            greater = tuple(one for one in current if severe.cover(one) and _may_be_same(case, code, one)) if codes.cover(code) else ()
            if greater:
                detail = f"{code} is superficial beside {', '.join(greater)} of the same site ({site}); remove it, unless it is of another place."
                yield Fault((code, *greater), detail)


def _may_be_same(case: EditCase, code: str, other: str) -> bool:
    """Whether the titles name neither opposite sides nor different digits."""
    title, against = case.titles[code].lower(), case.titles[other].lower()
    digits, others = set(_DIGIT.findall(title)), set(_DIGIT.findall(against))
    return not are_opposite(title, against) and (not digits or not others or bool(digits & others))


@cache
def _rows() -> tuple[tuple[str, CodeRanges, CodeRanges], ...]:
    return tuple((row["site"], parse_ranges(row["codes"]), parse_ranges(row["severe"])) for row in read_table("superficial_injuries.tsv"))
