"""Circumstance unspecified.

What it checks
        The unspecified place (Y92.9), activity (Y93.9) or external cause status (Y99.9).

Why it matters
        Where the notes do not tell it, nothing is coded: these codes add no fact.

Fires
        S93.401A, X50.9XXA and Y92.9; S61.211A, W26.0XXA and Y93.9.

Passes
        S93.401A and X50.9XXA; S93.401A, X50.9XXA and Y92.89 (a place that has no code of its own).

Source
        ICD-10-CM Official Guidelines FY2026, I.C.20.b, I.C.20.c and I.C.20.k
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-751"
NAME = "circumstance-unspecified"
SEVERITY = Severity.ADVISORY
IS_VERIFIED = False
"""The rule of external cause status was compared with a restatement; no text was found that gives its paragraph the letter k."""

_UNSPECIFIED = frozenset({"Y92.9", "Y93.9", "Y99.9"})


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code."""
    for code in case.known:
        if code in _UNSPECIFIED:
            yield Fault((code,), f"{code} is not used where the circumstance is not told; remove it.")
