"""Weight against bmi.

What it checks
    A class of obesity, severe obesity, overweight or underweight beside a body mass index outside the limits of that diagnosis
    (weight_bmi.tsv).

Why it matters
    The class decides the risk adjustment. A coder may not choose it by the index: where they disagree, the provider is asked.

Fires
    E66.813 beside Z68.36; E66.3 beside Z68.31; E66.01 beside Z68.33.

Passes
    E66.812 beside Z68.36; E66.01 beside Z68.36 (severe with a comorbidity); E66.811 beside Z68.54 (a child); E66.9 beside any.

Source
    ICD-10-CM Official Guidelines FY2026, I.B.14 (conflicting documentation: query the provider), I.A.19 and I.C.4.b
    (the class of obesity is the provider's to document)
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from fhir_coder.code_ranges import CodeRanges, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Severity

ID = "FCE-784"
NAME = "weight-against-bmi"
SEVERITY = Severity.ADVISORY

_INDEX = parse_ranges("Z68")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each diagnosis of weight that an index contradicts."""
    indexes = [code for code in case.known if _INDEX.cover(code)]
    for code in case.known if indexes else ():
        within = [limits for diagnoses, limits in _limits() if diagnoses.cover(code)]
        outside = [index for index in indexes if within and not any(limits.cover(index) for limits in within)]
        if outside and len(outside) == len(indexes):
            yield Fault((code, min(outside)), f"{code} and {min(outside)} do not agree; ask the provider which of them holds.")


@cache
def _limits() -> tuple[tuple[CodeRanges, CodeRanges], ...]:
    return tuple((parse_ranges(row["codes"]), parse_ranges(row["within"])) for row in read_table("weight_bmi.tsv"))
