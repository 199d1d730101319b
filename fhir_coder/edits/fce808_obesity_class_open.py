"""Obesity class open.

What it checks
        Obesity without a class in an adult whose body mass index is in the notes; with a query to the provider.

Why it matters
        The class is the provider's to state: no code may be taken from the index alone.

Fires
        E66.9 beside a body mass index of 36.2.

Passes
        E66.9 without an index; a patient under 20, whose classes go by percentile; in pregnancy; E66.812.

Source
        ICD-10-CM Official Guidelines FY2026, I.B.14 and I.C.4.b; tabular list, E66.81
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.queries import open_axes
from fhir_coder.model import Severity

ID = "FCE-808"
NAME = "obesity-class-open"
SEVERITY = Severity.INFORMATION
NEEDS = "note"
HOLDS_FROM = date(2024, 10, 1)
"""E66.81- came with FY2025."""

_ADULT_FROM = 20
"""The tabular note at Z68: adult codes are for 20 years and older."""


def check(case: EditCase) -> Iterator[Fault]:
    """One fault, with its query. In pregnancy weight tells no class."""
    is_pregnant = any(code.startswith("O") for code in case.known)
    if not is_pregnant and (case.age_years is None or case.age_years >= _ADULT_FROM):
        yield from open_axes(case, ID)
