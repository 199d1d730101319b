"""Dementia severities.

What it checks
        Two severities (mild, moderate, severe) of dementia in one category.

Why it matters
        A patient's dementia has one severity at a visit; where it worsens in one stay, the highest is coded alone.

Fires
        F03.A0, F03.B0; F02.B11, F02.C0.

Passes
        F03.B0, F03.B11; F03.90 and F03.A0 (unspecified-beside-specified speaks of it); F01.A0, F02.B0 (two dementias).

Source
        ICD-10-CM Official Guidelines FY2026, I.C.5.d
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-776"
NAME = "dementia-severities"
SEVERITY = Severity.ADVISORY
HOLDS_FROM = date(2022, 10, 1)
"""The codes by severity came with fiscal year 2023."""

_CATEGORIES = ("F01", "F02", "F03")
_SEVERITIES = "ABC"
_PLACE = 4


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each category with two severities."""
    for category in _CATEGORIES:
        codes = [code for code in case.known if code.startswith(category) and code[_PLACE : _PLACE + 1] in (*_SEVERITIES,)]
        if len({code[_PLACE] for code in codes}) > 1:
            yield Fault(
                tuple(codes),
                f"{', '.join(codes)} tell different severities of one dementia; keep the highest that is documented for this visit.",
            )
