"""Neoplasm missing.

What it checks
        A code that speaks of a neoplasm without naming it (neoplasm_consequences.tsv: chemotherapy and immunotherapy, pain, ascites, fracture), when no
        current neoplasm is coded.

Why it matters
        Treatment, pain or fracture of a neoplasm is not understood, nor paid, without the neoplasm. While it is treated, history (Z85) does not stand for it.

Fires
        Z51.11, I10; Z51.11, Z85.3; G89.3, M54.50.

Passes
        Z51.11, C18.7; G89.3, C79.51; M84.58XA, D48.0; Z51.0 alone (radiation is given for other conditions too).

Source
        ICD-10-CM Official Guidelines FY2026, I.C.2.e.2 and I.C.6.b.5; neoplasm_consequences.tsv names the source of each row
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from fhir_coder.code_ranges import CodeRanges, covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Severity

ID = "FCE-766"
NAME = "neoplasm-missing"
SEVERITY = Severity.ADVISORY

# With neurofibromatosis, whose tumors are coded in chapter 17, and the neoplasms of the pregnant (O9A.1-).
_NEOPLASM = parse_ranges("C00-D49, Q85, O9A.1")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code."""
    if any(covered(code, _NEOPLASM) for code in case.known):
        return
    for code in case.known:
        for codes, meaning in _rows():
            if covered(code, codes):
                yield Fault(
                    (code,), f"{code} ({meaning}) needs the code of the neoplasm beside it; add it, as current if it is under treatment."
                )


@cache
def _rows() -> tuple[tuple[CodeRanges, str], ...]:
    return tuple((parse_ranges(row["codes"]), row["meaning"]) for row in read_table("neoplasm_consequences.tsv"))
