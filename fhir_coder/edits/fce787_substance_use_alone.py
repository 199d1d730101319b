"""Substance use alone.

What it checks
    The code for uncomplicated use of a substance, without abuse or dependence, when no disorder or disease that it could bear on is
    coded.

Why it matters
    Use alone is no diagnosis. It is coded when the provider ties it to a mental, behavioral or medical condition.

Fires
    F12.90 beside Z00.00; F10.90 alone.

Passes
    F10.90 beside K70.0; F12.90 beside G47.00; F12.10 alone (abuse); F17.210 alone.

Source
    ICD-10-CM Official Guidelines FY2026, I.C.5.b.3
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-787"
NAME = "substance-use-alone"
SEVERITY = Severity.ADVISORY

_USE = parse_ranges("F10.90, F11.90, F12.90, F13.90, F14.90, F15.90, F16.90, F18.90, F19.90")
_NO_CONDITION = parse_ranges("F10-F19, V00-Y99, Z00-Z99")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code."""
    uses = [code for code in case.known if _USE.cover(code)]
    if uses and all(_NO_CONDITION.cover(code) for code in case.known):
        for code in uses:
            detail = f"{code} is coded without a condition that the provider ties to the use; code that condition, or remove the use."
            yield Fault((code,), detail)
