"""Excludes1 unrelated.

What it checks
        Two codes parted by an Excludes1 note that may nevertheless be unrelated: on opposite sides of the body, or under a residual
    code that gathers several conditions.

Why it matters
        The guideline allows such a pair when the conditions are clearly unrelated; a person must see that the note says so, or ask.

Fires
        F45.8 with G47.63 (the guideline's own example).

Passes
        Pairs that no Excludes1 note parts, and pairs without the exception (those go to FCE-201).

Source
        ICD-10-CM Official Guidelines FY2026, I.A.12.a (exception)
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-202"
NAME = "excludes1-unrelated"
SEVERITY = Severity.ADVISORY


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each pair."""
    for exclusion in case.exclusions:
        if exclusion.may_be_unrelated:
            yield Fault(exclusion.codes, f"{exclusion.sentence}; both stand only if the documentation shows that they are unrelated.")
