"""Companion of title.

What it checks
        A code whose title or use says that there is another condition with a code of its own, without that code (companions_of_titles.tsv):
    hypertensive heart failure, hypertensive or diabetic kidney disease, a diabetic ulcer, drug-induced diabetes, secondary hypertension, a
    subsequent infarction, COPD with an infection.

Why it matters
        The second code is due in every case, with an unspecified one where nothing more is known; without it the claim tells half.

Fires
        I11.0 without I50; E11.22 without N18; I22.1 without I21; J44.0 without an infection.

Passes
        I11.0 with I50.9; J44.0 with J20.9; a companion that the notes document and the claim lacks, which FCE-206 shows.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.4.a, I.C.9.a and I.C.9.e.4; tabular list, code also at J44.0; companions_of_titles.tsv names
    the source of each row
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from fhir_coder.code_ranges import CodeRanges, covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Severity

ID = "FCE-712"
NAME = "companion-of-title"
SEVERITY = Severity.ADVISORY


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each row that asks in vain, with all codes that ask."""
    for ranges, needs, needed, what in _rows():
        asking = tuple(code for code in case.known if covered(code, ranges))
        if asking and not any(covered(code, needs) for code in (*case.known, *case.documented)):
            yield Fault(asking, f"{', '.join(asking)} calls for a code of {what} ({needed}); add it, or correct {', '.join(asking)}.")


@cache
def _rows() -> tuple[tuple[CodeRanges, CodeRanges, str, str], ...]:
    rows = read_table("companions_of_titles.tsv")
    return tuple((parse_ranges(row["codes"]), parse_ranges(row["needs"]), row["needs"], row["what"]) for row in rows)
