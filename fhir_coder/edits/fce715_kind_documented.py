"""Kind documented.

What it checks
        A code that leaves a type, stage or severity open (kinds_documented.tsv) when the notes tell it: heart failure, chronic kidney disease,
    asthma, atrial fibrillation, angina of coronary disease.

Why it matters
        The notes support the specified code, and the claim says less than they do.

Fires
        I50.9 when the note documents chronic systolic heart failure; N18.9 when it documents stage 4.

Passes
        I50.9 when the type is only possible, past or denied; I50.22 with the type coded.

Source
        ICD-10-CM Official Guidelines FY2026, I.B.2, I.B.18, I.C.9.a.1, I.C.10.a.1 and I.C.14.a.1
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from fhir_coder.code_ranges import CodeRanges, covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Severity

ID = "FCE-715"
NAME = "kind-documented"
SEVERITY = Severity.ADVISORY
NEEDS = "note"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each code and thing left open, with the words that tell it."""
    for ranges, told, what in _rows():
        for code in case.known:
            if covered(code, ranges):
                documented = tuple(one for one in case.documented if covered(one, told))
                if documented:
                    detail = f"{code} leaves open {what}, and the notes tell it ({', '.join(documented)}); code what is told, or ask the provider."
                    yield Fault((code,), detail, tuple(case.documented[one] for one in documented))


@cache
def _rows() -> tuple[tuple[CodeRanges, CodeRanges, str], ...]:
    return tuple((parse_ranges(row["codes"]), parse_ranges(row["told"]), row["what"]) for row in read_table("kinds_documented.tsv"))
