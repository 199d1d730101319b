"""Diabetes complication presumed.

What it checks
        Diabetes beside a condition that the Index links to it by "with" (diabetes_with.tsv) when no diabetes code of that type names
    the complication.

Why it matters
        The classification takes the two for related unless the provider says otherwise; coded apart, the diabetes looks milder than it is.

Fires
        E11.9 beside N18.31; E11.65 beside G62.9; E10.9 beside K31.84.

Passes
        E11.22 with N18.31; E11.9 with N18.31 when the note gives the kidney disease another cause; E11.9 with a pressure ulcer.

Source
        ICD-10-CM Official Guidelines FY2026, I.A.15 and I.C.4.a; Alphabetic Index, Diabetes, by type, with
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from fhir_coder.code_ranges import CodeRanges, covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.causes import DIABETES, has_other_cause
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Severity

ID = "FCE-702"
NAME = "diabetes-complication-presumed"
SEVERITY = Severity.ADVISORY

_DIABETES = parse_ranges("E08-E11, E13")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each type of diabetes and condition that no code of that type names."""
    types: dict[str, list[str]] = {}
    for code in case.known:
        if covered(code, _DIABETES):
            types.setdefault(case.codebook.category(code), []).append(code)
    if not types:
        return
    for ranges, endings, unless, what in _rows():
        conditions = tuple(code for code in case.known if covered(code, ranges) and not has_other_cause(case, code, DIABETES))
        if not conditions or any(covered(code, unless) for code in case.known):
            continue
        for category, diabetes in types.items():
            if not any(code.startswith(category + ending) for code in diabetes for ending in endings):
                yield _fault(category, tuple(diabetes), conditions, endings, what)


def _fault(category: str, diabetes: tuple[str, ...], conditions: tuple[str, ...], endings: tuple[str, ...], what: str) -> Fault:
    due = " or ".join(category + ending for ending in endings)
    return Fault(
        (*diabetes, *conditions),
        f"Beside diabetes, {what} ({', '.join(conditions)}) is presumed to be its complication; code {due} unless the provider "
        "documents another cause.",
    )


@cache
def _rows() -> tuple[tuple[CodeRanges, tuple[str, ...], CodeRanges, str], ...]:
    return tuple(
        (parse_ranges(row["codes"]), tuple(row["endings"].split(", ")), parse_ranges(row["except"]), row["what"])
        for row in read_table("diabetes_with.tsv")
    )
