"""Aftercare of injury.

What it checks
        An aftercare Z code (aftercare_of_injury.tsv) beside a current injury or fracture that it would be the aftercare of.

Why it matters
        Injuries tell their aftercare by the seventh character; the Z code says it a second time, and as if there were no injury.

Fires
        Z48.02 with S61.411D; Z47.89 with S52.501D.

Passes
        S61.411D alone; Z47.1 with Z96.641 (a planned replacement); Z48.02 with a sequela of an injury; Z47.89 with S61.411D (no bone).

Source
        ICD-10-CM Official Guidelines FY2026, I.C.21.c.7 and I.C.19.a; tabular list, Excludes1 notes at Z47 and Z48
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from fhir_coder.code_ranges import CodeRanges, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.phases import ACTIVE, HEALING, phase
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Severity

ID = "FCE-734"
NAME = "aftercare-of-injury"
SEVERITY = Severity.ADVISORY


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such Z code, with the injuries."""
    for code in case.known:
        for codes, beside in _rows() if code.startswith("Z") else ():
            injuries = tuple(one for one in case.known if phase(one) in {ACTIVE, HEALING} and beside.cover(one))
            if injuries and codes.cover(code):
                detail = f"Aftercare of an injury is told by its seventh character; remove {code}, unless it is aftercare of something else than "
                yield Fault((code, *injuries), f"{detail}{', '.join(injuries)}.")


@cache
def _rows() -> tuple[tuple[CodeRanges, CodeRanges], ...]:
    return tuple((parse_ranges(row["codes"]), parse_ranges(row["beside"])) for row in read_table("aftercare_of_injury.tsv"))
