"""Alcohol level alone.

What it checks
    A blood alcohol level (Y90) without an alcohol related disorder (F10) or a toxic effect of alcohol (T51).

Why it matters
    The level may come from the laboratory, but only beside a disorder that the provider documents; alone it is a value that nobody
    judged.

Fires
    Y90.5 beside S01.01XA.

Passes
    Y90.8 beside F10.229; Y90.6 beside T51.0X1A.

Source
    ICD-10-CM Official Guidelines FY2026, I.B.14 and I.C.5.b.5; tabular list, code first note at Y90
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-788"
NAME = "alcohol-level-alone"
SEVERITY = Severity.ADVISORY

_LEVEL = parse_ranges("Y90")
_DISORDER = parse_ranges("F10, O99.31, T51")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such level."""
    levels = [code for code in case.known if _LEVEL.cover(code)]
    if levels and not any(_DISORDER.cover(code) for code in case.known):
        for code in levels:
            yield Fault((code,), f"{code} is coded without an alcohol related disorder; code what the provider documents, or remove it.")
