"""Pain beside its cause.

What it checks
        Chronic pain, or pain due to trauma (G89.11, G89.21, G89.29), behind a first-listed diagnosis of bones, joints, muscles or an injury that explains it
        (pain_causes.tsv), when no other pain is coded and nothing says that pain was managed.

Why it matters
        Pain is part of a diagnosis that causes it. G89 is added only when pain control, and not the cause, is the reason for the visit; then it stands first.

Fires
        M17.11, G89.29; S82.201A, G89.11.

Passes
        G89.29, M17.11 (pain is managed); M54.50, G89.29; M17.11, M54.50, G89.29; M17.11, G89.29, Z79.891; C79.51, G89.3.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.6.b.1.a and I.C.6.b.1.b
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from fhir_coder.code_ranges import CodeRanges, covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Severity

ID = "FCE-769"
NAME = "pain-beside-its-cause"
SEVERITY = Severity.ADVISORY
IS_ABOUT_ORDER = True

_PAIN = parse_ranges("G89.11, G89.21, G89.29")
# Pain of another place, long-term opioids, and devices for pain: the pain may be something else, or is what the visit was about.
_EXPLAINS_PAIN = parse_ranges("M25.5, M54, M79.6, R07, R10, R51, R52, G43, G44, Z79.891, Z45.42, F11, F45.42")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such pain."""
    pains = [code for code in case.known[1:] if covered(code, _PAIN)]
    if not pains or any(covered(code, _EXPLAINS_PAIN) for code in case.known):
        return
    first = case.known[0]
    if any(covered(first, codes) and not covered(first, left_out) for codes, left_out in _rows()):
        for code in pains:
            detail = f"{first} explains the pain; remove {code}, or put it first if the visit was for control of the pain."
            yield Fault((first, code), detail)


@cache
def _rows() -> tuple[tuple[CodeRanges, CodeRanges], ...]:
    return tuple((parse_ranges(row["codes"]), parse_ranges(row["except"])) for row in read_table("pain_causes.tsv"))
