"""Circumstance twice.

What it checks
        Two activities (Y93), two places of occurrence (Y92) or two external cause statuses (Y99).

Why it matters
        One event has one place, one activity and one status; with two, one is a guess or of another event.

Fires
        Y93.66 beside Y93.67; Y99.0 beside Y99.8; Y92.010 beside Y92.480.

Passes
        One of each; two external causes with one place.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.20.b, I.C.20.c and I.C.20.k; tabular list, note at Y99
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-750"
NAME = "circumstance-twice"
SEVERITY = Severity.ADVISORY
IS_VERIFIED = False
"""The rule of external cause status was compared with a restatement; no text was found that gives its paragraph the letter k."""

_CIRCUMSTANCES = {"Y92": "places of occurrence", "Y93": "activities", "Y99": "statuses"}


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each kind of which there are several."""
    for category, kind in _CIRCUMSTANCES.items():
        codes = tuple(code for code in case.known if code.startswith(category))
        if len(codes) > 1:
            yield Fault(codes, f"{', '.join(codes)} are {len(codes)} {kind}; keep the one of the event that is treated.")
