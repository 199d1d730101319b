"""Bmi without diagnosis.

What it checks
    A body mass index code without any diagnosis that it says something of (bmi_diagnoses.tsv).

Why it matters
    The index is a measurement. It may come from a nurse, but only beside a diagnosis of weight that the provider documents.

Fires
    Z68.35 beside M54.50; Z68.52 beside Z00.129.

Passes
    Z68.35 beside E66.812; Z68.1 beside R63.4; Z68.41 beside G47.33.

Source
    ICD-10-CM Official Guidelines FY2026, I.B.14 and I.C.21.c.3
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from fhir_coder.code_ranges import CodeRanges, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Severity

ID = "FCE-782"
NAME = "bmi-without-diagnosis"
SEVERITY = Severity.ADVISORY

_INDEX = parse_ranges("Z68")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each body mass index that no diagnosis carries."""
    indexes = [code for code in case.known if _INDEX.cover(code)]
    if indexes and not any(_is_of_weight(code) for code in case.known):
        for code in indexes:
            detail = (
                f"{code} is coded without a diagnosis that it belongs to; code what the provider documents of the weight, or remove it."
            )
            yield Fault((code,), detail)


def _is_of_weight(code: str) -> bool:
    return any(ranges.cover(code) for ranges in _diagnoses())


@cache
def _diagnoses() -> tuple[CodeRanges, ...]:
    return tuple(parse_ranges(row["codes"]) for row in read_table("bmi_diagnoses.tsv"))
