"""Infection beside lung disease.

What it checks
        COPD or bronchiectasis beside acute bronchitis, pneumonia or another acute lower respiratory infection, without the code for the disease
    with the infection (infections_with.tsv).

Why it matters
        An infection on top of the chronic disease is no exacerbation: each has its code, and both may be due.

Fires
        J44.9 beside J20.9; J44.1 beside J18.9; J47.9 beside J20.9.

Passes
        J44.0 beside J20.9, with or without J44.1; J45.41 beside J20.9; J44.9 beside J06.9 (upper airways).

Source
        ICD-10-CM Official Guidelines FY2026, I.C.10.a.1; Alphabetic Index, Disease, lung, obstructive, with, and Bronchiectasis, with
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from fhir_coder.code_ranges import CodeRanges, covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Severity

ID = "FCE-718"
NAME = "infection-beside-lung-disease"
SEVERITY = Severity.ADVISORY


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault for each of the diseases."""
    for ranges, infections, due, what in _rows():
        diseases = tuple(code for code in case.known if covered(code, ranges))
        acute = tuple(code for code in case.known if covered(code, infections))
        if diseases and acute and due not in case.known:
            detail = f"{what} with {', '.join(acute)} is {due}; code {due} in place of {', '.join(diseases)}, or beside a code for an exacerbation."
            yield Fault((*diseases, *acute), detail)


@cache
def _rows() -> tuple[tuple[CodeRanges, CodeRanges, str, str], ...]:
    return tuple(
        (parse_ranges(row["codes"]), parse_ranges(row["infections"]), row["due"], row["what"]) for row in read_table("infections_with.tsv")
    )
